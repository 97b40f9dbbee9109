"""Somebody's browser that is signed in and carries its token, for tests that manage things."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.server.house import House

PASSWORD = "correct horse battery"


class Desk:
    """A browser of a person with a role; ``project`` is what its requests name, if anything."""

    def __init__(self, browser: FlaskClient, project: int | None = None) -> None:
        self.browser = browser
        self.token = browser.get("/api/session/").json["csrf_token"]
        self.project = project

    def ask(self, method: str, path: str, body: Any = None) -> TestResponse:
        """One request as our own page makes it."""
        headers = {"X-CSRF-Token": self.token}
        if self.project is not None:
            headers["X-Project"] = str(self.project)
        return self.browser.open(path, method=method, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.ask("GET", path)
        assert 200 == answer.status_code, answer.text
        return answer.json

    def session(self) -> dict[str, Any]:
        """What the page is told at first."""
        return dict(self.get("/api/session/"))


def desk_of(house: House, role: str = "owner", organisation_id: int = 1) -> Desk:
    """Somebody new with a role."""
    return Desk(house.new_session(role, organisation_id))


def join(house: House, owner: Desk, email: str, role: str = "analyst") -> Desk:
    """Somebody who was invited, accepted, and is signed in with ``PASSWORD``."""
    link = owner.ask("POST", "/api/invitations/", {"email": email, "role": role}).json["link"]
    browser = house.app.test_client()
    body = {"token": link.partition("#")[2], "name": email.split("@")[0], "password": PASSWORD}
    answer = browser.post("/api/invitations/accept/", json=body)
    assert 204 == answer.status_code, answer.text
    return Desk(browser)


def sign_in(house: House, email: str, password: str, address: str = "192.0.2.1") -> TestResponse:
    """An attempt from an address, by a browser that is new."""
    return house.app.test_client().post(
        "/api/session/",
        json={"email": email, "password": password},
        environ_base={"REMOTE_ADDR": address},
    )
