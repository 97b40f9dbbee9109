"""The crash test: kill the server at random moments, and account for every event afterwards."""
