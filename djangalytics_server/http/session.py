"""Signing in by password or one-time link, signing out, and what the dashboard may know."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from djangalytics_server.catalog import (
    accounts,
    attempts,
    audit,
    passwords,
    people,
    second_factor,
    sessions,
)
from djangalytics_server.catalog.accounts import AccountFacts
from djangalytics_server.catalog.sessions import Person
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import (
    ApiError,
    ForeignOrigin,
    SecondFactorRequired,
    SecondFactorWrong,
    SignInFailed,
    SignInRequired,
)
from djangalytics_server.http import body, cookies, pages, safety
from djangalytics_server.http.access import Access
from djangalytics_server.http.acting import actor
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.cookies import COOKIE
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.projects import ProjectSchema, project_json
from djangalytics_server.http.services import Services
from djangalytics_server.wire import manage


class SessionSchema(Schema):
    """Who is looking, and at what."""

    authenticated = fields.Boolean(required=True)
    can_read = fields.Boolean(required=True)
    mode = fields.String(required=True)
    demo = fields.Boolean(required=True)
    user = fields.Dict(required=True, allow_none=True)
    role = fields.String(required=True, allow_none=True)
    project = fields.Dict(required=True, allow_none=True)
    projects = fields.List(fields.Nested(ProjectSchema), required=True)
    capture_open = fields.Boolean(required=True)
    single_sign_on = fields.Boolean(required=True)
    csrf_token = fields.String(required=True, allow_none=True)
    version = fields.String(required=True)


SESSION = Operation(
    "GET", "/api/session/", "Who is signed in, and what they may see.", {200: SessionSchema}, (503,)
)
LOGIN = Operation(
    "POST",
    "/api/session/",
    "Sign in with e-mail address and password.",
    {204: "none"},
    (400, 401, 403, 413, 415, 429, 503),
    body=manage.SignInSchema,
)
LOGOUT = Operation(
    "POST", "/api/session/logout/", "End the session.", {204: "none"}, (401, 403, 503)
)
_SIGN_IN = manage.SignInSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """Sign-in, sign-out and the session's facts."""
    blue = Blueprint("session", __name__)

    def session() -> Response:
        return json_answer(_facts(services, access))

    def logout() -> Response:
        person = access.person(request)
        if person is None:
            raise SignInRequired("There is no session to end.")
        access.check_csrf(request)
        with writing(services.session()) as orm:
            sessions.sign_out(orm, request.cookies[COOKIE])
            record_visit(orm, person, "session.end", services.clock())
        answer = Response(status=204)
        cookies.take(answer)
        return answer

    def login() -> Response:
        check_own_page(services)
        wish = manage.load(_SIGN_IN, body.read(request))
        email, code = wish["email"].strip().lower(), wish.get("code", "")
        account = proved(services, email, wish["password"], code)
        with writing(services.session()) as orm:
            cookie = begin(services, orm, account.id)
        answer = Response(status=204)
        cookies.give(answer, cookie, secure=services.policy.secure_cookies)
        return answer

    @blue.get("/login/<token>")
    def login_by_link(token: str) -> Response:
        if request.method == "HEAD":  # a look at the link must not use it up
            return Response(status=204)
        with writing(services.session()) as orm:
            user_id = sessions.use_up(orm, token, now=services.clock())
            cookie = None if user_id is None else begin(services, orm, user_id, by_link=True)
        if cookie is None:
            return pages.used_link()
        answer: Response = redirect("/", 303)  # type: ignore[assignment]
        cookies.give(answer, cookie, secure=services.policy.secure_cookies)
        return answer

    registry.add(blue, SESSION, session)
    registry.add(blue, LOGIN, login)
    registry.add(blue, LOGOUT, logout)
    return blue


def begin(services: Services, orm: Session, user_id: int, *, by_link: bool = False) -> str:
    """Sign somebody in, in the caller's transaction: the cookie of their new session."""
    now = services.clock()
    cookie = sessions.begin(orm, user_id, cookies.visit(request, now), by_link=by_link)
    person = sessions.signed_in(orm, cookie, now=now)
    assert person is not None
    record_visit(orm, person, "session.create", now)
    return cookie


def record_visit(orm: Session, person: Person, action: str, now: int, **details: int) -> None:
    """A line about somebody's own doings, in the trail of the first project they see."""
    project_id = next((seat.project_id for seat in people.seats(orm, person.user_id)), None)
    doer = actor(person.name, now)
    audit.record(orm, doer, action, person.name, project_id=project_id, **details)


def check_own_page(services: Services) -> None:
    """Nobody is signed in by a page of another site; raises ForeignOrigin."""
    if safety.is_foreign(request, services.policy.public_url):
        raise ForeignOrigin("Only pages of this server may sign people in.")


def proved(services: Services, email: str, password: str, code: str) -> AccountFacts:
    """The account that this password, and the code if it wants one, open.

    Raises SignInFailed, SecondFactorRequired, SecondFactorWrong or TooManyAttempts. An account that
    nobody has costs the same time, and is answered the same.
    """
    address = request.remote_addr or ""
    with writing(services.session()) as orm:
        attempts.begin(orm, email, address, now=services.clock())
        account = accounts.by_email(orm, email)
    right = passwords.fits(password, account.password_hash if account else None)
    if account is None or not right:
        raise SignInFailed("The e-mail address and the password do not go together.")
    guesses = _check_code(services, account.id, code)
    with writing(services.session()) as orm:
        attempts.succeeded(orm, email, address)
        attempts.succeeded(orm, guesses, "")
    return account


def _check_code(services: Services, user_id: int, code: str) -> str:
    """The second factor, where there is one; under which name its guesses are counted.

    They are counted for the account as a whole, for whoever guesses here has its password.
    """
    now, guesses = services.clock(), f"second factor of {user_id}"
    with writing(services.session()) as orm:
        if not second_factor.is_on(orm, user_id):
            return guesses
        if code:
            attempts.begin(orm, guesses, "", now=now, free=second_factor.FREE_GUESSES)
        key = services.server_key(False)
        right = bool(code) and second_factor.check(orm, user_id, key, code, now=now)
    if not code:
        raise SecondFactorRequired("Give the code of your app, or a recovery code.")
    if not right:
        raise SecondFactorWrong("The code is not that of now, or it was used before.")
    return guesses


def _facts(services: Services, access: Access) -> dict[str, Any]:
    person = access.person(request)
    try:
        project = access.reader(request)
    except ApiError:
        project = None
    seats = [] if person is None else access.seats_of(person)
    shown = [project_json(its, role) for its, role in seats]
    role = next((s["role"] for s in shown if project and s["id"] == project.id), None)
    policy = services.policy
    cookie = request.cookies.get(COOKIE, "")
    return {
        "authenticated": person is not None,
        "can_read": project is not None,
        "mode": "development" if policy.development else "production",
        "demo": policy.demo,
        "user": None if person is None else _user(services, person),
        "role": role,
        "project": None if project is None else project_json(project, role),
        "projects": shown,
        "capture_open": access.capture_open(),
        "single_sign_on": policy.single_sign_on is not None,
        "csrf_token": sessions.csrf_token(cookie) if person else None,
        "version": policy.version,
    }


def _user(services: Services, person: Person) -> dict[str, Any]:
    orm = services.session()
    account = accounts.get(orm, person.user_id)
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email,
        "has_password": account.password_hash is not None,
        "needs_current": account.password_hash is not None and not person.by_link,
        "second_factor": second_factor.is_on(orm, person.user_id),
        "recovery_codes": second_factor.recovery_codes_left(orm, person.user_id),
    }
