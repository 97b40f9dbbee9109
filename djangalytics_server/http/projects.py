"""Projects: listed, made, changed, and deleted with all they hold; the organisation's name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import audit, organisations, projects
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import InvalidFields, NotFound
from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.acting import actor, record
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.wire import manage


class OrganisationSchema(Schema):
    """Whom a project belongs to."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class RateLimitSchema(Schema):
    """How fast a project may be sent to: events a second, and how many at once."""

    rate = fields.Integer(required=True)
    at_once = fields.Integer(required=True)


class ProjectSchema(Schema):
    """A project, and what the asker may do in its organisation (null for a key)."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    time_zone = fields.String(required=True)
    open_capture = fields.Boolean(required=True)
    origins = fields.List(fields.String(), required=True)
    sources = fields.List(fields.String(), required=True)
    limit = fields.Nested(RateLimitSchema, required=True, allow_none=True)
    organisation = fields.Nested(OrganisationSchema, required=True)
    role = fields.String(required=True, allow_none=True)


_PROBLEMS = (401, 403, 503)
_WRITES = (400, *_PROBLEMS, 404, 413, 415)
LIST = Operation(
    "GET",
    "/api/projects/",
    "The projects of the person's organisations, oldest first; with an admin key its own.",
    {200: ProjectSchema},
    _PROBLEMS,
    many=True,
    key="admin",
)
CREATE = Operation(
    "POST",
    "/api/projects/",
    "Make a project in the organisation of the project that X-Project names.",
    {201: ProjectSchema},
    _WRITES,
    body=manage.NewProjectSchema,
)
CHANGE = Operation(
    "PATCH",
    "/api/projects/<int:project_id>/",
    "Change a project: its name and zone, from whom it takes events, and how fast.",
    {200: ProjectSchema},
    _WRITES,
    body=manage.ProjectChangeSchema,
    key="admin",
)
DELETE = Operation(
    "DELETE",
    "/api/projects/<int:project_id>/",
    "Delete a project and all it holds; the body repeats its name.",
    {204: "none"},
    (*_WRITES, 409),
    body=manage.DeletionSchema,
)
RENAME = Operation(
    "PATCH",
    "/api/organisation/",
    "Rename the organisation of the project that X-Project names.",
    {200: OrganisationSchema},
    _WRITES,
    body=manage.OrganisationChangeSchema,
)
_NEW, _CHANGE, _DELETION, _ORGANISATION = (
    manage.NewProjectSchema(),
    manage.ProjectChangeSchema(),
    manage.DeletionSchema(),
    manage.OrganisationChangeSchema(),
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that manage projects."""
    blue = Blueprint("projects", __name__)

    def list_projects() -> Response:
        return json_answer([project_json(*seat) for seat in access.seats(request)])

    def create() -> Response:
        member, now = access.member(request, "manage"), services.clock()
        wish = manage.load(_NEW, body.read(request))
        organisation_id = member.project.organisation_id
        with writing(services.session()) as session:
            made = projects.create(
                session, organisation_id, wish["name"], wish["time_zone"], now=now
            )
            doer = actor(member.person.name, now)
            audit.record(session, doer, "project.create", made.name, project_id=made.id)
        return json_answer(project_json(made, member.role), 201)

    def change(project_id: int) -> Response:
        manager = access.manager_of(request, project_id)
        wish = manage.load(_CHANGE, body.read(request))
        with writing(services.session()) as session:
            changed = projects.change(session, project_id, **wish)
            if changed is None:
                raise _nothing()
            doer = actor(manager.name, services.clock())
            audit.record(
                session,
                doer,
                "project.change",
                changed.name,
                project_id=project_id,
                **audit.told(wish),
            )
        access.forget()
        return json_answer(project_json(changed, manager.role))

    def delete(project_id: int) -> Response:
        member = access.member(request, "own", project_id)
        wish = manage.load(_DELETION, body.read(request))
        if wish["name"] != member.project.name:
            wrong = manage.refusal("confirmation_wrong", "name")
            raise InvalidFields(wrong.message, errors=[wrong])
        now = services.clock()
        with writing(services.session()) as session:
            remaining = projects.delete_for_good(session, project_id, now=now)
            if remaining is None:
                raise _nothing()
            doer, name = actor(member.person.name, now), member.project.name
            audit.record(session, doer, "project.delete", name, project_id=remaining, id=project_id)
        access.forget()
        services.remove(project_id)
        return Response(status=204)

    def rename() -> Response:
        member = access.member(request, "manage")
        name = manage.load(_ORGANISATION, body.read(request))["name"]
        organisation_id = member.project.organisation_id
        with writing(services.session()) as session:
            organisations.rename(session, organisation_id, name)
            record(session, member, services.clock(), "organisation.rename", name)
        access.forget()
        return json_answer({"id": organisation_id, "name": name})

    registry.add(blue, LIST, list_projects)
    registry.add(blue, CREATE, create)
    registry.add(blue, CHANGE, change)
    registry.add(blue, DELETE, delete)
    registry.add(blue, RENAME, rename)
    return blue


def _nothing() -> NotFound:
    """It went between two looks: the words are those for what was never there."""
    return NotFound("There is no such project, or you are not in its organisation.")


def project_json(project: ProjectFacts, role: str | None) -> dict[str, Any]:
    """A project as the API shows it."""
    return {
        "id": project.id,
        "name": project.name,
        "time_zone": project.time_zone,
        "open_capture": project.open_capture,
        "origins": list(project.origins),
        "sources": list(project.sources),
        "limit": project.limit and project.limit._asdict(),
        "organisation": {"id": project.organisation_id, "name": project.organisation},
        "role": role,
    }
