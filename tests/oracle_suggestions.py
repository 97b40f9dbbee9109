"""Suggestions in plain Python: every event is asked what it has to offer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.query_filter import MOST_NUMBER, Field
from djangalytics_server.model.suggestion import Typing
from tests.oracle import lower
from tests.oracle_filters import ABSENT, kind, value_of

TYPES = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
    type(None): "null",
}


def answer(question: Typing, events: Sequence[StoredEvent]) -> list[tuple[Any, int, Any]]:
    """(value, events, types) in order."""
    if question.of != "event_names" and question.event_name is not None:
        events = [e for e in events if e.event_name == question.event_name]
    offers: list[tuple[Any, str]] = []
    for event in events:
        if question.of == "event_names":
            offers.append((event.event_name, "text"))
        elif question.of == "properties":
            found = json.loads(event.properties)
            offers += [(name, TYPES[type(value)]) for name, value in found.items()]
        else:
            offers += of_value(value_of(event, question.subject), question)
    fitting = [one for one in offers if lower(question.typed) in words(one[0])]
    grouped: list[tuple[Any, int, Any]] = []
    for value in distinct([value for value, _ in fitting]):
        types = [t for other, t in fitting if same(other, value)]
        order = tuple(sorted(set(types), key=lambda t: (-types.count(t), t)))
        grouped.append((value, len(types), order))
    grouped.sort(
        key=lambda g: (not words(g[0]).startswith(lower(question.typed)), -g[1], str(g[0]), g[2])
    )
    return grouped[: question.limit]


def of_value(value: Any, question: Typing) -> list[tuple[Any, str]]:
    """What a filter can ask for."""
    if value is ABSENT or value is None or isinstance(value, (list, dict)):
        return []
    if kind(value) == "number" and abs(value) > MOST_NUMBER:
        return []
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return [(value, "text" if isinstance(question.subject, Field) else TYPES[type(value)])]


def words(value: Any) -> str:
    return lower(str(value).lower() if isinstance(value, bool) else str(value))


def same(one: Any, other: Any) -> bool:
    return kind(one) == kind(other) and one == other


def distinct(values: Sequence[Any]) -> list[Any]:
    """Each once."""
    found: list[Any] = []
    for value in values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found
