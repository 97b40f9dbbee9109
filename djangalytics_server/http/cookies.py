"""The session's cookie: set, taken away, and what is noted of the browser that gets it."""

from __future__ import annotations

from flask import Request, Response

from djangalytics_server.catalog import sessions
from djangalytics_server.catalog.sessions import Visit
from djangalytics_server.model.event import MICROSECONDS

COOKIE = "djangalytics_session"


def visit(request: Request, now: int) -> Visit:
    """Where somebody is signing in."""
    browser = "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())
    return Visit(now, request.remote_addr or "", browser, request.cookies.get(COOKIE, ""))


def give(answer: Response, cookie: str, *, secure: bool) -> None:
    """Let the browser keep its session."""
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=sessions.SESSION_LIFETIME // MICROSECONDS,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def take(answer: Response) -> None:
    """Have the browser forget its session."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
