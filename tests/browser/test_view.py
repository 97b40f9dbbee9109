"""What of the data is shown: range, filter, zone; and the page's address that holds it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.servers import sdk
from tests.browser.visit import Visit
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]

PRESETS = {
    "Last hour": ("?range=1h", "Trend by minute"),
    "Last 24 hours": ("?range=24h", "Hourly trend"),
    "Today": ("?range=today", "Hourly trend"),
    "Yesterday": ("?range=yesterday", "Hourly trend"),
    "Last 7 days": ("?range=7d", "Daily trend"),
    "Last 90 days": ("?range=90d", "Daily trend"),
    "Last 12 months": ("?range=12m", "Weekly trend"),
    "All time": ("?range=all", "Daily trend"),
    "Last 30 days": ("", "Daily trend"),
}


def test_each_preset_has_its_address(demo: RunningServer, open_page: OpenPage) -> None:
    """Each preset is in the address, names itself on the total, and picks a fitting interval."""
    page = open_page(demo)
    board = Board(page)
    # The shop may have had a quiet hour; its charts are then told to be empty.
    for name, (query, trend) in PRESETS.items():
        board.preset(name).click()
        expect(board.preset(name)).to_be_checked()
        expect(page).to_have_url(f"{demo.url}/{query}")
        drawn = page.get_by_role("figure", name=trend)
        expect(drawn.or_(board.nothing)).to_be_visible()
        expect(page.get_by_test_id("tile-total").or_(board.nothing).first).to_contain_text(name)


@pytest.mark.parametrize(
    "query", ["?range=7d&event=signup", "?from=2026-01-09&to=2026-01-11&event=a+b%26c"]
)
def test_an_address_brings_the_view_back(
    demo: RunningServer, open_page: OpenPage, query: str
) -> None:
    """Range and filter of an address hold, and still do after a reload."""
    page = open_page(demo, f"/{query}")
    for _ in range(2):
        board = Board(page)
        if "7d" in query:
            expect(board.preset("Last 7 days")).to_be_checked()
            expect(board.named("signup")).to_be_visible()
            expect(board.bars).to_have_count(1)
        else:
            expect(board.preset("Custom")).to_be_checked()
            expect(page.get_by_label("From")).to_have_value("2026-01-09")
            expect(page.get_by_label("To", exact=True)).to_have_value("2026-01-11")
            expect(board.nothing).to_contain_text("No events named a b&c in this range")
        expect(page).to_have_url(f"{demo.url}/{query}")
        page.reload()


def test_a_name_filters_and_unfilters(demo: RunningServer, open_page: OpenPage) -> None:
    """Choosing a name shows it alone everywhere; Back and Clear filter bring the rest again."""
    page = open_page(demo)
    board = Board(page)
    board.named("purchase").click()
    expect(board.bars).to_have_count(1)
    expect(board.lines).to_have_count(1)
    expect(board.feed.first).to_be_visible()
    expect(board.feed).to_have_count(board.fed("purchase").count())
    expect(page).to_have_url(f"{demo.url}/?event=purchase")
    board.event_filter.select_option("signup")
    expect(board.bars).to_have_count(2)
    expect(page).to_have_url(f"{demo.url}/?event=purchase&event=signup")
    page.go_back()
    expect(board.bars).to_have_count(1)
    page.get_by_role("button", name="Clear filter").click()
    expect(board.bars).to_have_count(8)
    expect(page).to_have_url(f"{demo.url}/")


def test_a_custom_range_from_after_to_is_refused(demo: RunningServer, open_page: OpenPage) -> None:
    """Two days in the wrong order are told while typing and cannot be applied."""
    page = open_page(demo)
    Board(page).preset("Custom").click()
    form = page.get_by_role("form", name="Custom date range")
    apply = form.get_by_role("button", name="Apply")
    form.get_by_label("From").fill("2026-11-12")
    form.get_by_label("To", exact=True).fill("2026-11-11")
    expect(form).to_contain_text("The first day is after the last.")
    expect(apply).to_be_disabled()
    form.get_by_label("To", exact=True).press("Enter")
    expect(page).to_have_url(f"{demo.url}/")
    form.get_by_label("To", exact=True).fill("2026-11-12")
    expect(form).not_to_contain_text("The first day is after the last.")
    apply.click()
    expect(page).to_have_url(f"{demo.url}/?from=2026-11-12&to=2026-11-12")
    expect(page.get_by_test_id("tile-total").or_(Board(page).nothing).first).to_be_visible()


def test_an_address_with_a_wrong_range_falls_back(demo: RunningServer, open_page: OpenPage) -> None:
    """From after to in the address, or a range nobody knows, shows the usual 30 days."""
    for query in ("?from=2026-02-01&to=2026-01-01", "?range=fortnight", "?from=x&to=2026-01-01"):
        page = open_page(demo, f"/{query}")
        expect(Board(page).preset("Last 30 days")).to_be_checked()
        Board(page).drawn()


def test_nothing_ever_is_told_from_nothing_here(
    empty: RunningServer, demo: RunningServer, open_page: OpenPage
) -> None:
    """An empty project shows three lines of Python; an empty range says so and leads out of it."""
    page = open_page(empty)
    board = Board(page)
    expect(board.empty).to_contain_text("Waiting for the first event")
    lines = board.empty.get_by_label("In Python", exact=True).inner_text().splitlines()
    assert [
        "from djangalytics_client import configure, track",
        f'configure(url="{empty.url}")',
        'track("signup", {"plan": "pro"})',
    ] == lines
    expect(board.nothing).to_have_count(0)
    page = open_page(demo, "/?from=2001-01-01&to=2001-01-31")
    board = Board(page)
    expect(board.nothing).to_contain_text("No events in this range")
    expect(board.empty).to_have_count(0)
    board.nothing.get_by_role("button", name="Show all time").click()
    board.drawn()


def test_days_are_the_viewer_s(shared: RunningServer, visitor: Callable[..., Visit]) -> None:
    """The viewer's zone is named, and 18:00 and 19:00 UTC are two different days in Kolkata."""
    with sdk(shared) as client:
        client.track("night owl", timestamp="2026-01-09T18:00:00Z")
        client.track("night owl", timestamp="2026-01-09T19:00:00Z")
        client.track("night owl", timestamp="2026-01-09T20:00:00Z")
    days = {"UTC": ["3"], "Asia/Kolkata": ["2", "1"]}
    for zone, counts in days.items():
        query = "?from=2026-01-09&to=2026-01-10&event=night+owl"
        page = visitor(timezone_id=zone).open(shared, f"/{query}")
        board = Board(page)
        # Two days are drawn by hour; the sums of each date are what is compared.
        table = board.as_table("Hourly trend").get_by_role("row")
        expect(table).to_have_count(49)
        sums: dict[str, int] = {}
        for row in table.all_inner_texts()[1:]:
            day, *_, total = row.split("\t")
            sums[day.split(",")[0]] = sums.get(day.split(",")[0], 0) + int(total)
        assert counts == [str(total) for total in sums.values() if total]
        named = r"Times in Asia/(Kolkata|Calcutta), UTC\+05:30" if zone != "UTC" else "Times in UTC"
        expect(page.get_by_role("banner")).to_contain_text(re.compile(named))
