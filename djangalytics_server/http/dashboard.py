"""The dashboard's files, as built into the package; always revalidated, so never stale."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_from_directory

from djangalytics_server.http import pages
from djangalytics_server.http.services import Services


def blueprint(services: Services) -> Blueprint:
    """The page itself, and the files it asks for."""
    blue = Blueprint("dashboard", __name__)

    @blue.get("/")
    @blue.get("/settings")
    @blue.get("/join")
    def index() -> Response:
        if not (services.bundle / "index.html").is_file():
            return pages.missing_bundle()
        return _file(services, "index.html")

    @blue.get("/static/<path:name>")
    def static(name: str) -> Response:
        return _file(services, name)

    return blue


def _file(services: Services, name: str) -> Response:
    answer = send_from_directory(services.bundle, name, conditional=True, etag=True)
    answer.cache_control.no_cache = True
    if request.method == "GET":
        answer.direct_passthrough = False
    return answer
