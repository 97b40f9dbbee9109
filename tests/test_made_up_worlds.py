"""What happens in the worlds that are made up for insights: an answer of nothing but zeros is easy.

Each word below is something that has to be right, and happens in at least so many of a hundred
questions. Who changes what is made up sees here what would no longer be looked at.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from djangalytics_server.model.activity import Stickiness
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.query_filter import Condition, Field, Not, Property
from tests import (
    oracle_activity,
    oracle_cohorts,
    oracle_distribution,
    oracle_filters,
    oracle_funnel,
    oracle_paths,
    oracle_retention,
    oracle_sessions,
    oracle_trends,
    strategies_cohorts,
    strategies_filters,
    strategies_insights,
)

WORLDS, QUESTIONS = 75, 4
YEAR = 366 * strategies_insights.DAY
Events = list[StoredEvent]
Words = Iterator[tuple[str, Any]]
"""A word, and whether it is true of a question and its answer."""


def funnels(question: Any, events: Events) -> Words:
    """Who goes on, who is kept from it, and by what."""
    answer = oracle_funnel.answer(question, events)
    (_, steps, _), lines, people = answer
    taken = [step[0] for step in steps]
    yield "begun", taken[0]
    yield "taken further", taken[1]
    yield "taken further, ordered", taken[1] and question.order == "ordered"
    yield "taken further, strict", taken[1] and question.order == "strict"
    yield "taken further, unordered", taken[1] and question.order == "unordered"
    yield "ended, of three steps or more", len(taken) > 2 and taken[-1]
    plain = question.order == "ordered" and not question.breakdown and question.wanted is None
    yield "taken further, by numbers", plain and taken[1]
    yield "groups", len(lines) > 1
    yield "people", people
    longer = dataclasses.replace(question, window=YEAR)
    yield "a window that is over", oracle_funnel.answer(longer, events) != answer
    free = dataclasses.replace(question, exclusions=())
    yield "an exclusion that ends some", oracle_funnel.answer(free, events) != answer


def retentions(question: Any, events: Events) -> Words:
    """Who comes back, and who does not."""
    everybody, *groups = oracle_retention.answer(question, events)
    cohorts, _ = everybody
    later = [at for at, column in enumerate(question.columns) if column.first]
    yield "somebody", any(people for _, people, _, _ in cohorts)
    yield "two cohorts", sum(people > 0 for _, people, _, _ in cohorts) > 1
    yield "back later", any(back[at] for _, _, back, _ in cohorts for at in later)
    some = (0 < back[at] < people for _, people, back, _ in cohorts for at in later)
    yield "some back, some not", any(some)
    yield "groups", len(groups) > 1
    first = dataclasses.replace(question, first_time=not question.first_time)
    yield "another first time", oracle_retention.answer(first, events)[0] != everybody


def activities(question: Any, events: Events) -> Words:
    """Who comes in several intervals."""
    answer = oracle_activity.answer(question, events)
    sticky = isinstance(question, Stickiness)
    yield "in several intervals", sticky and any(answer[1:])
    for at, stage in enumerate(("new", "returning", "resurrecting", "dormant")):
        yield stage, not sticky and any(stages[at] for stages in answer)


def paths(question: Any, events: Events) -> Words:
    """Ways that part."""
    found, steps, links = oracle_paths.answer(question, events)
    yield "several", found > 1
    yield "a link", links
    yield "two links", len(steps) > 2
    yield "other", any(node[0] == "other" for nodes in steps for node in nodes)


def sessions(question: Any, events: Events) -> Words:
    """Sessions of several events."""
    without, lines = oracle_sessions.answer(question, events)
    _, count, _, inside, *_, values = lines[0]
    yield "several", count > 1
    yield "of several events", inside > count
    yield "in several intervals", sum(value[0] > 0 for value in values) > 1
    yield "events in none", without
    yield "groups", len(lines) > 2


def distributions(question: Any, events: Events) -> Words:
    """Values that differ."""
    _, distinct, told, numbers = oracle_distribution.answer(question, events)
    yield "three values", distinct > 2
    yield "other", any(key is None for key, _ in told)
    yield "several bins", numbers is not None and len(numbers[2]) > 1


def trends(question: Any, events: Events) -> Words:
    """Values, and clocks that change."""
    (slots, lines), *previous = oracle_trends.answer(question, events)
    yield "several values", sum(bool(value) for line in lines for value in line[2]) > 1
    parts = [value for line in lines for value in line[2] if isinstance(value, float)]
    yield "fractions", parts
    yield "groups", len({repr(line[1]) for line in lines}) > 1
    yield "a formula", any(line[0] == "F1" and any(line[2]) for line in lines)
    yield "a previous range", any(any(line[2]) for _, some in previous for line in some)
    yield "cut intervals", not all(whole for _, whole in slots)
    start, end = question.span
    moments = range(start, end, max(1, (end - start) // 40))
    clocks = {oracle_trends.offset(moment, question.zone) for moment in moments}
    yield "changed clocks", len(clocks) > 1


def cohorts(question: Any, events: Events) -> Words:
    """Some of the people, and not all."""
    people, of, listed = oracle_cohorts.answer(question, events)
    yield "some", 0 < people < of
    yield "listed", listed


def ingredients(_: Any, events: Events) -> Words:
    """What events are made of."""
    times = [event.timestamp for event in events]
    yield "at the same time", len(set(times)) < len(times)
    yield "late", times != sorted(times)
    yield "nobody", any(event.distinct_id is None for event in events)
    prices = [event.properties.partition('"price":')[2][:1] for event in events]
    yield "odd types", {'"', "t", "f", "n", "[", "{"} & set(prices)


Kind = tuple[Callable[[int], Any], Callable[[Any, Events], Words], dict[str, int]]
KINDS: dict[str, Kind] = {
    "funnels": (
        strategies_insights.funnels,
        funnels,
        {
            "begun": 35,
            "taken further": 13,
            "taken further, ordered": 7,
            "taken further, strict": 1,
            "taken further, unordered": 4,
            "taken further, by numbers": 4,
            "ended, of three steps or more": 3,
            "groups": 3,
            "people": 5,
            "a window that is over": 10,
            "an exclusion that ends some": 2,
        },
    ),
    "retentions": (
        strategies_insights.retentions,
        retentions,
        {
            "somebody": 33,
            "two cohorts": 15,
            "back later": 10,
            "some back, some not": 6,
            "groups": 3,
            "another first time": 20,
        },
    ),
    "activities": (
        strategies_insights.activities,
        activities,
        {
            "in several intervals": 8,
            "new": 18,
            "returning": 8,
            "resurrecting": 5,
            "dormant": 14,
        },
    ),
    "paths": (
        strategies_insights.paths,
        paths,
        {
            "several": 28,
            "a link": 20,
            "two links": 12,
            "other": 6,
        },
    ),
    "sessions": (
        strategies_insights.sessions,
        sessions,
        {
            "several": 35,
            "of several events": 30,
            "in several intervals": 25,
            "events in none": 25,
            "groups": 10,
        },
    ),
    "distributions": (
        strategies_insights.distributions,
        distributions,
        {
            "three values": 10,
            "other": 9,
            "several bins": 7,
        },
    ),
    "trends": (
        strategies_insights.trends,
        trends,
        {
            "several values": 33,
            "fractions": 30,
            "groups": 12,
            "a formula": 12,
            "a previous range": 6,
            "cut intervals": 50,
            "changed clocks": 18,
        },
    ),
    "cohorts": (
        strategies_cohorts.questions,
        cohorts,
        {
            "some": 15,
            "listed": 18,
        },
    ),
    "ingredients": (
        strategies_insights.sessions,
        ingredients,
        {
            "at the same time": 40,
            "late": 60,
            "nobody": 60,
            "odd types": 33,
        },
    ),
}


def stored(made: list[Any]) -> Events:
    """Project 1's events as a store has them."""
    return [
        StoredEvent(
            at,
            f"id-{at}",
            event.event_name,
            event.timestamp,
            event.received_at,
            event.properties,
            event.distinct_id,
            event.session_id,
            event.source,
        )
        for at, event in enumerate(made, 1)
        if event.project_id == 1
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_enough_happens(kind: str) -> None:
    """Each word is true of so many of a hundred questions, or more."""
    questions, words, least = KINDS[kind]
    recipe, chance = strategies_insights.worlds(questions, QUESTIONS), Random(7)
    found: Counter[str] = Counter()
    for _ in range(WORLDS):
        made, asked = recipe.make(iter(chance.randbytes(1_000)))
        events = stored(made)
        for question in asked:
            found.update(word for word, true in words(question, events) if true)
    share = {word: 100 * count // (WORLDS * QUESTIONS) for word, count in found.items()}
    assert {} == {word: share.get(word, 0) for word in least if share.get(word, 0) < least[word]}


def test_filters_let_some_events_pass_and_others_not() -> None:
    """In nearly half of the worlds' questions; and each operator does, of fields and properties."""
    chance, found, every = Random(5), Counter[tuple[type, str]](), Counter[bool]()
    for _ in range(200):
        made, asked = strategies_filters.worlds().make(iter(chance.randbytes(1_200)))
        events = stored(made)
        for filter in asked:
            passing = sum(oracle_filters.passes(event, filter) for event in events)
            some = 0 < passing < len(events)
            every[some] += 1
            for one in conditions(filter):
                found[type(one.subject), one.op] += some
    assert every[True] / every.total() > 0.4
    ops = {(kind, op) for kind in (Field, Property) for op in ("is", "is_not", "one_of", "none_of")}
    ops |= {(kind, op) for kind in (Field, Property) for op in ("contains", "starts_with")}
    ops |= {(Property, op) for op in ("gt", "gte", "lt", "lte", "between", "before", "after", "on")}
    assert set() == {pair for pair in ops if found[pair] < 3}


def conditions(filter: Any) -> Iterator[Condition]:
    """Those that it is made of."""
    if isinstance(filter, Condition):
        yield filter
    elif isinstance(filter, Not):
        yield from conditions(filter.filter)
    else:
        for part in filter.filters:
            yield from conditions(part)
