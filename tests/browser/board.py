"""The dashboard's parts as a reader finds them: by role, label and test id."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import PATIENCE_MS


class Board:
    """Locators on one page; nothing here waits or asserts but the methods that say so."""

    def __init__(self, page: Page) -> None:
        self.page = page
        part = page.get_by_test_id
        self.trend = part("chart-trend")
        self.counts = part("chart-counts")
        self.shares = part("chart-shares")
        self.lines = self.trend.locator("path.recharts-line-curve")
        self.bars = self.counts.locator(".recharts-bar-rectangle path")
        self.slices = self.shares.locator(".recharts-pie-sector path")
        self.feed = part("feed-event")
        self.banner = part("banner")
        self.empty = part("empty-state")
        self.nothing = part("nothing-in-range")
        self.sign_in = part("sign-in")
        self.ingest = part("tile-ingest")
        self.delivery = part("panel-delivery")
        self.no_senders = part("delivery-empty")
        self.form = page.get_by_role("form", name="Capture event")
        self.refresh = page.get_by_role("button", name="Refresh now")
        self.every = page.get_by_label("Auto-refresh")
        self.event_filter = page.get_by_label("Filter by event")

    def total(self, count: int) -> Locator:
        """The tile of all events, showing ``count``."""
        return self.page.get_by_test_id("tile-total").get_by_text(f"{count:,}", exact=True)

    def named(self, name: str) -> Locator:
        """The button beside a bar that filters to the event."""
        return self.counts.get_by_role("button", name=name, exact=True)

    def fed(self, name: str) -> Locator:
        """The rows of the feed with events of this name."""
        return self.feed.filter(has=self._button(name))

    def preset(self, name: str) -> Locator:
        """A radio button of the range picker."""
        return self.page.get_by_role("radio", name=name, exact=True)

    def as_table(self, title: str) -> Locator:
        """Show a panel as a table: the table."""
        self.page.get_by_role("button", name=f"{title} as a table").click()
        return self.page.get_by_role("region", name=f"{title}, table").get_by_role("table")

    def drawn(self) -> None:
        """Wait until all three charts are painted."""
        for marks in (self.lines, self.bars, self.slices):
            expect(marks.first).to_be_visible()

    def _button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def count_of(self, name: str) -> Locator:
        """The row of a bar, with the number that is read out for it."""
        return self.counts.get_by_role("listitem").filter(has=self._button(name))


def until(page: Page, true: Callable[[], bool], what: str) -> None:
    """Let the page go on until ``true()``; for what is no element's state, such as a request.

    Playwright's own waiting for such things needs an eval, which the page's policy forbids.
    """
    for _ in range(PATIENCE_MS // 50):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not in {PATIENCE_MS} ms: {what}")
