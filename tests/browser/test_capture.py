"""The form that captures one event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Request, expect

from tests.browser.board import Board
from tests.browser.visit import Visit
from tests.helpers import RunningServer

OpenPage = Callable[..., Page]


class Form:
    """The form's controls, and every request it made."""

    def __init__(self, page: Page) -> None:
        self.page = page
        board = Board(page)
        form = self.form = board.form
        self.board = board
        self.name = form.get_by_label("Event name", exact=True)
        self.send = form.get_by_role("button", name="Capture event")
        self.more = form.get_by_role("button", name="Properties and time")
        self.json = form.get_by_label("Properties as JSON")
        self.time = form.get_by_label("Time (optional)")
        self.stored = form.get_by_role("status")
        self.sent: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.sent.append(request.url)

    def row(self, number: int, key: str, kind: str, value: str | None = None) -> None:
        """Fill one row of the properties."""
        place = f"of property {number}"
        self.form.get_by_label(f"Key {place}").fill(key)
        self.form.get_by_label(f"Type {place}").select_option(kind)
        field = self.form.get_by_label(f"Value {place}")
        if kind == "True/false" and value is not None:
            field.select_option(value)
        elif value is not None:
            field.fill(value)

    def mode(self, name: str) -> None:
        """Press `Key and value` or `JSON`."""
        self.form.get_by_role("radio", name=name, exact=True).click()

    def fault(self, text: str) -> None:
        """Wait until the form says this."""
        expect(self.form).to_contain_text(text)


@pytest.fixture
def form(shared: RunningServer, open_page: OpenPage) -> Form:
    """The form of an open server."""
    return Form(open_page(shared))


def stored(server: RunningServer, name: str) -> list[dict[str, Any]]:
    """The events of this name, as the API tells them."""
    params = {"event_name": name}
    answer = requests.get(f"{server.url}/api/events/", params=params, timeout=30)
    return list(answer.json())


BAD_NAMES = {
    "n" * 101: "At most 100 characters; this has 101.",
    "👍" * 101: "At most 100 characters; this has 101.",
    "tab\there": "Control characters (such as a tab) are not allowed.",
    "   ": "Give the event a name.",
}


def test_a_bad_name_is_told_while_typing(form: Form) -> None:
    """The fault shows under the name before anything is sent, and goes when it is mended."""
    for typed, words in BAD_NAMES.items():
        form.name.fill(typed)
        expect(form.name).to_have_accessible_description(words)
        expect(form.name).to_have_attribute("aria-invalid", "true")
        form.name.press("Enter")
        form.name.fill("👍" * 100)
        expect(form.name).to_have_attribute("aria-invalid", "false")
    assert [] == form.sent


def test_an_empty_form_is_not_sent(form: Form) -> None:
    """Without a name, pressing the button asks for one and sends nothing."""
    expect(form.name).to_have_attribute("aria-invalid", "false")
    form.send.click()
    expect(form.name).to_have_accessible_description("Give the event a name.")
    assert [] == form.sent


def test_rows_become_typed_properties(form: Form, shared: RunningServer) -> None:
    """Text, number, truth and null arrive as such; the form is cleared and says so."""
    form.name.fill("form rows")
    form.more.click()
    rows = [
        ("plan", "Text", "pro"),
        ("seats", "Number", "3"),
        ("trial", "True/false", "false"),
        ("coupon", "Null", None),
        ("gone", "Text", "x"),
    ]
    for number, (key, kind, value) in enumerate(rows, start=1):
        form.row(number, key, kind, value)
        form.form.get_by_role("button", name="Add a property").click()
    form.form.get_by_role("button", name="Remove property 5").click()
    form.send.click()
    expect(form.stored).to_have_text("form rows is captured.")
    expect(form.name).to_have_value("")
    expect(form.name).to_be_focused()
    expect(form.form.get_by_label("Key of property 1")).to_have_value("")
    row = form.board.fed("form rows")
    for text in ("planpro", "seats3", "trialfalse", "couponnull", "dashboard"):
        expect(row).to_contain_text(text)
    (event,) = stored(shared, "form rows")
    assert {"plan": "pro", "seats": 3, "trial": False, "coupon": None} == event["properties"]


def test_rows_tell_their_faults(form: Form) -> None:
    """A key used twice, a value without a key and a number that is none are told at once."""
    form.more.click()
    form.row(1, "plan", "Text", "pro")
    form.form.get_by_role("button", name="Add a property").click()
    form.row(2, "plan", "Text", "free")
    form.fault("The key “plan” is used twice.")
    form.row(2, "", "Text", "free")
    form.fault("Give this value a key.")
    form.row(2, "seats", "Number", "three")
    form.fault("This is not a number")
    expect(form.form.get_by_label("Value of property 2")).to_have_attribute("aria-invalid", "true")


def test_json_is_taken_as_it_is(form: Form, shared: RunningServer) -> None:
    """Raw JSON is checked while typing, takes over the rows, and keeps lists and objects."""
    form.name.fill("form json")
    form.more.click()
    form.row(1, "plan", "Text", "pro")
    form.mode("JSON")
    expect(form.json).to_have_value('{\n  "plan": "pro"\n}')
    form.json.fill('{"plan": ')
    form.fault("Not JSON yet")
    form.json.fill("[1]")
    form.fault("Properties are an object")
    form.json.fill('{"items": [{"sku": "a-1", "price": 9.5}], "gift": true}')
    form.mode("Key and value")
    form.fault("keep these as JSON")
    form.send.click()
    expect(form.stored).to_have_text("form json is captured.")
    (event,) = stored(shared, "form json")
    assert {"items": [{"sku": "a-1", "price": 9.5}], "gift": True} == event["properties"]


def test_a_time_is_the_viewer_s(shared: RunningServer, visitor: Callable[..., Visit]) -> None:
    """A time typed in Kolkata is stored as the moment it is there."""
    form = Form(visitor(timezone_id="Asia/Kolkata").open(shared))
    form.name.fill("form time")
    form.more.click()
    form.fault("UTC+05:30")
    form.time.fill("2026-01-10T03:15")
    form.send.click()
    expect(form.stored).to_have_text("form time is captured.")
    expect(form.time).to_have_value("")
    (event,) = stored(shared, "form time")
    assert event["timestamp"] == "2026-01-09T21:45:00.000000Z"


def test_a_skipped_time_is_told(shared: RunningServer, visitor: Callable[..., Visit]) -> None:
    """An hour that the viewer's clock jumped over is no time."""
    form = Form(visitor(timezone_id="Europe/Berlin").open(shared))
    form.more.click()
    form.time.fill("2026-03-29T02:30")
    expect(form.time).to_have_accessible_description(
        "No such time in Europe/Berlin: the clock was put forward over it."
    )


def test_a_refusal_stands_at_its_field(form: Form, visit: Visit, shared: RunningServer) -> None:
    """What only the server refuses shows at the time or the properties; the draft is kept."""
    visit.failures_expected = True
    form.name.fill("form refused")
    form.more.click()
    form.time.fill("1969-07-20T20:17")
    form.send.click()
    expect(form.time).to_have_accessible_description("timestamp lies before 1970.")
    expect(form.name).to_have_value("form refused")
    form.time.fill("")
    form.mode("JSON")
    form.json.fill('{"big": 9223372036854775808}')
    form.send.click()
    expect(form.json).to_have_attribute("aria-invalid", "true")
    form.fault("signed 64-bit range")
    form.json.fill('{"big": 1}')
    expect(form.json).to_have_attribute("aria-invalid", "false")
    form.send.click()
    expect(form.stored).to_have_text("form refused is captured.")
    assert [{"big": 1}] == [event["properties"] for event in stored(shared, "form refused")]


def test_a_lost_answer_makes_no_second_event(
    form: Form, visit: Visit, shared: RunningServer
) -> None:
    """Where the answer was cut off, the form says so; pressed again, the event is still one."""
    visit.failures_expected = True
    # The server takes the event; only its answer is lost on the way.
    form.page.route("**/api/capture_event/", lambda route: (route.fetch(), route.abort()), times=1)
    form.name.fill("form cut off")
    form.send.click()
    form.fault("No answer from the server.")
    expect(form.name).to_have_value("form cut off")
    form.send.click()
    expect(form.stored).to_have_text("form cut off was captured before.")
    assert 1 == len(stored(shared, "form cut off"))
