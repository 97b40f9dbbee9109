"""Requests made from the OpenAPI document, right and wrong ones: the five endpoints keep to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.server.house import House

ENDPOINTS = {
    ("POST", "/api/capture_event/"): 1_500,
    ("POST", "/api/capture_batch/"): 400,
    ("GET", "/api/stats/"): 1_500,
    ("GET", "/api/events/"): 1_500,
    ("POST", "/api/query/"): 100,
}
"""How many requests each endpoint gets, right and wrong each: 10,000 in all.

A batch costs four times what the others do to make up, and has five events on average; a
question costs fifteen times as much.
"""
load_all_checks()
PROMISES = tuple(
    CHECKS.get_by_names(
        [
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
        ]
    )
)


@pytest.fixture
def development(build: Callable[..., House]) -> House:
    """A server that lets anybody on this machine read and write."""
    return build(dev=True)


@pytest.fixture
def document(development: House) -> schemathesis.BaseSchema:
    """The document as the server itself gives it."""
    return schemathesis.openapi.from_wsgi(
        "/api/openapi.json", development.app, base_url="http://localhost"
    )


@pytest.mark.slow
@pytest.mark.no_cover  # ten thousand ways through the same lines
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint[1].strip("/"))
def test_generated_requests(
    endpoint: tuple[str, str],
    mode: GenerationMode,
    document: schemathesis.BaseSchema,
    record_property: Callable[[str, object], None],
):
    """Whatever is sent, the answer is one the document names, in the form it gives, never a 5xx."""
    method, path = endpoint
    requests = ENDPOINTS[endpoint]
    operation = document[path][method]
    answers: Counter[int] = Counter()

    @settings(
        max_examples=requests,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        answer = case.call()
        answers[answer.status_code] += 1
        case.validate_response(answer, checks=PROMISES)

    ask()
    record_property("requests", sum(answers.values()))
    print(f"{method} {path} {mode.value}: {dict(sorted(answers.items()))}")
    assert sum(answers.values()) >= requests
    if mode.is_positive:
        assert answers[200] + answers[201] + answers[207] > 0
