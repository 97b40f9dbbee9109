"""What the bearer of an invitation may do: look at it, and accept it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from djangalytics_server.catalog import accounts, invitations, passwords, people, roles, sessions
from djangalytics_server.catalog.invitations import InvitationFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import NotFound
from djangalytics_server.http import body, cookies
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.http.session import begin, check_own_page, proved, record_visit
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire import manage


class OfferSchema(Schema):
    """What an invitation offers."""

    organisation = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.String(required=True, metadata={"enum": list(roles.ROLES)})
    invited_by = fields.String(required=True)
    expires_at = fields.String(required=True, metadata={"format": "date-time"})


LOOK = Operation(
    "POST",
    "/api/invitations/look/",
    "What an invitation offers; it stays good.",
    {200: OfferSchema},
    (400, 404, 413, 415, 503),
    body=manage.InvitationTokenSchema,
)
ACCEPT = Operation(
    "POST",
    "/api/invitations/accept/",
    "Accept an invitation and sign in; it works once.",
    {204: "none"},
    (400, 401, 403, 404, 413, 415, 429, 503),
    body=manage.AcceptanceSchema,
)
_TOKEN, _ACCEPTANCE = manage.InvitationTokenSchema(), manage.AcceptanceSchema()


def blueprint(services: Services, registry: Registry) -> Blueprint:
    """The addresses that invitations lead to."""
    blue = Blueprint("joining", __name__)

    def look() -> Response:
        token = manage.load(_TOKEN, body.read(request))["token"]
        offer = _offer(services.session(), token, services.clock())
        return json_answer(
            {
                "organisation": offer.organisation,
                "email": offer.email,
                "role": offer.role,
                "invited_by": offer.created_by,
                "expires_at": render(offer.expires_at),
            }
        )

    def accept() -> Response:
        check_own_page(services)
        wish = manage.load(_ACCEPTANCE, body.read(request))
        offer = _offer(services.session(), wish["token"], services.clock())
        known = accounts.by_email(services.session(), offer.email) is not None
        if known:
            proved(services, offer.email, wish["password"], wish.get("code", ""))
        hashed = None if known else passwords.digest(wish["password"])
        with writing(services.session()) as session:
            cookie = _join(services, session, wish, hashed)
        answer = Response(status=204)
        cookies.give(answer, cookie, secure=services.policy.secure_cookies)
        return answer

    registry.add(blue, LOOK, look)
    registry.add(blue, ACCEPT, accept)
    return blue


def _offer(session: Session, token: str, now: int) -> InvitationFacts:
    offer = invitations.find(session, token, now=now)
    if offer is None:
        raise NotFound(
            "This invitation was used or taken back, or it is older than a week. Ask whoever"
            " invited you for a new one."
        )
    return offer


def _join(services: Services, session: Session, wish: dict[str, Any], hashed: str | None) -> str:
    """Use the invitation up: the cookie of the person's session."""
    now = services.clock()
    offer = _offer(session, wish["token"], now)
    invitations.use_up(session, offer.id)
    account = accounts.by_email(session, offer.email)
    if hashed is None:
        if account is None:
            raise NotFound("The account is gone. Open the invitation's link once more.")
        user_id = account.id
    else:
        # Raises EmailTaken if somebody took the address in between.
        user_id = people.create(session, wish["name"], now=now)
        accounts.change(session, user_id, email=offer.email)
        accounts.set_password(session, user_id, hashed, keep=0)
    people.join(session, offer.organisation_id, user_id, offer.role, now=now)
    cookie = begin(services, session, user_id)
    person = sessions.signed_in(session, cookie, now=now)
    assert person is not None
    record_visit(session, person, "invitation.accept", now, invitation=offer.id)
    return cookie
