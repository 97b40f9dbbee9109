"""The read-only door for SQL: a statement is read, checked, and written anew for the engine."""
