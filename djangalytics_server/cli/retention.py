"""`retention`: how long a project keeps its raw events."""

from __future__ import annotations

from typing import Any

import click

from djangalytics_server.catalog import audit
from djangalytics_server.catalog import retention as catalog
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import chosen_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.model.trail import Actor

_WHERE = ("data", "database_url")


@click.group()
def retention() -> None:
    """Say how long raw events are kept; the counts stay in any case."""


@retention.command()
@settings_options(*_WHERE)
@project_option
@says_why
def show(project: str | None, **given: Any) -> None:
    """Show how long raw events are kept."""
    with open_catalog(settings_from(given)) as session:
        kept = catalog.days(session, chosen_project(session, project))
    click.echo("Raw events are kept " + ("for ever." if kept is None else f"for {kept:,} days."))


@retention.command("set")
@settings_options(*_WHERE)
@project_option
@click.argument("days", type=click.IntRange(1, catalog.MOST_DAYS))
@says_why
def set_days(project: str | None, days: int, **given: Any) -> None:
    """Keep raw events for so many days after they arrived.

    A running server begins to remove older ones within ten minutes; `retention run` does it now.
    """
    _keep(settings_from(given), project, days)
    click.echo(f"Raw events are kept for {days:,} days.")


@retention.command()
@settings_options(*_WHERE)
@project_option
@says_why
def off(project: str | None, **given: Any) -> None:
    """Keep raw events for ever. What is gone stays gone."""
    _keep(settings_from(given), project, None)
    click.echo("Raw events are kept for ever.")


@retention.command()
@settings_options(*_WHERE)
@project_option
@says_why
def run(project: str | None, **given: Any) -> None:
    """Remove now what is older than is kept, beside a running server or without one."""
    settings = settings_from(given)
    with opened(settings) as store, open_catalog(settings) as session:
        project_id = chosen_project(session, project)
        kept = catalog.days(session, project_id)
        session.commit()
        gone = 0 if kept is None else store.expire(project_id, catalog.cutoff(kept, now()), _told)
    click.echo(f"Removed {gone:,} events.")


def _told(gone: int) -> bool:
    if gone:
        click.echo(f"\rRemoved {gone:,} events …", nl=False, err=True)
    return True


def _keep(settings: Settings, project: str | None, days: int | None) -> None:
    with open_catalog(settings) as session:
        project_id = chosen_project(session, project)
        with writing(session):
            catalog.keep(session, project_id, days)
            actor = Actor(audit.COMMAND_LINE, None, now())
            subject = "for ever" if days is None else f"{days} days"
            audit.record(session, actor, "retention.change", subject, project_id=project_id)
