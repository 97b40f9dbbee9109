"""One made-up world on every engine, and beside it the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from djangalytics_server.model.insight import Group
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.store.base import Snapshot
from tests import strategies_filters
from tests.contract.engines import Engine
from tests.oracle import Oracle


def shown(group: Group) -> Any:
    """A group as the oracle has it."""
    return None if group.other else tuple((value.kind, value.value) for value in group.values)


def assert_alike(
    engines: Iterable[Engine],
    world: tuple[Any, Sequence[Any]],
    ask: Callable[[Any, Snapshot], Any],
    expect: Callable[[Any, list[StoredEvent]], Any],
) -> None:
    """What each engine answers is what the oracle works out of the events, question by question."""
    made, asked = world
    submissions = strategies_filters.submitted(made)
    expected: list[Any] = []
    for engine in engines:
        with engine.fresh() as store:
            oracle = Oracle()
            oracle.append(submissions, store.append(submissions))
            expected = expected or [expect(question, oracle.of(1)) for question in asked]
            for question, answer in zip(asked, expected, strict=True):
                with store.snapshot() as snapshot:
                    assert answer == ask(question, snapshot)
