"""The bodies of questions for stickiness and lifecycle."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.model.activity import MOST_INTERVALS, Lifecycle, Spread, Stickiness
from djangalytics_server.model.insight import Kind
from djangalytics_server.model.retention import Period
from djangalytics_server.query import intervals
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, too_many
from djangalytics_server.query.fields import Choice, FilterField, Strict, Words, ZoneName


class _SpreadQuestion(Strict):
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    interval = Choice(*get_args(Period), about="How long an interval is; day if absent.")
    week_start = Choice("monday", "sunday", about="Where weeks begin; monday if absent.")
    event_name = Words(about="Which event makes people active; every event if absent.", most=100)
    filter = FilterField()


class StickinessQuestion(_SpreadQuestion):
    """In how many of the range's intervals people were active."""

    kind = Choice("stickiness", about="Which question this is.", required=True)


class LifecycleQuestion(_SpreadQuestion):
    """Who is new in an interval, who stays, who comes back and who has gone."""

    kind = Choice("lifecycle", about="Which question this is.", required=True)


def stickiness(loaded: dict[str, Any], asked: Asked) -> Stickiness:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    return Stickiness(_spread(loaded, asked))


def lifecycle(loaded: dict[str, Any], asked: Asked) -> Lifecycle:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    return Lifecycle(_spread(loaded, asked))


def _spread(loaded: dict[str, Any], asked: Asked) -> Spread:
    interval: Period = loaded.get("interval", "day")
    zone, span = closed_span(loaded, asked, interval)
    if intervals.how_many(interval, *span) > MOST_INTERVALS:
        raise too_many(f"{MOST_INTERVALS} intervals")
    return Spread(
        asked.project_id,
        zone,
        interval,
        span,
        Kind(loaded.get("event_name")),
        asked.now,
        sunday=loaded.get("week_start") == "sunday",
        filter=loaded.get("filter"),
    )
