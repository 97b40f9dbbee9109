"""Bytes of an export to Events: our own lines and tables, and the exports of others.

Each reader makes of one exported object an event as the wire has it. Lines without an insert id
get one that is made of the line and its number, so that a second run of the same file adds nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from djangalytics_server.errors import BadRequest, StartError
from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Decoded, Draft, Rejection
from djangalytics_server.model.exports import COLUMNS
from djangalytics_server.model.reasons import Coded
from djangalytics_server.wire import foreign, native, strict_json
from djangalytics_server.wire.csv_text import plain

Read = Callable[[dict[str, Any]], dict[str, Any]]
READERS: dict[str, Read] = {
    "djangalytics": lambda event: event,
    "posthog": foreign.posthog,
    "mixpanel": foreign.mixpanel,
    "amplitude": foreign.amplitude,
    "segment": foreign.segment,
}
"""Whose export it is -> what makes an event of one object."""
LONGEST = 4 * 1024 * 1024
"""Bytes of one line; what is longer is no event."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a file: where it stands, what it says, and when it arrived at first."""

    number: int
    decoded: Decoded
    received_at: int | None = None


def lines(file: IO[bytes], read: Read) -> Iterator[Line]:
    """The events of a file of JSON lines; each ends as an event or as a rejection."""
    for number, raw in enumerate(_raw_lines(file), 1):
        if raw.strip():
            yield _line(number, raw.strip(), read)


def _raw_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is too long the beginning, which is no JSON."""
    while raw := file.readline(LONGEST):
        rest = raw
        while not rest.endswith(b"\n") and (rest := file.readline(LONGEST)):
            continue
        yield raw


def rows(file: IO[bytes]) -> Iterator[Line]:
    """The events of a CSV file that has our columns; raises StartError when it has others."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    reader = csv.reader(text)
    header = next(reader, [])
    strange = [name for name in header if name not in COLUMNS]
    if strange or "event_name" not in header:
        fault = f"It has {strange[0][:40]!r}." if strange else "event_name is missing."
        raise StartError(
            f"The first line of a CSV file names columns out of {', '.join(COLUMNS)}. {fault}"
        )
    for cells in reader:
        if cells:
            yield _row(reader.line_num, header, cells)
    text.detach()


def _row(number: int, header: list[str], cells: list[str]) -> Line:
    raw = "\0".join(cells).encode("utf-8", "replace")
    if len(cells) != len(header):
        words = f"The row has {len(cells)} cells, the first line has {len(header)}."
        return Line(number, _refused("not_an_object", words, raw))
    event: dict[str, Any] = {
        name: plain(cell) for name, cell in zip(header, cells, strict=True) if cell
    }
    if "properties" in event:
        try:
            event["properties"] = strict_json.read(event["properties"].encode())
        except BadRequest as error:
            return Line(number, _refused("properties_invalid", error.detail, raw, "properties"))
    return _event(number, event, raw)


def _line(number: int, raw: bytes, read: Read) -> Line:
    try:
        found = strict_json.read(raw)
    except BadRequest as error:
        return Line(number, _refused("not_an_object", error.detail, raw))
    if not isinstance(found, dict):
        return Line(number, _refused("not_an_object", "", raw))
    try:
        event = read(found)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        words = f"This is no event of that export: {type(error).__name__} {str(error)[:80]}."
        return Line(number, _refused("not_an_object", words, raw))
    return _event(number, event, raw)


def _event(number: int, event: dict[str, Any], raw: bytes) -> Line:
    event.pop("id", None)
    arrived = event.pop("received_at", None)
    received_at = None
    if arrived is not None:
        try:
            received_at = rfc3339.parse(arrived)
        except (ValueError, TypeError):
            return Line(number, _refused("timestamp_invalid", "", raw, "received_at"))
    decoded = native.decode_object(event)
    if isinstance(decoded.outcome, Draft) and decoded.outcome.insert_id is None:
        decoded.outcome.insert_id = sha256(b"%d:" % number + raw).hexdigest()[:40]
    return Line(number, decoded, received_at)


def _refused(code: str, words: str, raw: bytes, field: str | None = None) -> Decoded:
    text = raw.decode("utf-8", "replace")
    message = str(Coded(code, words))
    return Decoded(Rejection(code, message, field), lambda: strict_json.write_any(text))
