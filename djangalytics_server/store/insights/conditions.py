"""A filter as a condition of SQL that is true or false of every event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, true

from djangalytics_server.model.query_filter import (
    AllOf,
    Among,
    AnyOf,
    Condition,
    Field,
    Filter,
    Members,
    Op,
    Scalar,
    Subject,
)
from djangalytics_server.store.insights import vocabulary
from djangalytics_server.store.tables import EventRow

Clause = ColumnElement[bool]

COLUMNS: dict[str, ColumnElement[Any]] = {
    "event_name": EventRow.event_name.expression,
    "insert_id": EventRow.insert_id.expression,
    "distinct_id": EventRow.distinct_id.expression,
    "session_id": EventRow.session_id.expression,
    "source": EventRow.source.expression,
    "timestamp": EventRow.timestamp.expression,
}


def clause(filter: Filter) -> Clause:
    """The condition; NULL in it means false, as WHERE has it."""
    if isinstance(filter, Condition):
        return _CONDITIONS[filter.op](filter.subject, filter.values)
    if isinstance(filter, AllOf):
        return and_(true(), *map(clause, filter.filters))
    if isinstance(filter, AnyOf):
        return or_(false(), *map(clause, filter.filters))
    if isinstance(filter, Among):
        return _is_among(filter)
    if isinstance(filter, Members):
        raise TypeError("a snapshot puts the people of a cohort in its place")
    return _unless(clause(filter.filter))


def _is_among(filter: Among) -> Clause:
    person = COLUMNS["distinct_id"]
    found = vocabulary.among(person, filter.people)
    return and_(person.is_not(None), _unless(found)) if filter.others else found


def _unless(found: Clause) -> Clause:
    """What is unknown is not found."""
    return found.is_not(true())


def _text(subject: Subject) -> ColumnElement[Any]:
    if isinstance(subject, Field):
        return COLUMNS[subject.name]
    return vocabulary.member_text(subject.name)


def _is(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    if isinstance(subject, Field):
        return COLUMNS[subject.name].in_(values)
    texts = [value for value in values if isinstance(value, str)]
    truths = [str(value).lower() for value in values if isinstance(value, bool)]
    numbers = [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    found: list[Clause] = []
    if texts:
        found.append(vocabulary.member_text(subject.name).in_(texts))
    if truths:
        found.append(vocabulary.member_type(subject.name).in_(truths))
    if numbers:
        found.append(vocabulary.member_number(subject.name).in_(numbers))
    return or_(false(), *found)


def _contains(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    return _text(subject).icontains(str(values[0]), autoescape=True)


def _starts_with(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    return _text(subject).istartswith(str(values[0]), autoescape=True)


def _ordered(subject: Subject, values: tuple[Scalar, ...]) -> tuple[ColumnElement[Any], list[Any]]:
    """What to compare with < and >, and the values in the same terms."""
    if isinstance(subject, Field):
        return COLUMNS[subject.name], list(values)
    if isinstance(values[0], str):
        return vocabulary.date_of(vocabulary.member_text(subject.name)), list(values)
    return vocabulary.member_number(subject.name), [float(value) for value in values]


def _true_if(comparison: Any) -> Clause:
    return cast("Clause", comparison)


def _below(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [value] = _ordered(subject, values)
    return _true_if(found < value)


def _at_most(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [value] = _ordered(subject, values)
    return _true_if(found <= value)


def _above(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [value] = _ordered(subject, values)
    return _true_if(found > value)


def _at_least(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [value] = _ordered(subject, values)
    return _true_if(found >= value)


def _on(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [value] = _ordered(subject, values)
    return _true_if(found == value)


def _between(subject: Subject, values: tuple[Scalar, ...]) -> Clause:
    found, [low, high] = _ordered(subject, values)
    return found.between(low, high)


def _is_set(subject: Subject, _values: tuple[Scalar, ...]) -> Clause:
    if isinstance(subject, Field):
        return COLUMNS[subject.name].is_not(None)
    return vocabulary.member_type(subject.name) != "null"


def _opposite(op: Callable[..., Clause]) -> Callable[..., Clause]:
    return lambda subject, values: _unless(op(subject, values))


_CONDITIONS: dict[Op, Callable[[Subject, tuple[Scalar, ...]], Clause]] = {
    "is": _is,
    "is_not": _opposite(_is),
    "one_of": _is,
    "none_of": _opposite(_is),
    "contains": _contains,
    "not_contains": _opposite(_contains),
    "starts_with": _starts_with,
    "gt": _above,
    "gte": _at_least,
    "lt": _below,
    "lte": _at_most,
    "between": _between,
    "before": _below,
    "after": _above,
    "on": _on,
    "is_set": _is_set,
    "is_not_set": _opposite(_is_set),
}
