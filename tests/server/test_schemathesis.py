"""Requests made from the OpenAPI document, right and wrong ones: the five endpoints keep to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

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
A_CASE = 5
"""How many requests come of each case that is made up: itself, and four it has with earlier ones.

To make a case up takes five times as long as to ask and judge it. What is bounded by this is how
many values each field gets: one for five requests. Which of them meet in one request is new each
time, so that more requests differ than if each were made up: half of those repeated another.
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
    sent: set[str] = set()
    cases: list[Case] = []
    chance = Random(path)

    @settings(
        max_examples=requests // A_CASE,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        cases.append(case)
        for number in range(A_CASE):
            made = _offspring(case, cases, sent, chance) if number else case
            sent.add(_parts(made))
            answer = made.call()
            answers[answer.status_code] += 1
            made.validate_response(answer, checks=PROMISES)

    ask()
    record_property("requests", sum(answers.values()))
    print(f"{method} {path} {mode.value}: {dict(sorted(answers.items()))}, {len(sent)} different")
    assert sum(answers.values()) >= requests
    assert len(sent) > requests // 2
    if mode.is_positive:
        assert answers[200] + answers[201] + answers[207] > 0


def _offspring(case: Case, cases: list[Case], sent: set[str], chance: Random) -> Case:
    """A request each part of which is from this case or an earlier one, new if there is such."""
    made = case
    for _ in range(20):
        other = chance.choice(cases)
        made = case.operation.Case(
            headers=case.headers,
            cookies=case.cookies,
            query=_crossed(made.query, other.query, chance),
            body=_crossed(made.body, other.body, chance),
            media_type=case.media_type,
        )
        if _parts(made) not in sent:
            break
    return made


def _parts(case: Case) -> str:
    return repr((case.query, case.body))


def _crossed(one: Any, other: Any, chance: Random) -> Any:
    """A value of the parts of both: the keys of objects and the items of lists from either."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            key: _crossed(one[key], other[key], chance) if key in one and key in other else given
            for key, given in (other | one).items()
            if (key in one and key in other) or chance.random() < 0.5
        }
    if isinstance(one, list) and isinstance(other, list):
        both = [*one, *other]
        return chance.sample(both, chance.randint(0, len(both)))
    return chance.choice((one, other))
