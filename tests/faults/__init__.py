"""What the server does when its surroundings fail; each file causes one kind of trouble."""
