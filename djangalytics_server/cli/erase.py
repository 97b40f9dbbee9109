"""`erase`: everything of a person, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from djangalytics_server.catalog import audit
from djangalytics_server.catalog import erasures as catalog
from djangalytics_server.cli import progress
from djangalytics_server.cli.data import chosen_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.jobs.erasures import Erasing
from djangalytics_server.model.erasure import Erasure
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.trail import Actor


@click.command(short_help="Remove all events of a person.")
@settings_options("data", "database_url")
@project_option
@click.argument("distinct_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@says_why
def erase(project: str | None, distinct_id: str, yes: bool, **given: Any) -> None:
    """Remove all events of the person whose distinct_id is given, and their share of every count.

    Works beside a running server, which goes on with it if this command is ended before it is
    done. It cannot be undone; what is sent once more stays away.
    """
    settings = settings_from(given)
    if not yes:
        click.confirm(f"Remove all events of {distinct_id!r} for good?", abort=True)
    with opened(settings) as store, open_catalog(settings) as session:
        project_id = chosen_project(session, project)
        session.commit()
        erasing = Erasing(store, session.get_bind(), now)
        with progress.shown("Erasing") as told:
            actor = Actor(audit.COMMAND_LINE, None, now())
            erased = erasing.now(project_id, distinct_id, actor, told)
    click.echo(f"Removed {erased.events:,} events and {erased.rejected:,} refused ones.")


@click.command(short_help="Show erasures and how far they are.")
@settings_options("data", "database_url")
@project_option
@click.option("-n", "--lines", default=20, show_default=True, help="How many, newest first.")
@says_why
def erasures(project: str | None, lines: int, **given: Any) -> None:
    """Show who had whom erased, and how far it is. People are shown by a digest of their id."""
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        for erasure in catalog.listed(session, project_id, max(0, lines), now=now()):
            click.echo(_line(erasure))


def _line(erasure: Erasure) -> str:
    when = datetime.fromtimestamp(erasure.asked_at / MICROSECONDS).astimezone()
    of = "" if erasure.of is None else f" of {erasure.of:,}"
    done = f"{erasure.events:,}{of} events, {erasure.rejected:,} refused ones"
    said = (when.isoformat(" ", "seconds"), f"{erasure.state:<8}", erasure.subject, done)
    return "  ".join((f"{erasure.id:>4}", *said, f"by {erasure.asked_by}"))
