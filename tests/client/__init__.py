"""Tests of the SDK, one file a module."""
