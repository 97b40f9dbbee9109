"""What the doors need of the rest of the house, handed to them by ``app``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from djangalytics_server.catalog.senders import NoteUse, Senders
from djangalytics_server.ingest.door import Write
from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.model.erasure import Erased
from djangalytics_server.model.event import Receipt, Submission
from djangalytics_server.model.sign_on import SingleSignOn
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.model.trail import Actor
from djangalytics_server.query.questions import Question
from djangalytics_server.store.base import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class EventWriter(Protocol):
    """Where captures that are not waited for go; see ``ingest.writer.Writer``."""

    def hand_in(
        self,
        submission: Submission,
        done: Callable[[Receipt | Exception], None],
        *,
        gather: bool = False,
    ) -> None:
        """Have a submission written and the listener told what became of it."""

    def check_room(self, events: int = 1) -> None:
        """Raise QueueFull while so many events would not be taken."""

    def settle(self) -> None:
        """Have what was gathered written."""


AnyQuestion = Question | SqlQuestion


class Answers(Protocol):
    """Who answers questions; see ``answering``."""

    def answer(self, question: AnyQuestion, gone: Callable[[], bool]) -> str:
        """The answer as JSON text; ``gone`` says whether whoever asked has left.

        Raises QuestionTimedOut when it is not found in time or too many others ask,
        InvalidQuestion for a statement in SQL, and StoreUnavailable.
        """

    def close(self) -> None:
        """Let go of what answers."""


class KnownAnswers(Protocol):
    """The same, with what was answered before; see ``answering.remembered``."""

    def answer(
        self, project_id: int, question: AnyQuestion, gone: Callable[[], bool]
    ) -> tuple[str, bool]:
        """The answer as JSON text, and whether it was known; raises as ``Answers.answer``."""

    def close(self) -> None:
        """Let go of what answers."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How this server behaves, as far as the doors must know."""

    version: str
    strict: bool = False
    development: bool = False
    demo: bool = False
    public_url: str = ""
    question_seconds: float = 30
    trusted_proxies: tuple[str, ...] = ()
    single_sign_on: SingleSignOn | None = None

    @property
    def secure_cookies(self) -> bool:
        """Whether people come by https, so that their browsers may keep cookies to it."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that answer requests. ``clock`` gives microseconds since 1970 UTC.

    ``remove`` has the events of a deleted project removed, ``sweep`` those that are kept no longer;
    neither waits for it. ``erase`` erases a person before it answers, ``erase_soon`` only notes it.
    ``server_key`` gives the server's own key, made if it is told so; None where there is none.
    """

    store: Store
    answers: KnownAnswers
    write: Write
    senders: Senders
    limiter: Limiter
    session: Callable[[], Session]
    note_use: NoteUse
    note_visit: NoteUse
    remove: Callable[[int], None]
    sweep: Callable[[], None]
    erase: Callable[[int, str, Actor], Erased]
    erase_soon: Callable[[int, str, Actor], int]
    server_key: Callable[[bool], bytes | None]
    clock: Callable[[], int]
    policy: Policy
    bundle: Path
