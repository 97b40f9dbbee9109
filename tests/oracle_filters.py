"""Filters over one event in plain Python: slow, short and easy to believe."""

from __future__ import annotations

import json
import re
from typing import Any

from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.query_filter import AllOf, AnyOf, Condition, Field, Filter, Not
from tests.oracle import lower

ABSENT = object()


def passes(event: StoredEvent, filter: Filter | None) -> bool:
    """Whether the event is one of those asked for."""
    if filter is None:
        return True
    if isinstance(filter, AllOf):
        return all(passes(event, part) for part in filter.filters)
    if isinstance(filter, AnyOf):
        return any(passes(event, part) for part in filter.filters)
    if isinstance(filter, Not):
        return not passes(event, filter.filter)
    return holds(filter, value_of(event, filter.subject))


def value_of(event: StoredEvent, subject: Any) -> Any:
    """What the event says there."""
    if isinstance(subject, Field):
        return getattr(event, subject.name)
    return json.loads(event.properties).get(subject.name, ABSENT)


def holds(condition: Condition, found: Any) -> bool:
    """One comparison."""
    op, asked = condition.op, condition.values
    if op in ("is", "one_of"):
        return any(same(found, value) for value in asked)
    if op in ("is_not", "none_of"):
        return not any(same(found, value) for value in asked)
    if op == "is_set":
        return found is not ABSENT and found is not None
    if op == "is_not_set":
        return found is ABSENT or found is None
    if op in ("contains", "not_contains"):
        has = isinstance(found, str) and lower(str(asked[0])) in lower(found)
        return has == (op == "contains")
    if op == "starts_with":
        return isinstance(found, str) and lower(found).startswith(lower(str(asked[0])))
    return in_order(op, found, asked)


def same(found: Any, asked: Any) -> bool:
    """Equal, and of one kind: a text is no number, and true is not 1."""
    kinds = [kind(found), kind(asked)]
    return kinds[0] == kinds[1] and found == asked


def kind(value: Any) -> str:
    """Number, truth, text or something else."""
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def in_order(op: str, found: Any, asked: Any) -> bool:
    """Before, between, after; dates compare as the text they begin with."""
    if isinstance(asked[0], str):
        begin = (
            re.match(r"(\d{4}-[01]\d-[0-3]\d)([Tt ]|$(?!\n))", found, re.ASCII)
            if (isinstance(found, str))
            else None
        )
        if begin is None:
            return False
        found = begin[1]
    elif kind(found) != "number":
        return False
    first, last = asked[0], asked[-1]
    return {
        "gt": found > first,
        "gte": found >= first,
        "lt": found < first,
        "lte": found <= first,
        "between": first <= found <= last,
        "before": found < first,
        "after": found > first,
        "on": found == first,
    }[op]
