"""Retention: who comes back, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djangalytics_server.model.insight import Group, Kind, Range, Slot
from djangalytics_server.model.query_filter import Filter, Subject

Period = Literal["day", "week", "month"]

MOST_COHORTS = 366
MOST_PERIODS = 60
MOST_COLUMNS = 61


@dataclass(frozen=True, slots=True)
class Column:
    """The intervals after a cohort's own in which a return counts: from ``first`` to ``last``,
    both included, or to the end of time where ``last`` is None. 0 is the cohort's own.
    """

    first: int
    last: int | None


@dataclass(frozen=True, slots=True)
class Retention:
    """The question. Cohorts are the intervals of ``span`` by when people did what begins it:
    for the first time ever, or in each interval where they did.
    """

    project_id: int
    zone: str
    interval: Period
    span: Range
    begin: Kind
    come_back: Kind
    columns: tuple[Column, ...]
    now: int
    first_time: bool = True
    sunday: bool = False
    filter: Filter | None = None
    breakdown: tuple[Subject, ...] = ()
    groups: int = 10


@dataclass(frozen=True, slots=True)
class Cohort:
    """The people of one interval, and how many of them came back in each column; ``over`` says
    of each column whether its last interval, or where there is none its first, has ended.
    """

    slot: Slot
    people: int
    returned: tuple[int, ...]
    over: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class RetentionLine:
    """The cohorts of one group; ``average`` is the share that came back, over the cohorts whose
    column is over, or None where that is nobody.
    """

    group: Group
    cohorts: tuple[Cohort, ...]
    average: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class RetentionAnswer:
    """The answer: everybody, then each group."""

    question: Retention
    total: RetentionLine
    lines: tuple[RetentionLine, ...] = ()
