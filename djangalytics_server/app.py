"""Where the parts meet: open the store behind the way in, hang the doors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

import djangalytics_server
from djangalytics_server.answering.apart import Apart
from djangalytics_server.answering.here import Here
from djangalytics_server.answering.remembered import Remembered
from djangalytics_server.catalog import keys, projects, server_key, sessions
from djangalytics_server.catalog.removal import Removals
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.catalog.usage import VISITS_RARELY, KeyUsage
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.entrance import Entrance, policy_of
from djangalytics_server.http import (
    account,
    answers,
    audit,
    cohorts,
    dashboard,
    definitions,
    delivery,
    exports,
    ingest,
    joining,
    limited,
    oidc,
    operation,
    people,
    persons,
    query,
    query_insights,
    rejected,
    retention,
    safety,
    second_factor,
    session,
    suggestions,
)
from djangalytics_server.http import keys as key_doors
from djangalytics_server.http import projects as project_doors
from djangalytics_server.http.access import Access
from djangalytics_server.http.operations import Registry
from djangalytics_server.http.rules import RequestRule
from djangalytics_server.http.services import Answers, Services
from djangalytics_server.jobs.blocks import BlockMaker
from djangalytics_server.jobs.erasures import Eraser, Erasing
from djangalytics_server.jobs.retention import Expiry, Sweeper
from djangalytics_server.limits.figures import Figures
from djangalytics_server.limits.limiter import sender_address
from djangalytics_server.limits.tally import Tally
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.sending import BUCKET_SECONDS
from djangalytics_server.model.trail import Actor
from djangalytics_server.preparing import prepare, prepare_existing
from djangalytics_server.store.base import Store
from djangalytics_server.store.opening import catalog_options, open_store, tune
from djangalytics_server.store.tables import Base

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Server", "create_app", "now", "prepare", "prepare_existing"]

BUNDLE = Path(djangalytics_server.__file__).parent / "dashboard" / "static"
_log = logging.getLogger(__name__)


class Server(Flask):
    """The WSGI application; ``close`` lets go of the database after the last request."""

    url_rule_class = RequestRule

    def __init__(self, store: Store, entrance: Entrance) -> None:
        super().__init__("djangalytics_server", static_folder=None)
        self.store = store
        self.entrance = entrance
        self.quick = entrance.quick
        self.writer = entrance.writer
        self.registry = Registry()
        self.catalog: Engine | None = None
        self.services: Services | None = None
        self.trusted_proxies: tuple[str, ...] = ()
        self.visits: KeyUsage | None = None
        self.removals: Removals | None = None
        self.figures: Figures | None = None
        self.sweeper: Sweeper | None = None
        self.eraser: Eraser | None = None
        self.blocks: BlockMaker | None = None
        self.answers: Remembered | None = None

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; whoever asks through a proxy that we trust asks from behind it."""
        remote, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        address = sender_address(remote, forwarded, self.trusted_proxies)
        return super().wsgi_app({**environ, "REMOTE_ADDR": address}, start_response)

    def close(self) -> None:
        """Write what is waiting, then close the store."""
        self.entrance.close()
        if self.visits is not None:
            self.visits.close()
        if self.removals is not None:
            self.removals.close()
        for worker in (self.answers, self.figures, self.sweeper, self.eraser, self.blocks):
            if worker is not None:
                worker.close()
        self.store.close()
        if self.catalog is not None:
            self.catalog.dispose()


def create_app(
    settings: Settings, entrance: Entrance | None = None, *, apart: bool = False
) -> Server:
    """The application over data that ``prepare`` has made ready; one a process.

    ``entrance`` is the way in, where it is open already. ``apart``: heavy questions are answered
    by processes of their own, which the application starts and ends.
    """
    entrance = entrance or Entrance(settings)
    app = Server(open_store(settings.store_url, entrance.appender), entrance)
    app.trusted_proxies = settings.proxies
    db, app.catalog = _catalog_database(app, settings)
    entrance.write_uses_by(partial(note_use, app.catalog))
    app.visits = KeyUsage(partial(note_visit, app.catalog), VISITS_RARELY)
    app.removals = removals = Removals(app.store.remove)
    _go_on_removing(removals, app.catalog)
    app.sweeper = sweeper = Sweeper(Expiry(app.store, app.catalog, now))
    erasing = Erasing(app.store, app.catalog, now)
    app.eraser = eraser = Eraser(erasing)
    app.blocks = BlockMaker(app.store)
    app.answers = Remembered(_answers(app.store, settings, apart=apart), app.store)
    app.services = services = Services(
        store=app.store,
        answers=app.answers,
        write=entrance.writer.submit,
        senders=entrance.senders,
        limiter=entrance.limiter,
        session=lambda: db.session(),
        note_use=entrance.usage.note,
        note_visit=app.visits.note,
        remove=lambda project_id: removals.begin([project_id]),
        sweep=sweeper.wake,
        erase=erasing.now,
        erase_soon=partial(_erase_soon, erasing, eraser),
        server_key=lambda make: server_key.load(settings.data, settings.secret_key, make=make),
        clock=now,
        policy=policy_of(settings),
        bundle=BUNDLE,
    )
    app.figures = Figures(entrance.limiter, partial(_note_sending, app.store))
    _hang_doors(app, services)
    return app


def _answers(store: Store, settings: Settings, *, apart: bool) -> Answers:
    if apart and sys.platform != "win32":  # where no socket is handed to another process
        return Apart(settings.store_url, store, settings.question_seconds)
    return Here(store, settings.question_seconds)


def _go_on_removing(removals: Removals, catalog: Engine) -> None:
    """Take up the removals that the last process left; where that fails, the next start does."""
    try:
        with Session(catalog) as session:
            removals.begin(projects.deleted(session))
    except DatabaseError as error:
        _log.error("cannot look for deleted projects whose events are still here: %s", error.orig)


def _erase_soon(
    erasing: Erasing, eraser: Eraser, project_id: int, distinct_id: str, actor: Actor
) -> int:
    asked = erasing.soon(project_id, distinct_id, actor)
    eraser.wake()
    return asked


def _note_sending(store: Store, tally: Tally) -> None:
    second = now() // MICROSECONDS
    store.note_sending(second - second % BUCKET_SECONDS, tally.by_project(), tally.limited())


def note_use(catalog: Engine, key_id: int, moment: int) -> None:
    """Write when a key was last used."""
    try:
        with Session(catalog) as session, writing(session):
            keys.used(session, {key_id: moment})
    except DatabaseError as error:
        # Events matter more than this: the next use in a minute tries again.
        _log.warning("cannot note when key %d was last used: %s", key_id, error.orig)


def note_visit(catalog: Engine, session_id: int, moment: int) -> None:
    """Write when a session was last used."""
    try:
        with Session(catalog) as session, writing(session):
            sessions.seen(session, session_id, now=moment)
    except DatabaseError as error:
        _log.warning("cannot note when session %d was last used: %s", session_id, error.orig)


def _catalog_database(app: Server, settings: Settings) -> tuple[SQLAlchemy, Engine]:
    db = SQLAlchemy(model_class=Base)
    app.config["SQLALCHEMY_BINDS"] = {None: catalog_options(settings.store_url)}
    db.init_app(app)
    with app.app_context():
        tune(db.engine)
        return db, db.engine


def _hang_doors(app: Server, services: Services) -> None:
    access = Access(services)
    app.url_map.merge_slashes = False  # or // is answered with a redirect, in HTML
    answers.install(app)
    policy = services.policy
    safety.install(app, development=policy.development, https=policy.secure_cookies)
    for blueprint in (
        ingest.blueprint(services, access, app.registry),
        query.blueprint(services, access, app.registry),
        query_insights.blueprint(services, access, app.registry),
        exports.blueprint(services, access, app.registry),
        definitions.blueprint(services, access, app.registry),
        suggestions.blueprint(services, access, app.registry),
        cohorts.blueprint(services, access, app.registry),
        delivery.blueprint(services, access, app.registry),
        rejected.blueprint(services, access, app.registry),
        session.blueprint(services, access, app.registry),
        account.blueprint(services, access, app.registry),
        second_factor.blueprint(services, access, app.registry),
        project_doors.blueprint(services, access, app.registry),
        people.blueprint(services, access, app.registry),
        joining.blueprint(services, app.registry),
        key_doors.blueprint(services, access, app.registry),
        audit.blueprint(services, access, app.registry),
        persons.blueprint(services, access, app.registry),
        retention.blueprint(services, access, app.registry),
        limited.blueprint(services, access, app.registry),
        operation.blueprint(services, app.registry),
        oidc.blueprint(services),
        dashboard.blueprint(services),
    ):
        app.register_blueprint(blueprint)
