"""One server for all hosts that a test process runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.process import ServerProcess
from tests.hosts.house import House, Run


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of its own, and a place for the runs."""
    folder = tmp_path_factory.mktemp("house")
    with ServerProcess(folder) as server:
        yield House(server, folder)
        assert 0 == server.stop(), server.log.read_text()
        assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture
def run(house: House) -> Iterator[Run]:
    """An event name that this test owns, and the programs that track it, with a spool."""
    made = house.run()
    yield made
    made.end()


@pytest.fixture
def spoolless(house: House) -> Iterator[Run]:
    """The same without a spool: what a process does not send itself is lost."""
    made = house.run(spool=False)
    yield made
    made.end()
