"""The account of one producer's numbers: which came, came again, came late, or never came.

Numbers up to ``highest``, the highest that came, are in, in ``missing`` or in ``dropped_gaps``;
those above it have not come yet or are in ``dropped_gaps``. Of each kind of gap a bounded number
is kept apart. When there are more, the oldest are settled: of the numbers up to ``settled`` only
sums are known, ``unlisted`` is how many of them are missing, and what still comes of them is
``unplaced``, because it may be missing no longer or may have come before.

    received + dropped + size(missing) + unlisted + numbers above highest not dropped == tracked
"""

from __future__ import annotations

from dataclasses import dataclass, field

from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.store import gaps
from djangalytics_server.store.gaps import Gap

MOST_GAPS = 100
"""How many gaps of each kind a producer's account keeps apart."""

MOST_REASONS = 50
"""How many reasons of loss it keeps apart: as many as one batch may tell of."""


@dataclass(slots=True)
class Account:
    """One row of ``producers``; see there for the columns."""

    project_id: int
    producer_id: str
    host: str
    process: str
    started_at: int
    first_seen: int
    last_seen: int
    tracked: int = 0
    highest: int = 0
    received: int = 0
    repeated: int = 0
    late: int = 0
    dropped: int = 0
    unlisted: int = 0
    unplaced: int = 0
    settled: int = 0
    missing: list[Gap] = field(default_factory=list)
    dropped_gaps: list[Gap] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)

    def take(self, told: Numbering, received_at: int) -> None:
        """Enter what came with one batch."""
        self.host, self.process, self.started_at = told.host, told.process, told.started_at
        self.first_seen = min(self.first_seen, received_at)
        self.last_seen = max(self.last_seen, received_at)
        self.tracked = max(self.tracked, told.tracked)
        since = received_at // MICROSECONDS
        for first, last in told.arrived:
            if first <= self.highest:
                self._behind(first, min(last, self.highest))
            if last > self.highest:
                self._beyond(max(first, self.highest + 1), last, since)
        for first, last in told.dropped:
            self._give_up(first, last, since)
        for reason, count in told.lost.items():
            self.lost[reason] = max(count, self.lost.get(reason, 0))
        if len(self.lost) > MOST_REASONS:
            self.lost = dict(told.lost)
        if len(self.missing) > MOST_GAPS or len(self.dropped_gaps) > MOST_GAPS:
            self._settle()

    def _beyond(self, first: int, last: int, since: int) -> None:
        """Numbers above every other that came."""
        self._undrop(first, last)
        if first > self.highest + 1:
            passed = gaps.without((self.highest + 1, first - 1), self.dropped_gaps, since)
            self.missing = gaps.join(self.missing, passed)
        self.received += last - first + 1
        self.highest = last
        self.tracked = max(self.tracked, last)

    def _behind(self, first: int, last: int) -> None:
        """Numbers that others passed by: they were missing or given up, or came before."""
        self.missing, filled = gaps.cut(self.missing, (first, last))
        late = gaps.size(filled) + self._undrop(first, last)
        self.late += late
        self.received += late
        # Nothing is kept apart up to here: all of these are of the unknown kind.
        unplaced = max(0, min(last, self.settled) - first + 1)
        self.unplaced += unplaced
        self.repeated += last - first + 1 - late - unplaced

    def _undrop(self, first: int, last: int) -> int:
        """Take back what was given up and came after all; how many."""
        self.dropped_gaps, regained = gaps.cut(self.dropped_gaps, (first, last))
        self.dropped -= gaps.size(regained)
        return gaps.size(regained)

    def _give_up(self, first: int, last: int, since: int) -> None:
        """The sender will not send these any more; those that came are none of them."""
        self.missing, given = gaps.cut(self.missing, (first, last))
        given = [gap._replace(since=since) for gap in given]
        if last > self.highest:
            ahead = (max(first, self.highest + 1), last)
            given += gaps.without(ahead, self.dropped_gaps, since)
        self.dropped += gaps.size(given)
        self.dropped_gaps = gaps.join(self.dropped_gaps, given)
        self.tracked = max(self.tracked, last)

    def _settle(self) -> None:
        """Keep no more gaps than there may be: the oldest become sums.

        Of gaps given up ahead of everything that came the last are forgotten instead; they count
        as not in until the sender tells of them again.
        """
        ends = [
            kept[len(kept) - MOST_GAPS - 1].last
            for kept in (self.missing, self.dropped_gaps)
            if len(kept) > MOST_GAPS
        ]
        passed = [end for end in ends if end <= self.highest]
        if len(passed) < len(ends):
            behind = [gap.last for gap in self.dropped_gaps if gap.last <= self.highest]
            passed += behind[-1:]
        self.settled = max([self.settled, *passed])
        self.unlisted += gaps.size([gap for gap in self.missing if gap.last <= self.settled])
        self.missing = [gap for gap in self.missing if gap.last > self.settled]
        kept = [gap for gap in self.dropped_gaps if gap.last > self.settled]
        self.dropped -= gaps.size(kept[MOST_GAPS:])
        self.dropped_gaps = kept[:MOST_GAPS]
