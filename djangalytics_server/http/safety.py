"""Which names and origins are served, and what the browser is told on every answer."""

from __future__ import annotations

from flask import Flask, Request, Response, request

from djangalytics_server.errors import HostNotAllowed
from djangalytics_server.http import cors
from djangalytics_server.http.answers import problem
from djangalytics_server.http.headers import api_headers, safe_headers

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def install(app: Flask, *, development: bool, https: bool = False) -> None:
    """Send the headers; in development mode check the Host and let localhost:3000 ask.

    ``https``: people come by it, through whatever ends TLS before us.
    """
    pages, api = safe_headers(https=https), api_headers(https=https)

    def add_headers(answer: Response) -> Response:
        for name, value in (api if request.path.startswith("/api/") else pages).items():
            answer.headers.setdefault(name, value)
        if request.method == "OPTIONS":
            answer.headers.pop("Content-Type", None)  # Flask calls the empty answer HTML
        return answer

    if development:
        app.before_request(_check_host)
    cors.install(app, development=development)
    app.after_request(add_headers)


def is_foreign(asked: Request, public_url: str) -> bool:
    """Whether a browser says that a page of another origin made this request.

    ``Sec-Fetch-Site`` is the browser's own comparison, which no proxy between us can blur; it is
    sent over https and on this machine. Elsewhere ``Origin`` is held against the name asked for
    and against ``public_url``. What says neither is no page of a browser.
    """
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    if origin is None:
        return False
    ours = {asked.host.lower(), _authority(public_url)} - {""}
    return _authority(origin) not in ours


def _authority(url: str) -> str:
    """Host and port of a URL, as a browser writes them into ``Origin``; empty when it has none."""
    return url.partition("://")[2].partition("/")[0].lower()


def _check_host() -> Response | None:
    """A page elsewhere must not reach an open server by giving its own name our address."""
    name = request.host if request.host.endswith("]") else request.host.rsplit(":", 1)[0]
    if name.lower() in _LOCAL_NAMES:
        return None
    return problem(
        HostNotAllowed(
            "Development mode answers to localhost and 127.0.0.1 only; leave --dev out to serve"
            " other names."
        )
    )
