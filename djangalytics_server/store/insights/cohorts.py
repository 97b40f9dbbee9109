"""The people of cohorts: each part is one look at the project's events, put together as sets.

To look for them once and hand them to each statement is many times quicker than to have every
statement of a question look anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any as AnyValue

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
_Last = tuple[int, int, int]
Lasting = Callable[
    [int, Condition], tuple[dict[str, _Last], Sequence[tuple[int, int] | None]] | None
]
"""Of a project and a condition: by person when their newest event was that has its subject, the id
or what stands for it, and whether it passes; and the stretches of ids that are not in it. None if
it is not known.
"""


class Known:
    """The people of cohorts as one state of the data has them, each cohort looked for once.

    ``check_time`` is called before every statement, and ``lasting`` asked what is known of the
    newest values without a look at rows.
    """

    def __init__(
        self, connection: Connection, check_time: CheckTime, lasting: Lasting | None = None
    ) -> None:
        self._connection, self._check_time, self._lasting = connection, check_time, lasting
        self._found: dict[int, tuple[Members, Among]] = {}

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
        # By identity: the values 1 and True are equal, and do not mean the same.
        if id(members) not in self._found:
            self._found[id(members)] = members, self._of(members.who, members.project_id)
        return self._found[id(members)][1]

    def size(self, members: Members) -> tuple[int, int]:
        """How many they are, and how many the project has."""
        found = self.people(members)
        everybody = _everybody(members.project_id).distinct().subquery()
        self._check_time()
        of = self._connection.scalar(select(func.count()).select_from(everybody)) or 0
        return of - len(found.people) if found.others else len(found.people), of

    def listed(self, question: CohortPeople) -> list[str]:
        """Those of them that are asked for, by code points."""
        found = self.people(question.members)
        people = found.people
        if found.others:
            people = self._ask(_everybody(question.members.project_id).distinct()) - people
        return sorted(one for one in people if one > question.after)[: question.limit]

    def _of(self, who: Who, project_id: int) -> Among:
        if isinstance(who, Else):
            found = self._of(who.who, project_id)
            return Among(found.people, not found.others)
        if isinstance(who, (Each, Any)):
            together = _both if isinstance(who, Each) else _either
            return reduce(together, (self._of(one, project_id) for one in who.whos))
        if isinstance(who, Latest):
            return Among(self._latest(who, project_id))
        return Among(self._ask(_statement(who, project_id)))

    def _latest(self, who: Latest, project_id: int) -> frozenset[str]:
        # Told apart here: to sort them by person takes an engine several times as long.
        told = None if self._lasting is None else self._lasting(project_id, who.condition)
        newest, stretches = told or ({}, [None])
        for stretch in stretches:
            for row in self._rows(_set_ones(who, project_id, stretch)):
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


def _both(one: Among, other: Among) -> Among:
    """Who is in both."""
    if one.others and other.others:
        return Among(one.people | other.people, others=True)
    if one.others:
        return Among(other.people - one.people)
    return Among(one.people - other.people if other.others else one.people & other.people)


def _either(one: Among, other: Among) -> Among:
    """Who is in one of them at least: not outside both."""
    outside = _both(Among(one.people, not one.others), Among(other.people, not other.others))
    return Among(outside.people, not outside.others)


def _everybody(project_id: int) -> Select[AnyValue]:
    return select(_person).where(EventRow.project_id == project_id, _person.is_not(None))


def _statement(who: Did | FirstDid, project_id: int) -> Select[AnyValue]:
    """The people of one part."""
    found = _everybody(project_id).where(*_of_kind(who.kind)).group_by(_person)
    if isinstance(who, FirstDid):
        return found.having(*_within(func.min(EventRow.timestamp), who.window))
    found = found.where(*_within(EventRow.timestamp.expression, who.window))
    return found.having(func.count() >= who.at_least) if who.at_least > 1 else found


def _set_ones(who: Latest, project_id: int, stretch: tuple[int, int] | None) -> Select[AnyValue]:
    """Person, time, id and whether it passes, of each event that has what the condition is on; of
    those of a stretch of ids, or of all.
    """
    condition = who.condition
    is_set = clause(Condition(condition.subject, "is_set"))
    passes = case((clause(condition), 1), else_=0)
    asked = select(_person, EventRow.timestamp, EventRow.id, passes)
    if stretch is None:
        return asked.where(EventRow.project_id == project_id, _person.is_not(None), is_set)
    # The sum keeps the engine off the indexes: the ids alone tell where to look.
    among = EventRow.project_id + 0 == project_id, EventRow.id.between(*stretch)
    return asked.where(*among, _person.is_not(None), is_set)


def _of_kind(kind: Kind) -> list[ColumnElement[bool]]:
    found = [] if kind.event_name is None else [EventRow.event_name == kind.event_name]
    return found if kind.filter is None else [*found, clause(kind.filter)]


def _within(moment: ColumnElement[int], window: Window) -> list[ColumnElement[bool]]:
    start, end = window
    found: list[ColumnElement[bool]] = [] if start is None else [moment >= start]
    return found if end is None else [*found, moment < end]
