"""How many raw events a project has, counted from what is counted anyway.

Of every event its day of arrival is counted when it comes and, where it goes by age, once more:
what is left of a day is the difference. No event is looked at.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from djangalytics_server.model.keeping import Kept
from djangalytics_server.store.tables import ExpiredDay, VerdictCount


def kept(connection: Connection, project_id: int, before: int | None) -> Kept:
    """What there is of a project; ``before`` is a UTC day, in days since 1970."""
    arrived = select(VerdictCount.day, VerdictCount.count).where(
        VerdictCount.project_id == project_id, VerdictCount.verdict == "accepted"
    )
    gone = select(ExpiredDay.day, ExpiredDay.count).where(ExpiredDay.project_id == project_id)
    expired = {day: int(count) for day, count in connection.execute(gone)}
    left = {
        day: int(count) - expired.get(day, 0) for day, count in connection.execute(arrived).all()
    }
    days = [day for day, count in left.items() if count > 0]
    due = None if before is None else sum(left[day] for day in days if day < before)
    return Kept(
        events=sum(left.values()),
        removed=sum(expired.values()),
        oldest=min(days, default=None),
        due=due,
    )
