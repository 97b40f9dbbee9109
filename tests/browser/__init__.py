"""The dashboard in headless Chromium, in front of a real server that real events arrive at."""
