"""`audit`: who did what to keys, people, projects and data."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

import click

from djangalytics_server.catalog import audit as catalog
from djangalytics_server.cli.data import find_project, open_catalog
from djangalytics_server.cli.keys import duration
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.clock import now
from djangalytics_server.http.audit import exported
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.trail import ACTIONS, EXPORTS, AuditEntry, AuditPage


@click.command(short_help="Show who did what.")
@settings_options("data", "database_url")
@click.option("--project", metavar="ID|NAME", help="Only what was done in this project.")
@click.option("-n", "--lines", default=50, show_default=True, help="How many, newest first.")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@click.option("--actor", help="Only what this one did, by its name.")
@click.option("--action", type=click.Choice(list(ACTIONS)), help="Only what was done in this way.")
@click.option("--since", type=duration, help="Only what was done since then, such as 7d ago.")
@click.option("--until", type=duration, help="Only what was done before then, such as 1d ago.")
@click.option("--format", "form", type=click.Choice(EXPORTS), help="As CSV or lines of JSON.")
@says_why
def audit(
    project: str | None,
    lines: int,
    everything: bool,
    actor: str | None,
    action: str | None,
    since: int | None,
    until: int | None,
    form: str | None,
    **given: Any,
) -> None:
    """Show who did what to keys, people, projects and data, of all projects or one, newest first.

    Times are this machine's local times. What was done by the commands of this program bears the
    name "command line".
    """
    start, end = (None if back is None else now() - back for back in (since, until))
    with open_catalog(settings_from(given)) as session:
        project_id = None if project is None else find_project(session, project).id
        asked = AuditPage(project_id, actor=actor, action=action, start=start, end=end)
        found = islice(catalog.every(session, asked), None if everything else max(0, lines))
        if form is not None:
            for text in exported(found, form):
                click.echo(text, nl=False)
            return
        for entry in found:
            click.echo(_line(entry))


def _line(entry: AuditEntry) -> str:
    when = datetime.fromtimestamp(entry.at / MICROSECONDS).astimezone()
    parts = (when.isoformat(" ", "seconds"), f"{entry.action:<18}", f"{entry.actor:<20}")
    more = "" if entry.details == "{}" else entry.details
    shown = "  ".join(p for p in (*parts, entry.address or "-", entry.subject, more) if p)
    return "".join(c if c.isprintable() else "?" for c in shown)  # some terminals obey the rest
