"""What an owner does first: a key, another project, somebody to share them with."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import requests
from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.servers import locked
from tests.browser.test_sign_in import new_link
from tests.browser.visit import Visit


def test_from_the_first_key_to_a_colleague(tmp_path: Path, visitor: Callable[..., Visit]) -> None:
    """The owner makes a project and a key that works, and invites somebody, who sets a password,
    sees the event, switches the project, signs out, and in again by the password.
    """
    with locked(tmp_path) as server:
        page = visitor().open(server, new_link(server))
        page.get_by_role("link", name="Settings").click()
        page.get_by_label("Name of the new project").fill("Shop")
        page.get_by_role("button", name="Make project").click()
        expect(page.get_by_role("heading", name="Shop project")).to_be_visible()
        expect(page.get_by_text("No key works here.")).to_be_visible()
        page.get_by_label("Key name").fill("web shop")
        page.keyboard.press("Enter")
        key = page.get_by_role("region", name="The new key").get_by_label("Key", exact=True)
        expect(key).to_have_text(re.compile(r"^djw_\w{49}$"))
        event = {"event_name": "sold", "api_key": key.inner_text()}
        assert requests.post(f"{server.url}/api/capture_event/", json=event, timeout=60).ok
        page.get_by_label("Their e-mail address").fill("ada@example.com")
        page.get_by_role("button", name="Make invitation link").click()
        link = page.get_by_role("region", name="The new link").get_by_label("Link", exact=True)
        expect(link).to_have_text(re.compile(r"/join#[\w-]{43}$"))

        ada = visitor()
        ada.failures_expected = True  # what the page still asks while she signs out: 401
        page = ada.open(server, link.inner_text().removeprefix(server.url))
        expect(page.get_by_role("heading", name="Join My organisation")).to_be_visible()
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("Password").fill("a good long one")
        page.get_by_role("button", name="Join", exact=True).click()
        expect(Board(page).empty).to_be_visible()
        page.get_by_label("Project").select_option("Shop")
        expect(Board(page).named("sold")).to_be_visible()
        assert page.url.endswith("/?project=2")
        page.get_by_role("button", name="Sign out Ada").click()
        page.get_by_label("E-mail address").fill("ada@example.com")
        page.get_by_label("Password").fill("a good long one")
        page.get_by_role("button", name="Sign in").click()
        expect(Board(page).named("sold")).to_be_visible()
