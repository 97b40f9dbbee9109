"""`python -m tests.hosts.forks --forks 1000`: fork again and again while threads track.

Children track a few events and leave in turn: normally, by os._exit() after a flush, or after
living for a moment. At the end the server must have exactly what was tracked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.process import ServerProcess
from tests.hosts.house import House, Run

PATIENCE = 550.0
PROGRAM = """
import os, sys, threading, time
import djangalytics_client as d
from tests.hosts import witness

FORKS, WAVE = int(sys.argv[1]), 10
stop = threading.Event()

def produce():
    while not stop.is_set():
        witness.track()
        stop.wait(0.002)

def child(number):
    for _ in range(3):
        witness.track()
    if number % 3 == 0:
        sys.exit()
    if number % 3 == 1:
        os._exit(min(d.flush(60), 99))
    time.sleep(0.05)
    witness.track()
    sys.exit()

threads = [threading.Thread(target=produce) for _ in range(2)]
for thread in threads: thread.start()
started = 0
while started < FORKS:
    wave = []
    for _ in range(min(WAVE, FORKS - started)):
        pid = os.fork()
        if pid == 0:  # which has none of the threads, and must not touch what they may have locked
            child(started)
        wave.append(pid)
        started += 1
    for pid in wave:
        assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
assert d.flush(60) == 0
"""


def fork_under_load(run: Run, forks: int) -> int:
    """Fork so many children and compare -> events tracked. AssertionError when one is amiss."""
    script = run.folder / "forking.py"
    script.write_text(PROGRAM)
    quiet = ("-W", "ignore::DeprecationWarning")  # Python warns of forks beside threads
    program = run.start(*quiet, str(script), str(forks))
    assert 0 == program.wait(PATIENCE), program.said()[-3000:]
    assert "" == program.said(), program.said()[-3000:]
    run.check()
    return len(run.tracked())


def main() -> int:
    """Run as asked; 0 when nothing was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.forks", description=__doc__)
    parser.add_argument("--forks", type=int, default=1000)
    forks = parser.parse_args().forks
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="forks-") as temporary:
        folder = Path(temporary)
        with ServerProcess(folder) as server:
            run = House(server, folder).run(spool=False)
            try:
                tracked = fork_under_load(run, forks)
            finally:
                run.end()
            assert 0 == server.stop(), server.log.read_text()
    seconds = time.monotonic() - began
    print(f"{forks:,} forks, {tracked:,} events: stored is tracked, {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
