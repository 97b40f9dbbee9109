"""Who numbers events: one client in one process. The server can then tell what is missing.

Each producer gives its events the numbers 1, 2, 3 …; a forked child is a producer of its own.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from djangalytics_client.values import rfc3339

_LONGEST_LABEL = 100
_MOST_RUNS = 1000


class Producer(NamedTuple):
    """An id of 32 hexadecimal digits, where it runs, and since when (µs since 1970 UTC)."""

    id: str
    host: str
    process: str
    started_at: int


def this_process(number: bytes, time_ns: int) -> Producer:
    """A producer of this process, named by 16 random bytes."""
    program = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119 - any text
    if program in ("", "-", "-c", "-m"):
        program = "python"
    label = f"{_printable(program)[:80]}[{os.getpid()}]"
    host = _printable(socket.gethostname())[:_LONGEST_LABEL]
    return Producer(number.hex(), host, label, time_ns // 1000)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers in their order as [first, count] of each run."""
    numbers = [*numbers]
    if numbers and numbers == [*range(numbers[0], numbers[0] + len(numbers))]:
        return [[numbers[0], len(numbers)]]  # as nearly always
    runs: list[list[int]] = []
    following = None
    for number in numbers:
        if number == following:
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
        following = number + 1
    return runs


class Dropped:
    """Numbers that were given up, until the server was told: as runs, the latest 1,000."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []

    def add(self, numbers: Iterable[int]) -> None:
        """Remember numbers, in their order."""
        for first, count in ranges(numbers):
            if self.runs and sum(self.runs[-1]) == first:
                self.runs[-1][1] += count
            else:
                self.runs.append([first, count])
        del self.runs[:-_MOST_RUNS]


def account(
    producer: Producer,
    tracked: int,
    numbers: Iterable[int],
    dropped: Dropped | None,
    lost: Mapping[str, int],
) -> dict[str, object]:
    """What a batch says of its producer: the ``producer`` of the envelope."""
    said: dict[str, object] = {
        "id": producer.id,
        "host": producer.host,
        "process": producer.process,
        "started_at": rfc3339(producer.started_at),
        "tracked": tracked,
        "sequences": ranges(numbers),
    }
    if dropped is not None:
        said["dropped"] = dropped.runs
    if lost:
        said["lost"] = dict(lost)
    return said
