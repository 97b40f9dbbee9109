"""Bytes of an export to Events: our own lines and tables, and the exports of others.

Entries come in batches of bounded size. A batch of our own in which each is plainly right, as
nearly all are, is read as a whole, by ``quickly``; any other entry by entry. A property test holds
the two together.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import IO, Any

from djangalytics_server.errors import BadRequest, StartError
from djangalytics_server.model.exports import COLUMNS
from djangalytics_server.model.imports import Batch, Line
from djangalytics_server.wire import quickly, strict_json
from djangalytics_server.wire.csv_text import plain
from djangalytics_server.wire.entry import entry, foreign, refused
from djangalytics_server.wire.foreign import Read

LONGEST = 4 * 1024 * 1024
"""Bytes of one line; what is longer is no event."""
_CHUNK = 2 * 1024 * 1024
"""Bytes of a batch of lines, to which the rest of the last line is added."""
_ROWS = 5_000

Row = tuple[int, list[str] | None]
"""Where a row of a table ends and its cells; None if they cannot be read."""


def lines(file: IO[bytes], read: Read | None = None, name: str = "") -> Iterator[Batch]:
    """The events of a file of JSON lines: our own, or what ``read`` makes of each object.

    ``name`` is the file's in an archive.
    """
    for number, chunk in _chunks(file):
        one_by_one = partial(_lines, number, chunk, read, name)
        plainly = quickly.lines(chunk) if read is None else None
        columns, arrivals = plainly or (None, ())
        yield Batch(one_by_one, columns, arrivals, name)


def rows(file: IO[bytes]) -> Iterator[Batch]:
    """The events of a CSV file that has our columns; raises StartError when it has others."""
    found = table(file)
    _, header = next(found, (0, None))
    strange = [name for name in header or () if name not in COLUMNS]
    if header is None or strange or "event_name" not in header:
        fault = f"It has {strange[0][:40]!r}." if strange else "event_name is missing."
        raise StartError(
            f"The first line of a CSV file names columns out of {', '.join(COLUMNS)}. {fault}"
        )
    while some := list(islice(found, _ROWS)):
        one_by_one = partial(_rows, header, some)
        plainly = quickly.rows(header, [cells for _, cells in some])
        yield Batch(one_by_one) if plainly is None else Batch(one_by_one, *plainly)


def table(file: IO[bytes]) -> Iterator[Row]:
    """The rows of a CSV file that are not empty, the first line too.

    What is no UTF-8 becomes lone surrogates, which no event may have.
    """
    reader = csv.reader(chain.from_iterable(_texts(file)))
    while True:
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
            return
        except csv.Error:  # a cell larger than any event, or U+0000
            yield reader.line_num, None


def _texts(file: IO[bytes]) -> Iterator[IO[str]]:
    """The file as lines of text, some at a time."""
    for _, chunk in _chunks(file):
        yield io.StringIO(chunk.decode("utf-8", "surrogateescape"), newline="\n")


def _chunks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines and the number of the first; of one that is too long the beginning alone."""
    number = 1
    while chunk := file.read(_CHUNK):
        if not chunk.endswith(b"\n"):
            chunk += (rest := file.readline(LONGEST))
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST)
        yield number, chunk.removeprefix(BOM_UTF8) if number == 1 else chunk
        number += chunk.count(b"\n") + (not chunk.endswith(b"\n"))


def _lines(first: int, chunk: bytes, read: Read | None, name: str) -> Iterator[Line]:
    for number, raw in enumerate(chunk.split(b"\n"), first):
        text = raw.strip()
        if text:
            yield _line(number, text, read, name)


def _line(number: int, raw: bytes, read: Read | None, name: str) -> Line:
    try:
        found = strict_json.read(raw)
    except BadRequest as error:
        return Line(number, refused("not_an_object", error.detail, raw))
    if not isinstance(found, dict):
        return Line(number, refused("not_an_object", "", raw))
    try:
        event = found if read is None else read(found)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return Line(number, foreign(error, raw))
    return entry(number, event, raw, name)


def _rows(header: Sequence[str], found: Sequence[Row]) -> Iterator[Line]:
    for number, cells in found:
        yield _row(number, header, cells)


def _row(number: int, header: Sequence[str], cells: list[str] | None) -> Line:
    if cells is None:
        return Line(number, refused("event_too_large", "", b""))
    raw = "\0".join(cells).encode("utf-8", "surrogateescape")
    if len(cells) != len(header):
        words = f"The row has {len(cells)} cells, the first line has {len(header)}."
        return Line(number, refused("not_an_object", words, raw))
    event: dict[str, Any] = {
        name: plain(cell) for name, cell in zip(header, cells, strict=True) if cell
    }
    if "properties" in event:
        text = event["properties"].encode("utf-8", "surrogateescape")
        try:
            event["properties"] = strict_json.read(text)
        except BadRequest as error:
            return Line(number, refused("properties_invalid", error.detail, raw, "properties"))
    return entry(number, event, raw)
