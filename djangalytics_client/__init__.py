"""Djangalytics SDK: say what happened in your application."""

__version__ = "0.1.0"
