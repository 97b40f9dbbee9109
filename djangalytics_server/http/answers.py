"""JSON and problem documents, and the handlers that turn every failure into one."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

from flask import Flask, Response, g, request
from sqlalchemy.exc import DatabaseError, OperationalError
from werkzeug.exceptions import HTTPException

from djangalytics_server.errors import (
    ApiError,
    BadRequest,
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    NotFound,
    StoreUnavailable,
)
from djangalytics_server.http.documents import json_text, problem_document

_log = logging.getLogger(__name__)


def json_answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response."""
    return Response(json_text(body), status, headers, content_type="application/json")


def request_id() -> str:
    """This request's id: in every answer, every problem and every line of the log about it."""
    if "request_id" not in g:
        g.request_id = uuid.uuid4().hex
    return str(g.request_id)


def problem(error: ApiError) -> Response:
    """The problem document of an error (RFC 9457)."""
    answer = json_answer(problem_document(error, request_id()), error.status)
    answer.content_type = "application/problem+json"
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="djangalytics"'
    answer.headers.update(error.fields)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def install(app: Flask) -> None:
    """Answer every failure with a problem document, and mark every answer with its id."""
    app.register_error_handler(ApiError, problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(DatabaseError, _database_problem)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_mark)


def _mark(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = request_id()
    return answer


def _http_problem(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise themselves, in our words."""
    if error.code == 404:
        return problem(NotFound(f"There is nothing at {request.path}."))
    if error.code == 405:
        answer = problem(MethodNotAllowed(f"{request.path} does not take {request.method}."))
        answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return answer
    if error.code == 413:
        return problem(BodyTooLarge("The body is larger than this server takes."))
    if error.code is not None and 400 <= error.code < 500:
        return problem(BadRequest("The request cannot be read."))
    return _unforeseen(error)


def _database_problem(error: DatabaseError) -> Response:
    """The catalog's tables cannot be read or written; the store says so itself.

    SQLite's word for a damaged file is a DatabaseError of no closer kind; the other kinds are
    faults of ours.
    """
    if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
        return _unforeseen(error)
    _log.error("request %s: the database does not answer: %s", request_id(), error.orig)
    return problem(StoreUnavailable("The database does not answer right now.", retry_after=2))


def _unforeseen(error: Exception) -> Response:
    # The route, not the path: that of a sign-in link is a secret.
    route = request.path if request.url_rule is None else request.url_rule.rule
    _log.error("request %s failed: %s %s", request_id(), request.method, route, exc_info=error)
    return problem(InternalError("The server's log says more under this request_id."))
