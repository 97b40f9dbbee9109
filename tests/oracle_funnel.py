"""Funnels in plain Python: every attempt of everybody is walked from its first event."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from djangalytics_server.model.funnel import BINS, Funnel
from djangalytics_server.model.query import StoredEvent
from tests.oracle_filters import passes
from tests.oracle_trends import key_of

SECOND = 1_000_000


def answer(question: Funnel, events: Sequence[StoredEvent]) -> Any:
    """Everybody, the groups, and who was wanted."""
    best = {}
    for person in {event.distinct_id for event in events} - {None}:
        mine = [e for e in events if e.distinct_id == person and passes(e, question.filter)]
        mine.sort(key=lambda event: (event.timestamp, event.id))
        tries = [attempt(question, mine, at) for at in range(len(mine))]
        # (steps, where it got there, where it began, times)
        tries = [one for one in tries if one is not None]
        if tries:
            found = min(tries, key=lambda one: (-one[0], one[1], -one[2]))
            best[person] = (found[3], key_of(question, mine[found[2]]))
    total = line(question, None, [times for times, _ in best.values()])
    lines = []
    if question.breakdown:
        counts = Counter(key for _, key in best.values())
        order = sorted(counts, key=lambda key: (-counts[key], key))
        for key in order[: question.groups]:
            lines.append(line(question, key, [t for t, k in best.values() if k == key]))
        rest = order[question.groups :]
        if rest:
            lines.append(line(question, "other", [t for t, k in best.values() if k in rest]))
    return total, lines, people(question, {who: len(times) for who, (times, _) in best.items()})


def takes(event: StoredEvent, step: Any) -> bool:
    return step.event_name in (None, event.event_name) and passes(event, step.filter)


def attempt(question: Funnel, mine: Sequence[StoredEvent], begin: int) -> Any:
    """What becomes of the attempt that begins with one event."""
    first = mine[begin]
    if not question.span[0] <= first.timestamp < question.span[1]:
        return None
    if question.order == "unordered":
        return unordered(question, mine, begin)
    if not takes(first, question.steps[0]):
        return None
    times, reached = [first.timestamp], begin
    for at in range(begin + 1, len(mine)):
        event, done = mine[at], len(times)
        ends = [e for e in question.exclusions if takes(event, e) and e.after <= done < e.before]
        late = event.timestamp - first.timestamp > question.window
        if ends or late or done == len(question.steps):
            break
        if takes(event, question.steps[done]):
            times.append(event.timestamp)
            reached = at
        elif question.order == "strict":
            break
    return len(times), reached, begin, tuple(times)


def unordered(question: Funnel, mine: Sequence[StoredEvent], begin: int) -> Any:
    """The same where the order does not matter."""
    first = mine[begin]
    done: set[int] = set()
    times: list[int] = []
    reached = begin
    for at in range(begin, len(mine)):
        event = mine[at]
        if at > begin and any(takes(event, e) for e in question.exclusions):
            break
        if event.timestamp - first.timestamp > question.window:
            break
        fresh = {n for n, step in enumerate(question.steps) if takes(event, step)} - done
        if fresh:
            done |= fresh
            times += [event.timestamp] * len(fresh)
            reached = at
        if at == begin and not done:
            return None
    return len(times), reached, begin, tuple(times)


def line(question: Funnel, key: Any, found: Sequence[Sequence[int]]) -> Any:
    """The steps of some people's best attempts."""
    steps = []
    for place in range(len(question.steps)):
        took = [times for times in found if len(times) > place]
        if place == 0:
            steps.append((len(took), None, None, None, None))
            continue
        since = [Fraction(times[place] - times[place - 1], SECOND) for times in took]
        whole = [Fraction(times[place] - times[0], SECOND) for times in took]
        steps.append((len(took), *typical(since), *typical(whole)))
    bins = [0] * (len(BINS) + 1)
    for times in found:
        if len(times) == len(question.steps):
            took_seconds = Fraction(times[-1] - times[0], SECOND)
            bins[sum(1 for top in BINS if took_seconds > top)] += 1
    return key, tuple(steps), tuple(bins)


def typical(found: Sequence[Fraction]) -> Any:
    if not found:
        return None, None
    return float(sum(found) / len(found)), float(statistics.median(found))


def people(question: Funnel, reached: dict[Any, int]) -> Any:
    """The ids that were asked for."""
    wanted = question.wanted
    if wanted is None:
        return ()
    found = []
    for who, steps in sorted(reached.items()):
        fits = steps >= wanted.step if wanted.which == "reached" else steps == wanted.step - 1
        if fits and who > wanted.after:
            found.append(who)
    return tuple(found[: wanted.limit])
