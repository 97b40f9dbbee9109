"""The body of a question: JSON in, a typed question of its kind out, or every objection at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from marshmallow import Schema, ValidationError

from djangalytics_server.errors import FieldError
from djangalytics_server.model.activity import Lifecycle, Stickiness
from djangalytics_server.model.cohort import CohortPeople
from djangalytics_server.model.distribution import Distribution
from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.paths import Paths
from djangalytics_server.model.query import EventPage, Mark, Order
from djangalytics_server.model.retention import Retention
from djangalytics_server.model.sessions import Sessions
from djangalytics_server.model.trends import Trends
from djangalytics_server.query.ask_activity import (
    LifecycleQuestion,
    StickinessQuestion,
    lifecycle,
    stickiness,
)
from djangalytics_server.query.ask_cohort import CohortQuestion, cohort
from djangalytics_server.query.ask_distribution import DistributionQuestion, distribution
from djangalytics_server.query.ask_funnel import FunnelQuestion, funnel
from djangalytics_server.query.ask_paths import PathsQuestion, paths
from djangalytics_server.query.ask_retention import RetentionQuestion, retention
from djangalytics_server.query.ask_sessions import SessionsQuestion, sessions
from djangalytics_server.query.ask_trends import TrendsQuestion, trends
from djangalytics_server.query.asked import FROM, TO, Asked, refused, span, wrong
from djangalytics_server.query.fields import (
    Choice,
    Cursor,
    FilterField,
    Strict,
    Whole,
    Words,
    ZoneName,
    knowing,
    objections,
)

Question = (
    EventPage
    | Trends
    | Funnel
    | Retention
    | Stickiness
    | Lifecycle
    | Distribution
    | Sessions
    | Paths
    | CohortPeople
)


class EventsQuestion(Strict):
    """Raw events, newest first."""

    kind = Choice("events", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    filter = FilterField()
    search = Words(about="Only events with this text somewhere, A to Z alike.")
    limit = Whole(1, 1_000, about="How many; 50 if absent.")
    order = Choice(*get_args(Order), about="Newest by arrival, if absent, or latest by timestamp.")
    cursor = Cursor(about="Where the page begins: next_cursor of the page before.")


def read(body: object, asked: Asked) -> Question:
    """The question; raises InvalidQuestion with every objection."""
    if not isinstance(body, dict):
        raise refused([FieldError("wrong_type", "A question is a JSON object.")])
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        code = "not_a_choice" if "kind" in body else "member_missing"
        raise refused([FieldError(code, f"kind is one of: {', '.join(KINDS)}.", "kind")])
    schema, build = KINDS[kind]
    try:
        with knowing(asked.cohorts):
            loaded = schema.load(body)
    except ValidationError as error:
        found = objections(error.messages)
        errors = [FieldError(words.code, str(words), place[:300]) for place, words in found]
        raise refused(errors) from error
    return build(loaded, asked)


def read_whole(body: object, asked: Asked) -> Question:
    """The same for an export, which has no pages."""
    if isinstance(body, dict) and body.get("kind") == "events":
        for name in ("limit", "cursor"):
            if name in body:
                raise wrong("member_unknown", name, "An export has no pages: it is all of them.")
        if "order" in body:
            raise wrong("member_unknown", "order", "An export is in the order of arrival.")
    return read(body, asked)


def _events(loaded: dict[str, Any], asked: Asked) -> EventPage:
    _, start, end = span(loaded, asked)
    order: Order = loaded.get("order", "arrival")
    cursor: int | Mark | None = loaded.get("cursor")
    if order == "timestamp" and "search" in loaded:
        raise wrong("not_together", "order", "A search goes back by arrival.")
    if cursor is not None and isinstance(cursor, Mark) != (order == "timestamp"):
        raise wrong("not_together", "cursor", "It is the cursor of a page in another order.")
    return EventPage(
        asked.project_id,
        limit=loaded.get("limit", 50),
        before=None if isinstance(cursor, Mark) else cursor,
        start=start,
        end=end,
        search=loaded.get("search"),
        filter=loaded.get("filter"),
        order=order,
        below=cursor if isinstance(cursor, Mark) else None,
    )


KINDS: dict[str, tuple[Schema, Callable[[dict[str, Any], Asked], Question]]] = {
    "events": (EventsQuestion(), _events),
    "trends": (TrendsQuestion(), trends),
    "funnel": (FunnelQuestion(), funnel),
    "retention": (RetentionQuestion(), retention),
    "stickiness": (StickinessQuestion(), stickiness),
    "lifecycle": (LifecycleQuestion(), lifecycle),
    "distribution": (DistributionQuestion(), distribution),
    "sessions": (SessionsQuestion(), sessions),
    "paths": (PathsQuestion(), paths),
    "cohort": (CohortQuestion(), cohort),
}
"""Each kind: what its body may hold, and what makes the question of it."""
