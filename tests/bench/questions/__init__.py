"""What the questions of `POST /api/query/` cost over a million events."""
