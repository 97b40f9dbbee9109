"""The command line: `djangalytics-server` and its commands."""
