"""One thing of the newest events, by their own time: as the index on time has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from djangalytics_server.model.insight import Raw
from djangalytics_server.model.suggestion import Recent
from djangalytics_server.store.insights.scans import raw_value
from djangalytics_server.store.tables import EventRow

_AT_ONCE = 2_000


def looked(connection: Connection, look: Recent) -> Iterator[Sequence[tuple[int, Raw]]]:
    """Timestamp and raw value, some events at a time, the newest first."""
    statement = (
        select(EventRow.timestamp, raw_value(look.subject))
        .where(EventRow.project_id == look.project_id)
        .order_by(EventRow.timestamp.desc())
        .limit(look.limit)
    )
    if look.event_name is not None:
        statement = statement.where(EventRow.event_name == look.event_name)
    with connection.execute(statement) as rows:
        for some in rows.partitions(_AT_ONCE):
            yield [(moment, raw) for moment, raw in some]
