"""What is tracked while a test runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import djangalytics_client
from djangalytics_client import testing


class Tracked:
    """Events of the test, asked for by name."""

    def __init__(self, memory: testing.MemoryTransport) -> None:
        self._memory = memory

    def __call__(self, name: str) -> list[dict[str, Any]]:
        assert 0 == djangalytics_client.flush(20)
        return [event for event in self._memory.events if event["event_name"] == name]


@pytest.fixture
def tracked() -> Iterator[Tracked]:
    with testing.recorded() as memory:
        yield Tracked(memory)
