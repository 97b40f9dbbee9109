"""Making the application compiles nothing that answering requests does not need."""

from __future__ import annotations

from typing import Any
from unittest import mock

from werkzeug.routing import Rule

from djangalytics_server.http.rules import RequestRule
from tests.server.house import House


def test_no_rule_s_way_back_is_compiled_before_it_is_gone(build: Any) -> None:
    """Neither a start nor a request compiles one; whoever asks for a path gets it, each time."""
    with mock.patch.object(
        Rule, "_compile_builder", autospec=True, side_effect=Rule._compile_builder
    ) as compiled:
        house: House = build(dev=True)
        assert 200 == house.client.get("/api/stats/").status_code
        rules = list(house.app.url_map.iter_rules())
        assert len(rules) > 50
        assert all(isinstance(rule, RequestRule) for rule in rules)
        assert 0 == compiled.call_count
        [rule] = [rule for rule in rules if rule.rule == "/api/keys/<int:key_id>/"]
        paths = house.app.url_map.bind("localhost")
        for number in (7, 8):
            assert f"/api/keys/{number}/" == paths.build(
                rule.endpoint, {"key_id": number}, method="DELETE"
            )
        assert 1 == compiled.call_count
    assert "/api/keys/7/?colour=red" == paths.build(
        rule.endpoint, {"key_id": 7, "colour": "red"}, method="DELETE"
    )
