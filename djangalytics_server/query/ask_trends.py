"""The body of a question for trends."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.errors import FieldError
from djangalytics_server.model.query import Interval
from djangalytics_server.model.trends import (
    MOST_FORMULAS,
    MOST_GROUPS,
    MOST_ROLLING,
    MOST_SERIES,
    MOST_SLOTS,
    Formula,
    Measure,
    Series,
    Trends,
)
from djangalytics_server.query import formula, intervals
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, refused, too_many, wrong
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Flag,
    Part,
    PropertyName,
    Several,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)
from djangalytics_server.query.measures import OF_NUMBERS

_NAME = "The event's name; every event if absent."


class TrendsSeries(Strict):
    """What one line counts."""

    event_name = Words(about=_NAME, most=100)
    measure = Choice(*get_args(Measure), about="What is shown of the events; count if absent.")
    property = PropertyName(about="Of which property; its events without a number do not count.")
    filter = FilterField()
    label = Words(about="What to call it; the event's name if absent.")


class TrendsFormula(Strict):
    """Arithmetic over the series, which are called A, B, C and so on."""

    formula = Words(about="Such as A / B * 100.", required=True)
    label = Words(about="What to call it; the formula if absent.")


class TrendsQuestion(Strict):
    """How much of what, interval by interval."""

    kind = Choice("trends", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    interval = Choice(*get_args(Interval), about="How long an interval is; day if absent.")
    week_start = Choice("monday", "sunday", about="Where weeks begin; monday if absent.")
    series = Several(Part(TrendsSeries), MOST_SERIES, about="What to count.", required=True)
    filter = FilterField()
    breakdown = Several(SubjectField(), 2, about="One or two fields or properties to split by.")
    groups = Whole(1, MOST_GROUPS, about="How many groups to tell apart; 10 if absent.")
    formulas = Several(Part(TrendsFormula), MOST_FORMULAS, about="Arithmetic over the series.")
    compare = Flag(about="Whether to answer for the range before, too.")
    rolling = Whole(2, MOST_ROLLING, about="How many intervals each value covers.")
    cumulative = Flag(about="Whether each value covers all from the range's beginning.")
    totals = Flag(about="Whether to measure the whole range, too.")


def trends(loaded: dict[str, Any], asked: Asked) -> Trends:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    interval: Interval = loaded.get("interval", "day")
    zone, span = closed_span(loaded, asked, interval)
    if intervals.how_many(interval, *span) > MOST_SLOTS:
        raise too_many(f"{MOST_SLOTS:,} intervals")
    series = tuple(_series(one) for one in loaded["series"])
    _check(loaded, series)
    sunday = loaded.get("week_start") == "sunday"
    previous = None
    if loaded.get("compare"):
        slots = len(intervals.cut(interval, zone, sunday, span))
        previous = intervals.moved_back(interval, zone, span, slots)
    return Trends(
        asked.project_id,
        zone,
        interval,
        span,
        series,
        asked.now,
        sunday=sunday,
        filter=loaded.get("filter"),
        breakdown=tuple(loaded.get("breakdown", ())),
        groups=loaded.get("groups", 10),
        formulas=_formulas(loaded.get("formulas", []), len(series)),
        previous=previous,
        rolling=loaded.get("rolling", 1),
        cumulative=loaded.get("cumulative", False),
        totals=loaded.get("totals", False),
    )


def _series(loaded: dict[str, Any]) -> Series:
    return Series(
        loaded.get("event_name"),
        loaded.get("measure", "count"),
        loaded.get("property", ""),
        loaded.get("filter"),
        loaded.get("label", ""),
    )


def _check(loaded: dict[str, Any], series: tuple[Series, ...]) -> None:
    """Members that are right by themselves and wrong together."""
    errors = []
    for place, one in enumerate(series):
        given = "property" in loaded["series"][place]
        where = f"series[{place}].property"
        if one.measure in OF_NUMBERS and not given:
            words = f"{one.measure} is measured of a property."
            errors.append(FieldError("member_missing", words, where))
        elif given and one.measure not in OF_NUMBERS:
            words = f"{one.measure} looks at no property."
            errors.append(FieldError("not_together", words, where))
    if loaded.get("cumulative") and "rolling" in loaded:
        errors.append(FieldError("not_together", "Choose rolling or cumulative.", "rolling"))
    if "groups" in loaded and "breakdown" not in loaded:
        errors.append(FieldError("not_together", "groups needs a breakdown.", "groups"))
    if errors:
        raise refused(errors)


def _formulas(loaded: list[dict[str, Any]], series: int) -> tuple[Formula, ...]:
    found = []
    for place, one in enumerate(loaded):
        try:
            expression = formula.read(one["formula"], series)
        except formula.Unreadable as error:
            raise wrong("invalid_formula", f"formulas[{place}].formula", str(error)) from error
        found.append(Formula(one["formula"], expression, one.get("label", "")))
    return tuple(found)
