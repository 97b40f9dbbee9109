"""Events to bytes: the forms of an export. What is written here ``imported`` reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.exports import COLUMNS, Form
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire import parquet
from djangalytics_server.wire.csv_text import SUSPECT, harmless
from djangalytics_server.wire.strict_json import encode

MEDIA: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


class _Row(msgspec.Struct, gc=False):
    """An event as it leaves; its properties are the JSON text that is stored."""

    event_name: str
    timestamp: str
    insert_id: str
    distinct_id: str | None
    session_id: str | None
    source: str | None
    properties: msgspec.Raw
    received_at: str


_SPECIAL = re.compile(r'[",\r\n]')
"""What makes a cell one that is quoted."""
_encode_lines = msgspec.json.Encoder().encode_lines
_REMEMBERED = 10_000
_HOUR = 3_600
_MINUTES = tuple(f"{second // 60:02}:{second % 60:02}." for second in range(_HOUR))
_hours: dict[int, str] = {}
"""Hours seen lately, up to their minute; emptied when it is full."""


def check(form: Form) -> None:
    """Raise NotInstalled for a form whose library is not there."""
    if form == "parquet":
        parquet.check()


def events(pages: Iterable[Sequence[StoredEvent]], form: Form) -> Iterator[bytes]:
    """The file, a piece for each page of events."""
    pages = filter(None, pages)
    if form == "parquet":
        yield from parquet.events(pages)
        return
    if form == "csv":
        yield _csv([COLUMNS])
        for page in pages:
            yield _table(page)
        return
    lines = (_encode_lines(_rows(page)) for page in pages)
    yield from lines if form == "ndjson" else _as_array(lines)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], form: Form) -> Iterator[bytes]:
    """The same for rows of any kind, each with a value for every column."""
    if form == "parquet":
        yield from parquet.table(columns, rows)
        return
    if form == "csv":
        yield _csv([columns])
        yield _csv([_cell(row[column]) for column in columns] for row in rows)
        return
    lines = [encode({column: row[column] for column in columns}) + b"\n" for row in rows]
    yield from iter(lines) if form == "ndjson" else _as_array(iter(lines))


def _as_array(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of JSON as one array, still a line each."""
    before = b"[\n"
    for piece in pieces:
        if piece:
            yield before + piece[:-1].replace(b"\n", b",\n")
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _rows(page: Sequence[StoredEvent]) -> list[_Row]:
    """The rows of a page that has events, column by column: quicker than one by one."""
    _, insert_ids, names, moments, arrivals, properties, people, sessions, sources = zip(
        *page, strict=True
    )
    texts = map(msgspec.Raw, map(str.encode, properties))
    columns = names, _times(moments), insert_ids, people, sessions, sources, texts
    return list(map(_Row, *columns, _times(arrivals)))


def _table(page: Sequence[StoredEvent]) -> bytes:
    """The same as CSV; without the writer's look at every character where no cell needs it."""
    _, insert_ids, names, moments, arrivals, properties, people, sessions, sources = zip(
        *page, strict=True
    )
    texts = [_harmless(column) for column in (names, insert_ids, people, sessions, sources)]
    if _SPECIAL.search("".join(map("".join, texts))):
        held: Sequence[str] = properties
    else:
        held = [
            "{}" if text == "{}" else '"' + text.replace('"', '""') + '"' for text in properties
        ]
    rows = zip(texts[0], _times(moments), *texts[1:], held, _times(arrivals), strict=True)
    if held is properties:
        return _csv(rows)
    return ("\r\n".join(map(",".join, rows)) + "\r\n").encode()


def _harmless(texts: Sequence[str | None]) -> list[str]:
    return [(harmless(text) if text[0] in SUSPECT else text) if text else "" for text in texts]


def _cell(value: Any) -> str | int | float | None:
    if isinstance(value, str):
        return harmless(value)
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return encode(value).decode()


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _times(moments: Sequence[int]) -> list[str]:
    """As ``rfc3339.render`` has them; events of the same hour are many."""
    texts = []
    for moment in moments:
        second, rest = divmod(moment, MICROSECONDS)
        hour = second // _HOUR
        text = _hours.get(hour)
        if text is None:
            if len(_hours) >= _REMEMBERED:
                _hours.clear()
            text = _hours[hour] = render(hour * _HOUR * MICROSECONDS)[:14]
        texts.append(f"{text}{_MINUTES[second % _HOUR]}{rest:06}Z")
    return texts
