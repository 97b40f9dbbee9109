"""What docs/delivery.md says of `track()` and of the counts, as it is meant: word for word."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from djangalytics_client import Client, Settings
from djangalytics_client.retry import Reply
from djangalytics_client.stats import Stats
from djangalytics_client.testing import MemoryTransport
from tests.faults import syscalls
from tests.faults.process import free_port

MEMORY = {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise"}
THREADS = {"futex", "clone", "clone3", "gettid", "rt_sigprocmask"}
HARMLESS = {*MEMORY, *THREADS, "getrandom"}
"""What the interpreter itself needs; a thread is started once, to make the next file."""
TRACKER = """
import os, sys, time
from djangalytics_client import Client, Settings

settings = Settings(
    spool=sys.argv[2], linger=0.01, batch_events=50, queue_events=1 << 20, queue_bytes=1 << 30
)
client = Client(sys.argv[1], settings=settings)
client.track("first")
properties = {"plan": "pro", "amount": 49.99, "text": "x" * 600}
calls, end = 1, time.monotonic() + 0.8  # the second try comes half a second after the first
os.access("/here it begins", 0)
while calls < 3000 or time.monotonic() < end:
    client.track("item_purchased", properties, distinct_id=str(calls))
    calls += 1
os.access("/here it ends", 0)
assert client.stats().queued == calls, client.stats()
os._exit(0)
"""


@pytest.mark.parametrize("spool", [True, False])
def test_track_does_no_io(spool: bool, tmp_path: Path) -> None:
    """After a process's first event its thread opens, reads, writes and sends nothing in track():
    not when a file of the spool is full, nor while a sender beside it looks for a server.
    """
    if not syscalls.works():
        if os.environ.get("DJANGALYTICS_REQUIRE_STRACE"):
            pytest.fail("strace is missing or may not trace: apt install strace")
        pytest.skip("strace is missing or may not trace: apt install strace")
    trace, folder = tmp_path / "trace", str(tmp_path / "spool") if spool else "off"
    program = [sys.executable, "-c", TRACKER, f"http://127.0.0.1:{free_port()}", folder]
    subprocess.run(["strace", "-f", "-o", str(trace), *program], check=True, timeout=60)
    lines = trace.read_text("latin-1").splitlines()
    begin, end = (next(n for n, ln in enumerate(lines) if f"/here it {it}" in ln) for it in ENDS)
    tracking = lines[begin].split()[0]
    during = [_CALL.match(line) for line in lines[begin + 1 : end]]
    made = [(call[1], call[2]) for call in during if call]
    assert {name for thread, name in made if thread == tracking} <= HARMLESS
    others = {name for thread, name in made if thread != tracking}
    assert "connect" in others  # the sender was at it meanwhile,
    assert not spool or "fallocate" in others  # and so was who makes the next file


ENDS = ("begins", "ends")
_CALL = re.compile(r"(\d+) +(\w+)\(")


def total(stats: Stats) -> int:
    """All ends of an event together."""
    counts = sum(sum(counts.values()) for counts in (stats.rejected, stats.lost, stats.dropped))
    return stats.queued + stats.sent + stats.duplicates + stats.spooled + counts


class Mixed(MemoryTransport):
    """Takes some events, knows some, and rejects some."""

    def send(self, body: bytes, *, compress: bool) -> Reply:
        count = len(json.loads(body)["events"])
        some = {"duplicates": count // 3, "rejected": count // 4}
        return Reply(200, None, {**some, "accepted": count - sum(some.values())})


def test_the_counts_add_up_at_any_moment() -> None:
    """While four threads track, some of it refused, sampled out or without room, and batches are
    answered, whoever asks finds each event in one state.
    """
    client = Client(
        transport=Mixed(),
        settings=Settings(linger=0.0, batch_events=10, queue_events=50, sample_rates={"rare": 0.0}),
    )
    done = threading.Event()

    def track() -> None:
        while not done.is_set():
            client.track("x")
            client.track("rare")
            client.track("x", {"n": float("nan")})

    threads = [threading.Thread(target=track) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        seen = [client.stats() for _ in range(500)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    seen.append(client.stats())
    client.shutdown(10)
    seen.append(client.stats())
    assert [stats.tracked for stats in seen] == [total(stats) for stats in seen]
    last = seen[-1]
    assert {"sampled_out"} == {*last.dropped}
    assert "rejected:number_out_of_range" in last.lost
    assert last.sent
    assert 0 == last.queued
