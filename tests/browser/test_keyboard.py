"""The page without a pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]

# Numbers every control one can see and use; radio buttons of a group count as one, as Tab has it.
_NUMBER = """() => {
  const groups = new Map();
  let count = 0;
  const all = "a[href], button, input, select, textarea, summary, [tabindex]";
  for (const each of document.querySelectorAll(all)) {
    if (each.disabled || each.tabIndex < 0) continue;
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    const group = each.type === "radio" ? each.name : null;
    if (group !== null && !groups.has(group)) groups.set(group, count++);
    each.dataset.stop = String(group === null ? count++ : groups.get(group));
  }
  return count;
}"""

# What has the focus: its number, and whether one can see that it has it, and see it at all.
_FOCUSED = """() => {
  const here = document.activeElement;
  if (here === null || here === document.body) return null;
  const box = here.getBoundingClientRect();
  const ringed = (element) => {
    if (element === null) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const words = here.getAttribute("aria-label") ?? here.labels?.[0]?.textContent;
  const name = (words ?? here.textContent).trim().slice(0, 40);
  return {
    stop: here.dataset.stop === undefined ? null : Number(here.dataset.stop),
    name: `${here.tagName.toLowerCase()} ${name}`,
    ringed: ringed(here) || ringed(here.nextElementSibling),
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


def walk(page: Page, stops: int) -> list[dict[str, Any]]:
    """Press Tab, from where the focus is, until it is back there: what had it on the way."""
    met: list[dict[str, Any]] = []
    for _ in range(2 * stops + 20):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None:
            continue  # past the end of the page, before its beginning
        # A date field is several stops in one; the round is over when another came between.
        if met and focused["stop"] == met[0]["stop"] != met[-1]["stop"]:
            break
        met.append(focused)
    return met


def reaches_all(page: Page) -> None:
    """Fails unless Tab stops at every control, in view, with a ring around it."""
    stops = page.evaluate(_NUMBER)
    met = walk(page, stops)
    # The last part of a date field, its calendar, is ringed by the browser and not by a style.
    ringed = {one["stop"] for one in met if one["ringed"]}
    assert [] == [one["name"] for one in met if one["stop"] not in ringed]
    assert [] == [one["name"] for one in met if not one["inView"]]
    assert set(range(stops)) == {one["stop"] for one in met}


def test_tab_reaches_every_control(shared: RunningServer, open_page: OpenPage) -> None:
    """In one pass Tab stops at each control once, in view, with a ring around it."""
    page = open_page(shared, "/?event=nobody+sends+this")
    board = Board(page)
    expect(board.nothing.or_(board.empty)).to_be_visible()
    board.every.select_option("Auto off")
    reaches_all(page)


def test_tab_reaches_every_control_of_the_charts(demo: RunningServer, open_page: OpenPage) -> None:
    """Charts, legends, tables, names and the feed's details are stops like any other."""
    page = open_page(demo, "/?event=refund_requested")
    board = Board(page)
    board.drawn()
    board.every.select_option("Auto off")
    board.form.get_by_role("button", name="Properties and time").click()
    board.as_table("Shares")
    reaches_all(page)


def test_the_skip_link_skips(demo: RunningServer, open_page: OpenPage) -> None:
    """The first Tab offers to skip the header; Enter does, and the next stop is the range."""
    page = open_page(demo)
    board = Board(page)
    board.drawn()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the numbers")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(board.preset("Last 30 days")).to_be_focused()


def test_keys_alone_filter_range_and_table(demo: RunningServer, open_page: OpenPage) -> None:
    """Arrows choose a range, Enter on a name filters, Space turns a chart into its table."""
    page = open_page(demo)
    board = Board(page)
    board.drawn()
    board.preset("Last 30 days").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{demo.url}/?range=90d")
    board.named("purchase").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{demo.url}/?range=90d&event=purchase")
    expect(board.bars).to_have_count(1)
    toggle = page.get_by_role("button", name="Event counts as a table")
    toggle.focus()
    page.keyboard.press("Space")
    table = page.get_by_role("region", name="Event counts, table")
    expect(table).to_contain_text("purchase")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(toggle).to_be_focused()
    page.keyboard.press("Space")
    expect(board.bars).to_have_count(1)


def test_keys_walk_along_the_trend(demo: RunningServer, open_page: OpenPage) -> None:
    """In the trend the arrow keys move from day to day and say what is there."""
    page = open_page(demo)
    board = Board(page)
    board.drawn()
    chart = board.trend.get_by_role("application")
    chart.focus()
    tip = board.trend.locator(".tip-title")
    page.keyboard.press("ArrowRight")
    expect(tip).to_be_visible()
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    expect(tip).not_to_have_text(first)


def test_keys_alone_capture_an_event(shared: RunningServer, open_page: OpenPage) -> None:
    """A name typed and Enter pressed is an event; the focus is back for the next."""
    page = open_page(shared)
    board = Board(page)
    name = board.form.get_by_label("Event name", exact=True)
    name.focus()
    page.keyboard.type("typed and entered")
    page.keyboard.press("Enter")
    expect(board.form.get_by_role("status")).to_have_text("typed and entered is captured.")
    expect(name).to_be_focused()
    expect(board.fed("typed and entered")).to_have_count(1)
