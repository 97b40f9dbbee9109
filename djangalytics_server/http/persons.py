"""What a project keeps of a person, removed on request."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import audit
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.erasure import pseudonym
from djangalytics_server.model.trail import Actor
from djangalytics_server.query import parse
from djangalytics_server.query.params import ErasureParams


class ErasedSchema(Schema):
    """How much was removed."""

    events = fields.Integer(required=True)
    rejected = fields.Integer(required=True)


ERASE = Operation(
    "DELETE",
    "/api/persons/",
    "Remove all events of a person, for good; the answer comes when they are gone.",
    {200: ErasedSchema},
    (400, 401, 403, 503),
    params=ErasureParams,
    key="admin",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that erases."""
    blue = Blueprint("persons", __name__)

    def erase() -> Response:
        manager = access.manager(request)
        distinct_id = parse.erasure(request.args.to_dict(flat=False))
        project_id = manager.project.id
        erased = services.store.erase(project_id, distinct_id)
        done = {"events": erased.events, "rejected": erased.rejected}
        actor = Actor(manager.name, access.address(request), services.clock())
        with writing(services.session()) as session:
            subject = pseudonym(distinct_id)
            audit.record(session, actor, "person.erase", subject, project_id=project_id, **done)
        return json_answer(done)

    registry.add(blue, ERASE, erase)
    return blue
