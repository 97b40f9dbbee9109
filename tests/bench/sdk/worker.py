"""`python -m tests.bench.sdk.worker SDK TASK URL`: one measurement of one SDK, in a fresh process.

Prints one line of JSON. Where the driver has to look at the server in between, it prints a line and
waits for one on standard input.
"""

from __future__ import annotations

import array
import gc
import json
import os
import resource
import sys
import threading
import time
from collections import deque
from pathlib import Path

from tests.bench.sdk.sdks import ALL, Sdk

CALLS = 50_000
SLICE = 1000
"""Calls of one turn of an SDK: few, as a machine may have another speed a second later."""
THREADS = 8
EVENTS = 50_000
QUEUED = 100_000
TOGETHER, AT_ONCE, PAUSE = 4, 10, 0.01
"""Threads of a host that is in no hurry, the events of each at once, its pause in seconds."""


def in_threads(sdk: Sdk, seconds: float) -> list[array.array[int]]:
    """Track from some threads, each a few events and a pause, and so on -> what the calls took."""
    until = time.monotonic() + seconds
    results: list[array.array[int]] = []

    def work(place: int) -> None:
        first = 10_000_000 * (place + 1)
        while time.monotonic() < until:
            results.append(produce(sdk, first, AT_ONCE))
            first += AT_ONCE
            time.sleep(PAUSE)

    running = [threading.Thread(target=work, args=(place,)) for place in range(TOGETHER)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


def produce(sdk: Sdk, first: int, count: int) -> array.array[int]:
    """Track so many events -> what each call took, in nanoseconds."""
    took = array.array("q", bytes(8 * count))
    clock, track = time.perf_counter_ns, sdk.track
    for place in range(count):
        seq = first + place
        properties = {
            "seq": seq,
            "plan": "pro",
            "amount": 49.99,
            "referrer": "https://example.com/pricing",
            "trial": False,
        }
        who = f"user-{seq % 1000:05d}"
        before = clock()
        track("item_purchased", properties, who)
        took[place] = clock() - before
    return took


def microseconds(took: array.array[int]) -> dict[str, float]:
    """Median, the 99th of a hundred, and the longest."""
    ordered = sorted(took)
    places = {"median": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "longest": -1}
    return {name: ordered[place] / 1000 for name, place in places.items()}


def slices(sdk: Sdk, *, still: bool) -> None:
    """One thread that tracks as fast as it can, some calls for each line of standard input, and
    prints what they took. What it sends of them has arrived before the next SDK has its turn."""
    produce(sdk, 0, 2000)
    time.sleep(0.5)
    gc.collect()
    print(json.dumps({}), flush=True)
    for turn, _ in enumerate(sys.stdin, 1):
        took = microseconds(produce(sdk, 10_000 + turn * SLICE, SLICE))
        if not still:
            sdk.flush()
        print(json.dumps(took), flush=True)


def threads(sdk: Sdk) -> dict[str, float]:
    """Eight threads that do so together."""
    produce(sdk, 0, 2000)
    time.sleep(0.5)
    gc.collect()
    gate = threading.Barrier(THREADS)
    results: list[array.array[int]] = []

    def work(place: int) -> None:
        gate.wait()
        share = CALLS // THREADS
        results.append(produce(sdk, 10_000 + place * share, share))

    running = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return microseconds(array.array("q", b"".join(map(bytes, results))))


def collection(sdk: Sdk) -> dict[str, float]:
    """The longest that the garbage collector held a call up while 100,000 events were queued."""
    produce(sdk, 0, 1000)
    gc.collect()
    began, pauses = [0.0], [0.0]

    def watch(phase: str, _: object) -> None:
        if phase == "start":
            began[0] = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - began[0])

    gc.callbacks.append(watch)
    produce(sdk, 1000, QUEUED)
    gc.callbacks.remove(watch)
    return {"pause": max(pauses) * 1e6}


def memory(sdk: Sdk) -> dict[str, float]:
    """Bytes that a queued event adds to the process, what is shared with its file apart."""
    produce(sdk, 0, 1000)
    gc.collect()
    before = resident()
    for place in range(0, QUEUED, 1000):
        produce(sdk, place, 1000)
    gc.collect()
    return {"bytes": (resident() - before) / QUEUED}


def resident() -> int:
    """Bytes of this process's own memory: what belongs to no file."""
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if "RssAnon" in line) * 1024


def whole(sdk: Sdk) -> dict[str, float]:
    """From the first call until the server has all: seconds of processor and of the clock."""
    produce(sdk, 0, 500)
    sdk.flush()
    wait("warm")
    spent, began = processor(), time.monotonic()
    produce(sdk, 500, EVENTS)
    sdk.flush()
    wait("flushed")  # the server has all of them
    return {"began": began, "processor": processor() - spent}


def wait(stage: str) -> None:
    """Let the driver look at the server."""
    print(json.dumps({"stage": stage}), flush=True)
    sys.stdin.readline()


def processor() -> float:
    """Seconds of processor time that this process has had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Bare(Sdk):
    """The floor: a bare append to a deque."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, dict[str, object], str]] = deque()

    def track(self, name: str, properties: dict[str, object], distinct_id: str) -> object:
        return self._queue.append((name, properties, distinct_id))


SLICED = frozenset({"idle", "busy"})
STILL = frozenset({"idle", "collection", "memory"})
TASKS = {
    "threads": threads,
    "collection": collection,
    "memory": memory,
    "whole": whole,
}


def main() -> None:
    """Do one task."""
    name, task, url = sys.argv[1:4]
    sdk = Bare() if name == "floor" else ALL[name](url, still=task in STILL)
    if task in SLICED:
        slices(sdk, still=task in STILL)
    else:
        print(json.dumps(TASKS[task](sdk)), flush=True)
    os._exit(0)  # what is queued is of no use to anybody


if __name__ == "__main__":
    main()
