"""Attempts of very many people at once, who are numbers: the same as ``attempts``, kind by kind.

The order of events counts among those of one person alone. So of a portion whoever has events of
one kind there, as nearly all have, is taken further by tight loops, and the others event by event.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence, Set
from itertools import compress

from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.insight import Run
from djangalytics_server.query.attempts import Attempt, Way


class NumberedAttempts(Way):
    """Everybody on their way, where other events may come between the steps."""

    def __init__(self, question: Funnel, end: int) -> None:
        super().__init__(question)
        # When the attempt began that has taken the first step alone.
        self._first: list[int | None] = [None] * end
        # Of those that have taken more, by how many.
        self._standing: list[dict[int, Attempt]] = [{} for _ in range(self.steps + 1)]
        self._best: dict[int, Attempt] = {}
        self._lapsed: set[int] = set()

    def take(self, portion: Sequence[Run]) -> None:
        """Go on with the next events."""
        mixed = _in_several(portion)
        before = [(person, self._first[person]) for person in mixed]
        for run in portion:
            if run.bits == 1:
                self._begin(run)
        for person, since in before:
            self._first[person] = since
        for run in portion:
            if run.bits != 1:
                self._take_run(run, mixed)
        if mixed:
            for time, _, _, person, bits in sorted(_of_people(portion, mixed)):
                self._go(person, time, bits)

    def _take_run(self, run: Run, mixed: Set[int]) -> None:
        """Go on with events after which nobody begins by them alone."""
        bits = run.bits
        if bits > self.mask or bits.bit_count() > 1:
            for person, time in zip(run.people, run.times, strict=True):
                if person not in mixed:
                    self._go(person, time, bits)
        elif bits == 2:
            self._second(run, mixed)
        else:
            self._further(run, bits.bit_length() - 1, mixed)

    def _begin(self, run: Run) -> None:
        first, last = self._first, bisect_left(run.times, self.end)
        for person, time in zip(run.people[:last], run.times[:last], strict=True):
            first[person] = time

    def _second(self, run: Run, mixed: Set[int]) -> None:
        """This loop, and the one before it, are what a funnel takes."""
        first, second, best, window = self._first, self._standing[2], self._best, self.window
        for person, time in zip(run.people, run.times, strict=True):
            since = first[person]
            if since is None or person in mixed:
                continue
            first[person] = None
            if time - since <= window:
                attempt = second[person] = (None, since, time)
                if person not in best:
                    best[person] = attempt
            else:
                self._lapsed.add(person)

    def _further(self, run: Run, step: int, mixed: Set[int]) -> None:
        known = self._standing[step]
        for person, time in zip(run.people, run.times, strict=True):
            if person in known and person not in mixed:
                attempt = known.pop(person)
                if time - attempt[1] <= self.window:
                    self._reach(person, (*attempt, time))

    def _reach(self, person: int, attempt: Attempt) -> None:
        steps = len(attempt) - 1
        self._standing[steps][person] = attempt
        best = self._best.get(person)
        if best is None or len(best) < len(attempt):
            self._best[person] = attempt

    def _go(self, person: int, time: int, bits: int) -> None:
        """Take attempts a step further, each at most one; an excluded event ends some first."""
        for bit, after, before in self.exclusions:
            if bits & bit:
                for step in range(after, before):
                    self._leave(person, step)
        for step in range(self.steps - 1, 0, -1):
            if bits >> step & 1:
                attempt = self._leave(person, step)
                if attempt is not None and time - attempt[1] <= self.window:
                    self._reach(person, (*attempt, time))
        if bits & 1 and self.start <= time < self.end:
            self._first[person] = time

    def _leave(self, person: int, step: int) -> Attempt | None:
        """The attempt that has taken so many steps, which is over or goes on."""
        if step > 1:
            return self._standing[step].pop(person, None)
        since = self._first[person]
        if since is None:
            return None
        self._first[person] = None
        self._lapsed.add(person)
        return None, since

    def begun(self) -> int:
        """How many people took the first step."""
        others = self._lapsed | self._best.keys()
        at_first = len(self._first) - self._first.count(None)
        return at_first + sum(self._first[person] is None for person in others)

    def further(self) -> Collection[Attempt]:
        """The best attempts of those who took more."""
        return self._best.values()


def _in_several(portion: Sequence[Run]) -> Set[int]:
    """People with events in several runs: theirs are to be put in order."""
    seen: set[int] = set()
    found: set[int] = set()
    for run in portion:
        mine = set(run.people)
        found |= seen & mine
        seen |= mine
    return found


def _of_people(
    portion: Sequence[Run], people: Set[int]
) -> Iterable[tuple[int, int, int, int, int]]:
    """Their events: time, source, place, person and kinds."""
    for run in portion:
        theirs = map(people.__contains__, run.people)
        for time, place, person in compress(
            zip(run.times, run.places, run.people, strict=True), theirs
        ):
            yield time, run.source, place, person, run.bits
