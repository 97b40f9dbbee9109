"""Cohorts in plain Python: every person is asked what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.cohort import Any as AnyOf
from djangalytics_server.model.cohort import CohortPeople, Did, Each, Else, FirstDid, Who, Window
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.query_filter import Condition
from tests import oracle_filters


def answer(question: CohortPeople, events: Sequence[StoredEvent]) -> Any:
    """How many, of how many, and who was asked for."""
    people = {event.distinct_id for event in events} - {None}
    inside = sorted(who for who in people if belongs(question.members.who, who, events))
    listed = [who for who in inside if who > question.after][: question.limit]
    return len(inside), len(people), tuple(listed)


def belongs(who: Who, person: Any, events: Sequence[StoredEvent]) -> bool:
    """Whether somebody with events is in it."""
    if isinstance(who, Each):
        return all(belongs(one, person, events) for one in who.whos)
    if isinstance(who, AnyOf):
        return any(belongs(one, person, events) for one in who.whos)
    if isinstance(who, Else):
        return not belongs(who.who, person, events)
    mine = sorted(
        (event for event in events if event.distinct_id == person),
        key=lambda event: (event.timestamp, event.id),
    )
    if isinstance(who, (Did, FirstDid)):
        done = [
            event
            for event in mine
            if who.kind.event_name in (None, event.event_name)
            and oracle_filters.passes(event, who.kind.filter)
        ]
        if isinstance(who, FirstDid):
            return bool(done) and within(done[0].timestamp, who.window)
        return sum(within(event.timestamp, who.window) for event in done) >= who.at_least
    is_set = Condition(who.condition.subject, "is_set")
    having = [event for event in mine if oracle_filters.passes(event, is_set)]
    return bool(having) and oracle_filters.passes(having[-1], who.condition)


def within(moment: int, window: Window) -> bool:
    start, end = window
    return (start is None or start <= moment) and (end is None or moment < end)
