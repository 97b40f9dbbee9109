"""Which events a question is about: conditions on one event, joined by and, or and not.

Every condition is true or false of an event, never unknown: what an event lacks does not match,
and ``is_not`` is the exact opposite of ``is``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from djangalytics_server.model.cohort import Who

FieldName = Literal["event_name", "insert_id", "distinct_id", "session_id", "source", "timestamp"]
Op = Literal[
    "is",
    "is_not",
    "one_of",
    "none_of",
    "contains",
    "not_contains",
    "starts_with",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "before",
    "after",
    "on",
    "is_set",
    "is_not_set",
]
Scalar = str | int | float | bool

MOST_DEPTH = 5
"""How deep groups may nest."""
MOST_CONDITIONS = 50
MOST_VALUES = 100
MOST_TEXT = 1_000
MOST_NUMBER = 2**53 - 1
"""Up to here every whole number is a double, so that each engine compares alike."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the event; ``timestamp`` compares as microseconds since 1970 UTC."""

    name: FieldName


@dataclass(frozen=True, slots=True)
class Property:
    """A member of the outermost object of the event's properties."""

    name: str


Subject = Field | Property


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``values`` has as many as ``op`` needs: none, one, two, or a list.

    Text compares by its code points and numbers by their value; a text is never equal to a
    number. ``contains`` and ``starts_with`` take A to Z alike. Dates (``before``, ``after``,
    ``on``, ``between`` with texts) compare with the date that a text begins with.
    """

    subject: Subject
    op: Op
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them is true; of none at all, that is true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them is true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It is not true."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class Members:
    """Its person is one of a project's people; an event without a person is nobody's."""

    project_id: int
    who: Who


@dataclass(frozen=True, slots=True)
class Among:
    """Its person is one of these, or with ``others`` none of these; never nobody.

    It is what the store makes of ``Members``. ``marks`` has a 1 at the number of whoever passes, if
    the store knows people by numbers.
    """

    people: frozenset[str]
    others: bool = False
    marks: bytes | None = field(default=None, compare=False, repr=False)


Filter = Condition | AllOf | AnyOf | Not | Members | Among
