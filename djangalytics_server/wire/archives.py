"""The exports that are tables, or zip archives of them: Umami's, and Plausible's.

Umami's rows are events. Plausible exports sums by day and no events; each row of those becomes one
event that is named and marked as such, so that the curves can go on where they ended.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from djangalytics_server.errors import StartError
from djangalytics_server.model.imports import Batch, Line
from djangalytics_server.wire.csv_text import plain
from djangalytics_server.wire.entry import entry, foreign, refused
from djangalytics_server.wire.imported import Row, table

Cells = dict[str, str]
"""A row by its columns, without what is empty."""
_ROWS = 5_000
_NULL = "\\N"
_PAGE = "pageview"
_UMAMI_KINDS = {"1": _PAGE, "3": "link", "4": "pixel", "5": "performance"}
_NOT_ABOUT_THE_EVENT = frozenset(("website_id", "job_id", "event_type", "event_name", "event_id"))
_HOURS_ONLY = re.compile(r"[+-]\d\d$")
_PLAUSIBLE = re.compile(r"(?:imported_)?([a-z_]+)_\d{8}_\d{8}\.csv")
_SUMS = frozenset(
    [
        "visitors",
        "visits",
        "pageviews",
        "bounces",
        "visit_duration",
        "entrances",
        "exits",
        "events",
        "scroll_depth",
        "total_scroll_depth",
        "total_scroll_depth_visits",
        "total_time_on_page",
        "total_time_on_page_visits",
        "pageleave_visitors",
    ]
)
"""Columns of Plausible's that are numbers; what else there is tells its rows apart."""


def umami(file: IO[bytes]) -> Iterator[Batch]:
    """The zip archive of Umami's export, or its website_event.csv alone.

    Raises StartError when it is neither.
    """
    if not _is_archive(file):
        yield from _batches(file, partial(_umami_event, lambda event_id: {}), "event_type")
        return
    with _opened(file) as archive, closing(_EventData()) as data:
        members = {PurePosixPath(name).name: name for name in archive.namelist()}
        if "website_event.csv" not in members:
            raise StartError("The archive has no website_event.csv, as Umami's export has.")
        if "event_data.csv" in members:
            with archive.open(members["event_data.csv"]) as rows:
                data.read(rows)
        with archive.open(members["website_event.csv"]) as rows:
            yield from _batches(rows, partial(_umami_event, data.of), "event_type")


def plausible(file: IO[bytes]) -> Iterator[Batch]:
    """The zip archive of Plausible's export. Raises StartError when it is something else."""
    if not _is_archive(file):
        raise StartError("Give the zip archive of Plausible's export as it is.")
    with _opened(file) as archive:
        names = [name for name in archive.namelist() if _plausible_table(name)]
        if not names:
            raise StartError("The archive has no table such as imported_visitors_…_….csv.")
        for name in names:
            with archive.open(name) as rows:
                made = partial(_plausible_day, f"plausible_{_plausible_table(name)}")
                yield from _batches(rows, made, "date", PurePosixPath(name).name)


def _is_archive(file: IO[bytes]) -> bool:
    if not file.seekable():
        return False
    found = is_zipfile(file)
    file.seek(0)
    return found


def _opened(file: IO[bytes]) -> ZipFile:
    try:
        return ZipFile(file)
    except BadZipFile as error:
        raise StartError(f"The archive cannot be read: {error}.") from error


def _batches(
    file: IO[bytes], made: Callable[[Cells], dict[str, Any]], needed: str, name: str = ""
) -> Iterator[Batch]:
    found = table(file)
    _, header = next(found, (0, None))
    if header is None or needed not in header:
        raise StartError(f"This is no table of that export: it has no column {needed}.")
    while some := list(islice(found, _ROWS)):
        yield Batch(partial(_lines, header, some, made), file=name)


def _lines(
    header: Sequence[str], found: Iterable[Row], made: Callable[[Cells], dict[str, Any]]
) -> Iterator[Line]:
    for number, cells in found:
        raw = "\0".join(cells or ()).encode("utf-8", "surrogateescape")
        if cells is None or len(cells) != len(header):
            words = f"The row has not the {len(header)} cells of the first line."
            yield Line(number, refused("not_an_object", words, raw))
            continue
        try:
            event = made(_named(header, cells))
        except (KeyError, ValueError) as error:
            yield Line(number, foreign(error, raw))
            continue
        yield entry(number, event, raw)


def _named(header: Sequence[str], cells: Sequence[str]) -> Cells:
    """What the cells say, without the apostrophe before what a spreadsheet would run."""
    pairs = zip(header, cells, strict=True)
    return {name: plain(cell) for name, cell in pairs if cell and cell != _NULL}


def _umami_event(data_of: Callable[[str], Mapping[str, Any]], cells: Cells) -> dict[str, Any]:
    kind = cells["event_type"]
    if kind != "2" and kind not in _UMAMI_KINDS:
        raise ValueError(f"its event_type is {kind[:20]!r}")
    moment = cells.pop("created_at")
    event: dict[str, Any] = {
        "event_name": cells["event_name"] if kind == "2" else _UMAMI_KINDS[kind],
        "timestamp": f"{moment}:00" if _HOURS_ONLY.search(moment) else moment,
        "insert_id": cells["event_id"],
        "distinct_id": cells.pop("distinct_id", None) or cells["session_id"],
        "session_id": cells.pop("visit_id", None),
        "source": cells.pop("hostname", None),
    }
    about = {name: cell for name, cell in cells.items() if name not in _NOT_ABOUT_THE_EVENT}
    event["properties"] = {**about, **data_of(cells["event_id"])}
    return event


class _EventData:
    """What Umami keeps beside its events, by the event's id; on disk, for it may be much."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file that nobody else sees
        self._database.execute("CREATE TABLE held (event_id TEXT, name TEXT, value TEXT)")
        self.close = self._database.close

    def read(self, file: IO[bytes]) -> None:
        """Keep the rows of event_data.csv."""
        found = table(file)
        _, header = next(found, (0, None))
        if header is None or not {"event_id", "data_key", "data_type"}.issubset(header):
            raise StartError("event_data.csv has not the columns that Umami gives it.")
        whole = (
            _named(header, cells)
            for _, cells in found
            if cells is not None and len(cells) == len(header)
        )
        rows = (
            (cells["event_id"], cells["data_key"], json.dumps(_umami_value(cells)))
            for cells in whole
            if "event_id" in cells and "data_key" in cells
        )
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO held VALUES (?, ?, ?)", rows)
        self._database.execute("CREATE INDEX held_by_event ON held (event_id)")
        self._database.execute("COMMIT")

    def of(self, event_id: str) -> dict[str, Any]:
        """An event's own properties."""
        rows = self._database.execute(
            "SELECT name, value FROM held WHERE event_id = ? ORDER BY rowid", (event_id,)
        )
        return {name: json.loads(value) for name, value in rows}


def _umami_value(cells: Cells) -> Any:
    """A value by its type: 1 text, 2 number, 3 yes or no, 4 a date, 5 a list as JSON."""
    kind, text = cells.get("data_type"), cells.get("string_value")
    try:
        if kind == "2":
            number = float(cells.get("number_value") or text or "")
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        if kind == "5" and text is not None:
            return json.loads(text)
    except ValueError:
        return text
    if kind == "3":
        return text == "true"
    return cells.get("date_value", text) if kind == "4" else text


def _plausible_table(name: str) -> str | None:
    found = _PLAUSIBLE.fullmatch(PurePosixPath(name).name)
    return found[1] if found else None


def _plausible_day(name: str, cells: Cells) -> dict[str, Any]:
    """A row that sums up a day, at its noon UTC, which is that day in nearly every zone."""
    day = cells.pop("date")
    about = {column: cell for column, cell in cells.items() if column not in _SUMS}
    sums = {column: _sum(column, cell) for column, cell in cells.items() if column in _SUMS}
    apart = json.dumps([name, day, sorted(about.items())])
    return {
        "event_name": name,
        "timestamp": f"{day}T12:00:00Z",
        "insert_id": f"plausible-{sha256(apart.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}",
        "source": "plausible",
        "properties": {**about, **sums, "aggregate": True},
    }


def _sum(column: str, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise ValueError(f"{column} is no whole number") from None


READERS: dict[str, Callable[[IO[bytes]], Iterator[Batch]]] = {
    "umami": umami,
    "plausible": plausible,
}
"""Whose export it is -> what reads it."""
