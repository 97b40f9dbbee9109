"""Djangalytics server: events in, charts out, one process and one file."""
