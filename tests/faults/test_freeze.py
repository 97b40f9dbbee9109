"""A program that its host freezes in the middle of a request, as AWS Lambda does."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.crash import line
from tests.faults.network import Proxy
from tests.faults.process import ServerProcess, until

SLOW = {"delayed": 2, "answer too late": 1, "passed": 1}


def test_a_program_that_is_frozen_in_mid_request_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGSTOP while requests are under way, for longer than their timeouts too, then SIGCONT."""
    plan = line.Plan(tmp_path, pause=0.02)
    plan.spool.mkdir()
    chance = random.Random(5)
    server = ServerProcess(tmp_path)
    with server, Proxy(server.port, chance, SLOW) as proxy:
        program = line.Program(plan, proxy.url, 1, "exit")
        try:
            for longest in (0.1, 0.4, 2.0, 0.1, 0.4):
                before = sum(proxy.happened.values())
                assert until(lambda before=before: sum(proxy.happened.values()) > before, 30)
                time.sleep(chance.uniform(0, 0.05))
                program.freeze(longest)
            proxy.calm()
            program.end()
        finally:
            program.kill()
        assert [] == list(line.send_the_rest(plan, proxy.url))
        assert 0 == server.stop()
    tracked = line.read([program.log])
    assert [] == line.compare(tracked, server.file)
    assert len(tracked.ids) > 100
    assert set() == tracked.begun
