"""One person's events against the steps of a funnel: their best attempt.

Of the attempts that get furthest that is the one that got there first; and of those that got
there by the same event, the one that began last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.insight import Moment, Raw

TIME, BITS, GROUP = 1, 2, slice(3, None)
"""Where a moment has its time; the steps that it takes as bits, the exclusions above them; and
what to break down by."""


class Attempt:
    """When each step was taken, and what the first event said."""

    __slots__ = ("group", "times")

    def __init__(self, times: tuple[int, ...], group: tuple[Raw, ...]) -> None:
        self.times, self.group = times, group


Best = Callable[[Sequence[Moment]], "Attempt | None"]


def best_of(question: Funnel) -> Best:
    """What finds the best attempt in a person's events, which come in their order."""
    ways = {"ordered": _Ordered, "strict": _Strict, "unordered": _Unordered}
    return ways[question.order](question)


class _Way:
    def __init__(self, question: Funnel) -> None:
        self.start, self.end = question.span
        self.window = question.window
        self.steps = len(question.steps)
        self.exclusions = tuple(
            (1 << self.steps + place, exclusion.after, exclusion.before)
            for place, exclusion in enumerate(question.exclusions)
        )

    def __call__(self, events: Sequence[Moment]) -> Attempt | None:
        raise NotImplementedError


class _Ordered(_Way):
    """Other events may come between the steps.

    Of all attempts that have taken equally many steps only the one that began last is kept:
    whatever comes takes all of them further or none, and it has the most time left.
    """

    def __call__(self, events: Sequence[Moment]) -> Attempt | None:
        standing: list[Attempt | None] = [None] * (self.steps + 1)  # by steps taken
        best: Attempt | None = None
        reached = 0
        excluded = 1 << self.steps
        for event in events:
            time, bits = event[TIME], event[BITS]
            if bits >= excluded:
                self._end(standing, bits)
            # Nobody goes further before they have begun, nor by the first step alone.
            furthest = self._further(standing, time, bits) if reached and bits > 1 else 0
            if bits & 1 and self.start <= time < self.end:
                standing[1] = Attempt((time,), event[GROUP])
                furthest = furthest or 1
            if furthest > reached:
                best, reached = standing[furthest], furthest
                if reached == self.steps:
                    break
        return best

    def _end(self, standing: list[Attempt | None], bits: int) -> None:
        """End the attempts that an excluded event ends."""
        for bit, after, before in self.exclusions:
            if bits & bit:
                standing[after:before] = [None] * (before - after)

    def _further(self, standing: list[Attempt | None], time: int, bits: int) -> int:
        """Take attempts a step further, each at most one; how far the furthest of those got."""
        furthest = 0
        for step in range(self.steps - 1, 0, -1):
            attempt = standing[step]
            if attempt is None or not bits >> step & 1:
                continue
            standing[step] = None
            if time - attempt.times[0] <= self.window:
                standing[step + 1] = Attempt((*attempt.times, time), attempt.group)
                furthest = max(furthest, step + 1)
        return furthest


class _Strict(_Way):
    """Each step is the very next event of the person."""

    def __call__(self, events: Sequence[Moment]) -> Attempt | None:
        standing: list[Attempt | None] = [None] * (self.steps + 1)
        best: Attempt | None = None
        reached = 0
        for event in events:
            time, bits = event[TIME], event[BITS]
            following: list[Attempt | None] = [None] * (self.steps + 1)
            for step in range(1, self.steps):
                attempt = standing[step]
                if attempt is None or not bits >> step & 1:
                    continue
                if time - attempt.times[0] <= self.window:
                    following[step + 1] = Attempt((*attempt.times, time), attempt.group)
            if bits & 1 and self.start <= time < self.end:
                following[1] = Attempt((time,), event[GROUP])
            standing = following
            for step in range(self.steps, reached, -1):
                if standing[step] is not None:
                    best, reached = standing[step], step
                    break
            if reached == self.steps:
                break
        return best


class _Unordered(_Way):
    """The steps in any order; one event may take several of them."""

    def __call__(self, events: Sequence[Moment]) -> Attempt | None:
        mask = (1 << self.steps) - 1
        last = [-1] * self.steps  # where each step was taken last
        first = 0  # where the earliest attempt begins that is still open
        best: Attempt | None = None
        reached = 0
        for place, event in enumerate(events):
            time, bits = event[TIME], event[BITS]
            if any(bits & bit for bit, _, _ in self.exclusions):
                first = place
            while time - events[first][TIME] > self.window or not events[first][BITS] & mask:
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
        mask = (1 << self.steps) - 1
        begin = place
        for at in range(place, first - 1, -1):
            if events[at][TIME] >= self.end or not events[at][BITS] & mask:
                continue
            if self._count(events, at, place) == taken:
                begin = at
                break
        times: list[int] = []
        done = 0
        for event in events[begin : place + 1]:
            fresh = event[BITS] & mask & ~done
            done |= fresh
            times += [event[TIME]] * fresh.bit_count()
        return Attempt(tuple(times), events[begin][GROUP])

    def _count(self, events: Sequence[Moment], first: int, last: int) -> int:
        done = 0
        for event in events[first : last + 1]:
            done |= event[BITS]
        return (done & ((1 << self.steps) - 1)).bit_count()
