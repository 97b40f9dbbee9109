"""Whether an answer is still wanted, said from another thread than the one that looks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """Not asked for until ``ask`` is called; then for ever."""

    def __init__(self) -> None:
        self.asked = False
        self._turn = threading.Lock()
        self._ways: list[Callable[[], None]] = []

    def ask(self) -> None:
        """The answer is not wanted any more: interrupt whatever looks for it."""
        with self._turn:
            self.asked = True
            for way in self._ways:
                way()

    @contextmanager
    def by(self, way: Callable[[], None]) -> Iterator[None]:
        """Within the block, ``way`` interrupts what goes on."""
        with self._turn:
            if self.asked:
                way()
            self._ways.append(way)
        try:
            yield
        finally:
            with self._turn:
                self._ways.remove(way)
