"""Which events there are, and what they carry."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.definitions import EventSeen, PropertySeen
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import parse
from djangalytics_server.query.params import DefinitionsParams

MOST_NAMES = 1_000
"""How many events one answer lists, the most frequent first."""

_TYPES = ("text", "number", "boolean", "null", "list", "object")


class PropertySeenSchema(Schema):
    """A property of an event, by the type of its values."""

    name = fields.String(required=True)
    type = fields.String(required=True, metadata={"enum": list(_TYPES)})
    count = fields.Integer(required=True)
    first_seen = fields.String(required=True, metadata={"format": "date-time"})
    last_seen = fields.String(required=True, metadata={"format": "date-time"})


class EventSeenSchema(Schema):
    """An event and its properties."""

    event_name = fields.String(required=True)
    count = fields.Integer(required=True)
    first_seen = fields.String(required=True, metadata={"format": "date-time"})
    last_seen = fields.String(required=True, metadata={"format": "date-time"})
    properties = fields.List(fields.Nested(PropertySeenSchema), required=True)


DEFINITIONS = Operation(
    "GET",
    "/api/definitions/",
    "Which events there are, how often and when, and their properties by type.",
    {200: EventSeenSchema},
    (400, 401, 403, 503),
    params=DefinitionsParams,
    many=True,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that lists definitions."""
    blue = Blueprint("definitions", __name__)

    def definitions() -> Response:
        project = access.reader(request)
        names = parse.definitions(request.args.to_dict(flat=False))
        found = services.store.definitions(project.id, names, MOST_NAMES)
        return json_answer([_event_json(event) for event in found])

    registry.add(blue, DEFINITIONS, definitions)
    return blue


def _event_json(event: EventSeen) -> dict[str, Any]:
    return {
        "event_name": event.event_name,
        **_seen(event),
        "properties": [{"name": p.name, "type": p.type, **_seen(p)} for p in event.properties],
    }


def _seen(what: EventSeen | PropertySeen) -> dict[str, Any]:
    return {
        "count": what.count,
        "first_seen": render(what.first_seen),
        "last_seen": render(what.last_seen),
    }
