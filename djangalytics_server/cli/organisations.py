"""`organisations`: list, make and rename those whom projects belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, projects
from djangalytics_server.catalog import organisations as catalog
from djangalytics_server.catalog.organisations import OrganisationFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import open_catalog
from djangalytics_server.cli.naming import checked_name, commander
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.clock import now
from djangalytics_server.errors import StartError

_WHERE = ("data", "database_url")
Command = Callable[..., Any]


@click.group()
def organisations() -> None:
    """List, make and rename organisations.

    Projects belong to them, and people work for them.
    """


@organisations.command("list")
@settings_options(*_WHERE)
@says_why
def list_organisations(**given: Any) -> None:
    """Show each organisation's id and name."""
    with open_catalog(settings_from(given)) as session:
        for organisation in catalog.every(session):
            click.echo(_line(organisation))


@organisations.command()
@settings_options(*_WHERE)
@click.argument("name")
@says_why
def create(name: str, **given: Any) -> None:
    """Make an organisation with a first project; `users invite` lets its people in."""
    with open_catalog(settings_from(given)) as session, writing(session):
        made = catalog.create(session, checked_name(name), now=now())
        project = projects.create(session, made.id, "My project", "UTC", now=now())
        audit.record(session, commander(), "organisation.create", made.name, project_id=project.id)
    click.echo(_line(made))


@organisations.command()
@settings_options(*_WHERE)
@click.argument("named", metavar="ID|NAME")
@click.argument("name")
@says_why
def rename(named: str, name: str, **given: Any) -> None:
    """Give an organisation another name."""
    with open_catalog(settings_from(given)) as session, writing(session):
        organisation_id = chosen_organisation(session, named).id
        catalog.rename(session, organisation_id, checked_name(name))
        first = next(p for p in projects.every(session) if p.organisation_id == organisation_id)
        audit.record(
            session, commander(), "organisation.rename", checked_name(name), project_id=first.id
        )
    click.echo(f"{organisation_id:>4}  {checked_name(name)}")


def organisation_option(command: Command) -> Command:
    """The option that says which organisation a command speaks of, as ``organisation``."""
    words = "The organisation's id or name; the oldest if nothing is said."
    return click.option("--organisation", metavar="ID|NAME", help=words)(command)


def chosen_organisation(session: Session, named: str | None) -> OrganisationFacts:
    """The organisation of this id or name, the oldest if None; raises StartError."""
    known = catalog.every(session)
    found = [o for o in known if named is None or named in (str(o.id), o.name)]
    if named is not None and len(found) > 1:
        ids = ", ".join(str(o.id) for o in found)
        raise StartError(f"Several organisations answer to {named!r}; say its id, one of {ids}.")
    if not found:
        raise StartError(
            f"There is no organisation {named!r}; see `djangalytics-server organisations list`."
        )
    return found[0]


def _line(organisation: OrganisationFacts) -> str:
    return f"{organisation.id:>4}  {organisation.name}"
