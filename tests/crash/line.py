"""`python -m tests.crash.line`: the whole line from ``track()`` to the file while everything fails.

Programs with the SDK and its spool track through a network that delays, cuts, doubles and answers
itself (``tests.faults.network``), into a real server. Programs and server get SIGKILL at random
moments, programs also SIGSTOP and SIGCONT; new ones take their place. At the end one last program
sends what is left in the spool. Then what is stored must be what was tracked, event by event:
nothing lost, nothing twice, nothing changed, nothing that nobody tracked. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from djangalytics_client import Client, Settings
from tests.crash import judge, mortal
from tests.faults.network import Proxy
from tests.faults.process import ServerProcess

WAYS = ("SIGKILL", "flush", "SIGKILL", "SIGSTOP", "SIGKILL", "exit", "os._exit")
"""How one program after the other ends."""
SERVERS = "servers by SIGKILL"
KILLED = "programs by SIGKILL"
LIVES_APART = mortal.THREADS * mortal.SPACING


@dataclass(frozen=True)
class Plan:
    """How many events, and how hard. Lives and pauses are in seconds."""

    folder: Path
    events: int = 100_000
    programs: int = 4
    seed: int = 1
    pause: float = 0.04
    program_life: float = 2.0
    server_life: float = 6.0

    @property
    def spool(self) -> Path:
        """The folder that all programs share."""
        return self.folder / "spool"


@dataclass
class Tracked:
    """What the programs' logs say."""

    ids: dict[int, str] = field(default_factory=dict)
    """Insert ids by number: those that ``track()`` came back with."""
    refused: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    """Numbers whose ``track()`` began and may not have come back."""


@dataclass
class Result:
    """What came out."""

    tracked: int
    faults: list[str]
    ended: Counter[str]
    happened: Counter[str]
    undecided: int
    """Events whose ``track()`` was under way when SIGKILL came: stored or not, once at most."""

    def line(self, plan: Plan) -> str:
        """The dated line that a run leaves."""
        requests = sum(self.happened.values())
        failed = requests - self.happened["passed"]
        ends = ", ".join(f"{count} {what}" for what, count in sorted(self.ended.items()))
        verdict = "stored = tracked, event by event" if not self.faults else "FAULTS"
        return (
            f"{time.strftime('%Y-%m-%d', time.gmtime())}: {self.tracked:,} events tracked by"
            f" {plan.programs} programs at a time, seed {plan.seed}; {failed:,} of {requests:,}"
            f" requests failed by the network; {ends}; {verdict}"
            f" ({self.undecided} in track() at a SIGKILL)"
        )


class Program:
    """One program that tracks, until it is ended in one way or another."""

    def __init__(self, plan: Plan, url: str, life: int, ending: str, lasts: float = 0) -> None:
        self._lasts, self._ends_at = lasts, 0.0
        self.log = plan.folder / f"program-{life:05d}.log"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.crash.mortal", "--url", url),
                *("--spool", str(plan.spool), "--log", str(self.log), "--ending", ending),
                *("--first", str(life * LIVES_APART), "--pause", str(plan.pause)),
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def is_over(self) -> bool:
        """Whether it has tracked for as long as it was to."""
        if not self._ends_at and self.log.exists():
            self._ends_at = time.monotonic() + self._lasts
        return 0 < self._ends_at <= time.monotonic()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._close()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after some time: as hosts freeze what they run."""
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def leave(self) -> None:
        """Have it come to its end by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        """Wait for its end."""
        self.leave()
        self._close()

    def _close(self) -> None:
        with self._process:
            self._process.wait(60)


class Run:
    """A run under way: the programs that live, and how the others ended."""

    def __init__(self, plan: Plan, server: ServerProcess, proxy: Proxy) -> None:
        self._plan = plan
        self._server = server
        self._proxy = proxy
        self._chance = random.Random(plan.seed)
        self._lives = 0
        self._programs: list[tuple[Program, str]] = []
        self._leaving: list[Program] = []
        self._server_dies_at = 0.0
        self.ended: Counter[str] = Counter()

    def go(self, say: Callable[[str], object]) -> None:
        """Until enough is tracked, and a server and a program have died, let live and let die."""
        plan, told = self._plan, 0
        self._server_dies_at = time.monotonic() + self._span(plan.server_life)
        died = self.ended
        while (count := tracked_so_far(plan.folder)) < plan.events or not (
            died[SERVERS] and died[KILLED]
        ):
            while len(self._programs) < plan.programs:
                self._start()
            time.sleep(0.05)
            for program in [each for each in self._programs if each[0].is_over()]:
                self._programs.remove(program)
                self._end(*program)
            if time.monotonic() >= self._server_dies_at:
                self._restart()
            if count - told >= 10_000:
                told = count
                say(f"{count:,} tracked, ended: {dict(self.ended)}")

    def finish(self) -> None:
        """End all programs; nothing may be killed afterwards."""
        for program in (*self._leaving, *(each[0] for each in self._programs)):
            program.end()
        self._programs.clear()
        self._leaving.clear()

    def kill(self) -> None:
        """In any case, leave none behind."""
        for program in (*self._leaving, *(each[0] for each in self._programs)):
            program.kill()

    def _start(self) -> None:
        way = WAYS[self._lives % len(WAYS)]
        ending = way if way in ("flush", "exit", "os._exit") else "exit"
        self._lives += 1
        lasts = self._span(self._plan.program_life)
        program = Program(self._plan, self._proxy.url, self._lives, ending, lasts)
        self._programs.append((program, way))

    def _end(self, program: Program, way: str) -> None:
        self.ended[f"programs by {way}"] += 1
        if way == "SIGSTOP":
            program.freeze(self._chance.uniform(0.1, 0.5))
        if way == "SIGKILL":
            program.kill()
        else:
            program.leave()
            self._leaving.append(program)

    def _restart(self) -> None:
        self._server.kill()
        self.ended[SERVERS] += 1
        self._server.start()
        self._server.ready()
        self._server_dies_at = time.monotonic() + self._span(self._plan.server_life)

    def _span(self, longest: float) -> float:
        return self._chance.uniform(0.1, 1.0) * longest


def run(plan: Plan, say: Callable[[str], object] = lambda _: None) -> Result:
    """Go through it, bring everything to its end, and judge."""
    plan.spool.mkdir()
    server = ServerProcess(plan.folder)
    faults: list[str] = []
    with server, Proxy(server.port, random.Random(plan.seed)) as proxy:
        running = Run(plan, server, proxy)
        try:
            running.go(say)
            proxy.calm()
            running.finish()
        finally:
            running.kill()
        faults += send_the_rest(plan, proxy.url)
        happened = proxy.happened
        assert 0 == server.stop(), server.log.read_text()
    tracked = read(plan.folder.glob("program-*.log"))
    faults += compare(tracked, server.file)
    undecided = len(tracked.begun)
    return Result(len(tracked.ids), faults, running.ended, happened, undecided)


def send_the_rest(plan: Plan, url: str) -> Iterable[str]:
    """One last client sends what the dead have left; what stays in the spool is a fault."""
    settings = Settings(spool=str(plan.spool), **mortal.SETTINGS)  # type: ignore[arg-type]
    client = Client(url, settings=settings)
    client.flush(60)
    stats = client.stats()
    client.shutdown()
    if left := sorted(path.name for path in plan.spool.rglob("*.spool")):
        yield f"{len(left)} files are left in the spool: {left[:3]}"
    if damaged := stats.replayed.get("damaged"):
        yield f"{damaged} events of the spool are damaged"


def tracked_so_far(folder: Path) -> int:
    """Events in the logs, about: two lines each."""
    return sum(path.stat().st_size for path in folder.glob("program-*.log")) // _LINES


_LINES = len("about 12000000\n") + len(f"tracked 12000000 {'-' * 36}\n")


def read(logs: Iterable[Path]) -> Tracked:
    """The logs of the programs."""
    tracked = Tracked()
    for log in logs:
        for line in log.read_text().splitlines(keepends=True):
            word, number, *rest = line.split()
            if word == "about":
                tracked.begun.add(int(number))
            elif rest[0] == "None":
                tracked.refused.add(int(number))
            elif line.endswith("\n"):
                tracked.ids[int(number)] = rest[0]
    tracked.begun -= tracked.ids.keys() | tracked.refused
    return tracked


def compare(tracked: Tracked, file: Path) -> list[str]:
    """Everything in which what is stored differs from what was tracked, a sentence each."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT insert_id, event_name, distinct_id, properties FROM events")
    stored: dict[int, str] = {}
    twice, changed = [], []
    for insert_id, name, distinct_id, text in rows:
        properties = json.loads(text)
        number = properties["number"]
        if number in stored:
            twice.append(number)
        stored[number] = insert_id
        expected = ("mortal", f"u-{number % 100}", mortal.properties(number))
        if (name, distinct_id, properties) != expected:
            changed.append(number)
    connection.close()
    other_ids = [n for n, i in tracked.ids.items() if n in stored and stored[n] != i]
    findings = {
        "lost": tracked.ids.keys() - stored.keys(),
        "stored twice": twice,
        "changed": changed,
        "stored under another id": other_ids,
        "stored and not tracked": stored.keys() - tracked.ids.keys() - tracked.begun,
        "refused by track()": tracked.refused,
    }
    account = judge.Account(sent=set(stored.values()), acknowledged=set(tracked.ids.values()))
    return [
        *(f"{len(n)} {what}: {sorted(n)[:5]}" for what, n in findings.items() if n),
        *judge.judge(judge.sqlite_url(file), account),
    ]


def main() -> int:
    """Run as asked; 0 when what is stored is what was tracked."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.line", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events to track (100000)")
    parser.add_argument("--programs", type=int, default=4, help="programs at a time (4)")
    parser.add_argument("--seed", type=int, default=1, help="of moments, faults and ends (1)")
    parser.add_argument("--pause", type=float, default=0.04, help="mean s between bursts (0.04)")
    parser.add_argument("--keep", type=Path, help="an empty folder to keep data and logs in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="line-") as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(folder, asked.events, asked.programs, asked.seed, asked.pause)
        result = run(plan, lambda words: print(words, flush=True))
    print("network:", ", ".join(f"{n:,} {what}" for what, n in sorted(result.happened.items())))
    for fault in result.faults:
        print(f"FAULT: {fault}")
    print(result.line(plan))
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
