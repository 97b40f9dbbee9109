"""CSV that a spreadsheet shows and does not run (RFC 4180; OWASP on CSV injection)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula, in both widths."""

SUSPECT = frozenset((*_RUN, "'"))
"""A text that begins with none of these is harmless."""


def line(cells: Sequence[str | int | float | None]) -> str:
    """One line of CSV with its end. Text that would be run gets an apostrophe in front.

    Numbers stay as they are: a number is what the spreadsheet should take it for.
    """
    out = io.StringIO()
    csv.writer(out).writerow([harmless(c) if isinstance(c, str) else c for c in cells])
    return out.getvalue()


def harmless(text: str) -> str:
    """The text with an apostrophe in front of what a spreadsheet would run.

    What begins with apostrophes and then so gets one more, so that ``plain`` can tell.
    """
    return f"'{text}" if text.lstrip("'").startswith(_RUN) else text


def plain(cell: str) -> str:
    """The text that ``harmless`` made the cell of."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(_RUN)
    return cell[1:] if guarded else cell
