"""What waits to be sent: in memory, on disk, and what dead processes left on disk.

A part is what one request carries: events of one producer, as JSON, with their numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
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
    operation that no other thread can see half-done. Events are numbered as they are taken."""

    replays = False
    tracked = 0

    def __init__(
        self, producer: Callable[[], Producer], numbers: Iterator[int], most: tuple[int, int]
    ) -> None:
        """``most`` is how many events and bytes may wait or be under way."""
        self._producer = producer
        self._numbers = numbers
        self._most_events, self._most_bytes = most
        self._queue: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._numbered: list[int] = []  # the numbers of those
        self._bytes = 0

    @property
    def producer(self) -> Producer:
        """This process."""
        return self._producer()

    def __len__(self) -> int:
        """Events held: waiting or under way."""
        return len(self._queue) + len(self._taken)

    def put(self, event: bytes, admit: Callable[[int], object]) -> bool:
        """Take an event if there is room, and ``admit`` its bytes before anybody can find it."""
        size = len(event)  # not called below: between reading and writing there is to be nothing
        if self._bytes + size > self._most_bytes:
            return False
        if len(self._queue) + len(self._taken) >= self._most_events:
            return False
        admit(size)
        self._bytes += size
        self._queue.append(event)
        return True

    def move(self, elsewhere: Callable[[bytes], bool], most: int) -> bool:
        """Let up to so many waiting events go elsewhere; whether there may be more to move."""
        for _ in range(most):
            try:
                event = self._queue.popleft()
            except IndexError:
                return False
            if not elsewhere(event):
                self._queue.appendleft(event)
                return False
            size = len(event)
            self._bytes -= size
        return True

    def take(self, events: int, size: int) -> Part | None:
        """See Source."""
        queue, taken = self._queue, self._taken
        with suppress(IndexError):  # another thread may be moving events away
            while len(taken) < events and (not taken or len(queue[0]) <= size):
                taken.append(queue.popleft())
                size -= len(taken[-1])
        if not taken:
            return None
        self._numbered += islice(self._numbers, len(taken) - len(self._numbered))
        return Part(self, [*self._numbered], [*taken], [*map(len, taken)])

    def commit(self) -> None:
        """See Source."""
        taken, self._taken, self._numbered = self._taken, [], []
        size = sum(map(len, taken))
        self._bytes -= size

    def held(self, most: int) -> list[bytes]:
        """The newest events that are held, as JSON; nothing is taken away."""
        return [*self._taken, *self._queue][-most:]

    def empty(self) -> list[Numbered]:
        """Give up all that is held, in order: what is under way keeps its number."""
        left = [*self._taken, *self._queue]
        self._numbered += islice(self._numbers, len(left) - len(self._numbered))
        numbered = [*zip(self._numbered, left, strict=True)]
        self._taken, self._numbered = [], []
        self._queue.clear()
        return numbered
