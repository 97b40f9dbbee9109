"""A whole server in this process for a test: real store, real writer, requests over WSGI."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from djangalytics_server import app as application
from djangalytics_server.catalog import keys, people, projects, sessions
from djangalytics_server.catalog.organisations import create as create_organisation
from djangalytics_server.catalog.projects import FirstSecrets
from djangalytics_server.catalog.sessions import Visit
from djangalytics_server.config import DATABASE_FILE, Settings
from djangalytics_server.http.cookies import COOKIE
from djangalytics_server.store.opening import begin_writing, catalog_engine

SECRETS: dict[Path, FirstSecrets] = {}
"""Keys and link of each template that ``found`` made: a copy of the file has the same."""


def found(folder: Path) -> Path:
    """Make a new server's data; the database file."""
    secrets = application.prepare(Settings(data=folder))
    assert secrets is not None
    file = folder / DATABASE_FILE
    SECRETS[file] = secrets
    return file


class House:
    """A server, its first project's keys, and its database file."""

    def __init__(self, settings: Settings, secrets: FirstSecrets) -> None:
        self.settings = settings
        self.secrets = secrets
        self.file = settings.data / DATABASE_FILE
        self.app = application.create_app(settings)
        self.client = self.app.test_client()
        self._beside = catalog_engine(settings.store_url)
        self.write = {"Authorization": f"Bearer {secrets.write_key}"}
        self.read = {"Authorization": f"Bearer {secrets.read_key}"}

    def set_clock(self, clock: Callable[[], int]) -> None:
        """Have the server take the time, in microseconds, from here."""
        entrance = self.app.entrance
        entrance.senders._clock = clock
        for part in (self.app.services, entrance.quick._way):
            object.__setattr__(part, "clock", clock)

    def capture(self, event: object, **kwargs: Any) -> TestResponse:
        """Send one event, or any other JSON, to /api/capture_event/."""
        return self.client.post("/api/capture_event/", json=event, **kwargs)

    def batch(self, *events: object, **more: Any) -> TestResponse:
        """Send events to /api/capture_batch/; ``more`` are further fields of the body."""
        return self.client.post("/api/capture_batch/", json={"events": list(events), **more})

    def stats(self, **params: Any) -> dict[str, Any]:
        """The answer of /api/stats/, which must be 200."""
        answer = self.client.get("/api/stats/", query_string=renamed(params), headers=self.read)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def events(self, **params: Any) -> list[dict[str, Any]]:
        """The answer of /api/events/, which must be 200."""
        answer = self.client.get("/api/events/", query_string=renamed(params), headers=self.read)
        assert answer.status_code == 200, answer.text
        return list(answer.json)

    def sign_in(self) -> FlaskClient:
        """A browser that followed the owner's one-time link."""
        browser = self.app.test_client()
        answer = browser.get(f"/login/{self.secrets.login_token}")
        assert answer.status_code == 303
        assert browser.get_cookie(COOKIE) is not None
        return browser

    def new_session(self, role: str = "owner", organisation_id: int = 1) -> FlaskClient:
        """The browser of somebody new with a role, which is signed in."""
        now = application.now()
        with self.catalog() as session:
            user_id = people.create(session, f"Some {role}", now=now)
            people.join(session, organisation_id, user_id, role, now=now)
            cookie = sessions.begin(session, user_id, Visit(now), by_link=True)
        browser = self.app.test_client()
        browser.set_cookie(COOKIE, cookie)
        return browser

    def new_organisation(self, name: str = "Other") -> tuple[int, int]:
        """Another organisation and its project: their ids."""
        now = application.now()
        with self.catalog() as session:
            made = create_organisation(session, name, now=now)
            project = projects.create(session, made.id, name, "UTC", now=now)
        return made.id, project.id

    def new_project(self, name: str = "Second", organisation_id: int = 1) -> int:
        """The id of another project."""
        with self.catalog() as session:
            return projects.create(session, organisation_id, name, "UTC", now=application.now()).id

    def make_key(self, kind: str, project_id: int = 1, name: str = "") -> dict[str, str]:
        """The header that shows a new key of a kind."""
        with self.catalog() as session:
            maker = keys.Maker("a test", application.now())
            key = keys.create(session, project_id, kind, name or kind, maker)
        return {"Authorization": f"Bearer {key.text}"}

    @contextlib.contextmanager
    def catalog(self) -> Iterator[Session]:
        """A session on the catalog beside the server, committed at the end."""
        try:
            with Session(self._beside) as session:
                begin_writing(session)  # who reads first may find that another wrote meanwhile
                yield session
                session.commit()
        finally:
            self._beside.dispose()  # it has no connection, but knows its statements

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement beside the server, committed, and give its rows."""
        connection = sqlite3.connect(self.file)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def stored(self) -> int:
        """How many events are in the file."""
        return int(self.sql("SELECT count(*) FROM events")[0][0])

    def trace(self) -> tuple[int, ...]:
        """How many rows each table of events has: equal before and after means nothing stored."""
        tables = ("events", "event_counts", "verdict_counts", "rejected_events")
        return tuple(self.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables)


def renamed(params: dict[str, Any]) -> dict[str, Any]:
    """``from_`` as it is called on the wire."""
    return {name.rstrip("_"): value for name, value in params.items() if value is not None}


@contextlib.contextmanager
def open_house(template: Path, folder: Path, **settings: Any) -> Iterator[House]:
    """A server over a copy of ``template``, closed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(template, folder / DATABASE_FILE)
    house = House(Settings(data=folder, **settings), SECRETS[template])
    try:
        yield house
    finally:
        house.app.close()


def problem(answer: TestResponse) -> dict[str, Any]:
    """The problem document of an answer, its form checked."""
    assert answer.content_type == "application/problem+json", answer.text
    document = json.loads(answer.text)
    assert {"type", "title", "status", "code", "detail", "request_id"} <= set(document)
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return dict(document)
