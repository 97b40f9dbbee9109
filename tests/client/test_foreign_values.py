"""Values of other packages and of hostile classes, with a spool and without."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from djangalytics_client import Client, Settings
from djangalytics_client.transport import MemoryTransport

Tracker = Callable[..., tuple[Client, MemoryTransport]]


@pytest.fixture(params=["memory", "spool"])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tracker]:
    """Makes a client that queues in memory, or in a spool; nothing is sent before a flush."""
    clients = []

    def make(**named: Any) -> tuple[Client, MemoryTransport]:
        memory = MemoryTransport()
        spool = str(tmp_path) if request.param == "spool" else "off"
        settings = Settings(linger=60.0, spool=spool)
        clients.append(Client(transport=memory, settings=settings, **named))
        return clients[-1], memory

    yield make
    for client in clients:
        client.shutdown()


class Mute:
    """Nothing can be asked of it."""

    def fail(self, *_: object) -> NoReturn:
        raise ZeroDivisionError("no word")

    __str__ = __repr__ = __format__ = __eq__ = __bool__ = __len__ = __iter__ = fail  # type: ignore[assignment]
    __hash__ = object.__hash__


class MuteText(str):
    """A text that says nothing of itself."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class MuteMapping(Mapping[str, object]):
    """A mapping that fails when it is read."""

    def __getitem__(self, key: str) -> NoReturn:
        raise OSError("the database is away")

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class Unsayable(Exception):
    """Even what went wrong cannot be said."""

    def __repr__(self) -> str:
        raise ZeroDivisionError

    __str__ = __repr__


class Furious(Mapping[str, object]):
    """Raises an exception that cannot be shown."""

    def __getitem__(self, key: str) -> NoReturn:
        raise Unsayable

    def __iter__(self) -> Iterator[str]:
        raise Unsayable

    def __len__(self) -> int:
        return 1


@dataclass
class Holder:
    """An object of the application that can be watched."""

    value: object = 1


def knot() -> dict[str, object]:
    loop: dict[str, object] = {}
    loop["self"] = loop
    return loop


AWKWARD: dict[str, tuple[Any, str]] = {
    "object": (object(), "rejected:properties_invalid"),
    "mute object": (Mute(), "rejected:properties_invalid"),
    "mute object as a key": ({Mute(): 1}, "rejected:properties_invalid"),
    "nan": (float("nan"), "rejected:number_out_of_range"),
    "infinity": (float("-inf"), "rejected:number_out_of_range"),
    "cycle": (knot(), "rejected:too_deep"),
    "lone surrogate": ("\ud800", "rejected:text_invalid"),
    "lone surrogate as a key": ({"\udfff": 1}, "rejected:text_invalid"),
    "number as a key": ({1: "a"}, "rejected:properties_invalid"),
    "megabyte": ("x" * (1 << 20), "rejected:event_too_large"),
    "a million numbers": ([0] * 1_000_000, "rejected:event_too_large"),
    "mute mapping": (MuteMapping(), "rejected:unreadable"),
    "furious mapping": (Furious(), "rejected:unreadable"),
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_what_cannot_be_sent_is_counted_and_costs_its_neighbours_nothing(
    tracker: Tracker, kind: str
) -> None:
    """Never raised, never sent, counted with a reason; the events around it arrive."""
    value, reason = AWKWARD[kind]
    client, memory = tracker()
    client.track("before")
    assert None is client.track("awkward", {"value": value})
    assert None is client.track("awkward", {"value": [{"inner": value}]})
    client.track("after")
    assert 0 == client.flush()
    assert ["before", "after"] == [event["event_name"] for event in memory.events]
    stats = client.stats()
    assert (4, 2, {reason: 2}) == (stats.tracked, stats.sent, stats.lost)


def test_texts_of_classes_of_the_application_are_sent_as_text(tracker: Tracker) -> None:
    """As a value, a key, a name or an id, whatever their own methods do."""
    client, memory = tracker()
    text = MuteText("pro")
    client.track(text, {"plan": text, text: 1}, distinct_id=text, insert_id=text)
    client.flush()
    (event,) = memory.events
    assert {"plan": "pro", "pro": 1} == event["properties"]
    assert ("pro", "pro", "pro") == tuple(
        event[key] for key in ("event_name", "distinct_id", "insert_id")
    )


@pytest.mark.parametrize("wrong", [None, object(), float("nan")], ids=["taken", "refused", "nan"])
def test_objects_of_the_caller_are_not_kept_alive(
    tracker: Tracker, caplog: pytest.LogCaptureFixture, wrong: object
) -> None:
    """Once track() is back, nothing of ours refers to what it was given, taken or refused."""
    client, _ = tracker()
    holder = Holder()

    class Bag(dict[str, object]):
        """A dict that can be watched."""

    bag = Bag(holder=holder, text=MuteText("x"), wrong=wrong)
    watched = [weakref.ref(holder), weakref.ref(bag), weakref.ref(bag["text"])]
    client.track("bag", {"bag": bag, "holder": holder})
    client.track("bag", bag)
    client.register({"bag": bag})
    assert (2 if wrong is None else 0) == client.stats().queued
    del holder, bag
    gc.collect()
    assert [None, None, None] == [each() for each in watched]


def test_objects_of_the_caller_are_left_as_they_were_and_may_change(tracker: Tracker) -> None:
    """What is sent is as it was at the call."""
    client, memory = tracker()
    items, holder = [b"a"], Holder([1])
    properties = {"items": items, "holder": holder, "text": MuteText("x")}
    client.track("x", properties)
    assert {"items": [b"a"], "holder": Holder([1])} == {
        key: properties[key] for key in ("items", "holder")
    }
    assert MuteText is type(properties["text"])
    items.append(b"b")
    holder.value = None
    properties.clear()
    client.flush()
    assert {"items": ["a"], "holder": {"value": [1]}, "text": "x"} == memory.events[0]["properties"]
