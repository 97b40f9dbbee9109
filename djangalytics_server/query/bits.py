"""People's intervals as bits of a number: bit n says that they were there in the n-th."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from djangalytics_server.model.insight import Kind, Range, Scan
from djangalytics_server.model.query_filter import AllOf, Filter
from djangalytics_server.store.base import Snapshot


def of_people(
    snapshot: Snapshot,
    project_id: int,
    kind: Kind,
    filter: Filter | None,
    ranges: Sequence[tuple[Range, ...]],
) -> dict[str, int]:
    """Person -> the intervals in which they have an event of the kind."""
    found: dict[str, int] = {}
    before = found.get
    for crowd in snapshot.crowds(scan_of(project_id, kind, filter, ranges)):
        bit = 1 << crowd.slot
        for person in crowd.people:
            found[person] = before(person, 0) | bit
    return found


def scan_of(
    project_id: int, kind: Kind, filter: Filter | None, ranges: Sequence[tuple[Range, ...]]
) -> Scan:
    """A look at the events of a kind, interval after interval."""
    filters = tuple(f for f in (filter, kind.filter) if f is not None)
    narrowed: Filter | None = AllOf(filters) if filters else None
    return Scan(project_id, tuple(ranges), kind.event_name, narrowed)


def ones(bits: int) -> Iterator[int]:
    """Which bits are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
