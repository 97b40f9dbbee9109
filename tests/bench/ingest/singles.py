"""One event a request: wrk as the crowd, three designs as the server, in turns.

The server is held to the first core and wrk to the second, as in the figures the project measures
itself by, or both are left free to run where the system puts them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.ingest import servers
from tests.bench.ingest.events import singles, stream
from tests.bench.ingest.servers import Target

PLAIN, DJANGO, OURS = "plain design", "Django's design", "single events"
CONNECTIONS = 16
TURNS = 3
SECONDS = 4
_MOST = 60_000
"""Different events a run may send: over three times what it can."""

_SCRIPT = """
local events, at, head = {{}}, 0, {{["Content-Type"] = "application/json"}}
for line in io.lines("{file}") do events[#events + 1] = line end
request = function()
  at = at + 1
  return wrk.format("POST", "/api/capture_event/", head, events[at])
end
done = function(summary, latency)
  io.write(string.format("heard %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status, latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Crowd:
    """What wrk heard: answers a second, the slowest hundredth in ms, how many were refused."""

    rate: float
    p99: float
    refused: int


def measure() -> Iterator[tuple[str, float, str]]:
    """(what, answers a second, what else there is to say): medians of ``TURNS`` turns."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed to send single events (Debian: apt-get install wrk)")
    designs = ((PLAIN, servers.plain), (DJANGO, servers.django), (OURS, servers.ours))
    heard: dict[str, list[Crowd]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        script = _prepare(Path(folder))
        for turn in range(TURNS):
            for held in (True, False):
                for name, design in designs:
                    known = heard.setdefault(_name(name, CONNECTIONS, held), [])
                    known.append(_run(design, script, CONNECTIONS, held=held))
                for connections in (1, 64) if turn == 0 else ():
                    crowd = _run(servers.ours, script, connections, held=held)
                    heard[_name(OURS, connections, held)] = [crowd]
    for what, crowds in heard.items():
        rate, p99 = (median(getattr(crowd, field) for crowd in crowds) for field in ("rate", "p99"))
        refused = sum(crowd.refused for crowd in crowds)
        yield what, rate, f", p99 {p99:.1f} ms" + (f", {refused} refused" if refused else "")


def beside(what: str) -> tuple[str, ...]:
    """The lines that a line of this table is compared with."""
    if not what.startswith(f"{OURS}, {CONNECTIONS} "):
        return ()
    return tuple(what.replace(OURS, other) for other in (PLAIN, DJANGO))


def _name(design: str, connections: int, held: bool) -> str:
    return (
        f"{design}, {connections} connection{'s' * (connections > 1)}, {'held' if held else 'free'}"
    )


def _prepare(folder: Path) -> Path:
    file, script = folder / "events", folder / "wrk.lua"
    with file.open("wb") as out:
        out.writelines(body + b"\n" for body in singles(stream(), _MOST))
    script.write_text(_SCRIPT.format(file=file))
    return script


def _run(
    design: Callable[[Path], AbstractContextManager[Target]],
    script: Path,
    connections: int,
    *,
    held: bool,
) -> Crowd:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, design(Path(folder)) as target:
        if held:
            target.hold_to(0)
        _wrk(target, script, connections, 1, held=held)
        return _wrk(target, script, connections, SECONDS, held=held)


def _wrk(target: Target, script: Path, connections: int, seconds: int, *, held: bool) -> Crowd:
    place = ["taskset", "-c", str((os.cpu_count() or 1) - 1)] if held else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    said = subprocess.run(
        [*place, *command, "-s", str(script), f"http://127.0.0.1:{target.port}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    line = next(line for line in said.splitlines() if line.startswith("heard "))
    requests, duration, refused, p99 = map(int, line.split()[1:])
    return Crowd((requests - refused) / duration * 1e6, p99 / 1e3, refused)
