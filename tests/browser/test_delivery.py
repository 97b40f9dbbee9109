"""The delivery panel: what senders numbered and what came in, as the ledger has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.servers import MARKUP
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]


def ledger(server: RunningServer) -> dict[str, Any]:
    """What the API answers."""
    found: dict[str, Any] = requests.get(f"{server.url}/api/delivery/", timeout=30).json()
    return found


def test_the_demo_shows_that_nothing_is_missing(demo: RunningServer, open_page: OpenPage) -> None:
    """The headline and each sender's row say what the API answers."""
    told = ledger(demo)
    delivery = Board(open_page(demo)).delivery
    sums = delivery.get_by_role("group", name="All senders")
    expect(sums).to_contain_text(f"0 of {told['totals']['tracked']:,} missing")
    assert ["api-1", "web-1", "worker-1"] == sorted(one["host"] for one in told["producers"])
    for one in told["producers"]:
        row = delivery.get_by_role("row").filter(has_text=one["host"])
        expect(row).to_contain_text(one["process"])
        expect(row).to_contain_text(f"0 of {one['tracked']:,} missing")
        expect(row).to_contain_text("complete")


def test_gaps_are_named(odd: RunningServer, open_page: OpenPage) -> None:
    """Which numbers are missing, how many were given up and why; one state alone on request."""
    page = open_page(odd)
    delivery = Board(page).delivery
    row = delivery.get_by_role("row").filter(has_text="gone-1")
    expect(row).to_contain_text("6 of 48,213 missing")
    expect(row).to_contain_text("Numbers 17, 20\u201324")
    expect(row).to_contain_text("Lost: queue full 12")
    expect(row).to_contain_text(MARKUP)
    assert 2 < delivery.get_by_role("row").count()
    delivery.get_by_role("radio", name="Missing").click()
    expect(delivery.get_by_role("row")).to_have_count(2)
    delivery.get_by_role("radio", name="On the way").click()
    expect(delivery.get_by_text("No such sender.")).to_be_visible()
    assert page.evaluate("window.struck") is None


def test_without_senders_it_says_what_to_do(own: RunningServer, open_page: OpenPage) -> None:
    """Events whose senders do not number them are no reason for a row of zeros."""
    event = {"event_name": "unnumbered"}
    requests.post(f"{own.url}/api/capture_event/", json=event, timeout=30).raise_for_status()
    assert 0 == ledger(own)["totals"]["producers"]
    empty = Board(open_page(own)).no_senders
    expect(empty).to_contain_text("No sender has numbered its events yet.")
    expect(empty).to_contain_text("pip install --upgrade djangalytics")
