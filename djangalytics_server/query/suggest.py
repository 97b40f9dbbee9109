"""What to offer to somebody who types.

Names of events and properties come from their definitions. Values are kept nowhere: the newest
events are looked at, for a moment and up to a number, and the answer says how far back that went.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from djangalytics_server.model.insight import Raw, Shown
from djangalytics_server.model.query_filter import MOST_NUMBER, MOST_TEXT, Scalar, Subject
from djangalytics_server.model.suggestion import Recent, Suggestion, Suggestions, Typing
from djangalytics_server.query import groups
from djangalytics_server.store.base import Snapshot

MOST_EVENTS = 20_000
"""How many of the newest events a look at values goes through."""
LOOK_SECONDS = 0.25
"""How long such a look goes on."""
_ALIKE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_OFFERED = ("text", "number", "boolean")
_Found = tuple[Scalar, int, tuple[str, ...]]


def answer(
    question: Typing, snapshot: Snapshot, clock: Callable[[], float] = time.monotonic
) -> Suggestions:
    """What fits what was typed: what begins with it first, then the most frequent."""
    if question.of == "values":
        return _values(question, snapshot, clock)
    known: Iterable[_Found]
    if question.of == "event_names":
        names = snapshot.event_names(question.project_id, question.typed, question.limit)
        known = [(name, count, ("text",)) for name, count in names]
    else:
        known = _properties(question, snapshot)
    return Suggestions(question.of, _best(question, known))


def _properties(question: Typing, snapshot: Snapshot) -> list[_Found]:
    counts: Counter[str] = Counter()
    types: dict[str, Counter[str]] = {}
    rows = snapshot.properties(question.project_id, question.typed, question.event_name)
    for name, kind, count in rows:
        counts[name] += count
        types.setdefault(name, Counter())[kind] += count
    return [(name, count, _in_order(types[name])) for name, count in counts.items()]


def _in_order(types: Counter[str]) -> tuple[str, ...]:
    """The most frequent first."""
    return tuple(sorted(types, key=lambda kind: (-types[kind], kind)))


def _values(question: Typing, snapshot: Snapshot, clock: Callable[[], float]) -> Suggestions:
    subject = question.subject
    if subject is None:
        raise ValueError("values are of a field or property")
    look = Recent(question.project_id, subject, question.event_name, MOST_EVENTS)
    until, counts, events, since = clock() + LOOK_SECONDS, Counter[Raw](), 0, None
    late = False
    for rows in snapshot.recent(look):
        counts.update(raw for _, raw in rows)
        events += len(rows)
        since = rows[-1][0]
        if clock() >= until:
            late = True
            break
    best = _best(question, _told_apart(subject, question.typed, counts))
    return Suggestions("values", best, events, since, not late and events < MOST_EVENTS)


def _told_apart(subject: Subject, typed: str, counts: Counter[Raw]) -> list[_Found]:
    """Values that a filter can ask for; those that it holds to be equal are one."""
    found: Counter[Shown] = Counter()
    for raw, count in counts.items():
        if raw is not None and len(raw) <= 2 * MOST_TEXT:
            found[groups.shown(subject, raw)] += count
    wanted = typed.translate(_ALIKE)
    return [
        (shown.value, count, (shown.kind,))
        for shown, count in found.items()
        if shown.value is not None and _is_offered(shown) and wanted in _words(shown.value)
    ]


def _is_offered(shown: Shown) -> bool:
    if shown.kind == "number":
        return isinstance(shown.value, (int, float)) and abs(shown.value) <= MOST_NUMBER
    return shown.kind in _OFFERED and len(str(shown.value)) <= MOST_TEXT


def _words(value: Scalar) -> str:
    """A value as it is typed, in small letters."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.translate(_ALIKE)


def _best(question: Typing, found: Iterable[_Found]) -> tuple[Suggestion, ...]:
    typed = question.typed.translate(_ALIKE)

    def order(one: _Found) -> tuple[bool, int, str, tuple[str, ...]]:
        value, count, types = one
        return not _words(value).startswith(typed), -count, str(value), types

    return tuple(Suggestion(*one) for one in sorted(found, key=order)[: question.limit])
