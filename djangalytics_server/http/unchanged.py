"""Answers that whoever asks has already: nothing is looked for, and nothing sent (RFC 9110)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from flask import Request, Response

from djangalytics_server import __version__
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.http.services import Services
from djangalytics_server.model.event import MICROSECONDS

_QUARTER = 900 * MICROSECONDS
"""An open range ends today, and every zone's days begin with a quarter of an hour."""


def tag_of(request: Request, project: ProjectFacts, services: Services) -> str:
    """What changes whenever the answer may: with what is asked, the events, what became of all that
    was sent, the time, and this program.
    """
    store = services.store
    known = (
        __version__,
        request.path.rstrip("/"),
        sorted(request.args.items(multi=True)),
        (project.id, project.time_zone),
        store.revision(project.id),
        store.verdicts(project.id),
        services.clock() // _QUARTER,
    )
    return blake2b(repr(known).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def unless_unchanged(request: Request, tag: str, answer: Callable[[], Response]) -> Response:
    """The answer under its tag, or 304 if that is what the asker has."""
    if request.if_none_match.contains_weak(tag):
        found = Response(status=304)
        del found.headers["Content-Type"]
    else:
        found = answer()
    found.set_etag(tag, weak=True)
    return found
