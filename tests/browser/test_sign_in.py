"""Who may look, on a server that is not in development mode."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.servers import sdk
from tests.browser.visit import Visit
from tests.helpers import RunningServer, command, server_environment

COMMAND = "djangalytics-server login-link"


def new_link(server: RunningServer) -> str:
    """The path of the link that the command on the sign-in page prints."""
    printed = subprocess.run(
        command("login-link", "--data", str(server.data)),
        check=True,
        capture_output=True,
        text=True,
        env=server_environment(),
        timeout=60,
    ).stdout
    found = re.search(r"/login/\S+", printed)
    assert found is not None, printed
    return found.group()


def test_a_stranger_is_told_how_to_sign_in(locked: RunningServer, visit: Visit) -> None:
    """Without a session there are no numbers, only the command that makes a link."""
    page = visit.open(locked)
    board = Board(page)
    expect(board.sign_in).to_contain_text("Sign in to see this project")
    expect(board.sign_in.get_by_label("Command", exact=True)).to_have_text(COMMAND)
    expect(page.get_by_test_id("tile-total")).to_have_count(0)
    expect(board.feed).to_have_count(0)


def test_the_link_signs_in_once(locked: RunningServer, visitor: Callable[..., Visit]) -> None:
    """The first to open the link reads the numbers; the second is told how to get another."""
    with sdk(locked) as client:
        client.track("behind the door")
    link = new_link(locked)
    page = visitor().open(locked, link)
    expect(page).to_have_url(f"{locked.url}/")
    expect(Board(page).named("behind the door")).to_be_visible()
    late = visitor()
    late.failures_expected = True  # the link is gone: 410
    page = late.open(locked, link)
    expect(page.get_by_role("heading")).to_have_text("This link does not work any more")
    expect(page.get_by_role("main")).to_contain_text(COMMAND)


def test_a_link_opened_beside_the_page_lets_it_in(locked: RunningServer, visit: Visit) -> None:
    """The sign-in page notices by itself that its reader signed in in another tab."""
    page = visit.open(locked)
    expect(Board(page).sign_in).to_be_visible()
    visit.open(locked, new_link(locked))
    expect(Board(page).form).to_be_visible()
    expect(Board(page).sign_in).to_have_count(0)


def test_a_signed_in_reader_captures_and_leaves(locked: RunningServer, visit: Visit) -> None:
    """The form works with the session; Sign out ends it here, in the other tab and on reload."""
    visit.failures_expected = True  # the other tab's next question is refused: 401
    page = visit.open(locked, new_link(locked))
    other = visit.open(locked)
    board = Board(page)
    board.form.get_by_label("Event name", exact=True).fill("sent by the owner")
    board.form.get_by_role("button", name="Capture event").click()
    expect(board.form.get_by_role("status")).to_have_text("sent by the owner is captured.")
    expect(board.fed("sent by the owner")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Sign out")).click()
    expect(board.sign_in).to_be_visible()
    expect(board.feed).to_have_count(0)
    expect(Board(other).sign_in).to_be_visible()
    page.reload()
    expect(board.sign_in).to_be_visible()
