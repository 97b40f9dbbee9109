"""Every state the page can be in: what the accessibility checks and the screenshots go through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Page, Route, expect

from djangalytics_server.http.cookies import COOKIE
from tests.browser.board import Board
from tests.browser.servers import MARKUP, OWNER, PASSWORD, VIEWER

Arrange = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """``arrange`` brings a page of ``path`` on that server there, and waits until it is."""

    name: str
    server: str
    arrange: Arrange
    path: str = "/"
    before: Arrange | None = None
    """What has to be done to the page before it is opened."""
    alike: bool = False
    """Whether it is made of the same parts as another one: worth a look, not a check."""


def _overview(page: Page) -> None:
    Board(page).drawn()
    expect(Board(page).feed.first).to_be_visible()


def _tables(page: Page) -> None:
    _overview(page)
    for title in ("Daily trend", "Event counts", "Shares"):
        expect(Board(page).as_table(title)).to_be_visible()


def _tip(page: Page) -> None:
    _overview(page)
    page.keyboard.press("Tab")
    Board(page).trend.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    expect(Board(page).trend.locator(".tip")).to_be_visible()


def _details(page: Page) -> None:
    _overview(page)
    Board(page).feed.first.get_by_text("Details").click()
    expect(Board(page).feed.first.locator("pre")).to_be_visible()


def _wrong_range(page: Page) -> None:
    _overview(page)
    Board(page).preset("Custom").click()
    page.get_by_label("From").fill("2026-11-12")
    page.get_by_label("To", exact=True).fill("2026-11-11")
    expect(page.get_by_text("The first day is after the last.")).to_be_visible()


def _rows(page: Page) -> None:
    _overview(page)
    form = Board(page).form
    form.get_by_label("Event name", exact=True).fill("n" * 101)
    form.get_by_role("button", name="Properties and time").click()
    for number, kind in enumerate(("Text", "Number", "True/false", "Null"), start=1):
        form.get_by_label(f"Key of property {number}").fill(f"key {number}")
        form.get_by_label(f"Type of property {number}").select_option(kind)
        form.get_by_role("button", name="Add a property").click()
    form.get_by_label("Value of property 2").fill("three")
    expect(form.get_by_text("This is not a number")).to_be_visible()
    expect(form.get_by_text("At most 100 characters")).to_be_visible()


def _json(page: Page) -> None:
    _overview(page)
    form = Board(page).form
    form.get_by_role("button", name="Properties and time").click()
    form.get_by_role("radio", name="JSON").click()
    form.get_by_label("Properties as JSON").fill('{"plan": ')
    expect(form.get_by_text("Not JSON yet")).to_be_visible()


def _captured(page: Page) -> None:
    form = Board(page).form
    form.get_by_label("Event name", exact=True).fill("captured by hand")
    form.get_by_role("button", name="Capture event").click()
    expect(form.get_by_role("status")).to_have_text("captured by hand is captured.")
    expect(Board(page).named("captured by hand")).to_be_visible()


def _nothing(page: Page) -> None:
    expect(Board(page).nothing).to_be_visible()


def _empty(page: Page) -> None:
    expect(Board(page).empty).to_be_visible()


def _awkward(page: Page) -> None:
    _overview(page)
    for name in (MARKUP, "W" * 100):
        Board(page).fed(name).get_by_text("Details").click()
    Board(page).ingest.get_by_text("Why rejected").click()
    expect(Board(page).ingest.get_by_role("listitem")).to_have_count(3)


def _gaps(page: Page) -> None:
    delivery = Board(page).delivery
    delivery.get_by_role("radio", name="Missing").click()
    expect(delivery.get_by_role("row")).to_have_count(2)


def _nobody_numbers(page: Page) -> None:
    _captured(page)
    expect(Board(page).no_senders).to_be_visible()


def _away(page: Page) -> None:
    _overview(page)
    page.context.set_offline(True)
    expect(Board(page).banner).to_be_visible()


def _never_answered(page: Page) -> None:
    def hold(route: Route) -> None:
        """The question stays open."""

    page.route("**/api/stats/**", hold)
    page.route("**/api/events/**", hold)


def _waiting(page: Page) -> None:
    expect(page.get_by_label("Loading").first).to_be_visible()
    expect(Board(page).form).to_be_visible()


def _sign_in(page: Page) -> None:
    expect(Board(page).sign_in).to_be_visible()


def _used_link(page: Page) -> None:
    expect(page.get_by_role("heading")).to_have_text("This link does not work any more")


def _as(cookie: str) -> Arrange:
    """Be somebody of the team before the page is opened."""

    def arrive(page: Page) -> None:
        page.context.add_cookies(
            [{"name": COOKIE, "value": cookie, "domain": "127.0.0.1", "path": "/"}]
        )

    return arrive


def _settings(page: Page) -> None:
    expect(page.get_by_test_id("key").first).to_be_visible()
    expect(page.get_by_test_id("person").first).to_be_visible()
    expect(page.get_by_test_id("browser").first).to_be_visible()
    for panel in ("retention", "erase", "sending", "trail"):
        expect(page.get_by_test_id(f"panel-{panel}").locator(".skeleton")).to_have_count(0)


def _settings_asked(page: Page) -> None:
    """Every question and every secret at once."""
    _settings(page)
    page.get_by_label("Key name").fill("web shop")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("region", name="The new key")).to_be_visible()
    page.get_by_role("button", name="Revoke web shop").click()
    page.get_by_label("Their e-mail address").fill("linus@example.com")
    page.get_by_role("button", name="Make invitation link").click()
    expect(page.get_by_role("region", name="The new link")).to_be_visible()
    page.get_by_role("button", name="Remove Vera").click()
    page.get_by_text("Delete this project…").click()
    page.get_by_text("Revoked and expired").click()
    expect(page.get_by_role("button", name="Remove person")).to_be_visible()


def _settings_of_nothing(page: Page) -> None:
    expect(page.get_by_text("No key works here.")).to_be_visible()
    expect(page.get_by_test_id("person").first).to_be_visible()
    expect(page.get_by_test_id("browser").first).to_be_visible()


def _settings_of_a_viewer(page: Page) -> None:
    expect(page.get_by_text("You are viewer here.")).to_be_visible()
    expect(page.get_by_test_id("browser").first).to_be_visible()


def _switcher(page: Page) -> None:
    expect(page.get_by_label("Project")).to_be_visible()
    expect(Board(page).empty).to_be_visible()


def _not_yours(page: Page) -> None:
    expect(page.get_by_test_id("not-yours")).to_be_visible()


def _join_refused(page: Page) -> None:
    expect(page.get_by_role("heading", name="This invitation cannot be used")).to_be_visible()


def _wrong_password(page: Page) -> None:
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill("not hers")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("do not go together")).to_be_visible()


def _code_asked(page: Page) -> None:
    page.get_by_label("E-mail address").fill("o@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Code")).to_be_visible()


def _second_factor(page: Page) -> None:
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code for your app")).to_be_visible()


# Ten events and one name: few enough that a check of every element is quick.
_FEW = "/?event=refund_requested"

STATES = (
    State("overview", "demo", _overview),
    State("hours", "demo", _overview, "/?range=24h", alike=True),
    State("all-time", "demo", _overview, "/?range=all", alike=True),
    State("tables", "demo", _tables, _FEW),
    State("all-tables", "demo", _tables, alike=True),
    State("tip", "demo", _tip, _FEW),
    State("tip-of-many", "demo", _tip, alike=True),
    State("details", "demo", _details, _FEW),
    State("range-refused", "demo", _wrong_range, _FEW),
    State("form-rows-faults", "demo", _rows, _FEW),
    State("form-json-fault", "demo", _json, _FEW),
    State("form-captured", "shared", _captured, f"/?{urlencode({'event': 'captured by hand'})}"),
    State(
        "nothing-in-range",
        "demo",
        _nothing,
        "/?from=2001-01-01&to=2001-01-31&event=refund_requested",
    ),
    State("empty", "empty", _empty),
    State("awkward", "odd", _awkward),
    State("delivery-gaps", "odd", _gaps, f"/?{urlencode({'event': 'numbered'})}"),
    State(
        "delivery-empty",
        "shared",
        _nobody_numbers,
        f"/?{urlencode({'event': 'captured by hand'})}",
        alike=True,
    ),
    State("server-away", "demo", _away, _FEW),
    State("waiting", "demo", _waiting, before=_never_answered),
    State("sign-in", "locked", _sign_in),
    State("sign-in-refused", "locked", _wrong_password),
    State("settings", "team", _settings, "/settings", _as(OWNER)),
    State("settings-asked", "team", _settings_asked, "/settings", _as(OWNER)),
    State("settings-empty", "team", _settings_of_nothing, "/settings?project=2", _as(OWNER)),
    State("settings-viewer", "team", _settings_of_a_viewer, "/settings", _as(VIEWER)),
    State("second-factor", "team", _second_factor, "/settings", _as(VIEWER)),
    State("sign-in-code", "team", _code_asked),
    State("switcher", "team", _switcher, "/?project=2", _as(OWNER)),
    State("not-yours", "team", _not_yours, "/?project=99", _as(OWNER)),
    State("join-refused", "team", _join_refused, "/join#used-up"),
    State("used-link", "locked", _used_link, "/login/used-up"),
)
