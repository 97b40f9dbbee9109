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

EXAMPLES = 1_300
"""Requests for each endpoint, right and wrong each: 5 endpoints make 13,000 in all."""

ENDPOINTS = (
    ("POST", "/api/capture_event/"),
    ("POST", "/api/capture_batch/"),
    ("GET", "/api/stats/"),
    ("GET", "/api/events/"),
    ("POST", "/api/query/"),
)
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
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), ENDPOINTS, ids=lambda part: part.strip("/"))
def test_generated_requests(
    method: str,
    path: str,
    mode: GenerationMode,
    document: schemathesis.BaseSchema,
    record_property: Callable[[str, object], None],
):
    """Whatever is sent, the answer is one the document names, in the form it gives, never a 5xx."""
    operation = document[path][method]
    answers: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
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
    assert sum(answers.values()) >= EXAMPLES
    if mode.is_positive:
        assert answers[200] + answers[201] + answers[207] > 0
