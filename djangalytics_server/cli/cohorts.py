"""`cohorts`: save, list, show, rename and delete cohorts, and count their people."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, projects
from djangalytics_server.catalog import cohorts as catalog
from djangalytics_server.catalog.cohorts import CohortFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import chosen_project, open_catalog, opened
from djangalytics_server.cli.naming import checked_name, commander
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.errors import ApiError, StartError
from djangalytics_server.model.cohort import CohortPeople, Who
from djangalytics_server.model.query_filter import Members
from djangalytics_server.query import cohort as question
from djangalytics_server.query import cohorts as reading
from djangalytics_server.query.filters import Refused
from djangalytics_server.wire import strict_json

_WHERE = ("data", "database_url")
_id = click.argument("cohort_id", metavar="ID", type=int)


@click.group()
def cohorts() -> None:
    """Save people told apart by what they did, to filter by."""


@cohorts.command("list")
@settings_options(*_WHERE)
@project_option
@says_why
def list_cohorts(project: str | None, **given: Any) -> None:
    """Show which cohorts there are: id and name."""
    with open_catalog(settings_from(given)) as session:
        for one in catalog.of_project(session, chosen_project(session, project)):
            click.echo(f"{one.id:>4}  {one.name}")


@cohorts.command()
@settings_options(*_WHERE)
@project_option
@_id
@says_why
def show(project: str | None, cohort_id: int, **given: Any) -> None:
    """Print a cohort's definition, and how many people it has now."""
    settings = settings_from(given)
    with opened(settings) as store, open_catalog(settings) as session:
        project_id = chosen_project(session, project)
        found = _there(catalog.get(session, project_id, cohort_id), cohort_id)
        members = Members(project_id, _read(session, project_id, found.definition))
        session.commit()
        with store.snapshot() as snapshot:
            size = question.answer(CohortPeople(members), snapshot)
    click.echo(json.dumps(found.definition, ensure_ascii=False, indent=2))
    click.echo(f"{found.name}: {size.people:,} of {size.of:,} people.")


@cohorts.command()
@settings_options(*_WHERE)
@project_option
@click.argument("name")
@click.argument("definition")
@says_why
def create(project: str | None, name: str, definition: str, **given: Any) -> None:
    """Save a cohort: a name, and a definition as JSON.

    \b
      djangalytics-server cohorts create Buyers '{"did": {"event_name": "buy", "last_days": 30}}'
    """
    wish = _document(definition)
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        _read(session, project_id, wish)
        with writing(session):
            made = catalog.create(
                session, project_id, checked_name(name), wish, by=audit.COMMAND_LINE, now=now()
            )
            _record(session, "cohort.create", made)
    click.echo(f"{made.id:>4}  {made.name}")


@cohorts.command()
@settings_options(*_WHERE)
@project_option
@_id
@click.argument("name")
@says_why
def rename(project: str | None, cohort_id: int, name: str, **given: Any) -> None:
    """Give a cohort another name. ID is from `cohorts list`."""
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        with writing(session):
            found = catalog.change(session, project_id, cohort_id, name=checked_name(name))
            _record(session, "cohort.change", _there(found, cohort_id))
    click.echo(f"{cohort_id:>4}  {name.strip()}")


@cohorts.command()
@settings_options(*_WHERE)
@project_option
@_id
@says_why
def delete(project: str | None, cohort_id: int, **given: Any) -> None:
    """Delete a cohort; nobody's events go. ID is from `cohorts list`."""
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        with writing(session):
            gone = _there(catalog.delete(session, project_id, cohort_id), cohort_id)
            _record(session, "cohort.delete", gone)
    click.echo(f"{gone.name} is deleted.")


def _document(text: str) -> dict[str, Any]:
    try:
        found = strict_json.read(text.encode())
    except ApiError as error:
        raise StartError(f"The definition is no JSON: {error.detail}") from error
    if not isinstance(found, dict):
        raise StartError("The definition is a JSON object.")
    return found


def _read(session: Session, project_id: int, definition: dict[str, Any]) -> Who:
    project = projects.get(session, project_id)
    zone = "UTC" if project is None else project.time_zone
    try:
        return reading.read(definition, zone, now())
    except Refused as refused:
        fault = refused.fault
        raise StartError(f"definition{fault.path}: {fault}") from refused


def _there(found: CohortFacts | None, cohort_id: int) -> CohortFacts:
    if found is None:
        raise StartError(f"There is no cohort {cohort_id}; see `djangalytics-server cohorts list`.")
    return found


def _record(session: Session, action: str, cohort: CohortFacts) -> None:
    audit.record(
        session, commander(), action, cohort.name, project_id=cohort.project_id, id=cohort.id
    )
