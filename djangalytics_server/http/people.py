"""The people of an organisation: listed, given another role, removed; invited."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import invitations, people, roles
from djangalytics_server.catalog.invitations import InvitationFacts, Wish
from djangalytics_server.catalog.people import MemberFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.errors import NotFound, RoleTooLow
from djangalytics_server.http import body
from djangalytics_server.http.access import Access, Member
from djangalytics_server.http.acting import record
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire import manage

_MOMENT = {"format": "date-time"}
_ROLE = {"enum": list(roles.ROLES)}


class MemberSchema(Schema):
    """A person in an organisation."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)
    role = fields.String(required=True, metadata=_ROLE)
    joined_at = fields.String(required=True, metadata=_MOMENT)
    last_seen_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)


class InvitationSchema(Schema):
    """An invitation as it may be shown."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    role = fields.String(required=True, metadata=_ROLE)
    created_at = fields.String(required=True, metadata=_MOMENT)
    created_by = fields.String(required=True)
    expires_at = fields.String(required=True, metadata=_MOMENT)


class ShownInvitationSchema(InvitationSchema):
    """A new invitation, with its link: the only time it is shown."""

    link = fields.String(required=True)


_PROBLEMS = (401, 403, 404, 503)
_WRITES = (400, *_PROBLEMS, 413, 415)
LIST = Operation(
    "GET",
    "/api/people/",
    "The people of the organisation, in the order they joined.",
    {200: MemberSchema},
    _PROBLEMS,
    many=True,
)
ROLE = Operation(
    "PATCH",
    "/api/people/<int:person_id>/",
    "Give somebody another role.",
    {200: MemberSchema},
    (*_WRITES, 409),
    body=manage.RoleSchema,
)
REMOVE = Operation(
    "DELETE",
    "/api/people/<int:person_id>/",
    "Take somebody out of the organisation.",
    {204: "none"},
    (*_PROBLEMS, 409),
)
INVITED = Operation(
    "GET",
    "/api/invitations/",
    "The invitations that may still be accepted, oldest first.",
    {200: InvitationSchema},
    _PROBLEMS,
    many=True,
)
INVITE = Operation(
    "POST",
    "/api/invitations/",
    "Invite somebody; the answer is the only time the link is shown.",
    {201: ShownInvitationSchema},
    (*_WRITES, 409),
    body=manage.NewInvitationSchema,
)
TAKE_BACK = Operation(
    "DELETE",
    "/api/invitations/<int:invitation_id>/",
    "Take an invitation back.",
    {204: "none"},
    _PROBLEMS,
)
_ROLE_BODY, _INVITATION = manage.RoleSchema(), manage.NewInvitationSchema()


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that manage people."""
    blue = Blueprint("people", __name__)

    def list_people() -> Response:
        organisation_id = access.member(request, "manage").project.organisation_id
        found = people.members(services.session(), organisation_id)
        return json_answer([member_json(person) for person in found])

    def set_role(person_id: int) -> Response:
        member = access.member(request, "manage")
        role = manage.load(_ROLE_BODY, body.read(request))["role"]
        organisation_id = member.project.organisation_id
        with writing(services.session()) as session:
            person = people.member(session, organisation_id, person_id)
            _check_reach(member, person, person_id, role)
            people.set_role(session, organisation_id, person_id, role)
            changed = people.member(session, organisation_id, person_id)
            assert changed is not None
            record(session, member, services.clock(), "member.role", changed.name, role=role)
        return json_answer(member_json(changed))

    def remove(person_id: int) -> Response:
        member = access.member(request, "manage")
        organisation_id = member.project.organisation_id
        with writing(services.session()) as session:
            person = people.member(session, organisation_id, person_id)
            name = _check_reach(member, person, person_id).name
            people.remove(session, organisation_id, person_id)
            record(session, member, services.clock(), "member.remove", name, id=person_id)
        return Response(status=204)

    registry.add(blue, LIST, list_people)
    registry.add(blue, ROLE, set_role)
    registry.add(blue, REMOVE, remove)
    _add_invitations(blue, services, access, registry)
    return blue


def _add_invitations(
    blue: Blueprint, services: Services, access: Access, registry: Registry
) -> None:
    def list_invitations() -> Response:
        organisation_id = access.member(request, "manage").project.organisation_id
        session, now = services.session(), services.clock()
        found = invitations.of_organisation(session, organisation_id, now=now)
        return json_answer([invitation_json(invitation) for invitation in found])

    def invite() -> Response:
        member = access.member(request, "manage")
        wanted = manage.load(_INVITATION, body.read(request))
        _check_gives(member, wanted["role"])
        wish = Wish(
            member.project.organisation_id,
            wanted["email"],
            wanted["role"],
            member.person.name,
            services.clock(),
        )
        with writing(services.session()) as session:
            token, made = invitations.create(session, wish)
            record(session, member, wish.now, "invitation.create", made.email, role=made.role)
        link = f"{_here(services)}/join#{token}"
        return json_answer({**invitation_json(made), "link": link}, 201)

    def take_back(invitation_id: int) -> Response:
        member = access.member(request, "manage")
        with writing(services.session()) as session:
            email = invitations.end(session, member.project.organisation_id, invitation_id)
            if email is None:
                raise NotFound(f"There is no invitation {invitation_id} in this organisation.")
            record(session, member, services.clock(), "invitation.revoke", email)
        return Response(status=204)

    registry.add(blue, INVITED, list_invitations)
    registry.add(blue, INVITE, invite)
    registry.add(blue, TAKE_BACK, take_back)


def _here(services: Services) -> str:
    """The address by which people come, as far as we know: the setting, or what was asked for."""
    return services.policy.public_url.rstrip("/") or request.host_url.rstrip("/")


def _check_reach(
    member: Member, person: MemberFacts | None, person_id: int, role: str | None = None
) -> MemberFacts:
    """Nobody changes who is above them; raises NotFound or RoleTooLow."""
    if person is None:
        raise NotFound(f"There is no person {person_id} in this organisation.")
    if not roles.reaches(member.role, person.role):
        raise RoleTooLow("Only an owner may change or remove an owner.")
    if role is not None:
        _check_gives(member, role)
    return person


def _check_gives(member: Member, role: str) -> None:
    if not roles.reaches(member.role, role):
        raise RoleTooLow("Only an owner may make an owner.")


def member_json(person: MemberFacts) -> dict[str, Any]:
    """A person as the API shows them."""
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "joined_at": render(person.joined_at),
        "second_factor": person.second_factor,
        "last_seen_at": None if person.last_seen_at is None else render(person.last_seen_at),
    }


def invitation_json(invitation: InvitationFacts) -> dict[str, Any]:
    """An invitation as the API shows it."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "created_at": render(invitation.created_at),
        "created_by": invitation.created_by,
        "expires_at": render(invitation.expires_at),
    }
