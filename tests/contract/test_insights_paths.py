"""Paths on every engine, step by step against the oracle."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from hypothesis import given, settings

from djangalytics_server.model.paths import Paths
from djangalytics_server.query import paths
from djangalytics_server.store.base import Snapshot
from tests import oracle_paths, strategies_insights
from tests.contract.asking import assert_alike, shown
from tests.contract.conftest import EACH, QUESTIONS, WORLD, worlds


def ask(question: Paths, snapshot: Snapshot) -> Any:
    """The answer as the oracle has it."""
    found = paths.answer(question, snapshot)
    steps = [
        [("other" if n.name.other else shown(n.name), n.paths, n.ended) for n in nodes]
        for nodes in found.steps
    ]
    return found.paths, steps, [astuple(link) for link in found.links]


@settings(max_examples=worlds(), suppress_health_check=EACH)
@given(strategies_insights.worlds(strategies_insights.paths, QUESTIONS).drawn(WORLD))
def test_paths_are_what_a_walk_along_each_gives(engines: Any, world: Any) -> None:
    """Any anchor, way, depth, name and pattern: the same on every engine."""
    assert_alike(engines, world, ask, oracle_paths.answer)
