"""Attempts of very many people at once, who are numbers: the same as ``attempts``, kind by kind.

The order of events counts among those of one person alone. So of a portion whoever has events of
one kind there is taken further by tight loops, and the others event by event. Where few do one
thing in a portion, as when people come for an hour and do much in it, all are taken event by event.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence, Set
from functools import reduce
from itertools import compress, repeat
from operator import itemgetter, or_
from typing import Any

from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.insight import Run
from djangalytics_server.query.attempts import Attempt, Way

_SINCE = itemgetter(1)
"""Of an attempt when it began; the first member is the person here."""
_FEW = 8
"""Fewer people than that are nobody's majority."""
_SAMPLE = 32
"""So many events of a portion say whether it is one in which people do much."""
_Event = tuple[Any, int, int, int]
"""Its rank among the others, time, person and kinds."""


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
        if _most(portion, mixed):
            self._follow(_in_order(portion))
            return
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
            self._follow(_of_people(portion, mixed))

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
        first = self._first
        if run.times[0] >= self.end:  # and so are all others, for the walk is cut there
            return
        for person, time in zip(run.people, run.times, strict=True):
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
        self._took(person, (*attempt, time))

    def _took(self, person: int, attempt: Attempt) -> None:
        """Keep an attempt that has taken a step just now, the second or a later one."""
        steps = len(attempt) - 1
        self._standing[steps][person] = attempt
        self._stands[steps][person] = 1
        if steps == 2:
            if not self._has_two[person]:
                self._has_two[person] = 1
                self._twos.append(attempt)
        elif len(self._best.get(person, ())) < len(attempt):
            self._best[person] = attempt

    def _follow(self, events: Iterable[_Event]) -> None:
        """Go on event by event; of one step alone, as nearly all are, in as few words as can be."""
        first, end, window, lapsed = self._first, self.end, self.window, self._lapsed
        further = {1 << step: step for step in range(2, self.steps)}
        for _, time, person, bits in events:
            if bits == 1:
                if time < end:
                    first[person] = time
            elif bits == 2:
                since = first[person]
                if since:
                    first[person], lapsed[person] = 0, 1
                    if time - since <= window:
                        self._took(person, (person, since, time))
            elif bits in further:
                step = further[bits]
                if self._stands[step][person]:
                    self._advance(person, step, time)
            else:
                self._go(person, time, bits)

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


def _most(portion: Sequence[Run], people: Set[int]) -> bool:
    """Whether most of what happened is theirs, by a look at some of it."""
    if len(people) < _FEW:
        return False
    some = max((run.people for run in portion), key=len)[:_SAMPLE]
    return 2 * sum(map(people.__contains__, some)) > len(some)


def _in_order(portion: Sequence[Run]) -> list[_Event]:
    """All events of a portion."""
    found: list[_Event] = []
    one_source = len({run.source for run in portion}) == 1
    for run in portion:
        rank = run.places if one_source else zip(run.times, repeat(run.source), run.places)
        found += zip(rank, run.times, run.people, repeat(run.bits))
    found.sort()
    return found


def _of_people(portion: Sequence[Run], people: Set[int]) -> list[_Event]:
    """Those of some people, in order."""
    found: list[_Event] = []
    for bits, source, who, places, times in portion:
        theirs = bytes(map(people.__contains__, who))
        if 1 in theirs:
            for at in compress(range(len(theirs)), theirs):
                time = times[at]
                found.append(((time, source, places[at]), time, who[at], bits))
    found.sort()
    return found
