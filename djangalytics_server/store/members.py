"""A function for SQLite, whose paths through JSON text cannot say every member's name."""

from __future__ import annotations

import json
from typing import Any

import msgspec

ALONE = "json_alone"
"""What it is called there."""
PLACE = '$."member"'
"""Where the member is then."""
_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def can_be_said(name: str) -> bool:
    """Whether a path can: SQLite compares it with the text as it is written, up to a quote."""
    return json.dumps(name, ensure_ascii=False) == f'"{name}"'


def set_up(connection: Any) -> None:
    """Give a connection of the driver the function."""
    connection.create_function(ALONE, 2, _alone, deterministic=True)


def _alone(document: str | None, name: str) -> str | None:
    """An object with one member of another, by a name that a path can say; NULL: it has none."""
    member = None if document is None else _read(document).get(name)
    return None if member is None else f'{{"member":{bytes(member).decode()}}}'
