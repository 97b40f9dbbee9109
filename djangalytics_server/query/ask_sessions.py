"""The body of a question for sessions."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.model.query import Interval
from djangalytics_server.model.sessions import (
    MOST_SILENCE_SECONDS,
    SILENCE_SECONDS,
    Sessions,
)
from djangalytics_server.model.trends import MOST_GROUPS, MOST_SLOTS
from djangalytics_server.query import intervals
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, too_many, wrong
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Several,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)

SILENCE = "How many seconds without an event end a session without an id; 1,800 if absent."


class SessionsQuestion(Strict):
    """How many sessions there are, how long they last and what happens in them."""

    kind = Choice("sessions", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    interval = Choice(*get_args(Interval), about="How long an interval is; day if absent.")
    week_start = Choice("monday", "sunday", about="Where weeks begin; monday if absent.")
    silence_seconds = Whole(1, MOST_SILENCE_SECONDS, about=SILENCE)
    filter = FilterField()
    breakdown = Several(SubjectField(), 2, about="One or two fields or properties to split by.")
    groups = Whole(1, MOST_GROUPS, about="How many groups to tell apart; 10 if absent.")


def sessions(loaded: dict[str, Any], asked: Asked) -> Sessions:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    interval: Interval = loaded.get("interval", "day")
    zone, span = closed_span(loaded, asked, interval)
    if intervals.how_many(interval, *span) > MOST_SLOTS:
        raise too_many(f"{MOST_SLOTS:,} intervals")
    if "groups" in loaded and "breakdown" not in loaded:
        raise wrong("not_together", "groups", "groups needs a breakdown.")
    return Sessions(
        asked.project_id,
        zone,
        interval,
        span,
        asked.now,
        silence=loaded.get("silence_seconds", SILENCE_SECONDS) * 1_000_000,
        sunday=loaded.get("week_start") == "sunday",
        filter=loaded.get("filter"),
        breakdown=tuple(loaded.get("breakdown", ())),
        groups=loaded.get("groups", 10),
    )
