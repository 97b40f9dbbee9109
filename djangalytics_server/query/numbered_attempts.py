"""Attempts of very many people at once, who are numbers: the same as ``attempts``, kind by kind.

The order of events counts among those of one person alone. So of a portion whoever has events of
one kind there, as nearly all have, is taken further by tight loops, and the others event by event.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence, Set
from functools import reduce
from itertools import compress
from operator import itemgetter, or_

from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.insight import Run
from djangalytics_server.query.attempts import Attempt, Way

_SINCE = itemgetter(1)
"""Of an attempt when it began; the first member is the person here."""


class NumberedAttempts(Way):
    """Everybody on their way, where other events may come between the steps."""

    def __init__(self, question: Funnel, end: int) -> None:
        super().__init__(question)
        self._first = array("q", bytes(8 * end))
        """Of each person when the attempt began that has taken the first step alone, or 0."""
        self._lapsed = bytearray(end)
        """Whether one ended there."""
        # Of those who have taken more, by how many: whether there are any, and their attempts.
        self._stands = [bytearray(end) for _ in range(self.steps + 1)]
        self._standing: list[dict[int, Attempt]] = [{} for _ in range(self.steps + 1)]
        # Everybody's first attempt of two steps, and the best ones of those that have more.
        self._has_two = bytearray(end)
        self._twos: list[Attempt] = []
        self._best: dict[int, Attempt] = {}

    def take(self, portion: Sequence[Run]) -> None:
        """Go on with the next events."""
        mixed = self._mixed(portion)
        before = [(person, self._first[person]) for person in mixed]
        for run in portion:
            if run.bits == 1:
                self._begin(run)
        for person, _ in before:
            self._first[person] = 0  # so that the loops pass them over
        for run in portion:
            if run.bits != 1:
                self._take_run(run, mixed)
        for person, since in before:
            self._first[person] = since
        if mixed:
            for time, _, _, person, bits in sorted(_of_people(portion, mixed)):
                self._go(person, time, bits)

    def _mixed(self, portion: Sequence[Run]) -> Set[int]:
        """Whose events are to be put in order; at best those with two steps that follow each other.

        An event of one step alone takes attempts from there to the next, and leaves all others.
        """
        steps = {run.bits.bit_length() - 1: run.people for run in portion}
        alone = all(run.bits.bit_count() == 1 and run.bits <= self.mask for run in portion)
        if not alone or len(steps) < len(portion):
            return _in_several(portion)
        found: set[int] = set()
        for step in range(1, self.steps, 2):
            mine = set(steps.get(step, ()))
            for other in (step - 1, step + 1):
                found.update(mine.intersection(steps.get(other, ())))
        return found

    def _take_run(self, run: Run, mixed: Set[int]) -> None:
        """Go on with events after which nobody begins by them alone."""
        bits = run.bits
        if bits > self.mask or bits.bit_count() > 1:
            for person, time in zip(run.people, run.times, strict=True):
                if person not in mixed:
                    self._go(person, time, bits)
        elif bits == 2:
            self._second(run)
        else:
            self._further(run, bits.bit_length() - 1, mixed)

    def _begin(self, run: Run) -> None:
        """This loop, and the one after it, are what a funnel takes."""
        first, times = self._first, run.times
        if times[-1] >= self.end:
            times = times[: bisect_left(times, self.end)]
        for person, time in zip(run.people, times, strict=False):
            first[person] = time

    def _second(self, run: Run) -> None:
        first, window, lapsed = self._first, self.window, self._lapsed
        second, stands, has_two = self._standing[2], self._stands[2], self._has_two
        since_of = map(first.__getitem__, run.people)  # as they are when their turn comes
        for attempt in filter(_SINCE, zip(run.people, since_of, run.times, strict=True)):
            person, since, time = attempt
            first[person] = 0
            if time - since > window:
                lapsed[person] = 1
                continue
            second[person] = attempt
            stands[person] = 1
            if not has_two[person]:
                has_two[person] = 1
                self._twos.append(attempt)

    def _further(self, run: Run, step: int, mixed: Set[int]) -> None:
        there = map(self._stands[step].__getitem__, run.people)
        for person, time in compress(zip(run.people, run.times, strict=True), there):
            if person not in mixed:
                self._advance(person, step, time)

    def _advance(self, person: int, step: int, time: int) -> None:
        """Take an attempt that has taken so many steps one further, or end it."""
        attempt = self._leave(person, step)
        if attempt is None or time - attempt[1] > self.window:
            return
        attempt = (*attempt, time)
        self._standing[step + 1][person] = attempt
        self._stands[step + 1][person] = 1
        if step == 1:
            if not self._has_two[person]:
                self._has_two[person] = 1
                self._twos.append(attempt)
        elif len(self._best.get(person, ())) < len(attempt):
            self._best[person] = attempt

    def _go(self, person: int, time: int, bits: int) -> None:
        """Take attempts a step further, each at most one; an excluded event ends some first."""
        for bit, after, before in self.exclusions:
            if bits & bit:
                for step in range(after, before):
                    self._leave(person, step)
        for step in range(self.steps - 1, 0, -1):
            if bits >> step & 1:
                self._advance(person, step, time)
        if bits & 1 and self.start <= time < self.end:
            self._first[person] = time

    def _leave(self, person: int, step: int) -> Attempt | None:
        """The attempt that has taken so many steps, which is over or goes on."""
        if step > 1:
            self._stands[step][person] = 0
            return self._standing[step].pop(person, None)
        since = self._first[person]
        if not since:
            return None
        self._first[person], self._lapsed[person] = 0, 1
        return person, since

    def begun(self) -> int:
        """How many people took the first step."""
        there = bytes(map(bool, self._first))
        parts = (int.from_bytes(some, "big") for some in (there, self._lapsed, self._has_two))
        return reduce(or_, parts).bit_count()

    def further(self) -> Collection[Attempt]:
        """The best attempts of those who took more."""
        best = self._best
        return [*best.values(), *(attempt for attempt in self._twos if attempt[0] not in best)]


def _in_several(portion: Sequence[Run]) -> Set[int]:
    """People with events in several runs: theirs are to be put in order."""
    seen: set[int] = set()
    found: set[int] = set()
    runs = sorted(portion, key=lambda run: len(run.people))  # the longest is only looked through
    for run in runs[:-1]:
        found.update(seen.intersection(run.people))
        seen.update(run.people)
    for run in runs[-1:]:
        found.update(seen.intersection(run.people))
    return found


def _of_people(
    portion: Sequence[Run], people: Set[int]
) -> Iterable[tuple[int, int, int, int, int]]:
    """Their events: time, source, place, person and kinds."""
    for run in portion:
        theirs = bytes(map(people.__contains__, run.people))
        at = theirs.find(1)
        while at >= 0:
            yield run.times[at], run.source, run.places[at], run.people[at], run.bits
            at = theirs.find(1, at + 1)
