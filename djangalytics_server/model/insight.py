"""What insights share: where time is cut, and what is asked of the store.

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from djangalytics_server.model.query_filter import Filter, Subject

Range = tuple[int, int]
"""Start, inclusive, and end, exclusive."""

Raw = str | None
"""What a row says of a breakdown: the JSON text of a property, the text of a field, or None."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One interval of a chart: what it is called and the time it covers.

    Where clocks went back over midnight a day is not one piece of time but several. ``whole`` is
    False for an interval that the range cuts, or that is not over.
    """

    label: str
    ranges: tuple[Range, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """The groups of a breakdown that are told apart; whatever is in none of them is *other*.

    A group has for each breakdown the set of raw values that mean the same, such as 1 and 1.0.
    """

    groups: tuple[tuple[frozenset[Raw], ...], ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """A look at raw events, slot by slot.

    With ``numbers_of`` each number of that property is told apart, and events without one are
    left out. Without ``chosen`` each raw value of the breakdown is a group.
    """

    project_id: int
    slots: tuple[tuple[Range, ...], ...]
    event_name: str | None = None
    filter: Filter | None = None
    breakdown: tuple[Subject, ...] = ()
    chosen: Chosen | None = None
    numbers_of: str | None = None


class Cell(NamedTuple):
    """Events of one slot that are alike.

    ``group`` has the raw values of the breakdown, or, of chosen groups, the group's place (-1 is
    other). ``number`` is the JSON text of one, if numbers are told apart.
    """

    slot: int
    group: tuple[Raw, ...] | int
    number: str | None = None
    events: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """The people of one slot and group, and how many events they have there; see ``Cell``."""

    slot: int
    group: tuple[Raw, ...] | int
    events: int
    people: Set[str]


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Some people of one slot, for questions that need no more than to tell them apart."""

    slot: int
    people: Set[object]


@dataclass(frozen=True, slots=True)
class Heads:
    """How many people and events of people one slot and group has; see ``Cell``.

    ``counted``: they were counted beforehand, not looked for among the events.
    """

    slot: int
    group: tuple[Raw, ...] | int
    people: int
    events: int
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One value of each breakdown, as it is shown; ``other`` is all that is in no other group."""

    values: tuple[Shown, ...] = ()
    other: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of a property or field: its kind tells the text 1 from the number."""

    kind: Literal["text", "number", "boolean", "null", "json"]
    value: str | int | float | bool | None = field(compare=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """Events of one kind: of a name, or any, that pass a filter, or all."""

    event_name: str | None = None
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """Events of people in ``span``, in order: those of any kind, or ``all`` of them.

    ``filter`` narrows them; ``breakdown`` is read of events of the first ``broken`` kinds. No
    portion of them has events from before and after one of the ``cuts``.
    """

    project_id: int
    span: Range
    kinds: tuple[Kind, ...]
    filter: Filter | None = None
    all: bool = False
    breakdown: tuple[Subject, ...] = ()
    broken: int = 1
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """Events in ``span`` that pass the filter, in order; ``subjects`` is what is read of each."""

    project_id: int
    span: Range
    filter: Filter | None = None
    kinds: tuple[Kind, ...] = ()
    subjects: tuple[Subject, ...] = ()


Moment = tuple[Any, ...]
"""An event of a walk: timestamp, id, person, its kinds as a number (bit n is the n-th), raw values.

Of a stream: timestamp, person, session, its kinds, raw values.
"""


class Run(NamedTuple):
    """Events of a walk that are of the same kinds, each person's in order: whose each is, by
    number, its place in their source, and when it was.

    Those of several runs are in the order of their times, sources and places.
    """

    bits: int
    source: int
    people: Sequence[int]
    places: Sequence[int]
    times: Sequence[int]


@dataclass(frozen=True, slots=True)
class Stepped:
    """A walk in portions, for each person one after the other in time; all numbers of people are
    below ``end``.
    """

    end: int
    portions: Iterator[Sequence[Run]]
