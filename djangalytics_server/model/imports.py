"""The entries of a file that is imported, as its reader hands them on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from djangalytics_server.model.event import Columns, Decoded


class Line(NamedTuple):
    """One entry of a file: where it stands, what it says, and when it arrived at first."""

    number: int
    decoded: Decoded
    received_at: int | None = None


class Batch(NamedTuple):
    """Entries that follow one another.

    ``columns`` has them all, where each is plainly right, and ``arrivals`` when each arrived at
    first. Whatever they are, ``lines`` reads them one by one, and gives the same. ``file`` is where
    they stand in an archive.
    """

    lines: Callable[[], Iterable[Line]]
    columns: Columns | None = None
    arrivals: Sequence[int | None] = ()
    file: str = ""
