"""For Flask: ``init_app(app)``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from djangalytics_client.context import Id, PlainId
from djangalytics_client.integrations.wsgi import Middleware


def init_app(
    app: Flask, *, distinct_id: Callable[[], PlainId] | None = None, source: Id = "web"
) -> None:
    """Give every event of a request its request id, user and source.

    ``distinct_id`` is called inside the request, where an event is tracked: for example
    ``lambda: session.get("user_id")``.
    """
    ask = None if distinct_id is None else lambda _: distinct_id()
    app.wsgi_app = Middleware(  # type: ignore[method-assign]
        app.wsgi_app, distinct_id=ask, source=source
    )
