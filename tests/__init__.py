"""The tests of the SDK, the server and the dashboard."""
