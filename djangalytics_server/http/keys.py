"""A project's keys: listed, made (shown once), ended, and rotated without a gap."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, key_text, keys
from djangalytics_server.catalog.keys import KeyFacts, Maker, NewKey
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import InvalidFields, NotFound
from djangalytics_server.http import body
from djangalytics_server.http.access import Access, Manager
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.trail import Actor
from djangalytics_server.wire import manage

_MOMENT = {"format": "date-time"}


class KeySchema(Schema):
    """A key as it may be shown."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": list(key_text.KINDS)})
    name = fields.String(required=True)
    prefix = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["active", "expired", "revoked"]})
    created_at = fields.String(required=True, metadata=_MOMENT)
    created_by = fields.String(required=True, allow_none=True)
    last_used_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)
    expires_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)
    revoked_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)


class ShownKeySchema(KeySchema):
    """A new key, with its text: the only time it is shown."""

    key = fields.String(required=True)


_PROBLEMS = (401, 403, 503)
LIST = Operation(
    "GET",
    "/api/keys/",
    "The project's keys, oldest first, never the keys themselves.",
    {200: KeySchema},
    _PROBLEMS,
    many=True,
    key="admin",
)
CREATE = Operation(
    "POST",
    "/api/keys/",
    "Make a key; the answer is the only time it is shown.",
    {201: ShownKeySchema},
    (400, *_PROBLEMS, 413, 415),
    body=manage.NewKeySchema,
    key="admin",
)
REVOKE = Operation(
    "DELETE",
    "/api/keys/<int:key_id>/",
    "End a key for good, within a second everywhere.",
    {204: "none"},
    (*_PROBLEMS, 404),
    key="admin",
)
ROTATE = Operation(
    "POST",
    "/api/keys/<int:key_id>/rotate/",
    "Make a successor; the old key goes on for a while.",
    {201: ShownKeySchema},
    (400, *_PROBLEMS, 404, 409, 413, 415),
    body=manage.RotationSchema,
    needs_body=False,
    key="admin",
)
_NEW_KEY, _ROTATION = manage.NewKeySchema(), manage.RotationSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that manage keys."""
    blue = Blueprint("keys", __name__)

    def list_keys() -> Response:
        project = access.manager(request).project
        found = keys.of_project(services.session(), project.id)
        now = services.clock()
        return json_answer([key_json(key, now) for key in found])

    def create() -> Response:
        manager, now = access.manager(request), services.clock()
        wish = manage.load(_NEW_KEY, body.read(request))
        expires_at = wish.get("expires_at")
        if expires_at is not None and expires_at <= now:
            wrong = manage.refusal("expires_at_invalid", "expires_at")
            raise InvalidFields(wrong.message, errors=[wrong])
        project_id, maker = manager.project.id, Maker(manager.name, now)
        with writing(services.session()) as session:
            made = keys.create(session, project_id, wish["kind"], wish["name"], maker, expires_at)
            _record(session, manager, now, "key.create", made.facts)
        return _shown(made, now)

    def revoke(key_id: int) -> Response:
        manager, now = access.manager(request), services.clock()
        with writing(services.session()) as session:
            ended = keys.revoke(session, manager.project.id, key_id, now=now)
            if ended is None:
                raise _nothing(key_id)
            _record(session, manager, now, "key.revoke", ended)
        access.forget()
        return Response(status=204)

    def rotate(key_id: int) -> Response:
        manager, now = access.manager(request), services.clock()
        overlap = manage.load(_ROTATION, body.read(request))["overlap_seconds"] * MICROSECONDS
        made = _rotate(services, manager, key_id, now, overlap)
        access.forget()
        return _shown(made, now)

    registry.add(blue, LIST, list_keys)
    registry.add(blue, CREATE, create)
    registry.add(blue, REVOKE, revoke)
    registry.add(blue, ROTATE, rotate)
    return blue


def _rotate(services: Services, manager: Manager, key_id: int, now: int, overlap: int) -> NewKey:
    maker = Maker(manager.name, now)
    with writing(services.session()) as session:
        made = keys.rotate(session, manager.project.id, key_id, maker, overlap=overlap)
        if made is None:
            raise _nothing(key_id)
        _record(session, manager, now, "key.rotate", made.facts, replaces=key_id)
    return made


def _record(
    session: Session, manager: Manager, now: int, action: str, key: KeyFacts, **details: int
) -> None:
    actor = Actor(manager.name, request.remote_addr, now)
    audit.record(session, actor, action, key.label, project_id=key.project_id, id=key.id, **details)


def _shown(made: NewKey, now: int) -> Response:
    return json_answer({**key_json(made.facts, now), "key": made.text}, 201)


def _nothing(key_id: int) -> NotFound:
    return NotFound(f"This project has no key {key_id}.")


def key_json(key: KeyFacts, now: int) -> dict[str, Any]:
    """A key as the API shows it."""
    return {
        "id": key.id,
        "kind": key.kind,
        "name": key.name,
        "prefix": key.prefix,
        "state": key.state(now),
        "created_at": render(key.created_at),
        "created_by": key.created_by,
        "last_used_at": _moment(key.last_used_at),
        "expires_at": _moment(key.expires_at),
        "revoked_at": _moment(key.revoked_at),
    }


def _moment(moment: int | None) -> str | None:
    return None if moment is None else render(moment)
