"""What the whole suite shares: how Hypothesis searches, and a data folder to copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

# The same examples every time: a run is red for what was changed, never for luck. Set
# HYPOTHESIS_PROFILE=explore to look further.
_PATIENT = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, print_blob=True, **_PATIENT)
settings.register_profile("explore", max_examples=1_000, print_blob=True, **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Neither a test nor a process it starts finds what another left on disk, unless it asks for that.
os.environ["DJANGALYTICS_SPOOL"] = "off"


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
