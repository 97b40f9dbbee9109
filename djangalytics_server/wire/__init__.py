"""Bytes to drafts of events: one file a dialect, decoded once, at the door."""
