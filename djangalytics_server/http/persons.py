"""What a project keeps of a person, removed on request."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import erasures
from djangalytics_server.errors import NotFound
from djangalytics_server.http import body
from djangalytics_server.http.access import Access, Manager
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.erasure import Erasure
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.trail import Actor
from djangalytics_server.query import parse
from djangalytics_server.query.params import ErasureParams
from djangalytics_server.wire import manage


class ErasedSchema(Schema):
    """How much was removed."""

    events = fields.Integer(required=True)
    rejected = fields.Integer(required=True)


class ErasureSchema(Schema):
    """An erasure; ``subject`` is a digest of the person's id, ``of`` null until it is known."""

    id = fields.Integer(required=True)
    subject = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["waiting", "running", "done"]})
    asked_by = fields.String(required=True)
    asked_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    events = fields.Integer(required=True)
    of = fields.Integer(required=True, allow_none=True)
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
BEGIN = Operation(
    "POST",
    "/api/erasures/",
    "Have all events of a person removed, for good; the answer comes at once.",
    {202: ErasureSchema},
    (400, 401, 403, 413, 415, 503),
    body=manage.ErasureWishSchema,
    key="admin",
)
LIST = Operation(
    "GET",
    "/api/erasures/",
    "The last hundred erasures of the project and how far they are, newest first.",
    {200: ErasureSchema},
    (401, 403, 503),
    many=True,
    key="admin",
)
LOOK = Operation(
    "GET",
    "/api/erasures/<int:erasure_id>/",
    "How far one of them is.",
    {200: ErasureSchema},
    (401, 403, 404, 503),
    key="admin",
)
SHOWN = 100
_WISH = manage.ErasureWishSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that erases."""
    blue = Blueprint("persons", __name__)

    def erase() -> Response:
        manager = access.manager(request)
        distinct_id = parse.erasure(request.args.to_dict(flat=False))
        erased = services.erase(manager.project.id, distinct_id, _actor(manager))
        return json_answer({"events": erased.events, "rejected": erased.rejected})

    def begin() -> Response:
        manager = access.manager(request)
        distinct_id = manage.load(_WISH, body.read(request))["distinct_id"]
        number = services.erase_soon(manager.project.id, distinct_id, _actor(manager))
        return json_answer(_erasure_json(_found(manager, number)), 202)

    def listed() -> Response:
        project = access.manager(request).project
        found = erasures.listed(services.session(), project.id, SHOWN, now=services.clock())
        return json_answer([_erasure_json(erasure) for erasure in found])

    def look(erasure_id: int) -> Response:
        return json_answer(_erasure_json(_found(access.manager(request), erasure_id)))

    def _found(manager: Manager, number: int) -> Erasure:
        session, now = services.session(), services.clock()
        session.rollback()  # what was written beside this session since it first read
        erasure = erasures.get(session, manager.project.id, number, now=now)
        if erasure is None:
            raise NotFound(f"This project has no erasure {number}.")
        return erasure

    def _actor(manager: Manager) -> Actor:
        return Actor(manager.name, access.address(request), services.clock())

    registry.add(blue, ERASE, erase)
    registry.add(blue, BEGIN, begin)
    registry.add(blue, LIST, listed)
    registry.add(blue, LOOK, look)
    return blue


def _erasure_json(erasure: Erasure) -> dict[str, Any]:
    return {
        "id": erasure.id,
        "subject": erasure.subject,
        "state": erasure.state,
        "asked_by": erasure.asked_by,
        "asked_at": render(erasure.asked_at),
        "ended_at": None if erasure.ended_at is None else render(erasure.ended_at),
        "events": erasure.events,
        "of": erasure.of,
        "rejected": erasure.rejected,
    }
