"""Answers that were found before, while nothing has come or gone that could change them."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable

from djangalytics_server.http.services import Answers, AnyQuestion
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.store.base import Reader

MOST_ANSWERS = 500
MOST_CHARACTERS = 16 * 1024 * 1024
"""Of all answers together."""
_MOST_ONE = 1024 * 1024
_QUARTER = 900 * MICROSECONDS
_MINUTE = 60 * MICROSECONDS
"""Every interval of every zone ends with a quarter of an hour, or is a minute."""
_NOW = re.compile(r"\bnow=(\d+)")
_OF_NOW = re.compile(r"\b(now|current_\w+)\b", re.IGNORECASE)
_Key = tuple[str, int, tuple[int, ...]]


class Remembered:
    """Asks ``answers`` what it does not know; one a process.

    An answer is known by its question, by the quarter of an hour (how much of an interval is over
    may be part of it) and by the revision of the project's events; see ``Reader.revision``.
    """

    def __init__(self, answers: Answers, reader: Reader) -> None:
        self._answers, self._reader = answers, reader
        self._turn = threading.Lock()
        self._known: OrderedDict[_Key, str] = OrderedDict()
        self._size = 0

    def answer(
        self, project_id: int, question: AnyQuestion, gone: Callable[[], bool]
    ) -> tuple[str, bool]:
        """The answer as JSON text, and whether it was known; raises as ``Answers.answer`` does."""
        if isinstance(question, SqlQuestion) and _OF_NOW.search(question.text):
            return self._answers.answer(question, gone), False
        revision = self._reader.revision(project_id)
        key = (*shape(question), (project_id, *revision))
        with self._turn:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known, True
        found = self._answers.answer(question, gone)
        if len(found) <= _MOST_ONE and self._reader.revision(project_id) == revision:
            self._keep(key, found)
        return found, False

    def close(self) -> None:
        """Let go of what answers."""
        self._answers.close()

    def _keep(self, key: _Key, text: str) -> None:
        with self._turn:
            if key in self._known:
                return
            self._known[key] = text
            self._size += len(text)
            while len(self._known) > MOST_ANSWERS or self._size > MOST_CHARACTERS:
                _, dropped = self._known.popitem(last=False)
                self._size -= len(dropped)


def shape(question: AnyQuestion) -> tuple[str, int]:
    """What makes two questions the same: all they say, and about when they are asked."""
    text = repr(question)
    found = _NOW.search(text)
    if found is None or isinstance(question, SqlQuestion):
        return _NOW.sub("", text), 0
    step = _MINUTE if getattr(question, "interval", None) == "minute" else _QUARTER
    return _NOW.sub("", text), int(found[1]) // step
