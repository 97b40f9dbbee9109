"""A filter's JSON, read into its model; every refusal names the place.

A condition is ``{"field": "source", "op": "is", "value": "web"}`` or the same with ``property``;
a group is ``{"and": [...]}``, ``{"or": [...]}`` or ``{"not": {...}}``. What the
people of a saved cohort did is ``{"cohort": 7, "op": "is"}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast, get_args

from djangalytics_server.model import rfc3339
from djangalytics_server.model.query_filter import (
    MOST_CONDITIONS,
    MOST_DEPTH,
    MOST_NUMBER,
    MOST_TEXT,
    MOST_VALUES,
    AllOf,
    AnyOf,
    Condition,
    Field,
    FieldName,
    Filter,
    Members,
    Not,
    Op,
    Property,
    Scalar,
    Subject,
)
from djangalytics_server.model.reasons import Coded

FIELDS: tuple[FieldName, ...] = get_args(FieldName)
OPS: tuple[Op, ...] = get_args(Op)
_UNASKABLE = re.compile(r"[\x00\ud800-\udfff]")
BAD_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EQUAL: tuple[Op, ...] = ("is", "is_not", "one_of", "none_of", "is_set", "is_not_set")
_TEXT: tuple[Op, ...] = (*_EQUAL, "contains", "not_contains", "starts_with")
_TIME: tuple[Op, ...] = ("before", "after", "between")


Cohorts = Callable[[int], Members | None]
"""The people of a saved cohort, or None if there is none of this id."""


def no_cohorts(_cohort_id: int) -> None:
    """What knows none."""


class Refused(Exception):
    """What is wrong with a filter or a part of it, and where."""

    def __init__(self, code: str, message: str, path: str) -> None:
        super().__init__(message)
        self.fault = Coded(code, message, path)


def read(value: object, cohorts: Cohorts | None = None) -> Filter:
    """The filter that a JSON value says; raises Refused, also of a cohort where none is known."""
    return _Reader(cohorts).filter(value, "", 1)


def cohort(value: object, cohorts: Cohorts, path: str) -> Members:
    """The people of the saved cohort that a JSON value names; raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("wrong_type", "A cohort is named by its id, a whole number.", path)
    found = cohorts(value) if value > 0 else None
    if found is None:
        raise Refused("cohort_unknown", "", path)
    return found


def subject(value: Mapping[str, Any], path: str, names: tuple[FieldName, ...] = FIELDS) -> Subject:
    """What an object with ``field``, one of ``names``, or ``property`` names; raises Refused."""
    if ("field" in value) == ("property" in value):
        raise Refused("invalid_filter", "One of field and property is needed, not both.", path)
    if "field" in value:
        name = choice(value["field"], names, f"{path}.field")
        return Field(name)
    return Property(property_name(value["property"], f"{path}.property"))


def choice(value: object, choices: tuple[Any, ...], path: str) -> Any:
    """The value, which must be one of those; raises Refused."""
    if not isinstance(value, str) or value not in choices:
        raise Refused("not_a_choice", f"It is one of: {', '.join(choices)}.", path)
    return value


def property_name(value: object, path: str) -> str:
    """The name of a property; raises Refused."""
    if not isinstance(value, str):
        raise Refused("wrong_type", "The name of a property is text.", path)
    if len(value) > 200:
        raise Refused("out_of_range", "The name of a property has at most 200 characters.", path)
    if _UNASKABLE.search(value):
        raise Refused("property_unaskable", "", path)
    return value


class _Reader:
    """Reads one filter, and counts its conditions."""

    def __init__(self, cohorts: Cohorts | None) -> None:
        self.conditions = 0
        self._cohorts = cohorts

    def filter(self, value: object, path: str, depth: int) -> Filter:
        if not isinstance(value, dict):
            raise Refused("wrong_type", "A filter is an object.", path)
        groups = [word for word in ("and", "or", "not") if word in value]
        if not groups:
            return self._condition(value, path)
        if len(value) != 1:
            raise Refused("invalid_filter", f"{groups[0]} stands alone in its object.", path)
        if depth > MOST_DEPTH:
            raise Refused("filter_too_large", "", path)
        word, inner = groups[0], value[groups[0]]
        if word == "not":
            return Not(self.filter(inner, f"{path}.not", depth + 1))
        if not isinstance(inner, list) or not inner:
            words = f"{word} has a list of at least one filter."
            raise Refused("wrong_type", words, f"{path}.{word}")
        if len(inner) > MOST_CONDITIONS:
            raise Refused("filter_too_large", "", f"{path}.{word}")
        parts = tuple(
            self.filter(part, f"{path}.{word}[{place}]", depth + 1)
            for place, part in enumerate(inner)
        )
        return AllOf(parts) if word == "and" else AnyOf(parts)

    def _cohort(self, value: dict[str, Any], path: str) -> Filter:
        if self._cohorts is None:
            words = "A cohort's own filters know no cohorts."
            raise Refused("operator_misplaced", words, f"{path}.cohort")
        for name in value:
            if name not in ("cohort", "op"):
                raise Refused("member_unknown", "It knows: cohort, op.", f"{path}.{name[:100]}")
        if "op" not in value:
            raise Refused("member_missing", "", f"{path}.op")
        op = choice(value["op"], ("is", "is_not"), f"{path}.op")
        members = cohort(value["cohort"], self._cohorts, f"{path}.cohort")
        return members if op == "is" else Not(members)

    def _condition(self, value: dict[str, Any], path: str) -> Filter:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            raise Refused("filter_too_large", "", path)
        if "cohort" in value:
            return self._cohort(value, path)
        for name in value:
            if name not in ("field", "property", "op", "value"):
                known = "It knows: field, property, cohort, op, value; and, or, not."
                raise Refused("member_unknown", known, f"{path}.{name[:100]}")
        what = subject(value, path)
        if "op" not in value:
            raise Refused("member_missing", "", f"{path}.op")
        op: Op = choice(value["op"], _allowed(what), f"{path}.op")
        return Condition(what, op, _values(what, op, value, path))


def _allowed(what: Subject) -> tuple[Op, ...]:
    if isinstance(what, Property):
        return OPS
    return _TIME if what.name == "timestamp" else _TEXT


def _values(what: Subject, op: Op, value: dict[str, Any], path: str) -> tuple[Scalar, ...]:
    place = f"{path}.value"
    if op in ("is_set", "is_not_set"):
        if "value" in value:
            raise Refused("operator_misplaced", f"{op} takes no value.", place)
        return ()
    if "value" not in value:
        raise Refused("member_missing", "", place)
    given = value["value"]
    read: Callable[[object, str], Scalar] = _reader(what, op)
    if op in ("one_of", "none_of"):
        if not isinstance(given, list) or not 1 <= len(given) <= MOST_VALUES:
            raise Refused("wrong_type", f"{op} takes a list of 1 to {MOST_VALUES} values.", place)
        return tuple(read(one, f"{place}[{at}]") for at, one in enumerate(given))
    if op != "between":
        return (read(given, place),)
    if not isinstance(given, list) or len(given) != 2:
        raise Refused("wrong_type", "between takes a list of two values.", place)
    low, high = (read(one, f"{place}[{at}]") for at, one in enumerate(given))
    if isinstance(low, str) != isinstance(high, str):
        raise Refused("wrong_type", "Both values are numbers, or both are dates.", place)
    return low, high


def _reader(what: Subject, op: Op) -> Callable[[object, str], Scalar]:
    """What reads a value of this operator."""
    if isinstance(what, Field):
        return _moment if what.name == "timestamp" else _words
    if op in ("contains", "not_contains", "starts_with"):
        return _words
    if op in ("before", "after", "on"):
        return _day
    if op in ("gt", "gte", "lt", "lte"):
        return _number
    return _number_or_day if op == "between" else _scalar


def _words(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise Refused("wrong_type", "It compares with text.", path)
    if len(value) > MOST_TEXT or BAD_TEXT.search(value):
        words = f"Text has at most {MOST_TEXT:,} characters, without U+0000 and lone surrogates."
        raise Refused("out_of_range", words, path)
    return value


def _number(value: object, path: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refused("wrong_type", "It compares with a number.", path)
    if not abs(value) <= MOST_NUMBER:
        words = f"A number lies between -{MOST_NUMBER:,} and {MOST_NUMBER:,}."
        raise Refused("out_of_range", words, path)
    return value


def _scalar(value: object, path: str) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _words(value, path)
    if not isinstance(value, (int, float)):
        words = "It compares with text, a number, true or false; use is_not_set for null."
        raise Refused("wrong_type", words, path)
    return _number(value, path)


def _day(value: object, path: str) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Refused("invalid_time", "It compares with a date such as 2026-01-31.", path)
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise Refused("invalid_time", "There is no such day.", path) from error


def _number_or_day(value: object, path: str) -> Scalar:
    return _day(value, path) if isinstance(value, str) else _number(value, path)


def _moment(value: object, path: str) -> int:
    words = "It compares with an RFC 3339 date and time, such as 2026-01-31T12:00:00Z."
    if not isinstance(value, str):
        raise Refused("invalid_time", words, path)
    try:
        return rfc3339.parse(value)
    except ValueError as error:
        raise Refused("invalid_time", words, path) from error


def described() -> dict[str, Any]:
    """The JSON Schema of a filter, which names itself ``Filter`` in the OpenAPI document."""
    again = {"$ref": "#/components/schemas/Filter"}
    condition = {
        "type": "object",
        "required": ["op"],
        "additionalProperties": False,
        "properties": {
            "field": {"type": "string", "enum": list(FIELDS)},
            "property": {"type": "string", "maxLength": 200, "pattern": r"^[^\"\\]*$"},
            "op": {"type": "string", "enum": list(OPS)},
            "value": {"description": "What to compare with: one value, or a list of them."},
        },
        "oneOf": [{"required": ["field"]}, {"required": ["property"]}],
    }
    of_people = {
        "type": "object",
        "required": ["cohort", "op"],
        "additionalProperties": False,
        "properties": {
            "cohort": {"type": "integer", "minimum": 1, "description": "The id of a saved one."},
            "op": {"type": "string", "enum": ["is", "is_not"]},
        },
    }
    several = {"type": "array", "items": again, "minItems": 1, "maxItems": MOST_CONDITIONS}
    groups = [
        _alone(word, what) for word, what in (("and", several), ("or", several), ("not", again))
    ]
    return {"description": "Conditions on one event.", "oneOf": [condition, of_people, *groups]}


def _alone(word: str, what: dict[str, Any]) -> dict[str, Any]:
    return cast(
        "dict[str, Any]",
        {
            "type": "object",
            "required": [word],
            "additionalProperties": False,
            "properties": {word: what},
        },
    )
