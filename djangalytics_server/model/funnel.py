"""Funnels: how many people take one step after another, and where they stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djangalytics_server.model.insight import Group, Range
from djangalytics_server.model.query_filter import Filter, Subject

Order = Literal["ordered", "strict", "unordered"]
Which = Literal["reached", "dropped"]

MOST_STEPS = 10
MOST_EXCLUSIONS = 5
MOST_WINDOW_SECONDS = 366 * 86_400
MOST_PEOPLE = 1_000
WINDOW_SECONDS = 14 * 86_400
BINS = (60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 1_209_600)
"""Upper bounds of the bins of times to convert, in seconds, each included in its bin."""


@dataclass(frozen=True, slots=True)
class Step:
    """Which events take the step."""

    event_name: str | None = None
    filter: Filter | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Which events end an attempt that has taken at least ``after`` steps and fewer than
    ``before``.
    """

    event_name: str | None
    filter: Filter | None
    after: int
    before: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The people to list: those whose best attempt reached a step (1 is the first), or reached
    the one before and not this; from after ``after`` in the order of their ids.
    """

    step: int
    which: Which
    limit: int = 100
    after: str = ""


@dataclass(frozen=True, slots=True)
class Funnel:
    """The question. Attempts begin in ``span`` and have ``window`` microseconds to the end."""

    project_id: int
    zone: str
    span: Range
    steps: tuple[Step, ...]
    order: Order = "ordered"
    window: int = WINDOW_SECONDS * 1_000_000
    exclusions: tuple[Exclusion, ...] = ()
    filter: Filter | None = None
    breakdown: tuple[Subject, ...] = ()
    groups: int = 10
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Who took a step. The times are seconds, None where nobody did: from the step before, and
    from the first.
    """

    people: int
    average: float | None = None
    median: float | None = None
    average_from_start: float | None = None
    median_from_start: float | None = None


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """The steps of one group; ``bins`` counts those who took the last step by their time to
    convert, with one bin more than ``BINS`` for what took longer.
    """

    group: Group
    steps: tuple[Taken, ...]
    bins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FunnelAnswer:
    """The answer: everybody, then each group. ``people`` is what was wanted."""

    question: Funnel
    total: FunnelLine
    lines: tuple[FunnelLine, ...] = ()
    people: tuple[str, ...] = ()
