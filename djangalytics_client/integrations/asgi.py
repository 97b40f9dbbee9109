"""For ASGI applications (FastAPI, Starlette, Quart …): request id, user and source of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import djangalytics_client
from djangalytics_client.context import Id, PlainId, context
from djangalytics_client.integrations.request_id import PROPERTY, request_id

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Middleware:
    """Wrap an ASGI application: ``app.add_middleware(Middleware, source="api")``.

    ``distinct_id`` is called with the connection's scope, where an event is tracked and nowhere
    else; by default it is the ``identity`` of the user that an authentication middleware found.
    When the application shuts down, what is queued is sent within ``flush_timeout`` seconds:
    servers end by the signal that stopped them, and then nothing else runs.
    """

    def __init__(
        self,
        app: App,
        *,
        distinct_id: Callable[[Scope], PlainId] | None = None,
        source: Id = "web",
        flush_timeout: float = 5.0,
    ) -> None:
        self._app = app
        self._distinct_id = distinct_id or signed_in
        self._source = source
        self._flush_timeout = flush_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, in a context of its own."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._flushing(send))
            return
        given = {PROPERTY: request_id(_header(scope, b"x-request-id"))}
        with context(distinct_id=lambda: self._distinct_id(scope), source=self._source, **given):
            await self._app(scope, receive, send)

    def _flushing(self, send: Send) -> Send:
        async def after_flush(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await djangalytics_client.aflush(self._flush_timeout)
            await send(message)

        return after_flush


def signed_in(scope: Scope) -> PlainId:
    """The identity of Starlette's authenticated user, or None."""
    user = scope.get("user")
    if not getattr(user, "is_authenticated", False):
        return None
    try:
        identity: PlainId = user.identity  # type: ignore[union-attr]
    except NotImplementedError:  # as Starlette's SimpleUser has it
        return None
    return identity


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
