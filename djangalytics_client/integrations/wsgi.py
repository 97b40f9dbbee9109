"""For WSGI applications: every event of a request has its request id, its user and a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from typing import Any

from djangalytics_client.context import Id, PlainId, current, inner
from djangalytics_client.integrations.request_id import PROPERTY, request_id

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]


class Middleware:
    """Wrap a WSGI application.

    ``distinct_id`` is called with the request's environ, where an event is tracked and nowhere
    else. What the application sets with ``identify()`` ends with the request.
    """

    def __init__(
        self,
        app: App,
        *,
        distinct_id: Callable[[Environ], PlainId] | None = None,
        source: Id = "web",
    ) -> None:
        self._app = app
        self._distinct_id = distinct_id
        self._source = source

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request, in a context of its own."""
        scope = copy_context()
        answer = scope.run(self._answer, environ, start_response)
        whole = isinstance(answer, (list, tuple))
        file = environ.get("wsgi.file_wrapper")
        if whole or (isinstance(file, type) and isinstance(answer, file)):
            return answer  # nothing runs any more; the server may have a quicker way to send it
        return _Chunks(scope, answer)

    def _answer(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        ask = self._distinct_id
        who = None if ask is None else lambda: ask(environ)
        given: dict[str, object] = {PROPERTY: request_id(environ.get("HTTP_X_REQUEST_ID"))}
        current.set(inner(who, None, self._source, given))  # it ends with the copied context
        return self._app(environ, start_response)


class _Chunks:
    """An answer that is made piece by piece, each in the request's context."""

    def __init__(self, scope: Context, answer: Iterable[bytes]) -> None:
        self._scope = scope
        self._answer = answer
        self._pieces = scope.run(iter, answer)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece: bytes = self._scope.run(next, self._pieces)
        return piece

    def close(self) -> None:
        """End the answer; the server calls it."""
        close = getattr(self._answer, "close", None)
        if close is not None:
            self._scope.run(close)
