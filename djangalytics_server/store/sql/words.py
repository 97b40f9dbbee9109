"""What the engines say differently: times, numbers in texts, members of JSON, patterns."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from djangalytics_server.store.sql.forms import FORMS
from djangalytics_server.store.sql.view import VIEW, sqlite_second
from djangalytics_server.store.sql.writing import Node, Writer, quoted_text

_ARROW_SINCE = (3, 38)
"""The first SQLite that answers a member as JSON by an operator."""
_CUT = {
    "minute": "%Y-%m-%dT%H:%M:00",
    "hour": "%Y-%m-%dT%H:00:00",
    "day": "%Y-%m-%dT00:00:00",
    "week": "%Y-%m-%dT00:00:00",
    "month": "%Y-%m-01T00:00:00",
    "year": "%Y-01-01T00:00:00",
}
_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
_ZONE = "*[-+][0-9][0-9]:[0-9][0-9]"
_MOST_WHOLE = 10**18 - 1
"""The same on both engines: what has more than 18 digits is no whole number here."""
_PART = {"year": "Y", "month": "m", "day": "d", "hour": "H", "minute": "M", "dow": "w"}


class SqliteWriter(Writer):
    """Times are texts in RFC 3339, UTC."""

    forms = FORMS
    view = f"temp.{VIEW}"

    def reference(self, name: str) -> str:
        """See ``Writer.reference``; in quotation marks, one that is not there would be a text."""
        return "`" + name.replace("`", "``") + "`"

    def from_row(self, offset: str) -> str:
        """See ``Writer.from_row``."""
        return f"LIMIT -1 {offset}"

    def moment(self, at: datetime) -> str:
        """See ``Writer.moment``."""
        return f"'{at.isoformat(timespec='microseconds').replace('+00:00', 'Z')}'"

    def day(self, at: datetime) -> str:
        """See ``Writer.day``."""
        return f"'{at.date().isoformat()}'"

    def truncated(self, node: Node, unit: str) -> str:
        """See ``Writer.truncated``."""
        monday = ", 'weekday 0', '-6 days'" if unit == "week" else ""
        return f"strftime('{_CUT[unit]}.000000Z', {self._time(node)}{monday})"

    def part_of_time(self, node: Node, unit: str) -> str:
        """See ``Writer.part_of_time``."""
        return f"CAST(strftime('%{_PART[unit]}', {self._time(node)}) AS INTEGER)"

    def date(self, node: Node) -> str:
        """See ``Writer.date``; that of a text is the one written in it, as PostgreSQL has it."""
        return f"strftime('%Y-%m-%d', {self._time(node, zone=False)})"

    def _time(self, node: Node, *, zone: bool = True) -> str:
        raw = self.raw_time(node)
        if raw is not None:
            return f"{sqlite_second(raw)}, 'unixepoch'"
        written = self.write(node)
        # Without its fraction, of which SQLite's dates make a rounded millisecond.
        time = f"substr({written}, 1, 19)"
        if self.is_time(node) or self.is_date(node):
            return time
        # Any other text may have a zone, and SQLite would take a number for a day long ago.
        if zone:
            has_zone = f"substr({written}, 20) GLOB '{_ZONE}'"
            time += f" || CASE WHEN {has_zone} THEN substr({written}, -6) ELSE '' END"
        return f"CASE WHEN {written} GLOB '{_DATE}' THEN {time} END"

    def whole(self, written: str) -> str:
        """See ``Writer.whole``."""
        few = f" AND CAST({written} AS INTEGER) BETWEEN -{_MOST_WHOLE} AND {_MOST_WHOLE}"
        return self._numeral(written, "'integer'", "INTEGER", few)

    def number(self, written: str) -> str:
        """See ``Writer.number``."""
        return self._numeral(written, "'integer', 'real'", "REAL")

    def _numeral(self, written: str, kinds: str, to: str, more: str = "") -> str:
        is_one = f"json_type({written}) IN ({kinds}){more}"
        return (
            f"(CASE WHEN json_valid({written}) THEN CASE WHEN {is_one}"
            f" THEN CAST({written} AS {to}) END END)"
        )

    def member(self, document: str, keys: list[str | int], *, text: bool) -> str:
        """See ``Writer.member``."""
        steps = "".join(f"[{key}]" if isinstance(key, int) else f'."{key}"' for key in keys)
        path = quoted_text(f"${steps}")
        if sqlite3.sqlite_version_info >= _ARROW_SINCE:
            raw = f"({document} -> {path})"
        else:  # asked for twice, it is answered as an array that holds it twice, as it was written
            pair = f"json_extract({document}, {path}, {path})"
            raw = (
                f"(CASE WHEN json_type({document}, {path}) IS NOT NULL"
                f" THEN substr({pair}, 2, (length({pair}) - 3) / 2) END)"
            )
        if not text:
            return raw
        return (
            f"(CASE json_type({document}, {path}) WHEN 'text' THEN json_extract({document}, {path})"
            f" WHEN 'null' THEN NULL ELSE {raw} END)"
        )

    def like(self, one: str, pattern: str, escape: str, *, any_case: bool) -> str:
        """See ``Writer.like``; the connection has LIKE tell capitals from small letters."""
        ends = f" ESCAPE {quoted_text(escape)}" if escape else ""
        if any_case:
            one, pattern = f"lower({one})", f"lower({pattern})"
        return f"({one} LIKE {pattern}{ends})"

    def rounded(self, written: str, digits: int) -> str:
        """See ``Writer.rounded``."""
        return f"round({written}, {digits})"

    def up_or_down(self, written: str, *, up: bool) -> str:
        """See ``Writer.up_or_down``; by hand, as ceil() is not in every SQLite."""
        whole, way = f"CAST({written} AS INTEGER)", ">" if up else "<"
        return f"({whole} {'+' if up else '-'} ({written} {way} {whole}))"


class PostgresWriter(Writer):
    """Times are those of the engine, in a session whose zone is UTC."""

    forms = FORMS
    view = f"pg_temp.{VIEW}"

    def moment(self, at: datetime) -> str:
        """See ``Writer.moment``."""
        return f"timestamptz '{at.isoformat(timespec='microseconds')}'"

    def day(self, at: datetime) -> str:
        """See ``Writer.day``."""
        return f"date '{at.date().isoformat()}'"

    def truncated(self, node: Node, unit: str) -> str:
        """See ``Writer.truncated``."""
        return f"date_trunc('{unit}', ({self.write(node)})::timestamptz)"

    def part_of_time(self, node: Node, unit: str) -> str:
        """See ``Writer.part_of_time``."""
        return f"extract({unit} from ({self.write(node)})::timestamptz)::bigint"

    def date(self, node: Node) -> str:
        """See ``Writer.date``."""
        return f"({self.write(node)})::date"

    def whole(self, written: str) -> str:
        """See ``Writer.whole``."""
        return self._numeral(written, r"^-?(0|[1-9]\d{0,17})$", "bigint")

    def number(self, written: str) -> str:
        """See ``Writer.number``."""
        number = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
        return self._numeral(written, number, "double precision")

    def _numeral(self, written: str, form: str, to: str) -> str:
        text = f"({written})::text"
        return f"(CASE WHEN {text} ~ '{form}' THEN ({text})::{to} END)"

    def member(self, document: str, keys: list[str | int], *, text: bool) -> str:
        """See ``Writer.member``."""
        steps = [str(key) if isinstance(key, int) else quoted_text(key) for key in keys]
        arrows = "".join(f" -> {step}" for step in steps[:-1])
        last = f" {'->>' if text else '->'} {steps[-1]}"
        return f"(({document})::json{arrows}{last})::text"

    def like(self, one: str, pattern: str, escape: str, *, any_case: bool) -> str:
        """See ``Writer.like``."""
        word = "ILIKE" if any_case else "LIKE"
        return f"({one} {word} {pattern} ESCAPE {quoted_text(escape)})"

    def rounded(self, written: str, digits: int) -> str:
        """See ``Writer.rounded``."""
        return f"round(({written})::numeric, {digits})::double precision"

    def up_or_down(self, written: str, *, up: bool) -> str:
        """See ``Writer.up_or_down``."""
        return f"{'ceil' if up else 'floor'}({written})::bigint"
