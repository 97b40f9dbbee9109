"""`python -m tests.browser.screenshots OUTDIR`: a picture of every state of the page.

Each state is taken 1440 and 390 pixels wide, in light and in dark, the whole page from top to
bottom: OUTDIR/<state>-<width>-<scheme>.png. Look at them after every change of the dashboard.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import chromium, servers
from tests.browser.states import STATES, State
from tests.browser.views import views
from tests.browser.visit import Visit
from tests.helpers import RunningServer

SERVERS = {
    "demo": servers.demo,
    "shared": servers.open_house,
    "empty": servers.open_house,
    "odd": servers.odd,
    "locked": servers.locked,
    "team": servers.team,
}


def take(browser: Browser, server: RunningServer, state: State, folder: Path) -> None:
    """Bring a new page to the state and take it in each view."""
    visit = Visit(browser, reduced_motion="reduce", bypass_csp=True)
    visit.failures_expected = True
    try:
        page = visit.open(server, state.path, state.before)
        state.arrange(page)
        for view in views(page):
            file = folder / f"{state.name}-{view}.png"
            page.screenshot(path=file, full_page=True)
            print(file)
    finally:
        visit.close()


def main() -> None:
    """Start the servers that the states need, and take every state or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="OUTDIR")
    parser.add_argument("states", nargs="*", metavar="STATE", help="only these")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    wanted = [state for state in STATES if not asked.states or state.name in asked.states]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(chromium.launched())
        running: dict[str, RunningServer] = {}
        for state in wanted:
            if state.server not in running:
                own = folder / state.server
                own.mkdir()
                running[state.server] = stack.enter_context(SERVERS[state.server](own))
            take(browser, running[state.server], state, asked.folder)


if __name__ == "__main__":
    main()
