"""Markup in what was stored is text, wherever the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.servers import MARKUP, SCRIPT
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]


def unharmed(page: Page) -> None:
    """Fails when stored markup became an element or ran."""
    assert page.evaluate("window.struck") is None
    expect(page.locator("img")).to_have_count(0)
    expect(page.locator("body script")).to_have_count(0)


def test_markup_in_names_is_text(odd: RunningServer, open_page: OpenPage) -> None:
    """Charts, legend, shares, tables, filter and tips show the names as they were sent."""
    page = open_page(odd)
    board = Board(page)
    board.drawn()
    for name in (MARKUP, SCRIPT):
        expect(board.named(name)).to_be_visible()
        expect(board.trend.get_by_role("button", name=name)).to_be_visible()
        expect(board.shares.get_by_role("button", name=name, exact=True)).to_be_visible()
        expect(board.event_filter.locator("option").filter(has_text=name)).to_have_count(1)
        expect(board.fed(name).first).to_be_visible()
    board.bars.first.hover()
    expect(board.counts.locator(".tip")).to_be_visible()
    for title in ("Daily trend", "Event counts", "Shares"):
        expect(board.as_table(title)).to_contain_text(MARKUP)
    unharmed(page)


def test_markup_in_properties_is_text(odd: RunningServer, open_page: OpenPage) -> None:
    """Keys, values, people and sessions show as they were sent, in chips and in details."""
    page = open_page(odd)
    board = Board(page)
    row = board.fed(MARKUP)
    expect(row).to_contain_text(MARKUP + SCRIPT)
    expect(row).to_contain_text("plan" + MARKUP)
    for name in (MARKUP, SCRIPT):
        board.fed(name).get_by_text("Details").click()
    expect(row.locator("pre")).to_contain_text(SCRIPT)
    expect(row.locator("dd").filter(has_text=SCRIPT)).to_be_visible()
    expect(board.fed(SCRIPT).locator("dd").filter(has_text=MARKUP)).to_be_visible()
    unharmed(page)


@pytest.mark.parametrize("name", [MARKUP, f"</title></script>{SCRIPT}"])
def test_markup_in_the_address_is_text(odd: RunningServer, open_page: OpenPage, name: str) -> None:
    """A link that filters by markup shows it on the filter's chip and in the empty range."""
    query = urlencode({"event": name, "from": "2001-01-01", "to": "2001-01-02"})
    page = open_page(odd, f"/?{query}")
    expect(page.get_by_role("button", name=f"Stop filtering by {name}")).to_be_visible()
    expect(Board(page).nothing).to_contain_text(f"No events named {name} in this range")
    unharmed(page)


def test_markup_typed_into_the_form_is_text(shared: RunningServer, open_page: OpenPage) -> None:
    """The form's success message and the feed show a name of markup as text."""
    page = open_page(shared)
    board = Board(page)
    board.form.get_by_label("Event name", exact=True).fill(MARKUP)
    board.form.get_by_role("button", name="Capture event").click()
    expect(board.form.get_by_role("status")).to_have_text(f"{MARKUP} is captured.")
    expect(board.fed(MARKUP)).to_have_count(1)
    unharmed(page)


def test_refusals_are_counted_by_reason(odd: RunningServer, open_page: OpenPage) -> None:
    """The ingest tile says how many were turned away, and why."""
    page = open_page(odd)
    ingest = Board(page).ingest
    expect(ingest).to_contain_text("rejected3")
    ingest.get_by_text("Why rejected").click()
    expect(ingest.get_by_role("listitem")).to_have_count(3)
    expect(ingest).to_contain_text("1 without an event name")
