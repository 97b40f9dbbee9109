"""Projects, keys and people: small tables, read and written through the ORM."""
