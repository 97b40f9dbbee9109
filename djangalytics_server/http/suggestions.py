"""What to offer to somebody who types a name or a value."""

from __future__ import annotations

from typing import Any, get_args

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.suggestion import Of, Suggestions
from djangalytics_server.query import parse, suggest
from djangalytics_server.query.params import SuggestionsParams

PATIENCE_SECONDS = 2.0
"""Who types waits for no answer that takes longer."""


class SuggestionSchema(Schema):
    """One thing to offer, in how many of the events it is, and of which types."""

    value = fields.Raw(required=True, metadata={"type": ["string", "number", "boolean"]})
    count = fields.Integer(required=True)
    types = fields.List(fields.String(), required=True)


class SuggestionsSchema(Schema):
    """What is offered, the best first, and what it was taken from.

    ``events`` and ``since`` say how many of the newest events were looked at, and back to when;
    null where the definitions were. ``complete``: no event was left out.
    """

    of = fields.String(required=True, metadata={"enum": list(get_args(Of))})
    suggestions = fields.List(fields.Nested(SuggestionSchema), required=True)
    source = fields.String(required=True, metadata={"enum": ["definitions", "newest_events"]})
    events = fields.Integer(required=True, allow_none=True)
    since = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    complete = fields.Boolean(required=True)


SUGGESTIONS = Operation(
    "GET",
    "/api/suggestions/",
    "Names of events, names of properties, or values, that fit what has been typed.",
    {200: SuggestionsSchema},
    (400, 401, 403, 503),
    params=SuggestionsParams,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that offers them."""
    blue = Blueprint("suggestions", __name__)

    def suggestions() -> Response:
        project = access.reader(request)
        question = parse.suggestions(request.args.to_dict(flat=False), project.id)
        seconds = min(PATIENCE_SECONDS, services.policy.question_seconds)
        with services.store.snapshot(seconds) as snapshot:
            return json_answer(_shown(suggest.answer(question, snapshot)))

    registry.add(blue, SUGGESTIONS, suggestions)
    return blue


def _shown(answer: Suggestions) -> dict[str, Any]:
    return {
        "of": answer.of,
        "suggestions": [
            {"value": one.value, "count": one.count, "types": list(one.types)}
            for one in answer.offered
        ],
        "source": "newest_events" if answer.of == "values" else "definitions",
        "events": answer.events,
        "since": None if answer.since is None else render(answer.since),
        "complete": answer.complete,
    }
