"""`erase`: everything of a person, for good."""

from __future__ import annotations

from typing import Any

import click

from djangalytics_server.catalog import audit
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli import progress
from djangalytics_server.cli.data import chosen_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.model.erasure import pseudonym
from djangalytics_server.model.trail import Actor


@click.command(short_help="Remove all events of a person.")
@settings_options("data", "database_url")
@project_option
@click.argument("distinct_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@says_why
def erase(project: str | None, distinct_id: str, yes: bool, **given: Any) -> None:
    """Remove all events of the person whose distinct_id is given, and their share of every count.

    Works beside a running server. It cannot be undone; what is sent once more stays away.
    """
    settings = settings_from(given)
    if not yes:
        click.confirm(f"Remove all events of {distinct_id!r} for good?", abort=True)
    with opened(settings) as store, open_catalog(settings) as session:
        project_id = chosen_project(session, project)
        with progress.shown("Erasing") as told:
            erased = store.erase(project_id, distinct_id, told)
        done = {"events": erased.events, "rejected": erased.rejected}
        actor = Actor(audit.COMMAND_LINE, None, now())
        subject = pseudonym(distinct_id)
        with writing(session):
            audit.record(session, actor, "person.erase", subject, project_id=project_id, **done)
    click.echo(f"Removed {erased.events:,} events and {erased.rejected:,} refused ones.")
