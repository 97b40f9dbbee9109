"""Measures the way in: the floor, the plain design, and the server, in one run."""
