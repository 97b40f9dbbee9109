"""Servers for the server's tests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.house import House, open_house


@pytest.fixture
def build(template: Path, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Opens servers with the settings a test wants; all are closed at its end."""
    with contextlib.ExitStack() as stack:
        count = iter(range(100))

        def make(**settings: Any) -> House:
            folder = tmp_path / f"house-{next(count)}"
            return stack.enter_context(open_house(template, folder, **settings))

        yield make


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A server as `djangalytics-server` starts it: in production mode, open for capture."""
    return build()
