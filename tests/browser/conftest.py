"""A browser and servers for the tests of this folder, which all run in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, servers
from tests.helpers import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.visit import Visit

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without a browser only the test that says so is collected: one line instead of dozens."""
    here = collection_path.parent == HERE and collection_path.name.startswith("test_")
    if here and collection_path.name != "test_chromium.py" and chromium.missing():
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


# For this folder only, not the session: while Playwright runs, no other test of the process
# could start an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with chromium.launched() as running:
        yield running


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The demo's shop; tests only read it."""
    with servers.demo(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """An open server that tests add to, each under names of its own."""
    with servers.open_house(tmp_path_factory.mktemp("shared")) as server:
        yield server


@pytest.fixture(scope="package")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """An open server that nobody sends anything to."""
    with servers.open_house(tmp_path_factory.mktemp("empty")) as server:
        yield server


@pytest.fixture(scope="package")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with awkward events; tests only read it."""
    with servers.odd(tmp_path_factory.mktemp("odd")) as server:
        yield server


@pytest.fixture(scope="package")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in production mode."""
    with servers.locked(tmp_path_factory.mktemp("locked")) as server:
        yield server


@pytest.fixture(scope="package")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with projects, people and keys; tests only read it."""
    with servers.team(tmp_path_factory.mktemp("team")) as server:
        yield server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    """An open, empty server for one test."""
    with servers.open_house(tmp_path) as server:
        yield server


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Makes readers, with what Playwright calls context options; each is checked at the end."""
    from tests.browser.visit import Visit

    with ExitStack() as stack:

        def come(**settings: Any) -> Visit:
            visit = Visit(browser, **settings)
            stack.callback(visit.close)
            return visit

        yield come


@pytest.fixture
def visit(visitor: Callable[..., Visit]) -> Visit:
    """A reader in UTC with a desktop's window."""
    return visitor()


@pytest.fixture
def open_page(visit: Visit) -> Callable[..., Page]:
    """Opens pages of that reader: ``open_page(server, path)``."""
    return visit.open
