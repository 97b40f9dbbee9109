"""Commands that look at the data or hand out ways in, beside a running server or without one."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from djangalytics_server.catalog import accounts, audit, people, projects, sessions
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.errors import StartError
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.query import EventPage, StoredEvent
from djangalytics_server.model.trail import Actor
from djangalytics_server.preparing import prepare_existing
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import catalog_engine, open_store, place

_WHERE = ("data", "database_url")
_POLL_SECONDS = 0.3
_CONTROL = re.compile(r"[\x7f-\x9f]")


@click.group()
def events() -> None:
    """Look at events from the terminal."""


@events.command()
@settings_options(*_WHERE)
@project_option
@click.option("-n", "--lines", default=10, show_default=True, help="How many to begin with.")
@click.option("--follow/--no-follow", default=True, help="Go on with new ones as they arrive.")
@click.option("--name", "names", multiple=True, help="Only events of this name; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@says_why
def tail(
    project: str | None,
    lines: int,
    follow: bool,
    names: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Print the newest events, then each one as it arrives, until Ctrl-C.

    Times are this machine's local times, with their distance from UTC.
    """
    settings = settings_from(given)
    check_present(settings)
    store = open_store(settings.store_url)
    try:
        with open_catalog(settings) as session:
            project_id = chosen_project(session, project)
        show = _json_line if as_json else _line
        for event in _arrivals(store, project_id, max(0, lines), follow, names):
            click.echo(show(event))
    except KeyboardInterrupt:
        click.echo("", err=True)
    finally:
        store.close()


@click.command("login-link")
@settings_options("data", "database_url", "host", "port", "public_url")
@click.option("--user", metavar="ID|EMAIL", help="Whom it signs in; the owner if nothing is said.")
@says_why
def login_link(user: str | None, **given: Any) -> None:
    """Print a link that signs somebody in to the dashboard; it works once, within a day.

    Whoever has it may set the person's password anew. Give it the same --port or --public-url as
    the server, so that the link leads there.
    """
    from djangalytics_server.cli.serve import address_of  # and the front with it

    settings = settings_from(given)
    with open_catalog(settings) as session, writing(session):
        user_id = find_person(session, user)
        token = sessions.login_link(session, user_id, now=now())
        actor = Actor(audit.COMMAND_LINE, None, now())
        seen = next((seat.project_id for seat in people.seats(session, user_id)), None)
        name = accounts.get(session, user_id).name
        audit.record(session, actor, "login_link.create", name, project_id=seen)
    click.echo(f"{address_of(settings, settings.port)}/login/{token}")


@contextmanager
def open_catalog(settings: Settings) -> Iterator[Session]:
    """A session on the catalog, committed at the end; the data must be there already."""
    check_present(settings)
    engine = catalog_engine(settings.store_url)
    try:
        with Session(engine) as session:
            yield session
            session.commit()
    finally:
        engine.dispose()


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store, closed at the end; the data must be there already."""
    check_present(settings)
    store = open_store(settings.store_url)
    try:
        yield store
    finally:
        store.close()


def check_present(settings: Settings) -> None:
    """Bring the data up to date; raise StartError when there is none."""
    if prepare_existing(settings):
        return
    raise StartError(
        f"There is no data at {place(settings.store_url)}. Name the server's folder with --data "
        "or its database with --database-url, or start it once: djangalytics-server"
    )


def chosen_project(session: Session, named: str | None) -> int:
    """The id of the project that a command speaks of: see ``options.project_option``."""
    return find_project(session, named).id


def find_project(session: Session, named: str | None) -> ProjectFacts:
    """The project of this id or name, the oldest if None; raises StartError."""
    known = projects.every(session)
    if not known:
        raise StartError("The database has no project. Start the server once to make one.")
    if named is None:
        return known[0]
    found = [p for p in known if named in (str(p.id), p.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise StartError(f"There is no project {named!r}; see `djangalytics-server projects list`.")
    ids = ", ".join(str(p.id) for p in found)
    raise StartError(f"Several projects answer to {named!r}; say its id, one of {ids}.")


def find_person(session: Session, named: str | None) -> int:
    """The id of the person of this id or e-mail address, the owner if None; raises StartError."""
    found = sessions.owner(session) if named is None else people.find(session, named)
    if found is None:
        raise StartError(f"There is no user {named!r}; see `djangalytics-server users list`.")
    return found


def _arrivals(
    store: Store, project_id: int, lines: int, follow: bool, names: tuple[str, ...]
) -> Iterator[StoredEvent]:
    """The last ``lines`` events in order of arrival, then new ones for ever if ``follow``."""
    newest = store.newest(EventPage(project_id, limit=1))
    last = newest[0].id if newest else 0
    if lines:
        page = EventPage(project_id, limit=lines, before=last + 1, event_names=names)
        yield from reversed(store.newest(page))
    while follow:
        arrived = _since(store, project_id, last, names)
        yield from arrived
        last = arrived[-1].id if arrived else last
        if not arrived:
            time.sleep(_POLL_SECONDS)


def _since(store: Store, project_id: int, last: int, names: tuple[str, ...]) -> list[StoredEvent]:
    """Everything above an id, oldest first, however much it is."""
    found: list[StoredEvent] = []
    before = None
    while True:
        page = store.newest(
            EventPage(project_id, limit=1_000, after=last, before=before, event_names=names)
        )
        found.extend(page)
        if len(page) < 1_000:
            return found[::-1]
        before = page[-1].id


def _line(event: StoredEvent) -> str:
    when = datetime.fromtimestamp(event.timestamp / MICROSECONDS).astimezone()
    who = event.distinct_id or "-"
    stamp = when.isoformat(" ", "milliseconds")
    # JSON leaves the second row of control characters as they are; some terminals obey them.
    properties = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", event.properties)
    return f"{stamp}  {event.event_name:<24} {who:<20} {properties}"


def _json_line(event: StoredEvent) -> str:
    from djangalytics_server.http.documents import event_json  # and the readers of requests with it

    return json.dumps(event_json(event))
