"""The body of a question for retention."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.errors import FieldError
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.retention import (
    MOST_COHORTS,
    MOST_COLUMNS,
    MOST_PERIODS,
    Column,
    Period,
    Retention,
)
from djangalytics_server.model.trends import MOST_GROUPS
from djangalytics_server.query import intervals
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, refused, too_many
from djangalytics_server.query.fields import (
    Bracket,
    Choice,
    FilterField,
    Flag,
    Part,
    Several,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)

PERIODS = 8
"""How many intervals a cohort is followed where the question does not say."""


class RetentionEvent(Strict):
    """Which events count."""

    event_name = Words(about="The event's name; every event if absent.", most=100)
    filter = FilterField()


class RetentionQuestion(Strict):
    """Who comes back, and when."""

    kind = Choice("retention", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    interval = Choice(*get_args(Period), about="How long an interval is; week if absent.")
    week_start = Choice("monday", "sunday", about="Where weeks begin; monday if absent.")
    begin = Part(RetentionEvent, about="What makes people part of a cohort; any event if absent.")
    come_back = Part(RetentionEvent, about="What counts as a return; any event if absent.")
    mode = Choice("first_time", "recurring", about="When people begin; first_time if absent.")
    periods = Whole(1, MOST_PERIODS, about="How many intervals to follow; 8 if absent.")
    unbounded = Flag(about="Whether a return in a later interval counts as well.")
    brackets = Several(
        Bracket(MOST_PERIODS), MOST_COLUMNS, about="Intervals to take together, as [first, last]."
    )
    filter = FilterField()
    breakdown = Several(SubjectField(), 2, about="One or two fields or properties to split by.")
    groups = Whole(1, MOST_GROUPS, about="How many groups to tell apart; 10 if absent.")


def retention(loaded: dict[str, Any], asked: Asked) -> Retention:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    interval: Period = loaded.get("interval", "week")
    zone, span = closed_span(loaded, asked, interval)
    if intervals.how_many(interval, *span) > MOST_COHORTS:
        raise too_many(f"{MOST_COHORTS} cohorts")
    _check(loaded)
    return Retention(
        asked.project_id,
        zone,
        interval,
        span,
        Kind(**loaded.get("begin", {})),
        Kind(**loaded.get("come_back", {})),
        _columns(loaded),
        asked.now,
        first_time=loaded.get("mode", "first_time") == "first_time",
        sunday=loaded.get("week_start") == "sunday",
        filter=loaded.get("filter"),
        breakdown=tuple(loaded.get("breakdown", ())),
        groups=loaded.get("groups", 10),
    )


def _columns(loaded: dict[str, Any]) -> tuple[Column, ...]:
    if "brackets" in loaded:
        return tuple(Column(*bracket) for bracket in loaded["brackets"])
    unbounded = loaded.get("unbounded", False)
    periods = range(loaded.get("periods", PERIODS) + 1)
    return tuple(Column(at, None if unbounded else at) for at in periods)


def _check(loaded: dict[str, Any]) -> None:
    """Members that are right by themselves and wrong together."""
    errors = [
        FieldError("not_together", f"Choose brackets or {name}.", name)
        for name in ("periods", "unbounded")
        if "brackets" in loaded and name in loaded
    ]
    if "groups" in loaded and "breakdown" not in loaded:
        errors.append(FieldError("not_together", "groups needs a breakdown.", "groups"))
    if errors:
        raise refused(errors)
