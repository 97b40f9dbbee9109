"""Who is asking, and which project they may send to or read."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import Request

from djangalytics_server.catalog import key_text, keys, people, projects
from djangalytics_server.catalog.keys import KeyFacts
from djangalytics_server.catalog.people import Person
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.senders import REMEMBERED, Sender
from djangalytics_server.errors import (
    CsrfFailed,
    ForeignOrigin,
    InvalidKey,
    KeyCannotManage,
    KeyCannotRead,
    KeyCannotWrite,
    KeyExpired,
    KeyMistyped,
    KeyRequired,
    KeyRevoked,
    SignInRequired,
)
from djangalytics_server.http import safety
from djangalytics_server.http.services import Services

COOKIE = "djangalytics_session"
_USE = {
    "write": "A write key only sends events",
    "read": "A read key only reads",
    "admin": "An admin key only manages the project",
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Manager:
    """Who manages a project, and their name as what they make bears it."""

    project: ProjectFacts
    name: str


class Access:
    """Answers who may; looks keys and projects up at most once a second."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._remembered: dict[object, tuple[int, object]] = {}

    def sender(self, request: Request, body_key: str | None) -> Sender:
        """Where the events of this request go; raises Unauthorized or Forbidden."""
        header = _bearer(request)
        key = body_key if header is None else header
        if key is not None:
            found = self._key(key)
            if found.kind != "write":
                raise KeyCannotWrite(
                    f"{_USE[found.kind]}; events are sent with a write key (djw_…)."
                )
            self._services.senders.learn(key)  # for the quick way
            return Sender(self._project(found.project_id).id, found.prefix)
        person = self.person(request)
        if person is not None:
            self.check_csrf(request)
            return Sender(self._project(person.project_id).id)
        project = self._first()
        if not project.open_capture:
            raise KeyRequired("Send the project's write key as Authorization: Bearer djw_….")
        self._services.senders.learn(None)
        return Sender(project.id)

    def reader(self, request: Request) -> ProjectFacts:
        """The project this request may read; raises Unauthorized or Forbidden."""
        key = _bearer(request)
        if key is not None:
            found = self._key(key)
            if found.kind != "read":
                raise KeyCannotRead(f"{_USE[found.kind]}; reading needs a read key (djr_…).")
            return self._project(found.project_id)
        person = self.person(request)
        if person is not None:
            return self._project(person.project_id)
        if self._services.policy.development:
            return self._first()
        raise SignInRequired(
            "Open the link that `djangalytics-server login-link` prints, or send a read key."
        )

    def manager(self, request: Request) -> Manager:
        """Who may manage which project with this request; raises Unauthorized or Forbidden.

        Development mode opens reading alone: whoever manages has a key or is signed in.
        """
        key = _bearer(request)
        if key is not None:
            found = self._key(key)
            if found.kind != "admin":
                raise KeyCannotManage(f"{_USE[found.kind]}; managing needs an admin key (dja_…).")
            return Manager(self._project(found.project_id), f"{found.prefix}… {found.name}".strip())
        person = self.person(request)
        if person is None:
            raise SignInRequired(
                "Open the link that `djangalytics-server login-link` prints, or send an admin key."
            )
        if request.method != "GET":
            self.check_csrf(request)
        return Manager(self._project(person.project_id), person.name)

    def capture_open(self) -> bool:
        """Whether events are taken without a key."""
        return self._first().open_capture

    def person(self, request: Request) -> Person | None:
        """Who is signed in with this request's cookie, if anybody."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        services = self._services
        return people.signed_in(services.session(), cookie, now=services.clock())

    def check_csrf(self, request: Request) -> None:
        """A write made with a cookie comes from our own page, and carries the token it can read.

        Raises ForeignOrigin or CsrfFailed.
        """
        if safety.is_foreign(request, self._services.policy.public_url):
            raise ForeignOrigin("With a session, only pages of this server may write.")
        expected = people.csrf_token(request.cookies.get(COOKIE, ""))
        given = request.headers.get("X-CSRF-Token", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise CsrfFailed("Send the session's csrf_token as the header X-CSRF-Token.")

    def forget_keys(self) -> None:
        """Look keys up again: one has just been ended here. Other processes hear of it in time."""
        self._remembered.clear()
        self._services.senders.forget()

    def _key(self, key: str) -> KeyFacts:
        if key_text.is_mistyped(key):
            raise KeyMistyped("This key has a typing error, or a part of it is missing.")
        found = self._remember(("key", key), lambda: self._find(key))
        if found is None:
            raise InvalidKey("Nobody made this key; see `djangalytics-server keys list`.")
        if found.revoked_at is not None:
            raise KeyRevoked("This key was revoked; ask whoever manages the project for a new one.")
        if found.state(self._services.clock()) == "expired":
            raise KeyExpired("This key has expired; ask whoever manages the project for a new one.")
        return found

    def _find(self, key: str) -> KeyFacts | None:
        services = self._services
        found = keys.find(services.session(), key)
        if found is not None and found.state(now := services.clock()) == "active":
            services.note_use(found.id, found.last_used_at, now)
        return found

    def _project(self, project_id: int) -> ProjectFacts:
        session = self._services.session
        found = self._remember(project_id, lambda: projects.get(session(), project_id))
        if found is None:
            raise InvalidKey("The key's project is gone.")
        return found

    def _first(self) -> ProjectFacts:
        found = self._remember("first", lambda: projects.first(self._services.session()))
        if found is None:
            raise KeyRequired("This server has no project yet.")
        return found

    def _remember(self, what: object, look_up: Callable[[], _T | None]) -> _T | None:
        now = self._services.clock()
        known = self._remembered.get(what)
        if known is not None and abs(now - known[0]) < REMEMBERED:
            return known[1]  # type: ignore[return-value]
        found = look_up()
        if len(self._remembered) > 1_000:  # guesses must not fill the memory
            self._remembered.clear()
        self._remembered[what] = now, found
        return found


def _bearer(request: Request) -> str | None:
    """The key of the Authorization header; any other scheme is a key nobody made."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidKey("Authorization takes the form: Bearer <key>.")
    return key.strip()
