"""What each address promises, said beside its view and gathered for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import Schema

View = Callable[..., ResponseReturnValue]

PROBLEMS = {
    400: "The request is wrong; `code` and `errors` say where.",
    401: "Nobody we know is asking.",
    403: "Not allowed.",
    404: "There is no such thing, or not in the asker's project.",
    409: "It does not go with how things stand.",
    413: "Too large.",
    429: "Too many in a short time; try again after Retry-After seconds.",
    415: "The body's type or encoding is not read here.",
    501: "It needs a library that this server does not have.",
    503: "Nothing of this request was stored; try again after Retry-After seconds.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address.

    ``answers`` maps a status to the schema of its JSON (a bare type name for free-form JSON);
    several schemas, there and in ``body``, are told apart by their member ``kind``;
    ``problems`` are the further statuses, each a problem document. ``media`` are the types of
    answers that are not JSON.
    """

    method: str
    path: str
    summary: str
    answers: dict[int, type[Schema] | tuple[type[Schema], ...] | str]
    problems: tuple[int, ...] = ()
    body: type[Schema] | tuple[type[Schema], ...] | None = None
    params: type[Schema] | None = None
    many: bool = False
    key: str | None = None
    needs_body: bool = True
    media: tuple[str, ...] = ("application/json",)


@dataclass(frozen=True, slots=True)
class Registry:
    """All operations, in the order they were added."""

    operations: list[Operation] = field(default_factory=list)

    def add(self, blueprint: Blueprint, operation: Operation, view: View) -> None:
        """Route the operation to its view; the path answers with and without its last slash."""
        self.operations.append(operation)
        # Two rules, because a lone one with a slash answers 404 instead of 405 without it.
        for path in dict.fromkeys((operation.path, operation.path.rstrip("/"))):
            blueprint.add_url_rule(path, view_func=view, methods=[operation.method])
