"""The people of cohorts: each part is one look at the project's events, put together as sets.

To look for them once and hand them to each statement is many times quicker than to have every
statement of a question look anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import reduce
from typing import Any as AnyValue
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from djangalytics_server.model.cohort import (
    Any,
    CohortPeople,
    Did,
    Each,
    Else,
    FirstDid,
    Latest,
    Who,
    Window,
)
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.numbers import Numbers
from djangalytics_server.model.query_filter import (
    AllOf,
    Among,
    AnyOf,
    Condition,
    Filter,
    Members,
    Not,
)
from djangalytics_server.store.insights.conditions import clause
from djangalytics_server.store.tables import EventRow

_person = EventRow.distinct_id.expression
_AT_ONCE = 10_000
CheckTime = Callable[[], None]


class ByNumber(Protocol):
    """Who tells people by numbers, where that is quicker; where it is not, None is the answer."""

    def serves(self, project_id: int) -> bool:
        """Whether it is the quicker way for a project."""

    def everybody(self, project_id: int) -> Numbers | None:
        """Whoever has an event."""

    def did(self, project_id: int, who: Did | FirstDid) -> Numbers | None:
        """Who is in such a part."""

    def latest(self, project_id: int, condition: Condition) -> Numbers | None:
        """Of whose events that have the condition's subject the newest passes it."""

    def numbers(self, project_id: int, people: Iterable[str]) -> Numbers:
        """Some people by their numbers."""

    def texts(self, project_id: int, found: Numbers) -> frozenset[str]:
        """Who they are."""

    def marks(self, project_id: int, found: Numbers, *, others: bool) -> bytes:
        """A 1 at each of these numbers, or at all others; never at nobody's."""


@dataclass(frozen=True, slots=True)
class _Told:
    """As ``Among``; people are all numbers, or all ids."""

    people: Set[AnyValue]
    others: bool = False


class Known:
    """The people of cohorts as one state of the data has them, each cohort looked for once.

    ``check_time`` is called before every statement.
    """

    def __init__(
        self, connection: Connection, check_time: CheckTime, by_number: ByNumber | None = None
    ) -> None:
        self._connection, self._check_time, self._by_number = connection, check_time, by_number
        self._found: dict[int, tuple[Members, _Told]] = {}
        self._texts: dict[int, Among] = {}
        self._serves: dict[int, bool] = {}

    def told(self, filter: Filter) -> Filter:
        """The filter with every cohort's people in its place."""
        if isinstance(filter, Members):
            return self.people(filter)
        if isinstance(filter, AllOf):
            return AllOf(tuple(map(self.told, filter.filters)))
        if isinstance(filter, AnyOf):
            return AnyOf(tuple(map(self.told, filter.filters)))
        return Not(self.told(filter.filter)) if isinstance(filter, Not) else filter

    def people(self, members: Members) -> Among:
        """Who they are."""
        found = self._who_of(members)
        if id(members) not in self._texts:
            project_id, people = members.project_id, found.people
            marks = None
            if self._by_number is not None and isinstance(people, Numbers):
                marks = self._by_number.marks(project_id, people, others=found.others)
            texts = self._as_texts(project_id, people)
            self._texts[id(members)] = Among(texts, found.others, marks)
        return self._texts[id(members)]

    def size(self, members: Members) -> tuple[int, int]:
        """How many they are, and how many the project has."""
        found, everybody = self._who_of(members), self._numbers(members.project_id)
        if everybody is not None:
            of = len(everybody)
        else:
            people = _everybody(members.project_id).distinct().subquery()
            self._check_time()
            of = self._connection.scalar(select(func.count()).select_from(people)) or 0
        return of - len(found.people) if found.others else len(found.people), of

    def listed(self, question: CohortPeople) -> list[str]:
        """Those of them that are asked for, by code points."""
        members = question.members
        found = self._who_of(members)
        people = found.people
        if found.others:
            whole: Set[AnyValue] | None = self._numbers(members.project_id)
            if whole is None:
                whole = self._ask(_everybody(members.project_id).distinct())
            people = whole - people
        texts = self._as_texts(members.project_id, people)
        return sorted(one for one in texts if one > question.after)[: question.limit]

    def _who_of(self, members: Members) -> _Told:
        # By identity: the values 1 and True are equal, and do not mean the same.
        if id(members) not in self._found:
            self._found[id(members)] = members, self._of(members.who, members.project_id)
        return self._found[id(members)][1]

    def _numbered(self, project_id: int) -> ByNumber | None:
        """What tells a project's people by numbers, all of them or none."""
        if self._by_number is None:
            return None
        if project_id not in self._serves:
            self._serves[project_id] = self._by_number.serves(project_id)
        return self._by_number if self._serves[project_id] else None

    def _numbers(self, project_id: int) -> Numbers | None:
        """Everybody, if people are told by numbers."""
        by_number = self._numbered(project_id)
        return None if by_number is None else by_number.everybody(project_id)

    def _as_texts(self, project_id: int, people: Set[AnyValue]) -> frozenset[str]:
        if self._by_number is None or not isinstance(people, Numbers):
            return frozenset(people)
        return self._by_number.texts(project_id, people)

    def _of(self, who: Who, project_id: int) -> _Told:
        if isinstance(who, Else):
            found = self._of(who.who, project_id)
            return _Told(found.people, not found.others)
        if isinstance(who, (Each, Any)):
            together = _both if isinstance(who, Each) else _either
            return reduce(together, (self._of(one, project_id) for one in who.whos))
        by_number = self._numbered(project_id)
        if by_number is None:
            return _Told(self._looked(who, project_id))
        if isinstance(who, Latest):
            numbers = by_number.latest(project_id, who.condition)
        else:
            numbers = by_number.did(project_id, who)
        if numbers is None:
            numbers = by_number.numbers(project_id, self._looked(who, project_id))
        return _Told(numbers)

    def _looked(self, who: Did | FirstDid | Latest, project_id: int) -> frozenset[str]:
        """The people of one part, by a look at rows."""
        if not isinstance(who, Latest):
            return self._ask(_statement(who, project_id))
        # Told apart here: to sort them by person takes an engine several times as long.
        newest: dict[str, tuple[int, int, int]] = {}
        for row in self._rows(_set_ones(who, project_id)):
            known, place = newest.get(row[0]), (row[1], row[2], row[3])
            if known is None or known < place:
                newest[row[0]] = place
        return frozenset(person for person, (_, _, passes) in newest.items() if passes)

    def _rows(self, statement: Select[AnyValue]) -> Iterator[AnyValue]:
        self._check_time()
        with self._connection.execute(statement) as rows:
            for some in rows.partitions(_AT_ONCE):
                self._check_time()
                yield from some

    def _ask(self, statement: Select[AnyValue]) -> frozenset[str]:
        self._check_time()
        return frozenset(self._connection.scalars(statement))


def _both(one: _Told, other: _Told) -> _Told:
    """Who is in both."""
    if one.others and other.others:
        return _Told(one.people | other.people, others=True)
    if one.others:
        return _Told(other.people - one.people)
    return _Told(one.people - other.people if other.others else one.people & other.people)


def _either(one: _Told, other: _Told) -> _Told:
    """Who is in one of them at least: not outside both."""
    outside = _both(_Told(one.people, not one.others), _Told(other.people, not other.others))
    return _Told(outside.people, not outside.others)


def _everybody(project_id: int) -> Select[AnyValue]:
    return select(_person).where(EventRow.project_id == project_id, _person.is_not(None))


def _statement(who: Did | FirstDid, project_id: int) -> Select[AnyValue]:
    """The people of one part."""
    found = _everybody(project_id).where(*_of_kind(who.kind)).group_by(_person)
    if isinstance(who, FirstDid):
        return found.having(*_within(func.min(EventRow.timestamp), who.window))
    found = found.where(*_within(EventRow.timestamp.expression, who.window))
    return found.having(func.count() >= who.at_least) if who.at_least > 1 else found


def _set_ones(who: Latest, project_id: int) -> Select[AnyValue]:
    """Person, time, id and whether it passes, of each event that has what the condition is on."""
    condition = who.condition
    is_set = clause(Condition(condition.subject, "is_set"))
    passes = case((clause(condition), 1), else_=0)
    asked = select(_person, EventRow.timestamp, EventRow.id, passes)
    return asked.where(EventRow.project_id == project_id, _person.is_not(None), is_set)


def _of_kind(kind: Kind) -> list[ColumnElement[bool]]:
    found = [] if kind.event_name is None else [EventRow.event_name == kind.event_name]
    return found if kind.filter is None else [*found, clause(kind.filter)]


def _within(moment: ColumnElement[int], window: Window) -> list[ColumnElement[bool]]:
    start, end = window
    found: list[ColumnElement[bool]] = [] if start is None else [moment >= start]
    return found if end is None else [*found, moment < end]
