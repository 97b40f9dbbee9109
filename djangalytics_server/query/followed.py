"""Who came back, where coming back is the same as beginning: one look, interval after interval.

Of people only the cohorts that are still followed are kept, and who began already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from djangalytics_server.model.insight import Anonymous


@dataclass(slots=True)
class Followed:
    """Of each cohort how many people it has, and how many of them came back, by column."""

    people: list[int]
    returned: list[list[int]]

    @classmethod
    def nobody(cls, cohorts: int, columns: int) -> Followed:
        """Cohorts without people."""
        return cls([0] * cohorts, [[0] * columns for _ in range(cohorts)])

    def add(self, met: Iterable[Anonymous], offsets: Sequence[int], *, once: bool) -> None:
        """Follow people who are in no cohort yet; a column has one offset, in intervals.

        They are met in the order of the slots: before the range, in the cohorts' intervals, in what
        of the last of those lies beyond the range, and in the intervals that follow. ``once``:
        people begin once only, and who did before the range not at all.
        """
        following = _Following(self, offsets, set() if once else None)
        cohorts = len(self.people)
        inside: Set[object] = frozenset()  # of the last cohort's interval
        for some in met:
            interval = some.slot - 1
            if interval < 0:
                if once:  # a slot without a moment is met too
                    following.begun = some.people | frozenset()
            elif interval < cohorts:
                following.begin(interval, some.people)
                following.meet(interval, some.people)
                inside = some.people if interval == cohorts - 1 else inside
            elif interval == cohorts:
                following.meet(cohorts - 1, some.people - inside)
            else:
                following.meet(interval - 1, some.people)


@dataclass(slots=True)
class _Following:
    """The cohorts so far; ``begun`` is None where people begin anew in every interval."""

    found: Followed
    offsets: Sequence[int]
    begun: Set[object] | None
    members: dict[int, Set[object]] = field(default_factory=dict)

    def begin(self, interval: int, people: Set[object]) -> None:
        mine = people if self.begun is None else people - self.begun
        if self.begun is not None:
            self.begun |= mine
        self.members[interval] = mine
        self.found.people[interval] += len(mine)

    def meet(self, interval: int, people: Set[object]) -> None:
        for column, offset in enumerate(self.offsets):
            cohort = self.members.get(interval - offset)
            if cohort:
                self.found.returned[interval - offset][column] += len(cohort & people)
        self.members.pop(interval - 1 - max(self.offsets), None)
