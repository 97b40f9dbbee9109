"""Questions answered in this process, by the thread that was asked."""

from __future__ import annotations

from collections.abc import Callable

from djangalytics_server.answering.turns import Turns
from djangalytics_server.http.answered import answered
from djangalytics_server.http.documents import json_text
from djangalytics_server.http.services import AnyQuestion
from djangalytics_server.store.base import Reader
from djangalytics_server.store.stopping import Stop


class Here:
    """See ``http.services.Answers``."""

    def __init__(self, reader: Reader, seconds: float) -> None:
        self._reader, self._seconds = reader, seconds
        self._turns = Turns()

    def answer(self, question: AnyQuestion, gone: Callable[[], bool]) -> str:
        """See ``Answers.answer``."""
        with self._turns.turn(gone):
            self._reader.make_room(gone)
            found = answered(question, self._reader, self._seconds, _Watch(gone))
            return json_text(found)

    def close(self) -> None:
        """See ``Answers.close``."""


class _Watch(Stop):
    """Asked for as soon as whoever asked the question has left."""

    def __init__(self, gone: Callable[[], bool]) -> None:
        self._gone = gone
        super().__init__()

    @property
    def asked(self) -> bool:
        """See ``Stop``."""
        return self._gone()

    @asked.setter
    def asked(self, value: bool) -> None:
        """Only leaving asks for it."""
