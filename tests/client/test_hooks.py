"""What stands between track() and the queue: before_send, sampling, the switches."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from djangalytics_client import Client, ConfigurationError, EventLost, Hooks, Settings, context
from djangalytics_client.hooks import place
from djangalytics_client.transport import MemoryTransport

from .doubles import Clock
from .test_client import balance


def hooked(hooks: Hooks | None = None, **settings: Any) -> tuple[Client, MemoryTransport]:
    memory = MemoryTransport()
    settings = {"disabled": False, "dry_run": False, **settings}
    world = Clock().world
    client = Client(transport=memory, settings=Settings(**settings), hooks=hooks, world=world)
    return client, memory


def scrubbing(before_send: Callable[[dict[str, Any]], Any], **settings: Any) -> Any:
    return hooked(Hooks(before_send=before_send), **settings)


def test_before_send_sees_the_whole_event_and_may_change_it() -> None:
    """Ids, time, source and properties are there under their names; what comes back is sent."""
    seen: list[dict[str, Any]] = []

    def scrub(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(json.loads(json.dumps(event)))
        event["properties"].pop("email")
        return {**event, "distinct_id": "someone", "source": None}

    client, memory = scrubbing(scrub)
    with context(distinct_id="ada", source="web", email="ada@example.com"):
        insert_id = client.track("signup", {"plan": "pro"})
    client.flush()
    assert {
        "event_name": "signup",
        "timestamp": "2026-11-18T11:06:40.000000Z",
        "insert_id": insert_id,
        "distinct_id": "ada",
        "session_id": None,
        "source": "web",
        "properties": {"email": "ada@example.com", "plan": "pro"},
    } == seen[0]
    assert [
        {
            "event_name": "signup",
            "timestamp": "2026-11-18T11:06:40.000000Z",
            "insert_id": insert_id,
            "distinct_id": "someone",
            "properties": {"plan": "pro"},
        }
    ] == memory.events


def test_an_event_may_be_dropped_and_is_counted() -> None:
    """None drops the event: counted as dropped, not as lost, and track() returns None."""
    client, memory = scrubbing(lambda event: None if event["event_name"] == "noise" else event)
    assert [True, False] == [client.track(name) is None for name in ("noise", "signal")]
    client.flush()
    assert ["signal"] == [event["event_name"] for event in memory.events]
    stats = client.stats()
    assert ({"before_send": 1}, {}, 2) == (stats.dropped, stats.lost, stats.tracked)
    assert balance(stats)


def fails(event: dict[str, Any]) -> Any:
    raise LookupError("secret")


@pytest.mark.parametrize("broken", [fails, lambda _: True, lambda _: "text"])
def test_when_before_send_fails_nothing_is_sent(
    broken: Callable[[dict[str, Any]], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be scrubbed does not leave: counted as lost, said once, raised in debug."""
    client, memory = scrubbing(broken)
    assert [None, None] == [client.track("x"), client.track("y")]
    client.flush()
    assert {"before_send_failed": 2} == client.stats().lost
    assert [] == memory.requests
    assert 1 == len(caplog.records)
    debug = Client(
        transport=memory, hooks=Hooks(before_send=broken), debug=True, world=Clock().world
    )
    with pytest.raises(EventLost, match="before_send"):
        debug.track("x")


def test_what_before_send_gives_is_checked_like_any_event() -> None:
    """A value that cannot be sent is refused with its code, also when a hook put it there."""
    client, _ = scrubbing(lambda event: {**event, "properties": {"v": float("inf")}})
    client.track("x")
    nameless, _ = scrubbing(lambda event: {})
    nameless.track("x")
    assert {"rejected:number_out_of_range": 1} == client.stats().lost
    assert {"rejected:event_name_invalid": 1} == nameless.stats().lost


def test_tracking_inside_before_send_does_not_go_round() -> None:
    """An event tracked by the hook itself cannot be scrubbed: it is lost, the other one sent."""

    def chatty(event: dict[str, Any]) -> dict[str, Any]:
        assert None is client.track("inner")
        return event

    client, memory = scrubbing(chatty)
    client.track("outer")
    client.flush()
    assert ["outer"] == [event["event_name"] for event in memory.events]
    assert {"before_send_failed": 1} == client.stats().lost


def test_a_share_of_the_people_is_sent_with_all_their_events() -> None:
    """Who is in is in with every event, the share is about the rate, and the rest is counted."""
    client, memory = hooked(sample_rate=0.25)
    for person in range(2000):
        client.track("one", distinct_id=f"user-{person}")
        client.track("two", distinct_id=f"user-{person}")
    client.flush()
    by_name = {
        name: {event["distinct_id"] for event in memory.events if event["event_name"] == name}
        for name in ("one", "two")
    }
    assert by_name["one"] == by_name["two"]
    assert 440 < len(by_name["one"]) < 560
    assert {"sampled_out": 4000 - len(memory.events)} == client.stats().dropped
    assert {0.25} == {event["properties"]["$sample_rate"] for event in memory.events}
    assert balance(client.stats())


def test_a_smaller_share_lies_inside_a_larger_one() -> None:
    """Names with shares of their own nest, so a funnel across them holds together."""
    client, memory = hooked(sample_rates={"rare": 0.1, "often": 0.5, "never": 0.0})
    for person in range(500):
        for name in ("rare", "often", "never", "always"):
            client.track(name, distinct_id=person)
    client.flush()
    people: dict[str, set[str]] = {}
    for event in memory.events:
        people.setdefault(event["event_name"], set()).add(event["distinct_id"])
    assert people["rare"] < people["often"] < people["always"]
    assert 500 == len(people["always"])
    assert "never" not in people
    whole = next(event for event in memory.events if event["event_name"] == "always")
    assert "properties" not in whole


def test_the_place_of_a_person_never_changes() -> None:
    """The documented rule: the first 53 bits of the SHA-256 of the id, as a fraction."""
    assert [0.9919168, 0.7764059] == [round(place(person), 7) for person in ("ada", "user-1")]


def test_without_a_person_the_session_decides_then_chance() -> None:
    """Events of one session stay together; those of nobody are sampled one by one."""
    client, memory = hooked(sample_rate=0.5)
    for _ in range(20):
        client.track("x", session_id="s")
    client.flush()
    assert len(memory.events) in (0, 20)
    for _ in range(400):
        client.track("y")
    client.flush()
    assert 120 < len([event for event in memory.events if event["event_name"] == "y"]) < 280


def test_the_rate_may_be_one_property_too_many() -> None:
    """255 properties leave no room for the rate: refused here, not by the server."""
    client, _ = hooked(sample_rate=0.999999)
    client.track("x", {f"k{n}": n for n in range(255)}, distinct_id="ada")
    assert {"rejected:too_many_keys": 1} == client.stats().lost


@pytest.mark.parametrize(
    "wrong", [{"sample_rate": 1.5}, {"sample_rate": -0.1}, {"sample_rates": {"x": 2}}]
)
def test_a_share_lies_between_0_and_1(wrong: dict[str, Any]) -> None:
    """A rate that makes no sense raises where it is written."""
    with pytest.raises(ConfigurationError):
        Settings(**wrong)


def test_registered_properties_are_in_every_event() -> None:
    """Those of the settings, of register(), of a context and of the call: the later ones win."""
    client, memory = hooked(properties={"app": "shop", "plan": "settings", "region": "eu"})
    client.register({"plan": "registered", "version": 3})
    with context(plan="context", lang="en"):
        client.track("one")
        client.track("two", {"plan": "call"})
    client.unregister("version", "nothing")
    client.track("three")
    client.flush()
    common = {"app": "shop", "region": "eu"}
    assert [
        {**common, "plan": "context", "lang": "en", "version": 3},
        {**common, "plan": "call", "lang": "en", "version": 3},
        {**common, "plan": "registered"},
    ] == [event["properties"] for event in memory.events]


def test_registered_properties_are_copied_and_checked(caplog: pytest.LogCaptureFixture) -> None:
    """One that could not be sent is refused at register() and spoils no event."""
    client, memory = hooked()
    tags = ["a"]
    client.register({"tags": tags})
    tags.append("b")
    client.register({"bad": object()})
    assert "refused" in caplog.text
    client.track("x")
    client.flush()
    assert {"tags": ["a"]} == memory.events[0]["properties"]


@pytest.mark.parametrize("word", ["1", "true", "yes please"])
def test_switched_off_it_takes_no_events(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With DJANGALYTICS_DISABLED nothing is built, queued, counted or connected to."""
    monkeypatch.setenv("DJANGALYTICS_DISABLED", word)
    memory = MemoryTransport()
    client = Client("nonsense", transport=memory, debug=True)
    assert (None, None, 0, 0) == (
        client.track("x", {"v": object()}),
        client.identify("ada"),
        client.flush(),
        client.shutdown(),
    )
    assert (0, {}) == (client.stats().tracked, client.stats().lost)
    assert [] == memory.requests


@pytest.mark.parametrize("word", ["0", "false", "off", ""])
def test_some_words_leave_it_on(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """0, false, no and off mean no, and the setting wins over the environment."""
    monkeypatch.setenv("DJANGALYTICS_DISABLED", word)
    assert None is not Client(transport=MemoryTransport(), world=Clock().world).track("x")
    monkeypatch.setenv("DJANGALYTICS_DISABLED", "1")
    client, _ = hooked()
    assert None is not client.track("x")


def test_a_dry_run_shows_events_and_sends_none(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are checked and logged as JSON; what would be refused is refused."""
    monkeypatch.setenv("DJANGALYTICS_DRY_RUN", "1")
    memory = MemoryTransport()
    client = Client(transport=memory, world=Clock().world)
    insert_id = client.track("signup", {"plan": "pro"}, distinct_id="ada")
    assert None is client.track("")
    assert 0 == client.flush()
    shown = [each for each in caplog.records if each.name == "djangalytics_client.dry_run"]
    (line,) = [record.getMessage() for record in shown]
    event = json.loads(line.removeprefix("Not sent: "))
    assert (insert_id, "ada", {"plan": "pro"}) == tuple(
        event[name] for name in ("insert_id", "distinct_id", "properties")
    )
    stats = client.stats()
    assert ({"dry_run": 1}, {"rejected:event_name_missing": 1}) == (stats.dropped, stats.lost)
    assert balance(stats)
    assert [] == memory.requests


def test_a_dry_run_prints_where_no_log_is_set_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain script sees its events on stderr."""
    monkeypatch.setattr(logging.getLogger("djangalytics_client"), "propagate", False)
    client, _ = hooked(dry_run=True)
    client.track("signup")
    assert '"event_name": "signup"' in capsys.readouterr().err


def test_hooks_run_in_the_callers_thread() -> None:
    """before_send is called before the event is anywhere: in the thread that tracks."""
    threads: list[int] = []

    def note(event: dict[str, Any]) -> dict[str, Any]:
        threads.append(threading.get_ident())
        return event

    client, _ = scrubbing(note)
    client.track("x")
    assert [threading.get_ident()] == threads
