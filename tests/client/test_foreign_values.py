"""Values of other packages and of hostile classes, with a spool and without."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from djangalytics_client import Client, Settings
from djangalytics_client.transport import MemoryTransport

from .test_values import refused, settled

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


NUMPY = """
import numpy
from tests.client.test_values import refused, settled
one = numpy.datetime64("2026-01-02T03:04:05.678901234")
values = [
    (numpy.int64(-3), -3), (numpy.uint8(200), 200), (numpy.float64(0.1), 0.1),
    (numpy.float32(0.5), 0.5), (numpy.longdouble(1.5), 1.5), (numpy.bool_(True), True),
    (numpy.str_("x"), "x"), (numpy.bytes_(b"x"), "x"),
    (one, "2026-01-02T03:04:05.678901Z"), (numpy.timedelta64(1500, "ms"), 1.5),
    (numpy.datetime64("NaT"), None), (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (numpy.array(7), 7), (numpy.array([one]), ["2026-01-02T03:04:05.678901Z"]),
]
for given, expected in values:
    found = settled(given)
    assert (expected, type(expected)) == (found, type(found)), (given, found)
refusals = [
    (numpy.float64("nan"), "number_out_of_range"), (numpy.float32("inf"), "number_out_of_range"),
    (numpy.uint64(2**63), "number_out_of_range"), (numpy.complex64(1), "properties_invalid"),
    (numpy.array([object()]), "properties_invalid"), (numpy.zeros(100_000), "event_too_large"),
    (numpy.zeros((1,) * 9), "too_deep"), (numpy.array([1.0, float("nan")]), "number_out_of_range"),
]
for given, code in refusals:
    assert code == refused({"v": given})[0], given
from djangalytics_client.events import _identifier
assert "5" == _identifier(numpy.int64(5), "distinct_id")
print("all")
"""


def test_numbers_of_numpy_are_sent_as_numbers() -> None:
    """Scalars and small arrays have the value they have in Python; in a process of its own."""
    pytest.importorskip("numpy")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NUMPY], capture_output=True, text=True, check=False
    )
    assert ("all\n", "") == (done.stdout, done.stderr)


def test_lazy_texts_of_django_are_sent_as_text(tracker: Tracker) -> None:
    """A translation that is looked up when it is read, and a user that is fetched then."""
    functional = pytest.importorskip("django.utils.functional")
    word = functional.lazy(lambda: "Saludos", str)()
    number = [functional.SimpleLazyObject(lambda v=v: v) for v in (7, 1.5, True)]
    name = functional.SimpleLazyObject(lambda: "ada")
    client, memory = tracker()
    client.track("x", {"word": word, "words": [word], "number": number, "name": name})
    client.track("x", distinct_id=name)
    broken = functional.lazy(lambda: 1 / 0, str)()
    assert None is client.track("x", {"word": broken})
    client.flush()
    sent = {"word": "Saludos", "words": ["Saludos"], "number": [7, 1.5, True], "name": "ada"}
    assert sent == memory.events[0]["properties"]
    assert "ada" == memory.events[1]["distinct_id"]
    assert {"rejected:unreadable": 1} == client.stats().lost


def test_proxies_of_werkzeug_are_sent_as_what_they_stand_for() -> None:
    """flask.g.plan and the like say that they are text or numbers, and are neither."""
    local = pytest.importorskip("werkzeug.local")
    for value in ("pro", 3, 1.5, [1], {"a": 1}):
        assert value == settled(local.LocalProxy(lambda value=value: value))
    assert "properties_invalid" == refused({"v": local.LocalProxy(object)})[0]
