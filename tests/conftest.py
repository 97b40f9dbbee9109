"""What the whole suite shares: how Hypothesis searches, which test runs where, data to copy."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from tests.faults.process import compiled

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# The same examples every time: a run is red for what was changed, never for luck. Set
# HYPOTHESIS_PROFILE=explore to look further.
_PATIENT = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, print_blob=True, **_PATIENT)
settings.register_profile("explore", max_examples=1_000, print_blob=True, **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# A shell that starts the tests in the background makes them, and all they start, deaf to Ctrl+C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Neither a test nor a process it starts finds what another left on disk, unless it asks for that.
os.environ["DJANGALYTICS_SPOOL"] = "off"

# What a test starts is compiled once, as what is installed is, and not anew at each start: that
# takes longer than most of what those processes are asked to do.
_ENVIRONMENT = compiled(os.environ)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.update(_ENVIRONMENT)

# Temporary folders in memory, where there is some: thousands of synced commits cost little there.
# The servers sync all the same, and what they have synced survives their processes, which is all
# that a test on one machine can see.
_SHARED_MEMORY = Path("/dev/shm")
if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_SHARED_MEMORY).free > 2**32:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_SHARED_MEMORY))

_MEASURE = "COVERAGE_PROCESS_CONFIG"
"""By this variable coverage finds its settings in a process that a test starts."""


# Whole servers, killed, flooded and looked at: hundreds of processes, each of which would take
# twice as long to start.
UNMEASURED = tuple(Path(__file__).parent / name for name in ("browser", "crash", "faults", "hosts"))
MEASURED_OUTSIDE = ("client", "test_start.py", "test_front.py", "test_front_processes.py")
"""Folders and files whose tests are counted in the processes that they start as well. Of the others
it is enough to count what they do in their own: a command that is measured takes twice as long."""
_TOGETHER = {"browser": "browser", "crash": "timed", "faults": "timed", "hosts": "timed"}
"""Folder of tests -> the one process that has them all."""
_HURRY = -5
"""Their priority, where the system lets us: they wait for clocks, the other tests for the cores."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest start first, so that no process is left alone with one of them at the end.

    What Hypothesis searches runs without coverage, which would double its time: it goes thousands
    of ways through lines that the other tests, which alone are counted, must reach as well.
    """
    for item in items:
        searched = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if searched or any(folder in item.path.parents for folder in UNMEASURED):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count what happens in the processes that a test starts only where that is wanted."""
    left_out = item.get_closest_marker("no_cover") is not None or not any(
        part in MEASURED_OUTSIDE for part in item.path.parts
    )
    settings = os.environ.pop(_MEASURE, None) if left_out else None
    _set_priority(_HURRY if any(part in _TOGETHER for part in item.path.parts) else 0)
    try:
        return (yield)
    finally:
        if settings is not None:
            os.environ[_MEASURE] = settings


def _set_priority(niceness: int) -> None:
    """Of this process and those that it starts from now on; few may hurry, and most need not."""
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) != niceness:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Each test goes to the process that is free; those that mostly wait stay in one.

    Whole servers that are flooded, killed and timed share a process, so that none of them runs
    beside another; so do the browser's. The cores are for the other processes meanwhile.

    By their paths: pytest-xdist's own groups are part of the node id, which pytest 9.2 lets nobody
    change any more, so that they are passed over in silence.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = nodeid.split("/")[1]
            return _TOGETHER.get(folder, nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new server's database file, made once by the migrations, with nothing in it but a project.

    Its secrets are ``TEMPLATE_KEYS`` of ``tests.server.house``.
    """
    from tests.server.house import found

    return found(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL for this test process alone, started when the first test asks for it."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def fresh_file(template: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes a new, empty database file each time it is called."""
    made = []

    def make() -> Path:
        folder = tmp_path / f"store-{len(made)}"
        folder.mkdir()
        made.append(folder)
        return Path(shutil.copy2(template, folder / template.name))

    return make
