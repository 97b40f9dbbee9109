"""The body of a question for the distribution of a property."""

from __future__ import annotations

from typing import Any

from djangalytics_server.model.distribution import MOST_BINS, MOST_VALUES, Distribution
from djangalytics_server.model.insight import Kind
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)


class DistributionQuestion(Strict):
    """How often each value of a property occurs, and what its numbers are like."""

    kind = Choice("distribution", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    of = SubjectField(required=True)
    event_name = Words(about="Of which event; of every event if absent.", most=100)
    filter = FilterField()
    values = Whole(1, MOST_VALUES, about="How many values to tell apart; 10 if absent.")
    bins = Whole(1, MOST_BINS, about="How many bins the numbers are sorted into; 10 if absent.")


def distribution(loaded: dict[str, Any], asked: Asked) -> Distribution:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    zone, span = closed_span(loaded, asked, "day")
    return Distribution(
        asked.project_id,
        zone,
        span,
        Kind(loaded.get("event_name")),
        loaded["of"],
        filter=loaded.get("filter"),
        groups=loaded.get("values", 10),
        bins=loaded.get("bins", 10),
    )
