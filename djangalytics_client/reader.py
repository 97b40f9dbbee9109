"""Ask the server from Python: raw events, and the answers to questions of every kind.

Reading is apart from tracking: it waits for the answer, and says what went wrong by raising.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from djangalytics_client.errors import ConfigurationError, DjangalyticsError, TransportError
from djangalytics_client.settings import DEFAULT_URL, URL_VARIABLE

READ_KEY_VARIABLE = "DJANGALYTICS_READ_KEY"
_EVENT = (
    *("event_name", "timestamp", "insert_id", "distinct_id", "session_id", "source"),
    *("properties", "received_at"),
)
"""The columns of events, which a frame has also where there are none."""
_MOST_ROWS = 10_000
_TIMES = ("timestamp", "received_at")


class QuestionRefused(DjangalyticsError):
    """The server did not answer the question: ``status``, ``code``, and ``errors`` by member."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.errors: list[dict[str, Any]] = list(problem.get("errors") or ())
        detail = str(problem.get("detail", ""))
        told = [f"{e.get('field')}: {e.get('message')}" for e in self.errors]
        more = [words for words in told if words not in detail]
        super().__init__(" ".join([f"{status} {self.code}:", detail, *more]))


class Reader:
    """Reads one project by a read key; a server in development mode needs none.

    Without arguments: DJANGALYTICS_URL and DJANGALYTICS_READ_KEY. ``timeout`` is how many seconds
    it waits for the next bytes of an answer. One reader is for one thread at a time.
    """

    def __init__(
        self, url: str | None = None, read_key: str | None = None, *, timeout: float = 60.0
    ) -> None:
        self._url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        key = read_key or os.environ.get(READ_KEY_VARIABLE)
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question, such as ``{"kind": "trends", "series": [{}]}``.

        Raises QuestionRefused, or TransportError when no answer came.
        """
        with self._posted("/api/query/", question) as answer:
            found: dict[str, Any] = answer.json()
            return found

    def sql(self, statement: str, *, limit: int = 1_000) -> dict[str, Any]:
        """The answer to one SELECT over the view ``events``: its ``columns``, ``rows``, and in
        ``truncated`` what cut it short, or None. Raises as ``ask``.
        """
        with self._posted("/api/sql/", {"sql": statement, "limit": limit}) as answer:
            found: dict[str, Any] = answer.json()
            return found

    def rows(self, question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The same as a table, row by row; of ``{"kind": "events"}`` each event that passes.

        They are read as they come: the same memory for any number of events. Raises as ``ask``.
        """
        with self._posted("/api/export/?format=ndjson", question) as answer:
            try:
                for line in answer.iter_lines(chunk_size=65_536):
                    yield json.loads(line)
            except requests.RequestException as error:
                raise TransportError(f"The answer broke off: {error}") from error

    def events(self, **narrowed: Any) -> Iterator[dict[str, Any]]:
        """Raw events in the order of arrival, such as ``events(filter={…}, to="2026-01-31")``.

        What narrows them are the members of a question of the kind ``events``; ``from`` is a word
        of Python's, so it is written ``from_``.
        """
        named = {name.rstrip("_"): value for name, value in narrowed.items()}
        return self.rows({"kind": "events", **named})

    def to_dataframe(self, question: Mapping[str, Any] | str) -> Any:
        """The rows as a pandas DataFrame; times of events become times in UTC.

        A text is a statement in SQL, whose answer has at most 10,000 rows: a warning says so when
        it was cut short. Raises ConfigurationError without pandas, else as ``ask``.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ConfigurationError("to_dataframe() needs pandas: pip install pandas") from error
        if isinstance(question, str):
            found = self.sql(question, limit=_MOST_ROWS)
            if found["truncated"] is not None:
                number = len(found["rows"])
                warnings.warn(f"The answer was cut short after {number:,} rows.", stacklevel=2)
            return pd.DataFrame(found["rows"], columns=found["columns"])
        rows = list(self.rows(question))
        empty = _EVENT if question.get("kind") == "events" and not rows else None
        frame = pd.DataFrame(rows, columns=empty)
        for name in _TIMES:
            if name in frame:
                frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
        return frame

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def __enter__(self) -> Reader:
        """The reader itself, closed at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    def _posted(self, path: str, question: Mapping[str, Any]) -> requests.Response:
        try:
            answer = self._session.post(
                self._url + path,
                json=dict(question),
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            )
            if answer.status_code == 200:
                return answer
            with answer:
                raise QuestionRefused(answer.status_code, _problem(answer))
        except requests.RequestException as error:
            raise TransportError(f"No answer from {self._url}: {error}") from error


def _problem(answer: requests.Response) -> dict[str, Any]:
    """The problem document of an answer; of anything else what there is to say."""
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.reason or "no words"}
