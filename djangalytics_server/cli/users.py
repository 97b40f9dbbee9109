"""`users`: list people, invite them, give them roles, take a second factor off, remove them."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy.orm import Session

from djangalytics_server.catalog import (
    accounts,
    audit,
    invitations,
    people,
    projects,
    roles,
    second_factor,
)
from djangalytics_server.catalog.invitations import Wish
from djangalytics_server.catalog.people import MemberFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import open_catalog
from djangalytics_server.cli.naming import commander
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.cli.organisations import chosen_organisation, organisation_option
from djangalytics_server.clock import now
from djangalytics_server.errors import AlreadyMember, LastOwner, StartError

_WHERE = ("data", "database_url")
_user = click.argument("named", metavar="ID|EMAIL")
_role = click.Choice(roles.ROLES)


@click.group()
def users() -> None:
    """List people, invite them, give them roles, remove them."""


@users.command("list")
@settings_options(*_WHERE)
@organisation_option
@says_why
def list_users(organisation: str | None, **given: Any) -> None:
    """Show each person's id, role, name and e-mail address, and who is invited."""
    with open_catalog(settings_from(given)) as session:
        organisation_id = chosen_organisation(session, organisation).id
        for person in people.members(session, organisation_id):
            click.echo(_line(person))
        for invited in invitations.of_organisation(session, organisation_id, now=now()):
            click.echo(f"   -  {invited.role:<7}  {invited.email}  (invited)")


@users.command()
@settings_options("data", "database_url", "host", "port", "public_url")
@organisation_option
@click.argument("email")
@click.option("--role", type=_role, default="analyst", show_default=True, help="What they may do.")
@says_why
def invite(organisation: str | None, email: str, role: str, **given: Any) -> None:
    """Print a link by which somebody joins; it works once, within a week.

    Give it the same --port or --public-url as the server, so that the link leads there. Nothing
    is sent: hand the link over yourself.
    """
    from djangalytics_server.cli.serve import address_of  # and the front with it

    settings = settings_from(given)
    email = email.strip().lower()
    if email.count("@") != 1 or email.startswith("@") or email.endswith("@"):
        raise StartError(f"{email!r} is no e-mail address.")
    with open_catalog(settings) as session, writing(session):
        organisation_id = chosen_organisation(session, organisation).id
        wish = Wish(organisation_id, email, role, audit.COMMAND_LINE, now())
        try:
            token, _ = invitations.create(session, wish)
        except AlreadyMember as error:
            raise StartError(error.detail) from error
        _record(session, organisation_id, "invitation.create", email, role=role)
    click.echo(f"{address_of(settings, settings.port)}/join#{token}")


@users.command()
@settings_options(*_WHERE)
@organisation_option
@_user
@click.argument("to", metavar="ROLE", type=_role)
@says_why
def role(organisation: str | None, named: str, to: str, **given: Any) -> None:
    """Give somebody another role: viewer, analyst, admin or owner."""
    with open_catalog(settings_from(given)) as session, writing(session):
        organisation_id = chosen_organisation(session, organisation).id
        person = _member(session, organisation_id, named)
        try:
            people.set_role(session, organisation_id, person.id, to)
        except LastOwner as error:
            raise StartError(error.detail) from error
        _record(session, organisation_id, "member.role", person.name, role=to)
    click.echo(f"{person.name} is {to} now.")


@users.command()
@settings_options(*_WHERE)
@organisation_option
@_user
@says_why
def remove(organisation: str | None, named: str, **given: Any) -> None:
    """Take somebody out of the organisation; their sessions end at once."""
    with open_catalog(settings_from(given)) as session, writing(session):
        organisation_id = chosen_organisation(session, organisation).id
        person = _member(session, organisation_id, named)
        try:
            people.remove(session, organisation_id, person.id)
        except LastOwner as error:
            raise StartError(error.detail) from error
        _record(session, organisation_id, "member.remove", person.name, id=person.id)
    click.echo(f"{person.name} is removed.")


@users.command("second-factor-off")
@settings_options(*_WHERE)
@organisation_option
@_user
@says_why
def second_factor_off(organisation: str | None, named: str, **given: Any) -> None:
    """Take somebody's second factor off, who lost it; their sessions end at once."""
    with open_catalog(settings_from(given)) as session, writing(session):
        organisation_id = chosen_organisation(session, organisation).id
        person = _member(session, organisation_id, named)
        if not second_factor.end(session, person.id):
            raise StartError(f"{person.name} has no second factor.")
        accounts.end_others(session, person.id)
        _record(session, organisation_id, "second_factor.off", person.name, id=person.id)
    click.echo(f"{person.name} signs in by password alone now.")


def _member(session: Session, organisation_id: int, named: str) -> MemberFacts:
    user_id = people.find(session, named)
    person = None if user_id is None else people.member(session, organisation_id, user_id)
    if person is None:
        raise StartError(f"There is no user {named!r}; see `djangalytics-server users list`.")
    return person


def _record(
    session: Session, organisation_id: int, action: str, subject: str, **details: str | int
) -> None:
    """A line in the trail of the organisation's oldest project."""
    of_it = (p.id for p in projects.every(session) if p.organisation_id == organisation_id)
    audit.record(session, commander(), action, subject, project_id=next(of_it, None), **details)


def _line(person: MemberFacts) -> str:
    parts = (f"{person.id:>4}", f"{person.role:<7}", person.name, person.email or "")
    return "  ".join(part for part in parts if part)
