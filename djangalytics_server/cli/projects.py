"""`projects`: list, make, change and delete projects, beside a running server or without one."""

from __future__ import annotations

import time
from typing import Any

import click

from djangalytics_server.catalog import audit, removal
from djangalytics_server.catalog import projects as catalog
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import find_project, open_catalog, opened
from djangalytics_server.cli.naming import checked_name, commander
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.cli.organisations import chosen_organisation, organisation_option
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.errors import LastProject, StartError
from djangalytics_server.model.origins import MOST, exact
from djangalytics_server.model.sending import MOST_AT_ONCE, MOST_RATE, USUAL_SECONDS, RateLimit
from djangalytics_server.model.zone_names import known_zones

_WHERE = ("data", "database_url")
_named = click.argument("named", metavar="ID|NAME")


@click.group()
def projects() -> None:
    """List, make, change and delete projects."""


@projects.command("list")
@settings_options(*_WHERE)
@says_why
def list_projects(**given: Any) -> None:
    """Show each project's id, name, time zone and organisation."""
    with open_catalog(settings_from(given)) as session:
        for project in catalog.every(session):
            click.echo(_line(project))


@projects.command()
@settings_options(*_WHERE)
@organisation_option
@click.argument("name")
@click.option("--zone", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@says_why
def create(organisation: str | None, name: str, zone: str, **given: Any) -> None:
    """Make a project; `keys create --project ID` makes keys for it."""
    _zone(zone)
    with open_catalog(settings_from(given)) as session:
        organisation_id = chosen_organisation(session, organisation).id
        with writing(session):
            made = catalog.create(session, organisation_id, checked_name(name), zone, now=now())
            audit.record(session, commander(), "project.create", made.name, project_id=made.id)
    click.echo(_line(made))


@projects.command()
@settings_options(*_WHERE)
@_named
@click.argument("name")
@says_why
def rename(named: str, name: str, **given: Any) -> None:
    """Give a project another name; its keys, events and id stay."""
    with open_catalog(settings_from(given)) as session:
        project_id = find_project(session, named).id
        with writing(session):
            changed = catalog.change(session, project_id, name=checked_name(name))
            if changed is None:
                raise StartError(f"There is no project {named!r} any more.")
            audit.record(
                session, commander(), "project.change", changed.name, project_id=project_id
            )
    click.echo(_line(changed))


@projects.command("set")
@settings_options(*_WHERE)
@_named
@click.option("--origins", metavar="URL,URL", help="Of pages that may send events; '' for none.")
@click.option("--sources", metavar="TEXT,TEXT", help="What events may come from; '' for anything.")
@click.option("--zone", help="Such as Europe/Berlin.")
@click.option("--rate", type=click.IntRange(0, MOST_RATE), help="Events a second; 0: no limit.")
@click.option(
    "--at-once", type=click.IntRange(1, MOST_AT_ONCE), help="Events; a minute's if not given."
)
@click.option("--open/--closed", "open_capture", default=None, help="Whether no key is needed.")
@says_why
def change(
    named: str,
    origins: str | None,
    sources: str | None,
    zone: str | None,
    rate: int | None,
    at_once: int | None,
    open_capture: bool | None,
    **given: Any,
) -> None:
    """Say from whom and how fast a project takes events, and its zone; what is not said stays.

    Running servers go by it within a second.
    """
    wish: dict[str, Any] = {
        "origins": None if origins is None else _origins(origins),
        "sources": None if sources is None else _listed(sources),
        "time_zone": zone if zone is None else _zone(zone),
        "open_capture": open_capture,
    }
    wish = {name: value for name, value in wish.items() if value is not None}
    with open_catalog(settings_from(given)) as session:
        project = find_project(session, named)
        if rate is not None or at_once is not None:
            wish["limit"] = _limit(project, rate, at_once)
        with writing(session):
            changed = catalog.change(session, project.id, **wish)
            if changed is None:
                raise StartError(f"There is no project {named!r} any more.")
            if wish:
                audit.record(
                    session,
                    commander(),
                    "project.change",
                    changed.name,
                    project_id=project.id,
                    **audit.told(wish),
                )
    click.echo(_line(changed))
    click.echo(f"      origins: {', '.join(changed.origins) or 'none'}")
    click.echo(f"      sources: {', '.join(changed.sources) or 'any'}")
    click.echo(f"      limit: {changed.limit or 'none'}")


def _limit(project: ProjectFacts, rate: int | None, at_once: int | None) -> RateLimit | None:
    if rate is None:
        rate = 0 if project.limit is None else project.limit.rate
        if not rate:
            raise StartError("--at-once goes with --rate: the project has no limit yet.")
    elif not rate and at_once is not None:
        raise StartError("--rate 0 takes the limit off; --at-once does not go with it.")
    return RateLimit(rate, at_once or rate * USUAL_SECONDS) if rate else None


def _listed(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(names) > MOST or not all(name.isprintable() and len(name) <= 200 for name in names):
        raise StartError(f"A list has at most {MOST} texts of at most 200 characters.")
    return names


def _origins(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(exact(name) for name in _listed(text)))
    except ValueError as error:
        raise StartError(f"{error}.") from error


def _zone(zone: str) -> str:
    if zone not in known_zones():
        raise StartError(f"{zone!r} is no time zone: it is an IANA name, such as Europe/Berlin.")
    return zone


@projects.command()
@settings_options(*_WHERE)
@_named
@click.option("--confirm", metavar="NAME", help="The project's name; asked for if not given.")
@says_why
def delete(named: str, confirm: str | None, **given: Any) -> None:
    """Delete a project and all it holds: events, counts, keys. There is no way back.

    Running servers take no more events for it within a second.
    """
    settings = settings_from(given)
    with open_catalog(settings) as session:
        project = find_project(session, named)
    if confirm is None:
        confirm = click.prompt(
            f"This removes all events of project {project.id}. Type its name, {project.name!r}"
        )
    if confirm != project.name:
        raise StartError(f"That is not the name of project {project.id}; nothing was deleted.")
    _take_out_of_sight(settings, project)
    with opened(settings) as store:
        removed = removal.remove_now(store.remove, project.id)
        time.sleep(removal.LATE_SECONDS)  # a running server believes its look-ups for a moment
        removed += removal.remove_now(store.remove, project.id)
    click.echo(f"Project {project.id} ({project.name}) is deleted, and {removed:,} events with it.")


def _take_out_of_sight(settings: Settings, project: ProjectFacts) -> None:
    with open_catalog(settings) as session, writing(session):
        try:
            remaining = catalog.delete_for_good(session, project.id, now=now())
        except LastProject as error:
            raise StartError(error.detail) from error
        if remaining is None:
            raise StartError(f"There is no project {project.id} any more.")
        audit.record(
            session,
            commander(),
            "project.delete",
            project.name,
            project_id=remaining,
            id=project.id,
        )


def _line(project: ProjectFacts) -> str:
    openness = "open for capture" if project.open_capture else ""
    parts = (f"{project.id:>4}", project.name, project.time_zone, project.organisation, openness)
    return "  ".join(part for part in parts if part)
