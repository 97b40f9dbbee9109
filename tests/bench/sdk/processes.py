"""Each measurement of an SDK: its process, and the server, which is another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.bench.sdk.worker import EVENTS

Told = dict[str, float]


class Sink:
    """The server, a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.url = self._stdout.readline().strip()

    def counts(self) -> Told:
        """What it has had so far."""
        self._stdin.write("\n")
        self._stdin.flush()
        told: Told = json.loads(self._stdout.readline())
        return told

    def until(self, events: float) -> Told:
        """The counts once so many events have come; RuntimeError when they do not."""
        for _ in range(1200):
            counts = self.counts()
            if counts["events"] >= events:
                return counts
            time.sleep(0.025)
        raise RuntimeError(f"{events} events were tracked, {counts} came")


@contextmanager
def sink() -> Iterator[Sink]:
    """A fresh server."""
    command = [sys.executable, "-m", "tests.bench.sdk.sink"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Sink(process)
        process.stdin.close()  # type: ignore[union-attr]


@contextmanager
def elsewhere() -> Iterator[dict[str, str]]:
    """An environment whose temporary files are gone afterwards, however a program ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield {**os.environ, "TMPDIR": folder}


def measure(name: str, task: str) -> Told:
    """One measurement of one SDK."""
    with sink() as server, elsewhere() as environment:
        command = [sys.executable, "-m", "tests.bench.sdk.worker", name, task, server.url]
        pipe = subprocess.PIPE
        marks: list[Told] = []
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            told: dict[str, Any] = {}
            for line in process.stdout:
                told = json.loads(line)
                if "stage" in told:
                    marks.append(server.until(500 if not marks else 500 + EVENTS))
                    process.stdin.write("\n")
                    process.stdin.flush()
        if process.returncode or not told:
            raise RuntimeError(f"{name} could not be measured: {task}")
    if marks:
        warm, end = marks
        told["rate"] = EVENTS / (end["last"] - told["began"])
        told["wire"] = (end["size"] - warm["size"]) / EVENTS
    return told


@contextmanager
def player(name: str, task: str) -> Iterator[Callable[[], Told]]:
    """An SDK in a process of its own that waits for its turns; call it for one."""
    with sink() as server, elsewhere() as environment:
        command = [sys.executable, "-m", "tests.bench.sdk.worker", name, task, server.url]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            stdin, stdout = process.stdin, process.stdout
            stdout.readline()  # it is ready

            def turn() -> Told:
                stdin.write("\n")
                stdin.flush()
                told: Told = json.loads(stdout.readline())
                return told

            yield turn
            process.kill()


def in_turns(names: list[str], task: str, turns: int) -> dict[str, list[Told]]:
    """Slices of calls, the SDKs one after the other, again and again."""
    with ExitStack() as stack:
        players = {name: stack.enter_context(player(name, task)) for name in names}
        rounds = [{name: turn() for name, turn in players.items()} for _ in range(turns)]
    return {name: [told[name] for told in rounds] for name in names}
