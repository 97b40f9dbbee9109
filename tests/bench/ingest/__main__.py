"""`python -m tests.bench.ingest`: batches and single events beside their floors, in one run."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.ingest import floor, growth, servers
from tests.bench.ingest.events import batches, singles, stream
from tests.bench.ingest.load import Heard, request, send

BATCH, SINGLE = "/api/capture_batch/", "/api/capture_event/"


def in_folder(measure: Callable[[Path], Heard | float]) -> Heard | float:
    """Run one measurement with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return measure(Path(folder))


def batched(folder: Path, size: int, connections: int, events: int, ids: str = "v7") -> Heard:
    """Batches of one size; the answers are batches."""
    bodies = batches(stream(ids), size, events // size)
    requests = [request(BATCH, body, gzipped=True) for body in bodies]
    with servers.ours(folder) as target:
        send(target.port, [request(SINGLE, b'{"event_name":"warm"}', False)] * 50, 2, 30)
        spent = target.cpu_seconds()
        heard = send(target.port, requests, connections, 60)
        print(
            f"    {size:>5} a batch, {connections:>2} connections: "
            f"{heard.rate * size:>9,.0f} events/s, p99 {heard.centile(0.99):.1f} ms, "
            f"{(target.cpu_seconds() - spent) / events * 1e6:.1f} µs CPU an event, "
            f"RSS {target.resident():.0f} MiB {heard.statuses}"
        )
    return heard


def one_by_one(folder: Path, start: Callable[..., object], connections: int, count: int) -> Heard:
    """Single events, each acknowledged after its commit."""
    bodies = singles(stream(), count)
    requests = [request(SINGLE, body, gzipped=False) for body in bodies]
    with start(folder) as target:  # type: ignore[attr-defined]
        send(target.port, requests[:100], connections, 30)
        spent = target.cpu_seconds()
        heard = send(target.port, requests[100:], connections, 20)
        print(
            f"    {connections:>2} connections: {heard.rate:>9,.0f} events/s, "
            f"p50 {heard.centile(0.5):.1f} p99 {heard.centile(0.99):.1f} ms, "
            f"{(target.cpu_seconds() - spent) / len(heard.answers) * 1e6:.0f} µs CPU "
            f"{heard.statuses}"
        )
    return heard


def grown(folder: Path, ids: str, most: int) -> float:
    """The rate of appending at several sizes."""
    marks = [mark for mark in (100_000, 500_000, 1_000_000, 2_000_000, 5_000_000) if mark <= most]
    first = rate = 0.0
    for stored, rate in growth.measure(folder, ids, marks):
        first = first or rate
        print(f"    {ids} at {stored:>9,}: {rate:>9,.0f} rows/s, {rate / first:.2f} of the first")
    return rate


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["floor", "batches", "singles"])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--most", type=int, default=2_000_000, help="events of a growth run")
    given = parser.parse_args()
    if "floor" in given.what:
        rate = in_folder(lambda folder: floor.measure(folder, given.events))
        print(f"floor: {rate:,.0f} rows/s")
    if "batches" in given.what:
        for size, connections in ((1_000, 2), (100, 8), (100, 2)):
            in_folder(lambda f, s=size, c=connections: batched(f, s, c, given.events))  # type: ignore
    if "singles" in given.what:
        for connections in (1, 16, 64):
            in_folder(lambda f, c=connections: one_by_one(f, servers.ours, c, 10_000))  # type: ignore
    for ids in ("v7", "v4"):
        if f"growth-{ids}" in given.what:
            in_folder(lambda f, i=ids: grown(f, i, given.most))  # type: ignore
    if "plain" in given.what:
        in_folder(lambda f: one_by_one(f, servers.plain, 16, 5_000))


if __name__ == "__main__":
    main()
