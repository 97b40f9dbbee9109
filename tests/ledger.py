"""A naive delivery ledger in plain Python: a dictionary with every single number.

It shares nothing with the server but the frozen values of ``model``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from djangalytics_server.model.delivery import Counts, Numbering, Producer, Range

SECOND = 1_000_000
PATIENCE = 300


@dataclass
class Told:
    """Everything that one producer ever told, number by number."""

    ends: dict[int, str] = field(default_factory=dict)
    passed_at: dict[int, int] = field(default_factory=dict)
    tracked: int = 0
    highest: int = 0
    repeated: int = 0
    late: int = 0
    first_seen: int = 2**62
    last_seen: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    names: tuple[str, str, int] = ("", "", 0)

    def take(self, told: Numbering, at: int) -> None:
        """One batch."""
        self.first_seen, self.last_seen = min(self.first_seen, at), max(self.last_seen, at)
        self.names = told.host, told.process, told.started_at
        for number in each(told.arrived):
            if self.ends.get(number) == "in":
                self.repeated += 1
                continue
            self.ends[number] = "in"
            self.late += number < self.highest
            for passed in range(self.highest + 1, number):
                self.passed_at[passed] = at // SECOND
            self.highest = max(self.highest, number)
        for number in each(told.dropped):
            self.ends.setdefault(number, "dropped")
        self.tracked = max(self.tracked, told.tracked, *self.ends)
        for reason, count in told.lost.items():
            self.lost[reason] = max(count, self.lost.get(reason, 0))

    def producer(self, producer_id: str, now: int) -> Producer:
        """What is to be said of it at a moment."""
        out = [number for number in range(1, self.tracked + 1) if number not in self.ends]
        oldest = (now - PATIENCE * SECOND) // SECOND
        missing = [n for n in out if self.passed_at.get(n, self.last_seen // SECOND) <= oldest]
        ends = Counter(self.ends.values())
        counts = Counts(
            self.tracked,
            ends["in"],
            len(missing),
            len(out) - len(missing),
            ends["dropped"],
            self.repeated,
            self.late,
        )
        seen = self.first_seen, self.last_seen
        return Producer(producer_id, *self.names, *seen, counts, self.lost, ranges(missing))


def each(told: tuple[Range, ...]) -> Iterator[int]:
    """The numbers of some ranges, one by one."""
    for first, last in told:
        yield from range(first, last + 1)


def ranges(numbers: list[int]) -> tuple[Range, ...]:
    """Sorted numbers as ranges."""
    found: list[Range] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def sums(of: list[Counts]) -> Counts:
    """All of them together."""
    return Counts(*(sum(column) for column in zip(*of, strict=True))) if of else Counts()
