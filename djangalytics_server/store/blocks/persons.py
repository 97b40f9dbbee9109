"""Where one person's events are: a look at one list of each block, not at all events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import AllOf, Condition, Field, Filter
from djangalytics_server.store.blocks.layout import places_of
from djangalytics_server.store.blocks.making import bucket_of, key_of
from djangalytics_server.store.blocks.reading import cover
from djangalytics_server.store.tables import Block, BlockPeople, EventRow

MOST_LOOSE = 100_000
"""With more events than these in no block, a walk along the ids is as quick."""
_AT_ONCE = 500


def person_of(page: EventPage) -> str | None:
    """The one person of whom all events of a page are; None if there is no such."""
    return page.distinct_id if page.distinct_id is not None else _of_filter(page.filter)


def _of_filter(filter: Filter | None) -> str | None:
    if isinstance(filter, AllOf):
        return next((one for one in map(_of_filter, filter.filters) if one is not None), None)
    if not isinstance(filter, Condition) or filter.subject != Field("distinct_id"):
        return None
    if filter.op not in ("is", "one_of") or len(filter.values) != 1:
        return None
    [value] = filter.values
    return value if isinstance(value, str) else None


def ids_of(connection: Connection, page: EventPage, person: str) -> Iterator[Sequence[int]] | None:
    """Ids that all events of the page are among, newest first, in portions; None: not known."""
    found = cover(connection, page.project_id, [])
    if found is None or found.loose_ids > MOST_LOOSE:
        return None
    ids = [*_in_blocks(connection, page.project_id, person)]
    for stretch in found.loose:
        # The sum keeps the engine off the indexes: the ids alone tell where to look.
        question = select(EventRow.id).where(
            EventRow.project_id + 0 == page.project_id,
            EventRow.id.between(*stretch),
            EventRow.distinct_id == person,
        )
        ids += connection.scalars(question)
    low = 0 if page.after is None else page.after
    high = 2**63 if page.before is None else page.before
    wanted = sorted((i for i in ids if low < i < high), reverse=True)
    return (wanted[at : at + _AT_ONCE] for at in range(0, len(wanted), _AT_ONCE))


def _in_blocks(connection: Connection, project_id: int, person: str) -> Iterator[int]:
    """The ids beside the person's digest, and perhaps some of others with the same."""
    key, part = key_of(person), BlockPeople
    question = select(part.first_id, part.data).where(
        part.first_id.in_(select(Block.first_id)),
        part.project_id == project_id,
        part.bucket == bucket_of(key),
    )
    for first, data in connection.execute(question):
        yield from (first + place for place in places_of(data, key))
