"""What is done beside the requests: by the clock, or because somebody asked for it."""
