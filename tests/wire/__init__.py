"""Bytes in, drafts out."""
