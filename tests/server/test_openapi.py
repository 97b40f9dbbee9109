"""The OpenAPI document: valid, complete, and true of what the server answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import PARAMETERS
from djangalytics_server.query.params import EventsParams, StatsParams
from djangalytics_server.wire.schemas import EventSchema
from tests.server.house import House

INTERNAL = {"/", "/static/<path:name>", "/login/<token>", "/settings", "/join"} | {
    f"/login/oidc{rest}" for rest in ("", "/", "/callback", "/callback/")
}
"""Routes of pages and files, which are no part of the API."""


@pytest.fixture
def document(house: House) -> dict[str, Any]:
    """The document as the server gives it."""
    answer = house.client.get("/api/openapi.json")
    assert (200, "application/json") == (answer.status_code, answer.content_type)
    return dict(answer.json)


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    """The validator of the standard has no objection."""
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_it_has_every_route(house: House, document: dict[str, Any]) -> None:
    """Each method and path of the URL map is described, and nothing else is."""
    rules = {rule.rule for rule in house.app.url_map.iter_rules()}
    described = {(m.upper(), p) for p, item in document["paths"].items() for m in item}
    routed = {
        (method, re.sub(r"<int:(\w+)>", r"{\1}", rule.rule))
        for rule in house.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in INTERNAL and f"{rule.rule}/" not in rules
    }
    assert described == routed


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A summary, and words for each answer; a problem is application/problem+json."""
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"].endswith(".")
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, status)
                if int(status) >= 400:
                    assert ["application/problem+json"] == list(answer["content"])


def test_the_parameters_are_those_that_are_read(document: dict[str, Any]) -> None:
    """Each question's parameters are in the document under their names, described."""
    for path, schema in (("/api/stats/", StatsParams), ("/api/events/", EventsParams)):
        parameters = document["paths"][path]["get"]["parameters"]
        described = {p["name"]: p for p in parameters if p["in"] == "query"}
        read = {field.data_key or name for name, field in schema().fields.items()}
        assert read == set(described)
        for parameter in described.values():
            words = parameter.get("description") or parameter["schema"].get("description")
            words = words or parameter["schema"]["items"]["description"]
            assert words.endswith("."), parameter


def test_the_limits_are_in_the_schema(document: dict[str, Any]) -> None:
    """Whoever reads the document knows how long things may be."""
    event = document["components"]["schemas"]["Event"]["properties"]
    assert LIMITS.event_name_length == event["event_name"]["maxLength"]
    assert LIMITS.insert_id_length == event["insert_id"]["maxLength"]
    batch = document["components"]["schemas"]["Batch"]["properties"]["events"]
    assert (1, LIMITS.batch_events) == (batch["minItems"], batch["maxItems"])
    assert set(EventSchema().fields) == set(event)


def schema_of(document: dict[str, Any], path: str, method: str, status: int) -> Any:
    """A validator for the answer of an operation."""
    [content] = document["paths"][path][method]["responses"][str(status)]["content"].values()
    return Draft202012Validator({**content["schema"], "components": document["components"]})


def test_what_is_answered_fits_the_schemas(house: House, document: dict[str, Any]) -> None:
    """Real answers of every kind pass the schema that the document gives for them."""
    event = {"event_name": "x", "insert_id": "i", "properties": {"a": [1]}}
    answers = [
        ("/api/capture_event/", "post", house.capture(event)),
        ("/api/capture_event/", "post", house.capture(event)),
        ("/api/capture_event/", "post", house.capture({})),
        ("/api/capture_batch/", "post", house.batch(event)),
        ("/api/capture_batch/", "post", house.batch(event, {})),
        *(
            (path, "get", house.client.get(path, headers=headers))
            for path in ("/api/stats/", "/api/events/", "/api/session/", "/healthz", "/readyz")
            for headers in (house.read, house.write, {})
        ),
    ]
    seen = set()
    for path, method, answer in answers:
        schema_of(document, path, method, answer.status_code).validate(answer.json)
        seen.add(answer.status_code)
    assert {200, 201, 207, 400, 401, 403} == seen


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("signup", True),
        (" signup ", True),
        ("a b", True),
        ("", False),
        (" ", False),
        ("a\nb", False),
    ],
)
def test_the_pattern_of_names_is_the_rule_for_names(
    house: House, document: dict[str, Any], name: str, fits: bool
) -> None:
    """A name that fits the pattern is taken, one that does not is refused."""
    pattern = document["components"]["schemas"]["Event"]["properties"]["event_name"]["pattern"]
    assert fits == bool(re.search(pattern, name))
    assert fits == (house.capture({"event_name": name}).status_code == 201)


def test_parameters_have_words_for_every_refusal() -> None:
    """Each rule for parameters is a sentence."""
    assert all(words.endswith(".") for words in PARAMETERS.values())
