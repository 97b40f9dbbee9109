"""One person's events against the steps of a funnel: their best attempt.

Of the attempts that get furthest that is the one that got there first; and of those that got
there by the same event, the one that began last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from djangalytics_server.model.funnel import Funnel, Order
from djangalytics_server.model.insight import Moment

TIME, PERSON, BITS, GROUP = 0, 2, 3, slice(4, None)
"""Where a moment has its time; the person; the steps that it takes as bits, the exclusions above
them; and what to break down by."""

Attempt = tuple[Any, ...]
"""What the first event said of the breakdown, then when each step was taken; a plain tuple, for
there are very many."""


class Attempts(Protocol):
    """Everybody on their way."""

    def __init__(self, question: Funnel) -> None: ...

    def take(self, events: Iterable[Moment]) -> None:
        """Go on with the next events, in the order of their time and arrival."""

    def best(self) -> Iterator[tuple[str, Attempt]]:
        """Each person who began, and their best attempt."""


def attempts_of(question: Funnel) -> Attempts:
    """The question's, before the first event."""
    ways: dict[Order, type[Attempts]] = {
        "ordered": _Ordered,
        "strict": _Strict,
        "unordered": _Unordered,
    }
    return ways[question.order](question)


class Way:
    """What a question says of every attempt."""

    def __init__(self, question: Funnel) -> None:
        self.start, self.end = question.span
        self.window = question.window
        self.steps = len(question.steps)
        self.mask = (1 << self.steps) - 1
        self.exclusions = tuple(
            (1 << self.steps + place, exclusion.after, exclusion.before)
            for place, exclusion in enumerate(question.exclusions)
        )


_Standing = list[Any]
"""Of one person: their best attempt, then of those that have taken one step, two, and so on, the
one that began last, or None. Whatever comes takes all of them further or none, and it has the most
time left."""


class _Taken(dict[int, tuple[int, ...]]):
    """By an event's bits the steps but the first that it takes, the last first."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def __missing__(self, bits: int) -> tuple[int, ...]:
        found = self[bits] = tuple(s for s in range(self._steps - 1, 0, -1) if bits >> s & 1)
        return found


class _Ordered(Way):
    """Other events may come between the steps."""

    def __init__(self, question: Funnel) -> None:
        super().__init__(question)
        self._people: dict[str, _Standing] = {}
        self._others = [None] * (self.steps - 1)
        self._taken = _Taken(self.steps)

    def take(self, events: Iterable[Moment]) -> None:
        """See ``Attempts.take``; this loop is what a funnel takes."""
        start, end, steps, mask = self.start, self.end, self.steps, self.mask
        known = self._people.get
        for event in events:
            bits = event[BITS]
            standing = known(event[PERSON])
            if standing is None:
                if bits & 1:
                    self._begin(event)
            elif bits == 1:  # nobody goes further by the first step alone
                if start <= event[TIME] < end:
                    standing[1] = (event[GROUP], event[TIME])
            elif len(standing[0]) <= steps:
                if bits > mask:
                    self._end(standing, bits)
                self._go(standing, event)

    def _begin(self, event: Moment) -> None:
        if event[BITS] & 1 and self.start <= event[TIME] < self.end:
            attempt = (event[GROUP], event[TIME])
            self._people[event[PERSON]] = [attempt, attempt, *self._others]

    def _end(self, standing: _Standing, bits: int) -> None:
        """End the attempts that an excluded event ends."""
        for bit, after, before in self.exclusions:
            if bits & bit:
                standing[after:before] = [None] * (before - after)

    def _go(self, standing: _Standing, event: Moment) -> None:
        """Take attempts a step further, each at most one."""
        time, bits = event[TIME], event[BITS]
        furthest = 0
        for step in self._taken[bits]:
            attempt = standing[step]
            if attempt is None:
                continue
            standing[step] = None
            if time - attempt[1] <= self.window:
                standing[step + 1] = (*attempt, time)
                furthest = furthest or step + 1
        if bits & 1 and self.start <= time < self.end:
            standing[1] = (event[GROUP], time)
            furthest = furthest or 1
        if furthest >= len(standing[0]):
            standing[0] = standing[furthest]

    def best(self) -> Iterator[tuple[str, Attempt]]:
        """See ``Attempts.best``."""
        return ((person, standing[0]) for person, standing in self._people.items())


class _Strict(_Ordered):
    """Each step is the very next event of the person."""

    def take(self, events: Iterable[Moment]) -> None:
        """See ``Attempts.take``."""
        for event in events:
            standing = self._people.get(event[PERSON])
            if standing is None:
                self._begin(event)
            elif len(standing[0]) <= self.steps:
                self._go(standing, event)

    def _go(self, standing: _Standing, event: Moment) -> None:
        """Attempts that go no further are over."""
        time, bits = event[TIME], event[BITS]
        before = standing[1:]
        standing[1:] = [None] * self.steps
        for step, attempt in enumerate(before[:-1], 1):
            if attempt is not None and bits >> step & 1 and time - attempt[1] <= self.window:
                standing[step + 1] = (*attempt, time)
        if bits & 1 and self.start <= time < self.end:
            standing[1] = (event[GROUP], time)
        for step in range(self.steps, len(standing[0]) - 1, -1):
            if standing[step] is not None:
                standing[0] = standing[step]
                break


class _Unordered(Way):
    """The steps in any order; one event may take several of them."""

    def __init__(self, question: Funnel) -> None:
        super().__init__(question)
        self._people: dict[str, list[Moment]] = {}

    def take(self, events: Iterable[Moment]) -> None:
        """See ``Attempts.take``; which attempt is best is only known with the last event."""
        for event in events:
            mine = self._people.get(event[PERSON])
            if mine is not None:
                mine.append(event)
            elif event[BITS] & self.mask and self.start <= event[TIME] < self.end:
                self._people[event[PERSON]] = [event]

    def best(self) -> Iterator[tuple[str, Attempt]]:
        """See ``Attempts.best``."""
        for person, events in self._people.items():
            yield person, self._best(events)

    def _best(self, events: Sequence[Moment]) -> Attempt:
        last = [-1] * self.steps  # where each step was taken last
        first = 0  # where the earliest attempt begins that is still open
        best: Attempt = ()
        reached = 0
        for place, event in enumerate(events):
            time, bits = event[TIME], event[BITS]
            if bits > self.mask:
                first = place
            while time - events[first][TIME] > self.window or not events[first][BITS] & self.mask:
                if first == place:
                    break
                first += 1
            for step in range(self.steps):
                if bits >> step & 1:
                    last[step] = place
            if events[first][TIME] >= self.end:
                break
            taken = sum(1 for at in last if at >= first)
            if taken > reached:
                reached = taken
                best = self._latest(events, first, place, taken)
            if reached == self.steps:
                break
        return best

    def _latest(self, events: Sequence[Moment], first: int, place: int, taken: int) -> Attempt:
        """The attempt that begins last of those that take so many steps between two places."""
        begin = place
        for at in range(place, first - 1, -1):
            if events[at][TIME] >= self.end or not events[at][BITS] & self.mask:
                continue
            if self._count(events, at, place) == taken:
                begin = at
                break
        times: list[int] = []
        done = 0
        for event in events[begin : place + 1]:
            fresh = event[BITS] & self.mask & ~done
            done |= fresh
            times += [event[TIME]] * fresh.bit_count()
        return events[begin][GROUP], *times

    def _count(self, events: Sequence[Moment], first: int, last: int) -> int:
        done = 0
        for event in events[first : last + 1]:
            done |= event[BITS]
        return (done & self.mask).bit_count()
