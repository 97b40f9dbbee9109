"""Djangalytics server: events in, charts out, one process and one file."""

__version__ = "0.1.0"  # the distribution's, as a test checks; to ask for it costs a start 20 ms
