"""Paths in plain Python: each list of events is cut at its anchor, then read step by step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from djangalytics_server.model.paths import Paths
from djangalytics_server.model.query import StoredEvent
from tests.oracle_filters import passes
from tests.oracle_retention import is_kind
from tests.oracle_sessions import beginning_in
from tests.oracle_trends import SECOND, key_of


@dataclass
class _Broken:
    breakdown: tuple[Any, ...]


def answer(question: Paths, events: Sequence[StoredEvent]) -> Any:
    """How many paths, the nodes of each step, and the links."""
    start, end = question.span
    mine = [event for event in events if passes(event, question.filter)]
    if question.within == "session":
        lists = beginning_in(question, mine)
    else:
        inside = [e for e in mine if start <= e.timestamp < end]
        inside.sort(key=lambda event: (event.timestamp, event.id))
        people = {event.distinct_id for event in inside} - {None}
        lists = [[e for e in inside if e.distinct_id == person] for person in people]
    found = [path for path in (away(question, one) for one in lists) if path]
    told = []
    for depth in range(question.depth + 1):
        counts = Counter(path[depth][0] for path in found if len(path) > depth)
        order = sorted(counts, key=lambda key: (-counts[key], key))
        told.append([*order[: question.most], *(["other"] if order[question.most :] else [])])
    steps, links = [], []
    for depth, keys in enumerate(told):
        nodes = []
        for at, key in enumerate(keys):
            here = [path for path in found if place(told, path, depth) == at]
            ended = sum(len(path) == depth + 1 for path in here)
            nodes.append((key, len(here), None if depth == question.depth else ended))
            for origin in range(len(told[depth - 1]) if depth else 0):
                both = [path for path in here if place(told, path, depth - 1) == origin]
                apart = [abs(path[depth][1] - path[depth - 1][1]) for path in both]
                if both:
                    mean = float(Fraction(sum(apart), len(both) * SECOND))
                    links.append((depth, origin, at, len(both), mean))
        steps.append(nodes)
    return len(found), [nodes for nodes in steps if nodes], sorted(links)


def place(told: Sequence[Sequence[Any]], path: Sequence[Any], depth: int) -> int | None:
    """Where the path is at a step."""
    if len(path) <= depth:
        return None
    keys = told[depth]
    return keys.index(path[depth][0]) if path[depth][0] in keys else len(keys) - 1


def away(question: Paths, events: Sequence[StoredEvent]) -> list[tuple[Any, int]]:
    """The steps of one path, (name, time), those nearest the anchor first."""
    rows = [(name(question, e), e.timestamp, is_anchor(question, e)) for e in events]
    if question.way == "before":
        rows.reverse()
    anchors = [at for at, row in enumerate(rows) if row[2]]
    if not anchors:
        return []
    first, *rest = rows[anchors[0] :]
    steps = [(first[0] or (("null", None),), first[1])]
    for label, moment, _ in rest:
        if label is not None and (question.repeats or label != steps[-1][0]):
            steps.append((label, moment))
    return steps[: question.depth + 1]


def is_anchor(question: Paths, event: StoredEvent) -> bool:
    """Whether the path may begin there."""
    if question.anchor is None:
        return name(question, event) is not None
    return is_kind(event, question.anchor)


def name(question: Paths, event: StoredEvent) -> Any:
    """What the step is called; None if it is none."""
    [(kind, value)] = key_of(_Broken((question.subject,)), event)
    if kind == "null":
        return None
    if kind == "text":
        for pattern in question.patterns:
            parts = [".*" if char == "*" else re.escape(char) for char in pattern]
            if re.fullmatch("".join(parts), value, re.DOTALL):
                return (("text", pattern),)
    return ((kind, value),)
