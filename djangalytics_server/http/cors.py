"""Pages of other origins: who may send events from them, and what their browsers are told.

A browser asks before it sends (a preflight), and shows no key with that. So every page is told the
same there, whatever projects exist; the request itself is judged by its key's project. Answers can
be read by pages of that project's origins, and by no others. Cookies are never sent along.
"""

from __future__ import annotations

from flask import Flask, Request, Response, g, request

from djangalytics_server.catalog.senders import Sender
from djangalytics_server.errors import OriginNotAllowed
from djangalytics_server.http.headers import readable_by
from djangalytics_server.http.services import Services

DEVELOPMENT_ORIGINS = frozenset({"http://localhost:3000", "http://127.0.0.1:3000"})
CAPTURES = "ingest"
"""The blueprint whose addresses pages elsewhere may send to."""

_ASKED = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Max-Age": "600",
}


def install(app: Flask, *, development: bool) -> None:
    """Answer preflights, and let pages read what they may; those of development read it all."""

    def preflight() -> Response | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        if request.blueprint == CAPTURES or development:
            return Response(status=204)
        return None

    def add_fields(answer: Response) -> Response:
        origin = request.headers.get("Origin")
        ours = development and origin in DEVELOPMENT_ORIGINS
        capture = request.blueprint == CAPTURES
        if development:
            answer.vary.add("Origin")
        if origin is None:
            return answer
        if request.method == "OPTIONS" and (ours or capture):
            methods = "GET, POST, OPTIONS" if ours else "POST, OPTIONS"
            answer.headers.update(
                {
                    "Access-Control-Allow-Origin": origin,
                    "Access-Control-Allow-Methods": methods,
                    **_ASKED,
                }
            )
        elif ours or g.get("page_may_read") == origin:
            answer.headers.update(readable_by(origin))
        return answer

    app.before_request(preflight)
    app.after_request(add_fields)


def check(asked: Request, sender: Sender, services: Services, *, foreign: bool) -> None:
    """A page elsewhere sends to projects that allow its origin; raises OriginNotAllowed.

    One that may can read the answer, a problem too.
    """
    origin = asked.headers.get("Origin")
    if origin is None:
        return
    ours = services.policy.development and origin in DEVELOPMENT_ORIGINS
    if ours or origin in sender.origins:
        g.page_may_read = origin
    elif foreign:
        services.limiter.note(sender.project_id, "origin")
        raise OriginNotAllowed(
            f"Pages of {origin[:100]!r} are not among the project's origins; whoever manages it"
            " can add them in its settings."
        )
