"""What waits to be sent: in memory, on disk, and what dead processes left on disk.

A part is what one request carries: events of one producer, as JSON, with their numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from djangalytics_client.producer import Producer

Numbered = tuple[int, bytes]
"""An event's number and its JSON."""


class Part:
    """Events of one producer on their way: their numbers, JSON, and sizes as they were queued."""

    __slots__ = ("events", "numbers", "sizes", "source")

    def __init__(
        self,
        source: Source,
        numbers: Sequence[int],
        events: Sequence[bytes],
        sizes: Sequence[int],
    ) -> None:
        self.source = source
        self.numbers = numbers
        self.events = events
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.events)

    def halves(self) -> tuple[Part, Part]:
        """The part in two, in order."""
        middle = len(self.events) // 2
        return self._cut(slice(middle)), self._cut(slice(middle, None))

    def _cut(self, some: slice) -> Part:
        return Part(self.source, self.numbers[some], self.events[some], self.sizes[some])


class Source(Protocol):
    """Where parts come from. Used by one thread at a time; one take is settled before the next."""

    @property
    def producer(self) -> Producer:
        """Who numbered the events."""

    @property
    def replays(self) -> bool:
        """Whether the events are those of an earlier process."""

    @property
    def tracked(self) -> int:
        """The highest number known of them, for those of an earlier process."""

    def take(self, events: int, size: int) -> Part | None:
        """The next events: at most so many and, if there are several, so many bytes of JSON."""

    def commit(self) -> None:
        """All of the last take has ended."""


class Memory:
    """The queue in memory. Callers of ``track()`` take no lock: each step of ``put`` is one
    operation that no other thread can see half-done."""

    replays = False
    tracked = 0

    def __init__(self, producer: Callable[[], Producer], most: tuple[int, int]) -> None:
        """``most`` is how many events and bytes may wait or be under way."""
        self._producer = producer
        self._most_events, self._most_bytes = most
        self._queue: deque[Numbered] = deque()
        self._taken: list[Numbered] = []
        self._bytes = 0

    @property
    def producer(self) -> Producer:
        """This process."""
        return self._producer()

    def __len__(self) -> int:
        """Events held: waiting or under way."""
        return len(self._queue) + len(self._taken)

    def is_full(self, size: int) -> bool:
        """Whether there is no room for an event of so many bytes."""
        return (
            len(self._queue) + len(self._taken) >= self._most_events
            or self._bytes + size > self._most_bytes
        )

    def put(self, number: int, event: bytes) -> None:
        """Take an event."""
        size = len(event)  # not called below: between reading and writing there is to be nothing
        self._bytes += size
        self._queue.append((number, event))

    def move(self, elsewhere: Callable[[int, bytes], bool], most: int) -> bool:
        """Let up to so many waiting events go elsewhere; whether there may be more to move."""
        for _ in range(most):
            try:
                number, event = numbered = self._queue.popleft()
            except IndexError:
                return False
            if not elsewhere(number, event):
                self._queue.appendleft(numbered)
                return False
            size = len(event)
            self._bytes -= size
        return True

    def take(self, events: int, size: int) -> Part | None:
        """See Source."""
        queue, taken = self._queue, self._taken
        with suppress(IndexError):  # another thread may be moving events away
            while len(taken) < events and (not taken or len(queue[0][1]) <= size):
                taken.append(queue.popleft())
                size -= len(taken[-1][1])
        if not taken:
            return None
        return Part(
            self,
            [number for number, _ in taken],
            [event for _, event in taken],
            [len(event) for _, event in taken],
        )

    def commit(self) -> None:
        """See Source."""
        taken, self._taken = self._taken, []
        size = sum(len(event) for _, event in taken)
        self._bytes -= size

    def held(self, most: int) -> list[bytes]:
        """The newest events that are held, as JSON; nothing is taken away."""
        return [event for _, event in (*self._taken, *self._queue)[-most:]]

    def empty(self) -> list[Numbered]:
        """Give up all that is held, in order."""
        left = [*self._taken, *self._queue]
        self._taken = []
        self._queue.clear()
        return left
