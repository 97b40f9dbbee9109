"""One's own account: its name, its password, and the browsers that are signed in to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import accounts, attempts, passwords
from djangalytics_server.catalog.accounts import AccountFacts, SessionFacts
from djangalytics_server.catalog.sessions import Person
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import EmailMissing, InvalidFields, NotFound, RoleTooLow
from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.http.session import record_visit
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire import manage

_MOMENT = {"format": "date-time"}


class AccountSchema(Schema):
    """One's own account."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)
    has_password = fields.Boolean(required=True)


class BrowserSchema(Schema):
    """A browser that is signed in."""

    id = fields.Integer(required=True)
    current = fields.Boolean(required=True)
    address = fields.String(required=True)
    browser = fields.String(required=True)
    created_at = fields.String(required=True, metadata=_MOMENT)
    last_seen_at = fields.String(required=True, metadata=_MOMENT)
    expires_at = fields.String(required=True, metadata=_MOMENT)


_PROBLEMS = (401, 403, 503)
_WRITES = (400, *_PROBLEMS, 413, 415)
CHANGE = Operation(
    "PATCH",
    "/api/account/",
    "Change one's own name, or e-mail address.",
    {200: AccountSchema},
    (*_WRITES, 409),
    body=manage.AccountChangeSchema,
)
PASSWORD = Operation(
    "POST",
    "/api/account/password/",
    "Set one's own password; all other sessions end.",
    {204: "none"},
    (*_WRITES, 409, 429),
    body=manage.PasswordChangeSchema,
)
SESSIONS = Operation(
    "GET",
    "/api/account/sessions/",
    "One's own sessions, the last used first.",
    {200: BrowserSchema},
    _PROBLEMS,
    many=True,
)
END = Operation(
    "DELETE",
    "/api/account/sessions/<int:session_id>/",
    "End one of one's own sessions.",
    {204: "none"},
    (*_PROBLEMS, 404),
)
_CHANGE, _PASSWORD = manage.AccountChangeSchema(), manage.PasswordChangeSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses of one's own account."""
    blue = Blueprint("account", __name__)

    def change() -> Response:
        person = access.signed_in(request)
        wish = manage.load(_CHANGE, body.read(request))
        if "email" in wish and not person.by_link:
            raise RoleTooLow(
                "The e-mail address is changed in a session that began with the link of"
                " `djangalytics-server login-link`."
            )
        with writing(services.session()) as session:
            changed = accounts.change(session, person.user_id, **wish)
            record_visit(session, person, "account.change", services.clock())
        return json_answer(_account_json(changed))

    def set_password() -> Response:
        person = access.signed_in(request)
        wish = manage.load(_PASSWORD, body.read(request))
        account = accounts.get(services.session(), person.user_id)
        if account.email is None:
            raise EmailMissing("Give your account an e-mail address first; you sign in by it.")
        if account.password_hash is not None and not person.by_link:
            check_current(services, account, wish.get("current", ""))
        hashed = passwords.digest(wish["password"])
        with writing(services.session()) as session:
            ended = accounts.set_password(session, person.user_id, hashed, keep=person.session_id)
            record_visit(session, person, "account.password", services.clock(), ended=ended)
        return Response(status=204)

    def list_sessions() -> Response:
        person = access.signed_in(request)
        found = accounts.sessions_of(services.session(), person.user_id, now=services.clock())
        return json_answer([_browser_json(its, person) for its in found])

    def end(session_id: int) -> Response:
        person = access.signed_in(request)
        with writing(services.session()) as session:
            if not accounts.end_session(session, person.user_id, session_id):
                raise NotFound(f"You have no session {session_id}.")
            record_visit(session, person, "session.end", services.clock(), id=session_id)
        return Response(status=204)

    registry.add(blue, CHANGE, change)
    registry.add(blue, PASSWORD, set_password)
    registry.add(blue, SESSIONS, list_sessions)
    registry.add(blue, END, end)
    return blue


def check_current(services: Services, account: AccountFacts, given: str) -> None:
    """Who took over a session may not guess on; raises InvalidFields or TooManyAttempts."""
    address, email = request.remote_addr or "", account.email or ""
    with writing(services.session()) as session:
        attempts.begin(session, email, address, now=services.clock())
    if not passwords.fits(given, account.password_hash):
        wrong = manage.refusal("current_wrong", "current")
        raise InvalidFields(wrong.message, errors=[wrong])
    with writing(services.session()) as session:
        attempts.succeeded(session, email, address)


def _account_json(account: AccountFacts) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email,
        "has_password": account.password_hash is not None,
    }


def _browser_json(session: SessionFacts, person: Person) -> dict[str, Any]:
    return {
        "id": session.id,
        "current": session.id == person.session_id,
        "address": session.address,
        "browser": session.browser,
        "created_at": render(session.created_at),
        "last_seen_at": render(session.last_seen_at),
        "expires_at": render(session.expires_at),
    }
