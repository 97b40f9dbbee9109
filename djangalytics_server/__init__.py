"""Djangalytics server: events in, charts out, one process and one file."""

from importlib.metadata import version

__version__ = version("djangalytics")
