"""The OpenAPI 3.1 document, made from the Marshmallow schemas and the registered operations."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from djangalytics_server.catalog import key_text
from djangalytics_server.catalog.ids import LARGEST
from djangalytics_server.http.access import CHOICE
from djangalytics_server.http.operations import PROBLEMS, Operation, Registry
from djangalytics_server.query import cohorts, filters
from djangalytics_server.wire.schemas import ProblemSchema

_CHOICE = {
    "in": "header",
    "name": CHOICE,
    "description": "With a session: the id of the project; without it the oldest of the person's.",
    "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST},
}
_PLACE = re.compile(r"<int:(\w+)>")


def document(registry: Registry, version: str) -> dict[str, Any]:
    """Everything the API promises, as OpenAPI 3.1."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Djangalytics",
        version=version,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": "Events in, answers out. Every path also answers without its slash."},
    )
    for kind in key_text.KINDS:
        scheme = {"type": "http", "scheme": "bearer", "description": f"A project's {kind} key."}
        spec.components.security_scheme(f"{kind}_key", scheme)
    spec.components.schema("Filter", filters.described())
    spec.components.schema("CohortDefinition", cohorts.described())
    for operation in registry.operations:
        details = {operation.method.lower(): _operation(operation)}
        spec.path(path=_PLACE.sub(r"{\1}", operation.path), operations=details)
    return spec.to_dict()


def _operation(operation: Operation) -> dict[str, Any]:
    details: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {str(s): _answer(s, of, operation) for s, of in operation.answers.items()},
    }
    of_a_project = operation.key in ("read", "admin")
    for status in sorted({*operation.problems, *((404,) if of_a_project else ())}):
        details["responses"][str(status)] = {
            "description": PROBLEMS[status],
            "content": {"application/problem+json": {"schema": ProblemSchema}},
        }
    if operation.body is not None:
        details["requestBody"] = {
            "required": operation.needs_body,
            "content": {"application/json": {"schema": _one_of(operation.body)}},
        }
    if operation.params is not None:
        details["parameters"] = [{"in": "query", "schema": operation.params}]
    details.setdefault("parameters", []).extend(_places(operation.path))
    if of_a_project:
        details["parameters"].append(_CHOICE)
    if operation.key is not None:
        # The empty entry: an open project, development mode or a session need no key.
        details["security"] = [{f"{operation.key}_key": []}, {}]
    return details


def _places(path: str) -> list[dict[str, Any]]:
    """The parameters in a path; all of ours are ids."""
    schema = {"type": "integer", "minimum": 1}
    return [
        {"in": "path", "name": name, "required": True, "schema": schema}
        for name in _PLACE.findall(path)
    ]


def _one_of(schemas: type[Schema] | tuple[type[Schema], ...]) -> Any:
    return {"oneOf": list(schemas)} if isinstance(schemas, tuple) else schemas


def _answer(
    status: int, of: type[Schema] | tuple[type[Schema], ...] | str, operation: Operation
) -> dict[str, Any]:
    words = {
        200: "Done.",
        201: "New, and on disk.",
        202: "Written down, and done soon.",
        204: "Done.",
        207: "Some were refused.",
        304: "As it was when the answer was given whose ETag is sent as If-None-Match.",
    }
    if of == "none":
        return {"description": words[status]}
    schema: Any = {"type": of} if isinstance(of, str) else _one_of(of)
    if operation.many:
        schema = {"type": "array", "items": schema}
    content = {media: {"schema": schema} for media in operation.media}
    return {"description": words[status], "content": content}


def _name(schema: type[Schema] | Schema | str) -> str:
    if isinstance(schema, str):
        return schema
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")
