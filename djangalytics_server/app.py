"""Where the parts meet: prepare the data, open the store, start the writer, hang the doors."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

import djangalytics_server
from djangalytics_server.catalog import projects
from djangalytics_server.catalog.projects import FirstSecrets
from djangalytics_server.catalog.usage import KeyUsage
from djangalytics_server.config import Settings
from djangalytics_server.http import (
    answers,
    audit,
    dashboard,
    definitions,
    delivery,
    ingest,
    keys,
    operation,
    query,
    query_insights,
    rejected,
    safety,
    session,
)
from djangalytics_server.http.access import Access
from djangalytics_server.http.operations import Registry
from djangalytics_server.http.query import event_json
from djangalytics_server.http.quick import QuickCapture
from djangalytics_server.http.services import Policy, Services
from djangalytics_server.ingest.writer import Writer
from djangalytics_server.store.base import Store, catalog_options, check_url, open_store, tune
from djangalytics_server.store.schema import ensure_schema, is_present
from djangalytics_server.store.tables import Base

__all__ = ["Server", "create_app", "event_json", "now", "prepare", "prepare_existing"]

BUNDLE = Path(djangalytics_server.__file__).parent / "dashboard" / "static"


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def prepare(settings: Settings) -> FirstSecrets | None:
    """Create or upgrade the data; the secrets of a new server, or None when it was there.

    Raises StartError.
    """
    made: list[FirstSecrets] = []

    def furnish(connection: Connection) -> None:
        with Session(connection) as orm:
            made.append(projects.found(orm, now=now(), time_zone=settings.time_zone))
            orm.commit()

    check_url(settings.store_url)
    ensure_schema(settings.store_url, furnish)
    return made[0] if made else None


def prepare_existing(settings: Settings) -> bool:
    """Upgrade the data if it is there; False, and nothing made, when it is not."""
    check_url(settings.store_url)
    if not is_present(settings.store_url):
        return False
    prepare(settings)
    return True


class Server(Flask):
    """The WSGI application; ``close`` lets go of the database after the last request."""

    def __init__(self, store: Store, writer: Writer) -> None:
        super().__init__("djangalytics_server", static_folder=None)
        self.store = store
        self.writer = writer
        self.registry = Registry()
        self.catalog: Engine | None = None
        self.usage: KeyUsage | None = None
        self.on_stopping: Callable[[], None] | None = None
        self.quick: QuickCapture | None = None

    def stopping(self) -> None:
        """Told by the front when it begins to drain; must not wait."""
        if self.on_stopping is not None:
            self.on_stopping()

    def close(self) -> None:
        """Write what is waiting, then close the store."""
        self.writer.close()
        if self.usage is not None:
            self.usage.close()
        self.store.close()
        if self.catalog is not None:
            self.catalog.dispose()


def create_app(settings: Settings) -> Server:
    """The application over data that ``prepare`` has made ready; one a process."""
    store = open_store(settings.store_url)
    store.ping()  # who would replace or upgrade the file must see that it is in use
    app = Server(store, Writer(store.append))
    db, app.catalog = _catalog_database(app, settings)
    app.usage = KeyUsage(app.catalog)
    services = Services(
        store=store,
        write=app.writer.submit,
        hand_in=app.writer.hand_in,
        check_room=app.writer.check_room,
        session=lambda: db.session(),
        note_use=app.usage.note,
        clock=now,
        policy=Policy(
            version=djangalytics_server.__version__,
            strict=settings.strict,
            development=settings.dev,
            demo=settings.demo,
            public_url=settings.public_url,
            question_seconds=settings.question_seconds,
        ),
        bundle=BUNDLE,
    )
    _hang_doors(app, services)
    return app


def _catalog_database(app: Server, settings: Settings) -> tuple[SQLAlchemy, Engine]:
    db = SQLAlchemy(model_class=Base)
    app.config["SQLALCHEMY_BINDS"] = {None: catalog_options(settings.store_url)}
    db.init_app(app)
    with app.app_context():
        tune(db.engine)
        return db, db.engine


def _hang_doors(app: Server, services: Services) -> None:
    access = Access(services)
    app.quick = QuickCapture(services, access)
    app.url_map.merge_slashes = False  # or // is answered with a redirect, in HTML
    answers.install(app)
    safety.install(app, development=services.policy.development)
    for blueprint in (
        ingest.blueprint(services, access, app.registry),
        query.blueprint(services, access, app.registry),
        query_insights.blueprint(services, access, app.registry),
        definitions.blueprint(services, access, app.registry),
        delivery.blueprint(services, access, app.registry),
        rejected.blueprint(services, access, app.registry),
        session.blueprint(services, access, app.registry),
        keys.blueprint(services, access, app.registry),
        audit.blueprint(services, access, app.registry),
        operation.blueprint(services, app.registry),
        dashboard.blueprint(services),
    ):
        app.register_blueprint(blueprint)
