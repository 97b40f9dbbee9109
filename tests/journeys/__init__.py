"""Whole lines, real parts: SDK, HTTP, store, question."""
