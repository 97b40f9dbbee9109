"""A project's cohorts: saved, listed, shown, changed and deleted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, cohorts
from djangalytics_server.catalog.cohorts import CohortFacts
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import FieldError, InvalidFields, NotFound
from djangalytics_server.http import body
from djangalytics_server.http.access import Access, Manager
from djangalytics_server.http.acting import actor
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import cohorts as reading
from djangalytics_server.query.filters import Refused
from djangalytics_server.wire import manage


class SavedCohortSchema(Schema):
    """A saved cohort."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    definition = fields.Dict(required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    created_by = fields.String(required=True)


_PROBLEMS = (401, 403, 503)
LIST = Operation(
    "GET",
    "/api/cohorts/",
    "The project's cohorts, oldest first.",
    {200: SavedCohortSchema},
    _PROBLEMS,
    many=True,
    key="read",
)
SHOW = Operation(
    "GET",
    "/api/cohorts/<int:cohort_id>/",
    "One cohort.",
    {200: SavedCohortSchema},
    (*_PROBLEMS, 404),
    key="read",
)
CREATE = Operation(
    "POST",
    "/api/cohorts/",
    "Save a cohort under a name.",
    {201: SavedCohortSchema},
    (400, *_PROBLEMS, 413, 415),
    body=manage.NewCohortSchema,
    key="admin",
)
CHANGE = Operation(
    "PATCH",
    "/api/cohorts/<int:cohort_id>/",
    "Give a cohort another name, another definition, or both.",
    {200: SavedCohortSchema},
    (400, *_PROBLEMS, 404, 413, 415),
    body=manage.CohortChangeSchema,
    key="admin",
)
DELETE = Operation(
    "DELETE",
    "/api/cohorts/<int:cohort_id>/",
    "Delete a cohort; nobody's events go.",
    {204: "none"},
    (*_PROBLEMS, 404),
    key="admin",
)
_NEW, _CHANGE = manage.NewCohortSchema(), manage.CohortChangeSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses of cohorts."""
    blue = Blueprint("cohorts", __name__)

    def list_cohorts() -> Response:
        project = access.reader(request)
        found = cohorts.of_project(services.session(), project.id)
        return json_answer([cohort_json(one) for one in found])

    def show(cohort_id: int) -> Response:
        project = access.reader(request)
        found = cohorts.get(services.session(), project.id, cohort_id)
        return json_answer(cohort_json(_there(found, cohort_id)))

    def create() -> Response:
        author, now = access.author(request), services.clock()
        wish = manage.load(_NEW, body.read(request))
        _check(wish, author.project, now)
        with writing(services.session()) as session:
            made = cohorts.create(session, author.project.id, **wish, by=author.name, now=now)
            _record(session, author, now, "cohort.create", made)
        return json_answer(cohort_json(made), 201)

    def change(cohort_id: int) -> Response:
        author, now = access.author(request), services.clock()
        wish = manage.load(_CHANGE, body.read(request))
        _check(wish, author.project, now)
        with writing(services.session()) as session:
            found = cohorts.change(session, author.project.id, cohort_id, **wish)
            changed = _there(found, cohort_id)
            _record(session, author, now, "cohort.change", changed)
        return json_answer(cohort_json(changed))

    def delete(cohort_id: int) -> Response:
        author, now = access.author(request), services.clock()
        with writing(services.session()) as session:
            gone = _there(cohorts.delete(session, author.project.id, cohort_id), cohort_id)
            _record(session, author, now, "cohort.delete", gone)
        return Response(status=204)

    registry.add(blue, LIST, list_cohorts)
    registry.add(blue, SHOW, show)
    registry.add(blue, CREATE, create)
    registry.add(blue, CHANGE, change)
    registry.add(blue, DELETE, delete)
    return blue


def _check(wish: dict[str, Any], project: ProjectFacts, now: int) -> None:
    """Raise InvalidFields if a definition is given that cannot be read."""
    if "definition" not in wish:
        return
    try:
        reading.read(wish["definition"], project.time_zone, now)
    except Refused as refused:
        fault = refused.fault
        error = FieldError(fault.code, str(fault), f"definition{fault.path}"[:300])
        raise InvalidFields(f"{error.field}: {fault}", errors=[error]) from refused


def _there(found: CohortFacts | None, cohort_id: int) -> CohortFacts:
    if found is None:
        raise NotFound(f"This project has no cohort {cohort_id}.")
    return found


def _record(session: Session, author: Manager, now: int, action: str, cohort: CohortFacts) -> None:
    doer = actor(author.name, now)
    audit.record(session, doer, action, cohort.name, project_id=cohort.project_id, id=cohort.id)


def cohort_json(cohort: CohortFacts) -> dict[str, Any]:
    """A cohort as the API shows it."""
    return {
        "id": cohort.id,
        "name": cohort.name,
        "definition": cohort.definition,
        "created_at": render(cohort.created_at),
        "created_by": cohort.created_by,
    }
