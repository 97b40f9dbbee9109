"""One's own second factor: begun, confirmed, taken off; and an owner who takes off another's."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import accounts, people, second_factor
from djangalytics_server.catalog.accounts import AccountFacts
from djangalytics_server.catalog.sessions import Person
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import (
    InvalidFields,
    NotFound,
    PasswordMissing,
    RoleTooLow,
    SecondFactorMissing,
    SecondFactorOn,
)
from djangalytics_server.http import body
from djangalytics_server.http.access import Access, Member
from djangalytics_server.http.account import check_current
from djangalytics_server.http.acting import record
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.http.session import record_visit
from djangalytics_server.wire import manage


class NewSecondFactorSchema(Schema):
    """What an app is given, this once: ``qr`` is a picture of ``uri``, as a data URI of SVG."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)
    qr = fields.String(required=True)


class RecoveryCodesSchema(Schema):
    """Codes that work once each in the place of an app's; shown this once."""

    recovery_codes = fields.List(fields.String(), required=True)


_PROBLEMS = (401, 403, 409, 503)
_WRITES = (400, *_PROBLEMS, 413, 415, 429)
BEGIN = Operation(
    "POST",
    "/api/account/second-factor/",
    "Begin a second factor of one's own; it counts once a code has confirmed it.",
    {200: NewSecondFactorSchema},
    _WRITES,
    body=manage.ProofSchema,
    needs_body=False,
)
CONFIRM = Operation(
    "POST",
    "/api/account/second-factor/confirm/",
    "Switch it on by a first code; all other sessions end.",
    {200: RecoveryCodesSchema},
    _WRITES,
    body=manage.CodeSchema,
)
OFF = Operation(
    "DELETE",
    "/api/account/second-factor/",
    "Take one's own second factor off; all other sessions end.",
    {204: "none"},
    _WRITES,
    body=manage.ProofSchema,
    needs_body=False,
)
TAKE_OFF = Operation(
    "DELETE",
    "/api/people/<int:person_id>/second-factor/",
    "Take another person's second factor off; all their sessions end.",
    {204: "none"},
    (*_PROBLEMS, 404),
)
_PROOF, _CODE = manage.ProofSchema(), manage.CodeSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses of second factors."""
    blue = Blueprint("second_factor", __name__)

    def begin() -> Response:
        person = access.signed_in(request)
        account = _proved(services, person)
        with writing(services.session()) as session:
            if second_factor.is_on(session, person.user_id):
                raise SecondFactorOn("Take the one there is off first.")
            salt = second_factor.begin(session, person.user_id, now=services.clock())
        key = services.server_key(True)
        assert key is not None
        secret = second_factor.secret_of(key, salt)
        uri = second_factor.address_of(secret, account.email or account.name)
        return json_answer({"secret": secret, "uri": uri, "qr": _picture(uri)})

    def confirm() -> Response:
        person = access.signed_in(request)
        code = manage.load(_CODE, body.read(request))["code"]
        return json_answer({"recovery_codes": list(_confirmed(services, person, code))})

    def off() -> Response:
        person, now = access.signed_in(request), services.clock()
        _proved(services, person)
        with writing(services.session()) as session:
            if not second_factor.end(session, person.user_id):
                raise SecondFactorMissing("You have no second factor.")
            ended = accounts.end_others(session, person.user_id, keep=person.session_id)
            record_visit(session, person, "second_factor.off", now, ended=ended)
        return Response(status=204)

    def take_off(person_id: int) -> Response:
        _take_off(services, access.member(request, "own"), person_id)
        return Response(status=204)

    registry.add(blue, BEGIN, begin)
    registry.add(blue, CONFIRM, confirm)
    registry.add(blue, OFF, off)
    registry.add(blue, TAKE_OFF, take_off)
    return blue


def _confirmed(services: Services, person: Person, code: str) -> Sequence[str]:
    """Switch it on: the recovery codes."""
    now, key, user_id = services.clock(), services.server_key(False), person.user_id
    with writing(services.session()) as session:
        if second_factor.is_on(session, user_id):
            raise SecondFactorOn("The second factor is confirmed already.")
        if key is None or not second_factor.is_begun(session, user_id):
            raise SecondFactorMissing("Begin a second factor first.")
        codes = second_factor.confirm(session, user_id, key, code, now=now)
        if codes is None:
            wrong = manage.refusal("code_wrong", "code")
            raise InvalidFields(wrong.message, errors=[wrong])
        ended = accounts.end_others(session, user_id, keep=person.session_id)
        record_visit(session, person, "second_factor.on", now, ended=ended)
    return codes


def _take_off(services: Services, owner: Member, person_id: int) -> None:
    """An owner takes it off another, unless that would concern an organisation of others."""
    with writing(services.session()) as session:
        person = people.member(session, owner.project.organisation_id, person_id)
        if person is None:
            raise NotFound(f"There is no person {person_id} in this organisation.")
        if not people.is_owned_by(session, person_id, owner.person.user_id):
            raise RoleTooLow("They belong to another organisation too, which you do not own.")
        if not second_factor.end(session, person_id):
            raise SecondFactorMissing(f"{person.name} has no second factor.")
        accounts.end_others(session, person_id)
        now = services.clock()
        record(session, owner, now, "second_factor.off", person.name, id=person_id)


def _proved(services: Services, person: Person) -> AccountFacts:
    """The account of somebody who gave its password, or came by the terminal's link."""
    given = manage.load(_PROOF, body.read(request)).get("current", "")
    account = accounts.get(services.session(), person.user_id)
    if account.password_hash is None:
        raise PasswordMissing("Set a password first; the second factor is asked for after it.")
    if not person.by_link:
        check_current(services, account, given)
    return account


def _picture(uri: str) -> str:
    """The QR code of an address: dark on light in any theme, as cameras want it."""
    import segno

    code = segno.make(uri, error="m", micro=False)
    return str(code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff", svgclass=None))
