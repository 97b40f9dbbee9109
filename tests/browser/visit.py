"""One reader's pages, watched: nothing they do may leave an error or a breach of the policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.helpers import RunningServer

PATIENCE_MS = 30_000
"""How long a state is waited for: generous, since the machine may be busy with other tests."""

expect.set_options(timeout=PATIENCE_MS)

_BREACHES = """
document.addEventListener("securitypolicyviolation", (breach) =>
  console.error(`Policy breached: ${breach.violatedDirective} by ${breach.blockedURI}`));
"""
# What Chromium says of every answer that is not a success, and of every failed connection.
_NO_SUCCESS = "Failed to load resource"


class Visit:
    """A browser context (one reader's cookies and storage) and what its pages complained of."""

    def __init__(self, browser: Browser, **settings: Any) -> None:
        wanted = {"viewport": {"width": 1440, "height": 900}, "timezone_id": "UTC", **settings}
        self.context: BrowserContext = browser.new_context(**wanted)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(_BREACHES)
        self.complaints: list[str] = []
        self.failures_expected = False

    def open(
        self, server: RunningServer, path: str = "/", before: Callable[[Page], None] | None = None
    ) -> Page:
        """A new page of this reader at ``path``; ``before`` is called with it while blank."""
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"Uncaught: {error}"))
        if before is not None:
            before(page)
        page.goto(server.url + path)
        return page

    def close(self) -> None:
        """End the visit; fails when a page complained."""
        self.context.close()
        assert [] == self.complaints

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.failures_expected and message.text.startswith(_NO_SUCCESS):
            return
        self.complaints.append(f"{message.type}: {message.text}")
