"""Trends: how much of what, interval by interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djangalytics_server.model.insight import Group, Range, Slot
from djangalytics_server.model.query import Interval
from djangalytics_server.model.query_filter import Filter, Subject

Measure = Literal[
    "count",
    "people",
    "per_person",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "p90",
    "p95",
    "p99",
]
Number = int | float
Value = Number | None
Source = Literal["rollup", "rollup and events", "events"]

MOST_SERIES = 10
MOST_FORMULAS = 5
MOST_GROUPS = 25
MOST_SLOTS = 1_500
MOST_ROLLING = 100


@dataclass(frozen=True, slots=True)
class Series:
    """What one line counts; ``property`` is empty for measures that look at none."""

    event_name: str | None = None
    measure: Measure = "count"
    property: str = ""
    filter: Filter | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number written in a formula."""

    value: float


@dataclass(frozen=True, slots=True)
class Reference:
    """A series, by its place."""

    place: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sides and what joins them."""

    sign: Literal["+", "-", "*", "/"]
    left: Expression
    right: Expression


Expression = Figure | Reference | Operation


@dataclass(frozen=True, slots=True)
class Formula:
    """Arithmetic over series; ``text`` is what was written."""

    text: str
    expression: Expression
    label: str = ""


@dataclass(frozen=True, slots=True)
class Trends:
    """The question. ``span`` is the range; ``previous`` the one to compare with.

    With ``rolling`` n every value covers the n intervals up to its own; with ``cumulative`` all
    from the range's beginning. ``filter`` narrows every series.
    """

    project_id: int
    zone: str
    interval: Interval
    span: Range
    series: tuple[Series, ...]
    now: int
    sunday: bool = False
    filter: Filter | None = None
    breakdown: tuple[Subject, ...] = ()
    groups: int = 10
    formulas: tuple[Formula, ...] = ()
    previous: Range | None = None
    rolling: int = 1
    cumulative: bool = False
    totals: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The values of a series, or of a formula, in one group; one value a slot.

    ``total`` is the same measure over the whole range, if it was asked for.
    """

    name: str
    label: str
    group: Group
    values: tuple[Value, ...]
    total: Value = None


@dataclass(frozen=True, slots=True)
class Period:
    """The lines of one range."""

    span: Range
    slots: tuple[Slot, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TrendsAnswer:
    """The answer; ``plan`` has one source a series."""

    question: Trends
    current: Period
    previous: Period | None
    plan: tuple[Source, ...]
