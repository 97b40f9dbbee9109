"""Events sent by the SDK, on the page without being asked for; and older ones that are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.servers import open_house, sdk
from tests.browser.visit import Visit
from tests.helpers import RunningServer, running_server, server_environment

OpenPage = Callable[..., Page]


def test_a_tracked_event_arrives_by_itself(own: RunningServer, open_page: OpenPage) -> None:
    """The lines of Python the empty page gives show in charts, tile and feed without a reload."""
    page = open_page(own)
    board = Board(page)
    code = board.empty.get_by_label("In Python", exact=True).inner_text()
    assert code.endswith('track("signup", {"plan": "pro"})')
    page.evaluate("window.sameDocument = true")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    expect(board.named("signup")).to_be_visible()
    board.drawn()
    expect(board.total(1)).to_be_visible()
    expect(board.fed("signup")).to_have_count(1)
    chips = board.fed("signup").get_by_role("list", name="Properties")
    expect(chips).to_have_text("planpro")
    expect(board.empty).to_have_count(0)
    assert page.evaluate("window.sameDocument") is True


def test_a_shell_s_event_arrives(shared: RunningServer, open_page: OpenPage) -> None:
    """`python -m djangalytics_client track` is seen with its source, person and properties."""
    page = open_page(shared, "/?event=nightly+backup")
    board = Board(page)
    words = ["track", "nightly backup", "files=812", "ok=true", "--source=cron", "--url"]
    subprocess.run(
        [sys.executable, "-m", "djangalytics_client", *words, shared.url, "--distinct-id=host-7"],
        check=True,
        stdout=subprocess.DEVNULL,
        env=server_environment(),
        timeout=60,
    )
    row = board.fed("nightly backup")
    expect(row).to_have_count(1)
    for text in ("files812", "oktrue", "cron", "host-7"):
        expect(row).to_contain_text(text)
    row.get_by_text("Details").click()
    expect(row.get_by_label("as JSON")).to_have_text('{\n  "files": 812,\n  "ok": true\n}')


def test_bars_are_as_long_as_their_counts(shared: RunningServer, open_page: OpenPage) -> None:
    """The bar of 40 events is four times as long as that of 10, and grows when more arrive."""
    with sdk(shared) as client:
        for place in range(50):
            client.track("bar short" if place % 5 == 0 else "bar long")
    board = Board(open_page(shared, "/?event=bar+long&event=bar+short"))
    expect(board.count_of("bar long")).to_contain_text("40 events")
    expect(board.bars).to_have_count(2)
    lengths = [bar.bounding_box() for bar in board.bars.all()]
    long, short = (box["width"] for box in lengths if box is not None)
    assert 4 == pytest.approx(long / short, abs=0.1)
    with sdk(shared) as client:
        for _ in range(30):
            client.track("bar short")
    expect(board.count_of("bar short")).to_contain_text("40 events")
    expect(board.total(80)).to_be_visible()


def test_older_events_are_a_button_away(demo: RunningServer, open_page: OpenPage) -> None:
    """The feed's second and third page continue the first, event for event."""
    page = open_page(demo)
    board = Board(page)
    expect(board.feed).to_have_count(50)
    for count in (100, 150):
        page.get_by_role("button", name="Load older").click()
        expect(board.feed).to_have_count(count)
    newest = requests.get(f"{demo.url}/api/events/?limit=150", timeout=30).json()
    shown = board.feed.locator("dt:text-is('Event id') + dd").all_text_contents()
    assert [str(event["id"]) for event in newest] == shown


def test_older_events_stay_when_new_ones_arrive(shared: RunningServer, open_page: OpenPage) -> None:
    """A feed read to its beginning keeps what it shows, and puts the newest on top."""
    with sdk(shared) as client:
        for place in range(60):
            client.track("page by page", {"place": place})
    page = open_page(shared, "/?event=page+by+page")
    board = Board(page)
    page.get_by_role("button", name="Load older").click()
    expect(board.feed).to_have_count(60)
    expect(page.get_by_role("button", name="Load older")).to_have_count(0)
    expect(board.feed.last).to_contain_text("place0")
    with sdk(shared) as client:
        client.track("page by page", {"place": "newest"})
    expect(board.feed.first).to_contain_text("placenewest")
    expect(board.feed).to_have_count(61)


def test_the_page_outlives_its_server(tmp_path: Path, visit: Visit) -> None:
    """While the server is away a banner says so above the last numbers; back, all is as before."""
    visit.failures_expected = True
    with open_house(tmp_path) as server:
        with sdk(server) as client:
            client.track("before the outage")
        page = visit.open(server)
        board = Board(page)
        expect(board.fed("before the outage")).to_have_count(1)
        expect(board.named("before the outage")).to_be_visible()
    expect(board.banner).to_contain_text("No answer from the server")
    expect(board.banner).to_contain_text("Is djangalytics-server still running?")
    expect(board.banner).to_contain_text("what was last answered, at")
    expect(board.named("before the outage")).to_be_visible()
    expect(board.total(1)).to_be_visible()
    expect(board.feed).to_have_count(1)
    port = server.url.rsplit(":", 1)[1]
    with running_server(tmp_path, "--dev", "--port", port) as again:
        with sdk(again) as client:
            client.track("after the outage")
        expect(board.fed("after the outage")).to_have_count(1)
        expect(board.named("after the outage")).to_be_visible()
        expect(board.total(2)).to_be_visible()
        expect(board.banner).to_have_count(0)
        page.close()
