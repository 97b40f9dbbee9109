"""Who is asking, and which project they may send to or read."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import Request

from djangalytics_server.catalog import key_text, keys, people, projects, roles, sessions
from djangalytics_server.catalog.keys import KeyFacts
from djangalytics_server.catalog.people import Seat
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.catalog.roles import Right
from djangalytics_server.catalog.senders import REMEMBERED, Sender
from djangalytics_server.catalog.sessions import Person
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
    NotFound,
    RoleTooLow,
    SignInRequired,
)
from djangalytics_server.http import cors, safety
from djangalytics_server.http.cookies import COOKIE
from djangalytics_server.http.services import Services

CHOICE = "X-Project"
"""The header by which a session says which of its projects it speaks of; without it, the oldest."""

_USE = {
    "write": "A write key only sends events",
    "read": "A read key only reads",
    "admin": "An admin key only manages the project",
}
_ARTICLE = {"viewer": "a", "analyst": "an", "admin": "an", "owner": "an"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Manager:
    """Who manages a project, and their name as what they make bears it. A key has no role."""

    project: ProjectFacts
    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person who is signed in, the project they speak of, and their role in its organisation."""

    person: Person
    project: ProjectFacts
    role: str


class Access:
    """Answers who may; looks keys and projects up at most once a second."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._remembered: dict[object, tuple[int, object]] = {}

    def sender(self, request: Request, body_key: str | None) -> Sender:
        """Where the events of this request go; raises Unauthorized or Forbidden."""
        sender = self._sender(request, body_key)
        foreign = safety.is_foreign(request, self._services.policy.public_url)
        cors.check(request, sender, self._services, foreign=foreign)
        return sender

    def _sender(self, request: Request, body_key: str | None) -> Sender:
        header = _bearer(request)
        key = body_key if header is None else header
        if key is not None:
            found = self._key(key)
            if found.kind != "write":
                raise KeyCannotWrite(
                    f"{_USE[found.kind]}; events are sent with a write key (djw_…)."
                )
            self._services.senders.learn(key)  # for the quick way
            return _to(self._project(found.project_id), found.prefix)
        person = self.person(request)
        if person is not None:
            self.check_csrf(request)
            return _to(self._chosen(request, person, "write").project)
        project = self._first()
        if not project.open_capture:
            raise KeyRequired("Send the project's write key as Authorization: Bearer djw_….")
        self._services.senders.learn(None)
        return _to(project)

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
            return self._chosen(request, person, "read").project
        if self._services.policy.development:
            return self._named(request.headers.get(CHOICE))
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
        if self.person(request) is None:
            raise SignInRequired(
                "Open the link that `djangalytics-server login-link` prints, or send an admin key."
            )
        member = self.member(request, "manage")
        return Manager(member.project, member.person.name, member.role)

    def author(self, request: Request) -> Manager:
        """Who may save what all readers of a project use: an admin key, or who may capture.

        Raises Unauthorized or Forbidden.
        """
        if _bearer(request) is not None:
            return self.manager(request)
        member = self.member(request, "write")
        return Manager(member.project, member.person.name, member.role)

    def manager_of(self, request: Request, project_id: int) -> Manager:
        """Who may manage this project; raises Unauthorized, Forbidden, or NotFound."""
        if _bearer(request) is None:
            member = self.member(request, "manage", project_id)
            return Manager(member.project, member.person.name, member.role)
        manager = self.manager(request)
        if manager.project.id != project_id:
            raise _no_project()
        return manager

    def member(self, request: Request, right: Right, project_id: int | None = None) -> Member:
        """Who is signed in, and has a right in the organisation of the project they speak of.

        For what no key may do. ``project_id`` is the project where the address names one; else
        the header does. Raises Unauthorized, Forbidden, or NotFound for a project that is not
        theirs, there or not.
        """
        key = _bearer(request)
        if key is not None:
            found = self._key(key)
            raise KeyCannotManage(f"{_USE[found.kind]}; this needs a person who is signed in.")
        return self._chosen(request, self.signed_in(request), right, project_id)

    def signed_in(self, request: Request) -> Person:
        """Who is signed in, their token checked if they write; raises Unauthorized, Forbidden."""
        person = self.person(request)
        if person is None:
            raise SignInRequired(
                "Sign in, or open the link that `djangalytics-server login-link` prints."
            )
        if request.method != "GET":
            self.check_csrf(request)
        return person

    def seats(self, request: Request) -> Sequence[tuple[ProjectFacts, str | None]]:
        """The projects that this request may name, oldest first, each with the person's role.

        With an admin key it is the key's own, and no role. Raises Unauthorized or Forbidden.
        """
        if _bearer(request) is not None:
            return [(self.manager(request).project, None)]
        return self.seats_of(self.signed_in(request))

    def seats_of(self, person: Person) -> Sequence[tuple[ProjectFacts, str]]:
        """The projects of a person's organisations, oldest first, and their role in each."""
        session = self._services.session()
        found = people.seats(session, person.user_id)
        facts = {project.id: project for project in projects.every(session)}
        return [(facts[s.project_id], s.role) for s in found if s.project_id in facts]

    def _seat(self, person: Person, named: str | None) -> Seat:
        """The project that a person speaks of; raises NotFound if it is none of theirs."""
        for seat in people.seats(self._services.session(), person.user_id):
            if named is None or named == str(seat.project_id):
                return seat
        raise _no_project()

    def _named(self, named: str | None) -> ProjectFacts:
        """The project that anybody on this machine asks for, in development mode."""
        if named is None:
            return self._first()
        for project in projects.every(self._services.session()):
            if named == str(project.id):
                return project
        raise _no_project()

    def _chosen(
        self, request: Request, person: Person, right: Right, project_id: int | None = None
    ) -> Member:
        named = request.headers.get(CHOICE) if project_id is None else str(project_id)
        seat = self._seat(person, named)
        if not roles.may(seat.role, right):
            raise RoleTooLow(
                f"You are {_ARTICLE[seat.role]} {seat.role} there;"
                f" this takes {_ARTICLE[roles.needed(right)]} {roles.needed(right)}."
            )
        return Member(person, self._project(seat.project_id), seat.role)

    def address(self, request: Request) -> str:
        """Where the request comes from; ``app`` has left out proxies that we trust."""
        return request.remote_addr or ""

    def capture_open(self) -> bool:
        """Whether events are taken without a key."""
        return self._first().open_capture

    def person(self, request: Request) -> Person | None:
        """Who is signed in with this request's cookie, if anybody."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        services = self._services
        now = services.clock()
        found = sessions.signed_in(services.session(), cookie, now=now)
        if found is not None:
            services.note_visit(found.session_id, found.last_seen_at, now)
        return found

    def check_csrf(self, request: Request) -> None:
        """A write made with a cookie comes from our own page, and carries the token it can read.

        Raises ForeignOrigin or CsrfFailed.
        """
        if safety.is_foreign(request, self._services.policy.public_url):
            raise ForeignOrigin("With a session, only pages of this server may write.")
        expected = sessions.csrf_token(request.cookies.get(COOKIE, ""))
        given = request.headers.get("X-CSRF-Token", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise CsrfFailed("Send the session's csrf_token as the header X-CSRF-Token.")

    def forget(self) -> None:
        """Look keys and projects up again: one has just changed. Others hear of it in time."""
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


def _to(project: ProjectFacts, key_prefix: str | None = None) -> Sender:
    return Sender(project.id, key_prefix, project.origins, project.sources, project.limit)


def _no_project() -> NotFound:
    """The same words for what is another's and what is not there."""
    return NotFound("There is no such project, or you are not in its organisation.")


def _bearer(request: Request) -> str | None:
    """The key of the Authorization header; any other scheme is a key nobody made."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidKey("Authorization takes the form: Bearer <key>.")
    return key.strip()
