"""What `djangalytics-server demo` shows at first sight."""

from __future__ import annotations

from collections.abc import Callable

import requests
from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.visit import Visit
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]


def test_the_demo_fills_every_panel(demo: RunningServer, open_page: OpenPage) -> None:
    """Lines, bars, shares, total and feed are drawn, with nothing to complain of."""
    page = open_page(demo)
    board = Board(page)
    board.drawn()
    expect(board.lines).to_have_count(7)
    expect(board.bars).to_have_count(8)
    expect(board.slices).to_have_count(7)
    expect(board.feed).to_have_count(50)
    expect(page.get_by_text("Demo", exact=True)).to_be_visible()
    for marks in (board.lines, board.bars, board.slices):
        for mark in marks.all():
            box = mark.bounding_box()
            assert box is not None
            assert box["width"] > 1
            assert box["height"] > 1


def test_the_page_shows_what_the_api_answers(demo: RunningServer, open_page: OpenPage) -> None:
    """All time: the total, each name's count and each day's sum are those of /api/stats/."""
    stats = requests.get(f"{demo.url}/api/stats/?tz=UTC", timeout=30).json()
    page = open_page(demo, "/?range=all")
    board = Board(page)
    expect(board.total(stats["total_events"])).to_be_visible()
    counts = board.as_table("Event counts").get_by_role("row")
    expect(counts).to_have_count(1 + len(stats["event_counts"]))
    shown = [row.split("\t")[:2] for row in counts.all_inner_texts()[1:]]
    told = [[row["event_name"], f"{row['count']:,}"] for row in stats["event_counts"]]
    assert told == shown
    # Days without an event are drawn too: today is one, in the first hours after midnight.
    days = {start[:10]: 0 for start in stats["range"]["starts"]}
    for row in stats["daily_stats"]:
        days[row["date"]] += row["count"]
    rows = board.as_table("Daily trend").get_by_role("row")
    sums = [int(row.split("\t")[-1].replace(",", "")) for row in rows.all_inner_texts()[1:]]
    assert [days[date] for date in sorted(days, reverse=True)] == sums


def test_a_chart_says_what_the_pointer_is_on(demo: RunningServer, open_page: OpenPage) -> None:
    """Over the trend a tip names the day and the counts of each line."""
    page = open_page(demo)
    board = Board(page)
    board.drawn()
    board.trend.locator("svg.recharts-surface").first.hover()
    tip = board.trend.locator(".tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("page_view")
    expect(tip).to_contain_text("Total")


def test_a_line_is_taken_out_and_put_back(demo: RunningServer, open_page: OpenPage) -> None:
    """The legend's buttons hide a line and bring it back."""
    page = open_page(demo)
    board = Board(page)
    expect(board.lines).to_have_count(7)
    button = board.trend.get_by_role("button", name="page_view")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(board.lines).to_have_count(6)
    button.click()
    expect(board.lines).to_have_count(7)


def test_a_broken_chart_keeps_the_rest(demo: RunningServer, visit: Visit) -> None:
    """Where the charts' file does not load, those panels say so; tiles, form and feed go on."""
    visit.failures_expected = True
    # No server of ours loses one file: the browser does it here.
    visit.context.route("**/charts.js", lambda route: route.abort())
    page = visit.open(demo)
    board = Board(page)
    for title in ("Daily trend", "Event counts", "Shares"):
        alert = page.get_by_role("alert").filter(has_text=f"{title} could not be drawn")
        expect(alert).to_be_visible()
    expect(page.get_by_test_id("tile-total")).to_contain_text("Last 30 days")
    expect(board.feed).to_have_count(50)
    expect(board.form.get_by_label("Event name")).to_be_editable()
    visit.complaints[:] = [said for said in visit.complaints if "charts.js" not in said]
