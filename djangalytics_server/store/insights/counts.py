"""Events by name and local bucket, counted beforehand or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.query import Count, CountPlan, Segment
from djangalytics_server.store.insights.vocabulary import among_numbers
from djangalytics_server.store.tables import EventCount, EventRow

# Local indexes are computed on numbers shifted by whole weeks, because integer division in SQL
# cuts towards zero and the first hours of 1970 are negative west of Greenwich.
_SHIFT = 7 * DAY_SECONDS
_HOUR, _QUARTER = 3_600, 900
Where = Sequence[ColumnElement[bool]]
Seconds = ColumnElement[int] | InstrumentedAttribute[int]


def counted(connection: Connection, plan: CountPlan) -> Iterator[Count]:
    """See ``Snapshot.count``."""
    shift = _SHIFT // plan.step if plan.step else 0
    for segment in plan.segments:
        for question in _questions(plan, segment):
            # The driver's own rows: there may be very many, and they need no second form.
            rows: Any = connection.execute(question).cursor
            for bucket, name, events in rows.fetchall():
                yield Count(bucket - shift, segment.offset, name, int(events))
            rows.close()


def _questions(plan: CountPlan, segment: Segment) -> Iterator[Select[Any]]:
    if segment.grain is None:
        times = EventRow.timestamp
        within = [times >= segment.start, times < segment.end]
        yield _question(plan, segment, EventRow, times // MICROSECONDS, func.count(), within)
        return
    # Where each bucket is one of the answer's there is nothing to add up.
    alone = plan.step == segment.grain
    amount = EventCount.count.expression if alone else func.sum(EventCount.count)
    for where in _wheres(plan, segment, segment.grain):
        question = _question(plan, segment, EventCount, EventCount.bucket, amount, where)
        yield question if not alone else question.group_by(None)


def _question(
    plan: CountPlan,
    segment: Segment,
    table: type[EventRow] | type[EventCount],
    seconds: Seconds,
    amount: ColumnElement[int],
    where: Where,
) -> Select[Any]:
    bucket = (seconds + (segment.offset + _SHIFT)) // plan.step if plan.step else literal(0)
    question: Any = (
        select(bucket.label("local_bucket"), table.event_name, amount)
        .where(table.project_id == plan.project_id, *where)
        .group_by("local_bucket", table.event_name)
    )
    if plan.event_names:
        question = question.where(table.event_name.in_(plan.event_names))
    return cast("Select[Any]", question)


def _wheres(plan: CountPlan, segment: Segment, grain: int) -> Iterator[Where]:
    """Which rows of the rollup to add up: for days that do not begin with an hour, all but their
    ends are hours.
    """
    start, end = segment.start // MICROSECONDS, segment.end // MICROSECONDS
    first, last = -(-start // _HOUR) * _HOUR, end // _HOUR * _HOUR
    if grain != _QUARTER or plan.step != DAY_SECONDS or first >= last:
        within = EventCount.bucket >= start, EventCount.bucket < end
        yield [EventCount.grain == grain, *within]
        return
    midnights = range(first - (first + segment.offset) % -DAY_SECONDS, last, DAY_SECONDS)
    cut = {midnight // _HOUR * _HOUR for midnight in midnights}
    # Bucket by bucket: of all names in a range the engine would read those not asked for, too.
    hours = (hour for hour in range(first, last, _HOUR) if hour not in cut)
    yield [EventCount.grain == _HOUR, among_numbers(EventCount.bucket, hours)]
    quarters = [*range(start, first, _QUARTER), *range(last, end, _QUARTER)]
    quarters += (hour + at for hour in cut for at in range(0, _HOUR, _QUARTER))
    yield [EventCount.grain == _QUARTER, among_numbers(EventCount.bucket, quarters)]
