"""What application developers test with: recording, its assertions, and the pytest fixture."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from decimal import Decimal
from unittest.mock import ANY

import pytest

import djangalytics_client as analytics
from djangalytics_client import Client, Hooks, Settings
from djangalytics_client.errors import ConfigurationError, EventLost, EventRejected
from djangalytics_client.testing import MemoryTransport, TrackedEvents, recorded

from .conftest import Sink

pytest_plugins = ["pytester"]


def failure(tracked: TrackedEvents, *arguments: object, **expected: object) -> str:
    """What a failing assert_tracked says."""
    with pytest.raises(AssertionError) as failed:
        tracked.assert_tracked(*arguments, **expected)  # type: ignore[arg-type]
    return str(failed.value)


def test_an_event_is_there_as_soon_as_it_is_tracked() -> None:
    """Nothing has to be flushed, and the events are as the server would get them, in order."""
    with recorded() as tracked:
        insert_id = analytics.track("signup", {"plan": "pro"}, distinct_id="ada", timestamp=NOON)
        analytics.track("login")
        assert (2, ["signup", "login"]) == (len(tracked), tracked.names)
        expected = {
            "event_name": "signup",
            "timestamp": "2026-02-03T12:00:00.000000Z",
            "insert_id": insert_id,
            "distinct_id": "ada",
            "properties": {"plan": "pro"},
        }
        assert expected == tracked[0] == next(iter(tracked)) == tracked.events[0]
        assert [tracked[1]] == tracked.named("login") == tracked[1:]
        assert (0, 2) == (analytics.flush(), analytics.stats().sent)
    assert "client" not in analytics._default


NOON = dt.datetime(2026, 2, 3, 12, tzinfo=dt.timezone.utc)


def test_assert_tracked_looks_at_what_it_is_given() -> None:
    """Properties may be more than expected; ids and times are compared as they would be sent."""
    who = uuid.uuid4()
    with recorded() as tracked:
        analytics.track(
            "buy",
            {"price": Decimal("9.5"), "at": NOON, "trial": True, "source": "ad"},
            distinct_id=who,
            session_id=7,
            source="web",
            timestamp=NOON,
        )
    assert tracked[0] == tracked.assert_tracked("buy")
    tracked.assert_tracked("buy", price=Decimal("9.5"), at=NOON, trial=True, times=1)
    tracked.assert_tracked("buy", {"source": "ad"}, source="web", price=pytest.approx(9.4999999))
    tracked.assert_tracked("buy", distinct_id=who, session_id=7, timestamp=NOON, trial=ANY)
    tracked.assert_tracked(" buy ", insert_id=tracked[0]["insert_id"])
    tracked.assert_tracked("sell", times=0)
    for unlike in ({"trial": 1}, {"price": "9.5"}, {"session_id": 8}, {"coupon": None}):
        tracked.assert_not_tracked("buy", unlike if "trial" in unlike else None, **unlike)
    assert (1, 1, 0) == (tracked.count(), tracked.count("buy", price=9.5), tracked.count("x"))
    with recorded() as anonymous:
        analytics.track("buy")
    anonymous.assert_tracked("buy", distinct_id=None)


def test_a_missing_event_is_answered_with_what_was_tracked() -> None:
    """The message names the events of that name with what differs, else all, and refused calls."""
    with recorded() as tracked:
        assert "'x' was not tracked.\nNothing was tracked." == failure(tracked, "x")
        analytics.track("signup", {"plan": "free"}, distinct_id="ada")
        analytics.track("login")
        with pytest.raises(EventRejected):
            analytics.track("signup", {"plan": float("nan")})
    refused = "Refused:\n  signup: rejected:number_out_of_range (plan is nan)"
    assert (
        "'signup' with plan='pro', seats=3 was not tracked.\nTracked by this name:\n"
        "  signup plan='free' [distinct_id ada]  (plan is 'free')  (no seats)\n" + refused
    ) == failure(tracked, "signup", {"plan": "pro"}, seats=3)
    assert (
        "'sign_up' was not tracked.\nTracked instead: Did you mean 'signup'?\n"
        "  signup plan='free' [distinct_id ada]\n  login\n" + refused
    ) == failure(tracked, "sign_up")
    assert failure(tracked, "login", times=2).startswith("'login' was tracked once, not 2.\n")


def test_a_message_stays_readable_among_hundreds_of_events() -> None:
    """Twenty events are shown, the others are counted by name."""
    with recorded() as tracked:
        for n in range(300):
            analytics.track("view" if n % 3 else "click", {"n": n})
    lines = failure(tracked, "buy").splitlines()
    assert (23, "  and 280 more: 187 view, 93 click") == (len(lines), lines[-1])
    lines = failure(tracked, "view", n=0).splitlines()
    assert "Tracked by this name (the last 20 of 200):" == lines[1]
    assert (22, "  view n=299  (n is 299)") == (len(lines), lines[-1])


def test_assert_not_tracked_shows_what_was() -> None:
    """It fails with the events that fit; without a name any event is too much."""
    with recorded() as tracked:
        tracked.assert_not_tracked()
        analytics.track("signup", {"plan": "pro"})
        tracked.assert_not_tracked("login")
        tracked.assert_not_tracked("signup", plan="free")
    for arguments, words in (
        ({"event_name": "signup", "plan": "pro"}, "'signup' with plan='pro'"),
        ({}, "An event"),
    ):
        with pytest.raises(AssertionError) as failed:
            tracked.assert_not_tracked(**arguments)  # type: ignore[arg-type]
        assert f"{words} was tracked once:\n  signup plan='pro'" == str(failed.value)


def test_clear_forgets() -> None:
    """After it nothing was tracked, and a known insert id is new again."""
    with recorded() as tracked:
        analytics.track("x", insert_id="1")
        analytics.track("x", insert_id="1")
        assert (1, 1) == (len(tracked), analytics.stats().duplicates)
        tracked.clear()
        analytics.track("x", insert_id="1")
        assert 1 == len(tracked)


def test_every_client_is_recorded_and_back_afterwards(sink: Sink) -> None:
    """Clients from before, from within, the module's own and a replaced one: nothing is sent."""
    before = Client(sink.url, source="old")
    mine = analytics.configure(sink.url, settings=Settings(properties={"app": "shop"}))
    with recorded() as tracked:
        before.track("before")
        analytics.track("default")
        within = Client(sink.url)
        within.track("within")
        analytics.configure(sink.url).track("configured")
        thread = threading.Thread(target=lambda: before.track("thread"))
        thread.start()
        thread.join()
        before.register({"later": 1})
        assert ["before", "default", "within", "configured", "thread"] == tracked.names
        tracked.assert_tracked("default", app="shop")
        tracked.assert_tracked("before", source="old")
    assert (mine, {}) == (analytics._client(), sink.events)
    for client in (before, within, mine):
        client.track("real")
        assert (0, 1) == (client.shutdown(), client.stats().tracked)
    assert [None, None, {"app": "shop"}] == [e.get("properties") for e in sink.events.values()]
    assert 5 == len(tracked)


def test_a_block_within_a_block_records_alone() -> None:
    """The inner block has its own events; the outer one goes on after it, with new clients too."""
    with recorded() as outer:
        analytics.track("first")
        with recorded() as inner:
            analytics.track("second")
            client = Client()
        analytics.track("third")
        client.track("fourth")
    assert (["first", "third", "fourth"], ["second"]) == (outer.names, inner.names)


def test_an_identify_ends_with_the_block() -> None:
    """Who acted in one test does not act in the next."""
    with recorded():
        analytics.identify("ada")
    with recorded() as tracked:
        analytics.track("x")
    assert "distinct_id" not in tracked[0]


def test_switches_and_sampling_hide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test environment switches off, and who is sampled out, is recorded all the same."""
    monkeypatch.setenv("DJANGALYTICS_DISABLED", "1")
    monkeypatch.setenv("DJANGALYTICS_DRY_RUN", "1")
    client = Client(settings=Settings(sample_rate=0.0))
    with recorded() as tracked:
        assert client.track("x") == tracked[0]["insert_id"]
    assert (None, 0) == (client.track("x"), client.stats().tracked)


def test_before_send_works_as_ever() -> None:
    """A test sees what would be sent, not what was given."""

    def scrub(event: dict[str, object]) -> dict[str, object] | None:
        return None if event["event_name"] == "noise" else {**event, "properties": {"clean": 1}}

    client = Client(hooks=Hooks(before_send=scrub))
    with recorded() as tracked:
        client.track("x", {"email": "ada@example.com"})
        assert None is client.track("noise")
    assert [{"clean": 1}] == [event["properties"] for event in tracked]


@pytest.mark.parametrize(
    "call",
    [
        lambda: analytics.track(""),
        lambda: analytics.track("x", {"v": object()}),
        lambda: analytics.register({"v": float("inf")}),
        lambda: analytics.configure(hooks=Hooks(before_send=lambda _: 1 / 0)).track("x"),  # type: ignore[arg-type,return-value]
        lambda: Client("nowhere"),
        lambda: Client(settings=Settings(properties={"v": object()})),
    ],
)
def test_what_production_swallows_is_raised(call: object) -> None:
    """Refused events and properties, hooks that raise, addresses that cannot work."""
    with recorded(), pytest.raises((EventLost, ConfigurationError)):
        call()  # type: ignore[operator]


def test_what_production_would_lose_is_raised() -> None:
    """An event after a shutdown, and one of a client that never had a usable address."""
    unusable, ended = Client("nowhere"), Client()
    ended.shutdown()
    with recorded() as tracked:
        analytics.shutdown()
        for track in (unusable.track, ended.track, analytics.track):
            with pytest.raises(EventLost):
                track("x")
    tracked.assert_not_tracked()
    assert None is unusable.track("x")  # no longer raised


def test_an_on_error_that_raises_fails_the_test() -> None:
    """In production it is logged once; here it comes out at the end of the block."""
    client = Client(hooks=Hooks(on_error=lambda loss: {}[loss.reason]))
    with pytest.raises(KeyError, match="rejected:event_name_missing"), recorded():  # noqa: SIM117
        with pytest.raises(EventRejected):
            client.track("")


def test_an_error_of_the_test_itself_comes_first() -> None:
    """The end of the block raises nothing over it, and the clients are back."""
    client = Client(transport=MemoryTransport(), hooks=Hooks(on_error=lambda _: 1 / 0))
    with pytest.raises(EventRejected), recorded():
        client.track("")
    assert None is client.track("")
    client.shutdown()


TESTS = """
    import djangalytics_client
    import pytest

    shop = djangalytics_client.Client("http://127.0.0.1:9", source="shop")

    def test_tracked(tracked_events):
        djangalytics_client.track("signup", {"plan": "pro"})
        shop.track("order")
        tracked_events.assert_tracked("signup", plan="pro")
        tracked_events.assert_tracked("order", source="shop")
        assert ["signup", "order"] == tracked_events.names

    def test_each_test_begins_with_nothing(tracked_events):
        tracked_events.assert_not_tracked()

    def test_wrong(tracked_events):
        shop.track("signup", {"plan": "free"})
        tracked_events.assert_tracked("signup", plan="pro")

    def test_refused(tracked_events):
        shop.track("signup", {"plan": object()})
"""


def plugged(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest of its own; the plugin is named, for a checkout may be older than its metadata."""
    return pytester.runpytest_inprocess("-p", "djangalytics_client.pytest_plugin", *arguments)


def test_the_fixture_records_and_its_failures_say_what_was_tracked(
    pytester: pytest.Pytester,
) -> None:
    """Two tests pass, one fails with what was tracked instead, one with the refused event."""
    pytester.makepyfile(TESTS)
    result = plugged(pytester)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError: 'signup' with plan='pro' was not tracked.",
            "*signup plan='free' [[]source shop]  (plan is 'free')",
            "*EventRejected: plan: JSON has no builtins.object",
        ]
    )
    result.stdout.no_fnmatch_line("*/tracked.py*")  # the failure points to the test's own line


def test_a_project_can_rename_the_fixture_or_use_it_everywhere(pytester: pytest.Pytester) -> None:
    """A conftest of two lines gives it another name, and a project's own fixture wins over it."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def events(tracked_events):
            return tracked_events
        """
    )
    pytester.makepyfile(
        test_renamed="import djangalytics_client as d\n"
        "def test_it(events):\n    d.track('x')\n    events.assert_tracked('x')",
        test_own="import pytest\n@pytest.fixture\ndef tracked_events(): return 5\n"
        "def test_it(tracked_events): assert tracked_events == 5",
    )
    plugged(pytester).assert_outcomes(passed=2)
