"""`retention`: how long a project keeps its raw events."""

from __future__ import annotations

from datetime import datetime
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
from djangalytics_server.jobs.retention import Expiry
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.keeping import MOST_DAYS, Run
from djangalytics_server.model.trail import Actor

_DAY = DAY_SECONDS * MICROSECONDS
_WHERE = ("data", "database_url")


@click.group()
def retention() -> None:
    """Say how long raw events are kept; the counts stay in any case."""


@retention.command()
@settings_options(*_WHERE)
@project_option
@says_why
def show(project: str | None, **given: Any) -> None:
    """Show how long raw events are kept, how many there are, and how far their removal is."""
    settings = settings_from(given)
    with opened(settings) as store, open_catalog(settings) as session:
        project_id, moment = chosen_project(session, project), now()
        days = catalog.days(session, project_id)
        run = catalog.last_run(session, project_id, now=moment)
        before = None if days is None else catalog.cutoff(days, moment) // _DAY
        kept = store.kept(project_id, before)
    click.echo("Raw events are kept " + ("for ever." if days is None else f"for {days:,} days."))
    click.echo(
        f"{kept.events:,} are here, {kept.removed:,} were removed, {kept.due or 0:,} are due."
    )
    if run is not None:
        click.echo(_words(run))


@retention.command("set")
@settings_options(*_WHERE)
@project_option
@click.argument("days", type=click.IntRange(1, MOST_DAYS))
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
        expiry = Expiry(store, session.get_bind(), now)
        gone = 0 if kept is None else expiry.run(project_id, kept, _told)
    if gone is None:
        click.echo("Another process is removing them right now: see `retention show`.")
    else:
        click.echo(f"Removed {gone:,} events.")


def _words(run: Run) -> str:
    """What became of the last run, in the machine's local time."""
    began = datetime.fromtimestamp(run.began_at / MICROSECONDS).astimezone()
    return (
        f"Last run, with {run.days:,} days: {run.state}, begun {began.isoformat(' ', 'seconds')},"
        f" {run.removed:,} removed."
    )


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
            subject = catalog.words(days)
            audit.record(session, actor, "retention.change", subject, project_id=project_id)
