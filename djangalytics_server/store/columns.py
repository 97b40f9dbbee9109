"""Types of columns that mean the same on every engine; the tables and the migrations use them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, Text

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite counts up by itself only in what it calls INTEGER."""


def text(length: int | None = None) -> String:
    """Text that is equal, ordered and searched by its code points, with A to Z alike in a search.

    PostgreSQL would otherwise ask the machine's language, which differs from place to place and
    changes with the system's libraries, under indexes that were sorted by the old one. Lengths
    are what ``model.limits`` allows, not for the database to cut or refuse.
    """
    kind = Text() if length is None else String(length)
    return kind.with_variant(Text(collation="C"), "postgresql")
