"""Signing in by a one-time link, signing out, and what the dashboard may know at first."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, people
from djangalytics_server.catalog.people import Person
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import ApiError, SignInRequired
from djangalytics_server.http import pages
from djangalytics_server.http.access import COOKIE, Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.trail import Actor


class SessionSchema(Schema):
    """Who is looking, and at what."""

    authenticated = fields.Boolean(required=True)
    can_read = fields.Boolean(required=True)
    mode = fields.String(required=True)
    demo = fields.Boolean(required=True)
    user = fields.Dict(required=True, allow_none=True)
    project = fields.Dict(required=True, allow_none=True)
    capture_open = fields.Boolean(required=True)
    csrf_token = fields.String(required=True, allow_none=True)
    version = fields.String(required=True)


SESSION = Operation(
    "GET", "/api/session/", "Who is signed in, and what they may see.", {200: SessionSchema}, (503,)
)
LOGOUT = Operation(
    "POST", "/api/session/logout/", "End the session.", {204: "none"}, (401, 403, 503)
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """Sign-in, sign-out and the session's facts."""
    blue = Blueprint("session", __name__)

    def session() -> Response:
        person = access.person(request)
        try:
            project = access.reader(request)
        except ApiError:
            project = None
        policy = services.policy
        cookie = request.cookies.get(COOKIE, "")
        return json_answer(
            {
                "authenticated": person is not None,
                "can_read": project is not None,
                "mode": "development" if policy.development else "production",
                "demo": policy.demo,
                "user": {"name": person.name} if person else None,
                "project": None
                if project is None
                else {"id": project.id, "name": project.name, "time_zone": project.time_zone},
                "capture_open": access.capture_open(),
                "csrf_token": people.csrf_token(cookie) if person else None,
                "version": policy.version,
            }
        )

    def logout() -> Response:
        person = access.person(request)
        if person is None:
            raise SignInRequired("There is no session to end.")
        access.check_csrf(request)
        with writing(services.session()) as orm:
            people.sign_out(orm, request.cookies[COOKIE])
            _record(orm, person, "session.end", services.clock())
        answer = Response(status=204)
        answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
        return answer

    @blue.get("/login/<token>")
    def login(token: str) -> Response:
        if request.method == "HEAD":  # a look at the link must not use it up
            return Response(status=204)
        with writing(services.session()) as orm:
            now = services.clock()
            cookie = people.sign_in(orm, token, now=now)
            person = None if cookie is None else people.signed_in(orm, cookie, now=now)
            if person is not None:
                _record(orm, person, "session.create", now)
        if cookie is None:
            return pages.used_link()
        answer = redirect("/", 303)
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=people.SESSION_LIFETIME // MICROSECONDS,
            httponly=True,
            samesite="Lax",
            secure=services.policy.secure_cookies,
        )
        return answer  # type: ignore[return-value]

    registry.add(blue, SESSION, session)
    registry.add(blue, LOGOUT, logout)
    return blue


def _record(orm: Session, person: Person, action: str, now: int) -> None:
    actor = Actor(person.name, request.remote_addr, now)
    audit.record(orm, actor, action, person.name, project_id=person.project_id)
