"""A cohort's definition, from JSON to its model; every refusal names the place.

``{"did": {...}}``, ``{"first_did": {...}}`` and ``{"latest": {...}}`` are parts, which
``{"and": [...]}``, ``{"or": [...]}`` and ``{"not": {...}}`` put together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any as AnyValue
from zoneinfo import ZoneInfo

from djangalytics_server.model.cohort import (
    MOST_DEPTH,
    MOST_LAST_DAYS,
    MOST_PARTS,
    MOST_TIMES,
    Any,
    Did,
    Each,
    Else,
    FirstDid,
    Latest,
    Who,
    Window,
)
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.query_filter import Condition, Field, Filter, Members
from djangalytics_server.query import filters, intervals, moments, zones
from djangalytics_server.query.filters import Refused

_GROUPS = ("and", "or", "not")
_PARTS = ("did", "first_did", "latest")
_WINDOW = ("last_days", "from", "to")
_KIND = ("event_name", "filter")
_Members = dict[str, AnyValue]


def read(value: object, zone: str, now: int) -> Who:
    """The people that a JSON value says, as of now; days are those of the zone. Raises Refused."""
    return _Reader(zone, now).who(value, "", 1)


def known(
    project_id: int, zone: str, now: int, definition: Callable[[int], object | None]
) -> filters.Cohorts:
    """The project's cohorts as filters ask for them, each read once by ``definition`` of its id."""

    @cache
    def members(cohort_id: int) -> Members | None:
        found = definition(cohort_id)
        return None if found is None else Members(project_id, read(found, zone, now))

    return members


class _Reader:
    """Reads one definition, and counts its parts."""

    def __init__(self, zone: str, now: int) -> None:
        self.zone, self.now = zone, now
        self.parts = 0

    def who(self, value: object, path: str, depth: int) -> Who:
        known = (*_PARTS, *_GROUPS)
        if not isinstance(value, dict):
            raise Refused("wrong_type", "It is an object.", path)
        if len(value) != 1 or next(iter(value)) not in known:
            words = f"It has one member: {', '.join(known)}."
            raise Refused("invalid_cohort", words, path)
        [(word, inner)] = value.items()
        here = f"{path}.{word}"
        if word in _GROUPS:
            return self._group(word, inner, here, depth)
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise Refused("cohort_too_large", "", here)
        members = _object(inner, here)
        if word == "latest":
            return Latest(_condition(members, here))
        _know(members, (*_KIND, *_WINDOW, *(("at_least",) if word == "did" else ())), here)
        kind, window = _kind(members, here), self._window(members, here)
        if word == "first_did":
            return FirstDid(kind, window)
        times = _whole(members, "at_least", MOST_TIMES, here)
        return Did(kind, window, 1 if times is None else times)

    def _group(self, word: str, inner: object, path: str, depth: int) -> Who:
        if depth > MOST_DEPTH:
            raise Refused("cohort_too_large", "", path)
        if word == "not":
            return Else(self.who(inner, path, depth + 1))
        if not isinstance(inner, list) or not inner:
            raise Refused("wrong_type", f"{word} has a list of at least one part.", path)
        if len(inner) > MOST_PARTS:
            raise Refused("cohort_too_large", "", path)
        whos = tuple(self.who(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(inner))
        return Each(whos) if word == "and" else Any(whos)

    def _window(self, members: _Members, path: str) -> Window:
        days = _whole(members, "last_days", MOST_LAST_DAYS, path)
        if days is not None:
            if "from" in members or "to" in members:
                words = "Choose last_days, or from and to."
                raise Refused("not_together", words, f"{path}.last_days")
            end = intervals.end_of_today(self.zone, self.now)
            zone = ZoneInfo(self.zone)
            first = zones.local_date(end - 1, zone) - timedelta(days=days - 1)
            return zones.start_of_day(first, zone), end
        start, end_ = self._moment(members, "from", path), self._moment(members, "to", path)
        if start is not None and end_ is not None and start >= end_:
            raise Refused("range_empty", "", f"{path}.from")
        return start, end_

    def _moment(self, members: _Members, name: str, path: str) -> int | None:
        if name not in members:
            return None
        text = members[name]
        try:
            if not isinstance(text, str):
                raise ValueError("not a text")
            return moments.read(text, self.zone, 1 if name == "to" else 0)
        except ValueError as error:
            raise Refused("invalid_time", "", f"{path}.{name}") from error


def _object(value: object, path: str) -> _Members:
    if not isinstance(value, dict):
        raise Refused("wrong_type", "It is an object.", path)
    return value


def _know(members: _Members, known: tuple[str, ...], path: str) -> None:
    for name in members:
        if name not in known:
            words = f"It knows: {', '.join(known)}."
            raise Refused("member_unknown", words, f"{path}.{name[:100]}")


def _kind(members: _Members, path: str) -> Kind:
    name = members.get("event_name")
    if "event_name" in members and (
        not isinstance(name, str) or not 1 <= len(name) <= 100 or filters.BAD_TEXT.search(name)
    ):
        raise Refused("out_of_range", "It is text of 1 to 100 characters.", f"{path}.event_name")
    found: Filter | None = None
    if "filter" in members:
        found = _inside(members["filter"], f"{path}.filter")
    return Kind(name, found)


def _inside(value: object, path: str) -> Filter:
    """A filter inside a cohort, which knows no cohorts."""
    try:
        return filters.read(value)
    except Refused as refused:
        fault = refused.fault
        raise Refused(fault.code, str(fault), f"{path}{fault.path}") from refused


def _condition(members: _Members, path: str) -> Condition:
    found = _inside(members, path)
    if not isinstance(found, Condition) or found.subject == Field("timestamp"):
        raise Refused("invalid_cohort", "latest has one condition on a property or field.", path)
    if found.op == "is_not_set":
        words = "Who never had it is not(latest … is_set)."
        raise Refused("operator_misplaced", words, f"{path}.op")
    return found


def _whole(members: _Members, name: str, most: int, path: str) -> int | None:
    if name not in members:
        return None
    value = members[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("wrong_type", "It is a whole number.", f"{path}.{name}")
    if not 1 <= value <= most:
        raise Refused("out_of_range", f"It lies between 1 and {most:,}.", f"{path}.{name}")
    return value


def described() -> dict[str, AnyValue]:
    """The JSON Schema of a definition, called ``CohortDefinition`` in the OpenAPI document."""
    again = {"$ref": "#/components/schemas/CohortDefinition"}
    several = {"type": "array", "items": again, "minItems": 1, "maxItems": MOST_PARTS}
    moment = {"type": "string", "description": "RFC 3339, or a date in the project's zone."}
    behaviour = {
        "event_name": {"type": "string", "minLength": 1, "maxLength": 100},
        "filter": {"$ref": "#/components/schemas/Filter"},
        "last_days": {"type": "integer", "minimum": 1, "maximum": MOST_LAST_DAYS},
        "from": moment,
        "to": moment,
    }
    times = {"at_least": {"type": "integer", "minimum": 1, "maximum": MOST_TIMES}}
    closed = {"type": "object", "additionalProperties": False}
    parts: list[_Members] = [
        {"did": {**closed, "properties": {**behaviour, **times}}},
        {"first_did": {**closed, "properties": behaviour}},
        {"latest": {"$ref": "#/components/schemas/Filter"}},
        {"and": several},
        {"or": several},
        {"not": again},
    ]
    alone = [{**closed, "required": list(part), "properties": part} for part in parts]
    return {"description": "People, by what they did or what is known of them.", "oneOf": alone}
