"""A checked statement written anew, part by part, for one engine.

Nothing of what was sent is passed on: each kind of part has its form here, a part without one is
refused, and so is one that holds more than its form writes. Tables are the view and what WITH made,
under names of ours, so whatever is written names nothing that is really there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from sqlglot import exp

from djangalytics_server.errors import InvalidQuestion
from djangalytics_server.store.sql.moments import shown, stated
from djangalytics_server.store.sql.reading import Statement, name_of, place_of, too_deep
from djangalytics_server.store.sql.refusing import refused
from djangalytics_server.store.sql.view import COLUMNS, TIMES, VIEW

Node = exp.Expression
Form = Callable[["Writer", Node], str]

MOST_WRITTEN = 100_000
"""Characters of what goes to the engine."""
MOST_JOINED = 16
"""How often a statement may put texts together: each time can double them."""
MOST_CASTS = 3
"""Casts in one another."""
_NUMBER = re.compile(r"\d{1,18}|\d{0,18}\.\d{1,30}|\d{1,18}(\.\d{0,30})?([eE][+-]?\d{1,3})?")


_log = logging.getLogger(__name__)


def quoted_text(text: str) -> str:
    """A text as both engines read it."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """A name as both engines read it."""
    return '"' + name.replace('"', '""') + '"'


class Writer:
    """Writes one statement; a subclass for each engine knows its words."""

    forms: ClassVar[Mapping[type[Node], tuple[frozenset[str], Form]]] = {}
    view: ClassVar[str]

    def __init__(self, statement: Statement, now: int) -> None:
        self._statement, self._now = statement, now
        self._tables = {VIEW: self.view}
        self._scopes: list[dict[str, bool]] = []
        self._joined = self._made = 0

    def written(self) -> str:
        """The statement for the engine; raises InvalidQuestion."""
        try:
            parts = []
            for place, (name, body) in enumerate(self._statement.parts):
                parts.append(f'"cte_{place}" AS ({self.write(body)})')
                self._tables[name] = f'"cte_{place}"'
            head = f"WITH {', '.join(parts)} " if parts else ""
            text = head + self.write(self._statement.root)
        except RecursionError as error:
            raise too_deep() from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The tree is the parser's, whose shapes are many: one that no form foresees is no form.
            _log.warning("a statement has a part without a form", exc_info=True)
            raise refused(
                "sql_refused", "The statement has a part that is not answered."
            ) from error
        if len(text) > MOST_WRITTEN:
            raise refused("sql_too_large", "The statement is too large once it is written out.")
        return text

    @property
    def names(self) -> frozenset[str]:
        """Of the view's columns, and those that the statement gives."""
        return self._statement.names

    # -- what forms use ----------------------------------------------------------------------

    def write(self, node: Node) -> str:
        """One part, by its form."""
        known = self.forms.get(type(node))
        if known is None:
            raise self.refuse(node, f"{called(node)} is not answered here.")
        expected, form = known
        for name, value in node.args.items():
            if value and name not in expected and not name.startswith("_"):
                raise self.refuse(node, f"{called(node)} with {name.strip('_')} is not answered.")
        written = form(self, node)
        if len(written) > MOST_WRITTEN:  # already here: forms that repeat a part multiply it
            raise refused("sql_too_large", "The statement is too large once it is written out.")
        return written

    def listed(self, nodes: Iterable[Node]) -> str:
        """Parts with commas between them."""
        return ", ".join(self.write(node) for node in nodes)

    def refuse(self, node: Node, message: str, code: str = "sql_refused") -> InvalidQuestion:
        """The error about a part."""
        return refused(code, message, place_of(self._statement.text, node))

    def follows_a_word(self, name: Node) -> bool:
        """Whether a name begins where a number ends, as in 1_000, which would be 1 AS _000."""
        before = self._statement.text[: name.meta.get("start", 0)][-1:]
        return before.isalnum() and not name.args.get("quoted")

    def joins_text(self, node: Node) -> None:
        """Count a place where texts are put together."""
        self._joined += 1
        if self._joined > MOST_JOINED:
            message = f"Texts are put together at most {MOST_JOINED} times."
            raise self.refuse(node, message, "sql_too_large")

    def new_name(self) -> str:
        """A name for a subquery that has none."""
        self._made += 1
        return f'"part_{self._made}"'

    def table(self, node: Node) -> str:
        """The table that a name means: the view, or what WITH made before."""
        name = name_of(node.this) if isinstance(node.this, exp.Identifier) else ""
        if node.args.get("db") or name not in self._tables:
            message = f"There is one table, {VIEW}, and what WITH names before."
            raise self.refuse(node, message, "sql_unknown")
        return self._tables[name]

    @contextmanager
    def inside(self, select: Node) -> Iterator[None]:
        """Within the block, columns are those of the SELECT's tables."""
        joins = select.args.get("joins") or ()
        first = select.args.get("from_")
        tables = [first.this] if first is not None else []
        tables.extend(join.this for join in joins)
        names = {}
        for table in tables:
            alias = table.args.get("alias")
            named = _name_or_none(table if alias is None else alias)
            names[named] = isinstance(table, exp.Table) and _name_or_none(table) == VIEW
        self._scopes.append(names)
        try:
            yield
        finally:
            self._scopes.pop()

    def raw_time(self, node: Node) -> str | None:
        """The view's microseconds behind a column that is a moment, or None."""
        if isinstance(node, exp.Paren):
            return self.raw_time(node.this)
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
            return None
        name, table = name_of(node.this), node.args.get("table")
        if name not in TIMES:
            return None
        for scope in reversed(self._scopes):
            if table is not None and name_of(table) in scope:
                ours = scope[name_of(table)]
                return f"{quoted_name(name_of(table))}.{TIMES[name]}" if ours else None
            if table is None and scope:
                return TIMES[name] if any(scope.values()) else None
        return None

    def stated(self, node: Node, *, text: bool = False) -> int | None:
        """Microseconds of what is a moment by itself, or None."""
        return stated(node, self._now, text=text)

    def is_time(self, node: Node) -> bool:
        """Whether a part is a moment that is not known before it is asked for."""
        if self.stated(node) is not None:
            return False
        if isinstance(node, (exp.Paren, exp.Min, exp.Max)):
            return self.is_time(node.this)
        return isinstance(node, exp.TimestampTrunc) or self.raw_time(node) is not None

    def is_date(self, node: Node) -> bool:
        """Whether a part is a date."""
        if isinstance(node, exp.Paren):
            return self.is_date(node.this)
        return isinstance(node, exp.Cast) and node.args["to"].this == exp.DataType.Type.DATE

    def beside(self, one: Node, other: Node) -> tuple[str, str] | None:
        """Both as they are compared, where one is a moment or a date and the other states one."""
        if not (self.is_time(one) or self.is_date(one)) or self.is_time(other):
            return None
        moment = self.stated(other, text=True)
        if moment is None:
            self.no_other_text(other)
            return None
        if self.is_date(one):
            return self.write(one), quoted_text(shown(moment).date().isoformat())
        raw = self.raw_time(one)
        if raw is not None:
            return raw, str(moment)
        return self.write(one), self.moment(shown(moment))

    def no_other_text(self, node: Node) -> None:
        """Refuse a text where a time stands, if it is none: 'today' is one on PostgreSQL alone."""
        is_text = isinstance(node, exp.Literal) and node.is_string
        if is_text and self.stated(node, text=True) is None:
            raise self.refuse(node, "This is no time; write '2026-01-31' or RFC 3339.")

    def no_times(self, *nodes: Node) -> None:
        """Refuse to reckon with moments, which the engines do in different ways."""
        for node in nodes:
            if self.is_time(node) or self.is_date(node):
                raise self.refuse(node, "Reckon with timestamp_us, in microseconds.")

    def column(self, node: Node) -> str:
        """A column that is there."""
        if node.args.get("db") or node.args.get("catalog"):
            raise self.refuse(node, f"Columns are those of {VIEW}.", "sql_unknown")
        table = node.args.get("table")
        before = f"{self.reference(name_of(table))}." if table is not None else ""
        if isinstance(node.this, exp.Star):
            return f"{before}*"
        name = name_of(node.this)
        if name not in self._statement.names:
            message = f"There is no column {name!r}; {VIEW} has {', '.join(COLUMNS)}."
            raise self.refuse(node, message, "sql_unknown")
        return before + self.reference(name)

    # -- each engine's own words -------------------------------------------------------------

    def reference(self, name: str) -> str:
        """The name of a column or table where it is used."""
        return quoted_name(name)

    def from_row(self, offset: str) -> str:
        """OFFSET where there is no LIMIT."""
        return offset

    def moment(self, at: datetime) -> str:
        """A moment."""
        raise NotImplementedError

    def day(self, at: datetime) -> str:
        """A date."""
        raise NotImplementedError

    def truncated(self, node: Node, unit: str) -> str:
        """The beginning of the minute … year of a moment."""
        raise NotImplementedError

    def part_of_time(self, node: Node, unit: str) -> str:
        """The year … minute of a moment as a whole number."""
        raise NotImplementedError

    def date(self, node: Node) -> str:
        """The date of a moment or text."""
        raise NotImplementedError

    def whole(self, written: str) -> str:
        """A whole number, or NULL of what is none."""
        raise NotImplementedError

    def number(self, written: str) -> str:
        """A number, or NULL of what is none."""
        raise NotImplementedError

    def member(self, document: str, keys: list[str | int], *, text: bool) -> str:
        """A member of a JSON document, as JSON or as the text that it is."""
        raise NotImplementedError

    def like(self, one: str, pattern: str, escape: str, *, any_case: bool) -> str:
        """Whether a text is like a pattern; both are written already."""
        raise NotImplementedError

    def rounded(self, written: str, digits: int) -> str:
        """A number with so many digits after the point."""
        raise NotImplementedError

    def up_or_down(self, written: str, *, up: bool) -> str:
        """The whole number above or below."""
        raise NotImplementedError


def _name_or_none(node: Node) -> str:
    """The name that a table or an alias has; "" for one that has none."""
    return name_of(node.this) if isinstance(node.this, exp.Identifier) else ""


def number(text: str) -> str | None:
    """A number as both engines read it, or None."""
    return text if _NUMBER.fullmatch(text) else None


def called(node: Node) -> str:
    """What people call a part."""
    if isinstance(node, exp.Anonymous):
        return f"The function {str(node.this)[:40]}()"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Binary):
        return f"The function {function_name(node)}()"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__)
    return f"{words.upper()}"


def function_name(node: Node) -> str:
    """The name by which a function is called."""
    name = node.sql_name().lower() if isinstance(node, exp.Func) else ""
    return "date_trunc" if name == "timestamp_trunc" else name
