"""Bytes of an export to Events: our own lines and tables, and the exports of others.

Each reader makes of one exported object an event as the wire has it. Lines without an insert id
get one that is made of the line and its number, so that a second run of the same file adds nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import IO, Any, NamedTuple

import msgspec

from djangalytics_server.errors import BadRequest, StartError
from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Decoded, Draft, Rejection
from djangalytics_server.model.exports import COLUMNS
from djangalytics_server.model.reasons import Coded
from djangalytics_server.wire import foreign, native, strict_json
from djangalytics_server.wire.csv_text import plain
from djangalytics_server.wire.plain import Sent, draft_of, moment_of

Read = Callable[[dict[str, Any]], dict[str, Any]]


def own(event: dict[str, Any]) -> dict[str, Any]:
    """Our own events are as the wire has them."""
    return event


READERS: dict[str, Read] = {
    "djangalytics": own,
    "posthog": foreign.posthog,
    "mixpanel": foreign.mixpanel,
    "amplitude": foreign.amplitude,
    "segment": foreign.segment,
}
"""Whose export it is -> what makes an event of one object."""
LONGEST = 4 * 1024 * 1024
"""Bytes of one line; what is longer is no event."""


class Line(NamedTuple):
    """One entry of a file: where it stands, what it says, and when it arrived at first."""

    number: int
    decoded: Decoded
    received_at: int | None = None


def lines(file: IO[bytes], read: Read) -> Iterator[Line]:
    """The events of a file of JSON lines; each ends as an event or as a rejection."""
    for number, raw in enumerate(_raw_lines(file), 1):
        text = raw.strip()
        if text:
            plainly = _ours(number, text) if read is own else None
            yield plainly or _line(number, text, read)


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


class _Kept(Sent, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A line of our own export in which nothing is out of the ordinary."""

    received_at: str | None = None


_decode = msgspec.json.Decoder(_Kept).decode


def _ours(number: int, raw: bytes) -> Line | None:
    """The line, if it is plainly right as nearly all are: quicker than the careful way."""
    if not raw.isascii() or b"\\" in raw or b"\x7f" in raw:
        return None
    try:
        sent = _decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    draft = draft_of(sent)
    if draft is None or draft.insert_id is None:
        return None
    arrived = None
    if sent.received_at is not None:
        arrived = moment_of(sent.received_at)
        if arrived is None:
            return None
    return Line(number, Decoded(draft, raw.decode, draft.insert_id), arrived)


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
