"""Which events of a block pass a filter: a byte for each, 1 or 0.

Whether a value passes is asked of the engine itself, of each different value once: so a condition
means here what it means in its SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, column, literal_column, select, text

from djangalytics_server.model.query_filter import (
    AllOf,
    Among,
    AnyOf,
    Condition,
    Field,
    Filter,
    Members,
    Property,
    Subject,
)
from djangalytics_server.store.blocks.layout import Column
from djangalytics_server.store.insights.conditions import clause

PEOPLE = Property("\0number")
"""Stands for the column whose codes are people's numbers; no property has a NUL in its name."""
_FLIPPED = bytes([1, 0, *range(2, 256)])
_PERSON = Field("distinct_id")
_MOST_REMEMBERED = 200_000
_write = msgspec.json.Encoder().encode


def subjects(filter: Filter | None) -> Iterator[Subject]:
    """What a filter looks at."""
    if isinstance(filter, Condition):
        yield filter.subject
    elif isinstance(filter, (AllOf, AnyOf)):
        for one in filter.filters:
            yield from subjects(one)
    elif isinstance(filter, (Among, Members)):
        yield _PERSON
    elif filter is not None:
        yield from subjects(filter.filter)


class Judge:
    """Makes masks of one filter, and remembers what it was told of values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._statements: dict[int, Select[Any]] = {}
        self._known: dict[int, dict[str | None, bool]] = {}

    def mask(self, filter: Filter, of: Callable[[Subject], Column], events: int) -> bytes:
        """The mask of so many events, of whose columns ``of`` knows."""
        if isinstance(filter, Condition):
            return self._of_condition(filter, of(filter.subject))
        if isinstance(filter, (AllOf, AnyOf)):
            whole = isinstance(filter, AllOf)
            empty = bytes([whole]) * events
            masks = [self.mask(one, of, events) for one in filter.filters]
            numbers = (int.from_bytes(mask, "little") for mask in (empty, *masks))
            return reduce(and_ if whole else or_, numbers).to_bytes(events, "little")
        if isinstance(filter, Among) and filter.marks is not None:
            return bytes(map(filter.marks.__getitem__, of(PEOPLE).codes))
        if isinstance(filter, Among):
            return translated(of(_PERSON), _passing_among(filter, of(_PERSON).words))
        if isinstance(filter, Members):
            raise TypeError("a snapshot puts the people of a cohort in its place")
        return self.mask(filter.filter, of, events).translate(_FLIPPED)

    def _of_condition(self, condition: Condition, found: Column) -> bytes:
        return translated(found, self._passing(condition, found.words))

    def _passing(self, condition: Condition, words: Sequence[str | None]) -> bytes:
        """For each word whether it passes."""
        # By identity: the values 1 and True are equal, and do not mean the same.
        known = self._known.setdefault(id(condition), {})
        if len(known) > _MOST_REMEMBERED:
            known.clear()
        new = list({word: None for word in words if word not in known})
        if new:
            passing = set(self._ask(condition, new))
            known.update((word, place in passing) for place, word in enumerate(new))
        return bytes(map(known.__getitem__, words))

    def _ask(self, condition: Condition, words: Sequence[str | None]) -> Sequence[int]:
        """The places of the words that pass."""
        statement = self._statements.get(id(condition))
        if statement is None:
            statement = self._statements[id(condition)] = _statement(condition)
        if isinstance(condition.subject, Field):
            values: list[str | None] = list(words)
        else:
            name = _write(condition.subject.name).decode()
            values = ["{}" if word is None else f"{{{name}:{word}}}" for word in words]
        return self._connection.scalars(statement, {"words": _write(values).decode()}).all()


def both(one: bytes, other: bytes) -> bytes:
    """The events of either mask that are in the other too."""
    numbers = int.from_bytes(one, "little") & int.from_bytes(other, "little")
    return numbers.to_bytes(len(one), "little")


def translated(found: Column, table: bytes) -> bytes:
    """Of each event what the table says of its word."""
    if isinstance(found.codes, bytes):
        return found.codes.translate(table.ljust(256, b"\0"))
    return bytes(map(table.__getitem__, found.codes))


def _passing_among(filter: Among, words: Sequence[str | None]) -> bytes:
    """For each person whether they are wanted; never nobody."""
    return bytes(w is not None and (w in filter.people) != filter.others for w in words)


def _statement(condition: Condition) -> Select[Any]:
    """The condition asked of a list of values that stand for events."""
    name = condition.subject.name if isinstance(condition.subject, Field) else "properties"
    words = (
        text(f"SELECT key AS place, value AS {name} FROM json_each(:words)")  # noqa: S608 - a name of ours
        .columns(column("place"), column(name))
        .cte("events")
    )
    return select(literal_column("events.place")).where(clause(condition)).add_cte(words)
