"""How the values of a property are distributed."""

from __future__ import annotations

from dataclasses import dataclass

from djangalytics_server.model.insight import Group, Kind, Range
from djangalytics_server.model.query_filter import Filter, Subject
from djangalytics_server.model.trends import Value

MOST_BINS = 100
MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """The question; ``groups`` values are told apart and the numbers are sorted into ``bins``."""

    project_id: int
    zone: str
    span: Range
    kind: Kind
    subject: Subject
    filter: Filter | None = None
    groups: int = 10
    bins: int = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Events whose number is at least ``low`` and below ``high``; of the last bin also ``high``."""

    low: Value
    high: Value
    events: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the numbers among the values are like; ``bins`` are equally wide."""

    events: int
    sum: Value
    avg: Value
    min: Value
    median: Value
    p90: Value
    p95: Value
    p99: Value
    max: Value
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class DistributionAnswer:
    """``events`` are all, ``distinct`` the different values; ``numbers`` is None without any."""

    question: Distribution
    events: int
    distinct: int
    values: tuple[tuple[Group, int], ...]
    numbers: Numbers | None
