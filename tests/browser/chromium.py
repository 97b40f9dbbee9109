"""Where Chromium is, what to say when it is not here, and how it is started."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MODULES = {"playwright": "playwright", "axe_playwright_python": "axe-playwright-python"}
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> str | None:
    """The browser's program: ``$CHROMIUM``, or the first that is on PATH under a usual name."""
    given = os.environ.get("CHROMIUM")
    if given:
        return shutil.which(given)
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def missing() -> str | None:
    """One sentence on what is missing and how to get it; None when everything is here."""
    wanted = [pip for name, pip in MODULES.items() if importlib.util.find_spec(name) is None]
    ways = [f"`pip install {name}`" for name in wanted]
    if executable() is None:
        ways.append("`apt install chromium` (or set CHROMIUM to a browser's program)")
    return f"NO BROWSER TEST WAS RUN. What is missing: {', '.join(ways)}" if ways else None


def required() -> bool:
    """Whether a missing browser is a failure, as it is where a landing is judged."""
    return os.environ.get("DJANGALYTICS_REQUIRE_BROWSER") == "1"


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium, closed at the end."""
    from playwright.sync_api import sync_playwright

    # Chromium's sandbox refuses to be started by root, as one is in most containers.
    root = ("--no-sandbox",) if os.getuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=[*ARGUMENTS, *root], timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()
