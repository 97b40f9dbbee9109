"""From a typed question of any kind to its answer as the API shows it."""

from __future__ import annotations

from typing import Any

from djangalytics_server.http import insights, sql
from djangalytics_server.http.documents import event_json
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.query import explore
from djangalytics_server.query.questions import Question
from djangalytics_server.store.base import Reader, Snapshot
from djangalytics_server.store.stopping import Stop


def answered(
    question: Question | SqlQuestion, reader: Reader, seconds: float, stop: Stop | None = None
) -> dict[str, Any]:
    """The members of the answer; raises QuestionTimedOut after so many seconds, or when told to
    stop, and InvalidQuestion for a statement.
    """
    if isinstance(question, SqlQuestion):
        return sql.sql_json(reader.sql(question, seconds, stop))
    with reader.snapshot(seconds, stop) as snapshot:
        if isinstance(question, EventPage):
            return _events(question, snapshot)
        return insights.shown(question, snapshot)


def _events(page: EventPage, snapshot: Snapshot) -> dict[str, Any]:
    found = explore.page(page, snapshot)
    return {
        "kind": "events",
        "events": [event_json(event) for event in found.events],
        "next_cursor": found.next_cursor,
        "plan": "events",
    }
