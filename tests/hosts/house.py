"""A running server, programs that track into it, and the comparison of what both sides say."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tests.faults.process import ServerProcess, compiled
from tests.helpers import server_environment
from tests.hosts import witness

HOME = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which a program counts as hanging."""


class House:
    """One server for many runs: each run owns an event name and a witness of its own."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._numbers = itertools.count()

    def run(self, *, spool: bool = True) -> Run:
        """A fresh run; without a spool nothing can be made good by a later process."""
        name = f"run-{next(self._numbers)}"
        folder = self._folder / name
        folder.mkdir()
        return Run(self.server, name, folder, spool=spool)


class Run:
    """Programs that track one event name, what they wrote down, and what the server has of it."""

    def __init__(self, server: ServerProcess, name: str, folder: Path, *, spool: bool) -> None:
        self.server = server
        self.folder = folder
        self.spool = folder / "spool"
        self._name = name
        self._witness = folder / "witness"
        self._witness.touch()
        self._programs: list[Program] = []
        self._environment = compiled(
            server_environment(
                {
                    "PYTHONPATH": str(HOME),
                    "DJANGALYTICS_URL": server.url,
                    "DJANGALYTICS_SPOOL": str(self.spool) if spool else "off",
                    witness.NAME: name,
                    witness.FILE: str(self._witness),
                }
            )
        )

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Program:
        """Start a command of this interpreter's."""
        log = self.folder / f"program-{len(self._programs)}.log"
        program = Program(
            [sys.executable, *arguments], {**self._environment, **(env or {})}, self.folder, log
        )
        self._programs.append(program)
        return program

    def python(self, code: str, *, expect: int = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a script to its end -> what it printed; its exit code must be as expected."""
        script = self.folder / f"script_{len(self._programs)}.py"
        script.write_text(textwrap.dedent(code))
        program = self.start(
            "-W", "error", "-W", "ignore:This process:DeprecationWarning", str(script), env=env
        )
        code_seen = program.wait()
        assert expect == code_seen, program.said()
        return program.said()

    def tracked(self) -> list[str]:
        """The insert ids that the programs noted."""
        return self._witness.read_text().split()

    def stored(self) -> list[str]:
        """The insert ids that the server has; the events must all differ in what they carry."""
        question = (
            "SELECT insert_id, json_extract(properties, '$.who') FROM events WHERE event_name = ?"
        )
        with closing(sqlite3.connect(f"file:{self.server.file}?mode=ro", uri=True)) as database:
            rows = database.execute(question, (self._name,)).fetchall()
        twice = [who for who, times in Counter(who for _, who in rows).items() if times > 1]
        assert [] == twice, f"stored twice under two insert ids: {twice[:5]}"
        return [insert_id for insert_id, _ in rows]

    def check(self, expected: int | None = None) -> None:
        """Stored is tracked: none lost, none doubled, none made up."""
        tracked, stored = self.tracked(), self.stored()
        heard = "\n".join(program.said()[-3000:] for program in self._programs)
        lost, strange = set(tracked) - set(stored), set(stored) - set(tracked)
        assert not lost, f"{len(lost)} of {len(tracked)} were lost: {sorted(lost)[:3]}\n{heard}"
        assert not strange, f"{len(strange)} were never tracked: {sorted(strange)[:3]}\n{heard}"
        assert sorted(tracked) == sorted(stored)
        if expected is not None:
            assert expected == len(tracked), heard

    def end(self) -> None:
        """End every program that is left."""
        for program in self._programs:
            program.kill()


class Program:
    """A process under test, in a group of its own; what it says goes to a file."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(env),
                start_new_session=True,
            )

    def said(self) -> str:
        """All it wrote until now."""
        return self._log.read_text(errors="replace")

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit code; a program that does not end is killed and fails with its stacks."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it hangs after {patience} s:\n{self.said()}") from None

    def stop(self, number: int = signal.SIGTERM, patience: float = PATIENCE) -> int:
        """Send a signal to the process that was started, and wait for its end."""
        self.process.send_signal(number)
        return self.wait(patience)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.process.wait()
