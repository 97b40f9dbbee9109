"""How the page keeps itself fresh. Its clock is moved by hand, so that no test waits minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from playwright.sync_api import Page, expect

from tests.browser.board import Board, until
from tests.browser.servers import sdk
from tests.browser.visit import Visit
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]

# Chromium without a screen shows every tab, so a hidden one has to say that it is.
_SHOW = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => state === "hidden" });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""

# The range's numbers. Other questions, such as which names there are, have a rhythm of their own.
_FRESH = "interval=day"

# Counted in the page, where it is known at once: the browser's own events come when they come.
_COUNT = """
window.asked = [];
window.awaited = 0;
const ask = window.fetch;
window.fetch = async (path, options) => {
  window.asked.push(path);
  const one = path.includes("interval=day") ? 1 : 0;
  window.awaited += one;
  try {
    const answer = await ask(path, options);
    await answer.clone().text();
    return answer;
  } finally {
    window.awaited -= one;
  }
};
"""


class Watch:
    """A page whose clock stands still, and what it asked for."""

    def __init__(self, visit: Visit, server: RunningServer) -> None:
        visit.context.clock.install()
        visit.context.add_init_script(_COUNT)
        self.page = visit.open(server)
        self.board = Board(self.page)
        self.answered_at = self.board.refresh.locator("time")
        expect(self.board.feed).to_have_count(50)
        self.page.clock.pause_at(datetime.now(timezone.utc) + timedelta(minutes=1))
        self.noticed("")

    def pass_by(self, seconds: float) -> list[str]:
        """Let so much of the page's time go by at once, each timer firing once: what it asked."""
        before = self.answered_at.get_attribute("datetime")
        self.page.evaluate("window.asked = []")
        self.page.clock.fast_forward(round(seconds * 1_000))
        asked: list[str] = self.page.evaluate("window.asked")
        if any(_FRESH in path for path in asked):
            self.noticed(before)
        return asked

    def noticed(self, before: str | None) -> None:
        """Wait until the page shows an answer later than ``before``; its next timer runs then.

        And until none is on its way any more, for what is on its way is not asked for again.
        """

        def newer() -> bool:
            waits = self.page.evaluate("window.awaited")
            # What the page does with an answer begins with a timer of no length.
            self.page.clock.run_for(5)
            return not waits and self.answered_at.get_attribute("datetime") != before

        until(self.page, newer, "an answer")


def fresh(asked: list[str]) -> bool:
    """Whether the range's numbers were asked for, once."""
    return 1 == sum(_FRESH in path for path in asked)


def test_every_five_seconds_unless_told_otherwise(demo: RunningServer, visit: Visit) -> None:
    """It asks again 5 s after each answer."""
    watch = Watch(visit, demo)
    expect(watch.board.every).to_have_value("5000")
    for _ in range(3):
        assert not fresh(watch.pass_by(4.5))
        assert fresh(watch.pass_by(1))


def test_as_often_as_chosen(demo: RunningServer, visit: Visit) -> None:
    """A chosen interval is kept to, from the moment it is chosen; off is off."""
    watch = Watch(visit, demo)
    choices = {"Every 1 s": 1, "Every 15 s": 15, "Every 1 min": 60, "Every 5 min": 300}
    for choice, seconds in choices.items():
        watch.board.every.select_option(choice)
        assert not fresh(watch.pass_by(seconds - 0.5))
        assert fresh(watch.pass_by(1))
    watch.board.every.select_option("Auto off")
    assert [] == watch.pass_by(3_600)
    expect(watch.page.get_by_test_id("panel-feed")).to_contain_text("Paused")


def test_what_did_not_change_is_not_sent_again(demo: RunningServer, visit: Visit) -> None:
    """A page that is left open gets 304 and no numbers while nothing comes; it still tells when."""
    watch = Watch(visit, demo)
    statuses: list[int] = []
    watch.page.on(
        "response",
        lambda answer: statuses.append(answer.status) if _FRESH in answer.url else None,
    )
    for _ in range(3):
        assert fresh(watch.pass_by(5.5))
    # A quarter of an hour may end meanwhile, with which every tag is another.
    assert sorted(statuses) in ([304] * 3, [200, 304, 304])
    expect(watch.board.feed).to_have_count(50)


def test_a_hidden_tab_asks_nothing(demo: RunningServer, visit: Visit) -> None:
    """While its tab is hidden the page is silent; shown again, it asks at once."""
    watch = Watch(visit, demo)
    watch.page.evaluate(_SHOW, "hidden")
    assert [] == watch.pass_by(600)
    before = watch.answered_at.get_attribute("datetime")
    watch.page.evaluate(_SHOW, "visible")
    watch.noticed(before)
    assert fresh(watch.pass_by(5.5))


def test_the_button_refreshes_and_tells_when(shared: RunningServer, open_page: OpenPage) -> None:
    """With auto-refresh off, Refresh now brings what came since, and the time of it."""
    page = open_page(shared, "/?event=by+hand")
    board = Board(page)
    board.every.select_option("Auto off")
    time = board.refresh.locator("time")
    before = time.get_attribute("datetime")
    assert before is not None
    with sdk(shared) as client:
        client.track("by hand")
    board.refresh.click()
    expect(board.fed("by hand")).to_have_count(1)
    expect(board.total(1)).to_be_visible()
    expect(time).not_to_have_attribute("datetime", before)
    shown = time.get_attribute("datetime")
    assert shown is not None
    expect(time).to_have_text(shown[11:19])


def test_the_choice_is_remembered(empty: RunningServer, open_page: OpenPage) -> None:
    """The interval chosen holds after a reload."""
    page = open_page(empty)
    Board(page).every.select_option("Every 30 s")
    page.reload()
    expect(Board(page).every).to_have_value("30000")
