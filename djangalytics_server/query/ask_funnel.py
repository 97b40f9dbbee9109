"""The body of a question for a funnel."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.errors import FieldError
from djangalytics_server.model.funnel import (
    MOST_EXCLUSIONS,
    MOST_PEOPLE,
    MOST_STEPS,
    MOST_WINDOW_SECONDS,
    WINDOW_SECONDS,
    Exclusion,
    Funnel,
    Order,
    Step,
    Wanted,
    Which,
)
from djangalytics_server.model.trends import MOST_GROUPS
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, refused
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Part,
    Several,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)

_NAME = "The event's name; every event if absent."


class FunnelStep(Strict):
    """Which events take a step."""

    event_name = Words(about=_NAME, most=100)
    filter = FilterField()
    label = Words(about="What to call it; the event's name if absent.")


class FunnelExclusion(Strict):
    """Which events end an attempt, and between which steps."""

    event_name = Words(about=_NAME, most=100)
    filter = FilterField()
    after_step = Whole(1, MOST_STEPS, about="From this step on; the first if absent.")
    before_step = Whole(2, MOST_STEPS, about="Until this step; the last if absent.")


class FunnelPeople(Strict):
    """Whom to list."""

    step = Whole(1, MOST_STEPS, about="A step; 1 is the first.", required=True)
    which = Choice(*get_args(Which), about="Who took it, or only the one before.", required=True)
    limit = Whole(1, MOST_PEOPLE, about="How many; 100 if absent.")
    after = Words(about="The last id of the page before.")


class FunnelQuestion(Strict):
    """How many people take one step after another, and where they stop."""

    kind = Choice("funnel", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    steps = Several(Part(FunnelStep), MOST_STEPS, about="The steps.", required=True, least=2)
    order = Choice(*get_args(Order), about="How the steps follow; ordered if absent.")
    window_seconds = Whole(
        1, MOST_WINDOW_SECONDS, about="How long an attempt may take; 14 days if absent."
    )
    exclusions = Several(Part(FunnelExclusion), MOST_EXCLUSIONS, about="What ends an attempt.")
    filter = FilterField()
    breakdown = Several(SubjectField(), 2, about="One or two fields or properties to split by.")
    groups = Whole(1, MOST_GROUPS, about="How many groups to tell apart; 10 if absent.")
    people = Part(FunnelPeople)


def funnel(loaded: dict[str, Any], asked: Asked) -> Funnel:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    zone, span = closed_span(loaded, asked, "day")
    _check(loaded)
    steps = [
        Step(s.get("event_name"), s.get("filter"), s.get("label", "")) for s in loaded["steps"]
    ]
    exclusions = [
        Exclusion(
            one.get("event_name"),
            one.get("filter"),
            one.get("after_step", 1),
            one.get("before_step", len(steps)),
        )
        for one in loaded.get("exclusions", ())
    ]
    people = loaded.get("people")
    return Funnel(
        asked.project_id,
        zone,
        span,
        tuple(steps),
        loaded.get("order", "ordered"),
        loaded.get("window_seconds", WINDOW_SECONDS) * 1_000_000,
        tuple(exclusions),
        loaded.get("filter"),
        tuple(loaded.get("breakdown", ())),
        loaded.get("groups", 10),
        None if people is None else Wanted(**people),
    )


def _check(loaded: dict[str, Any]) -> None:
    """Members that are right by themselves and wrong together."""
    steps, order = len(loaded["steps"]), loaded.get("order", "ordered")
    errors = []
    for place, one in enumerate(loaded.get("exclusions", ())):
        where = f"exclusions[{place}]"
        between = "after_step" in one or "before_step" in one
        if order == "strict":
            words = "In strict order every other event ends an attempt."
            errors.append(FieldError("not_together", words, where))
        elif order == "unordered" and between:
            words = "Without order an exclusion holds from the first step to the last."
            errors.append(FieldError("not_together", words, where))
        elif not one.get("after_step", 1) < one.get("before_step", steps) <= steps:
            words = f"after_step is below before_step, and that is at most {steps}."
            errors.append(FieldError("out_of_range", words, where))
    people = loaded.get("people")
    if people is not None:
        least = 1 if people["which"] == "reached" else 2
        if not least <= people["step"] <= steps:
            words = f"It lies between {least} and {steps}."
            errors.append(FieldError("out_of_range", words, "people.step"))
    if "groups" in loaded and "breakdown" not in loaded:
        errors.append(FieldError("not_together", "groups needs a breakdown.", "groups"))
    if errors:
        raise refused(errors)
