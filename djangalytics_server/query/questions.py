"""The body of a question: JSON in, a typed question of its kind out, or every objection at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError

from djangalytics_server.errors import FieldError, InvalidQuestion
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.reasons import QUESTIONS
from djangalytics_server.query import moments
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Strict,
    Whole,
    Words,
    ZoneName,
    objections,
)

Question = EventPage

_FROM = "Where the range begins, inclusive: RFC 3339, or a date in tz."
_TO = "Where it ends: a date includes that day, a date and time is exclusive."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known beside the body: whose events, in which zone, and what time it is."""

    project_id: int
    zone: str
    now: int


class EventsQuestion(Strict):
    """Raw events, newest first by arrival."""

    kind = Choice("events", about="Which question this is.", required=True)
    from_ = Words(about=_FROM, data_key="from")
    to = Words(about=_TO)
    tz = ZoneName()
    filter = FilterField()
    search = Words(about="Only events with this text somewhere, A to Z alike.")
    limit = Whole(1, 1_000, about="How many; 50 if absent.")
    cursor = Whole(1, 2**62, about="Where the page begins: next_cursor of the page before.")


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
        loaded = schema.load(body)
    except ValidationError as error:
        found = objections(error.messages)
        errors = [FieldError(words.code, str(words), place[:300]) for place, words in found]
        raise refused(errors) from error
    return build(loaded, asked)


def refused(errors: list[FieldError]) -> InvalidQuestion:
    """The error that names them all."""
    first = errors[0]
    return InvalidQuestion(
        f"{first.field}: {first.message}" if first.field else first.message, errors=errors
    )


def wrong(code: str, field: str, message: str = "") -> InvalidQuestion:
    """The error that names one."""
    return refused([FieldError(code, message or QUESTIONS[code], field)])


def span(loaded: dict[str, Any], asked: Asked) -> tuple[str, int | None, int | None]:
    """Zone, start and end of the range, either open; raises InvalidQuestion."""
    zone = loaded.get("tz", asked.zone)
    ends: list[int | None] = []
    for name, days in (("from", 0), ("to", 1)):
        text = loaded.get(name) or loaded.get(f"{name}_")
        try:
            ends.append(None if text is None else moments.read(text, zone, days))
        except ValueError as error:
            raise wrong("invalid_time", name) from error
    start, end = ends
    if start is not None and end is not None and start >= end:
        raise wrong("range_empty", "from")
    return zone, start, end


def _events(loaded: dict[str, Any], asked: Asked) -> EventPage:
    _, start, end = span(loaded, asked)
    return EventPage(
        asked.project_id,
        limit=loaded.get("limit", 50),
        before=loaded.get("cursor"),
        start=start,
        end=end,
        search=loaded.get("search"),
        filter=loaded.get("filter"),
    )


KINDS: dict[str, tuple[Schema, Callable[[dict[str, Any], Asked], Question]]] = {
    "events": (EventsQuestion(), _events),
}
"""Each kind: what its body may hold, and what makes the question of it."""
