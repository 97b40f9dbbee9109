"""How many of a project's requests were refused for being too fast, or from a page elsewhere."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.rfc3339 import render


class LimitedSchema(Schema):
    """Requests of a UTC day that were refused, by the limit they met: 429, or their origin: 403."""

    day = fields.String(required=True, metadata={"format": "date"})
    by = fields.String(required=True, metadata={"enum": ["key", "address", "origin"]})
    requests = fields.Integer(required=True)


LIMITED = Operation(
    "GET",
    "/api/limited/",
    "How many requests were refused for their pace or their origin, by UTC day, the newest first.",
    {200: LimitedSchema},
    (401, 403, 503),
    many=True,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that shows it."""
    blue = Blueprint("limited", __name__)

    def limited() -> Response:
        project = access.reader(request)
        return json_answer(
            [
                {
                    "day": render(day * DAY_SECONDS * MICROSECONDS)[:10],
                    "by": kind,
                    "requests": count,
                }
                for day, kind, count in services.store.limited(project.id)
            ]
        )

    registry.add(blue, LIMITED, limited)
    return blue
