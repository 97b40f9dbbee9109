"""Property values: conversion, copying, and every refusal."""

from __future__ import annotations

import enum
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from djangalytics_client import values
from djangalytics_client.errors import EventRejected
from djangalytics_client.values import settle


class Plan(enum.Enum):
    """An enumeration of text."""

    PRO = "pro"


class Size(enum.IntEnum):
    """An enumeration of numbers."""

    L = 3


class Text(str):
    """A str of the application's own."""


@dataclass
class Item:
    """A dataclass as applications have them."""

    name: str
    price: Decimal
    plan: Plan | None = None
    kind: ClassVar[str] = "item"


@dataclass(frozen=True)
class Order:
    """One that holds others."""

    items: tuple[Item, ...]


def settled(value: Any) -> Any:
    own = {"v": value}
    settle(own)
    return own["v"]


def refused(properties: dict[Any, Any]) -> tuple[str, str]:
    with pytest.raises(EventRejected) as refusal:
        settle(properties)
    return refusal.value.code, refusal.value.field


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text ✓", "text ✓"),
        (True, True),
        (None, None),
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
        (1.5, 1.5),
        (datetime.fromisoformat("2026-01-02T03:04:05"), "2026-01-02T03:04:05.000000Z"),
        (
            datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))),
            "2026-01-02T02:00:00.000000Z",
        ),
        (datetime.fromisoformat("0001-01-01"), "0001-01-01T00:00:00.000000Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=1.5), 90.0),
        (Decimal("19.99"), 19.99),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Plan.PRO, "pro"),
        (Size.L, 3),
        (Text("own"), "own"),
        ((1, "a"), [1, "a"]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (OrderedDict(a=Plan.PRO), {"a": "pro"}),
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        (b"pro", "pro"),
        (bytearray("\u00e9t\u00e9".encode()), "\u00e9t\u00e9"),
        (b"\xff\x00", "/wA="),
        (b"nul\0", "bnVsAA=="),
        (Item("pen", Decimal("1.5")), {"name": "pen", "price": 1.5, "plan": None}),
        (
            Order((Item("pen", Decimal(2), Plan.PRO),)),
            {"items": [{"name": "pen", "price": 2.0, "plan": "pro"}]},
        ),
    ],
)
def test_values_of_applications_become_json(value: Any, expected: Any) -> None:
    """Each supported type has one form on the wire."""
    assert expected == settled(value)
    assert type(expected) is type(settled(value))


def test_a_set_that_cannot_be_sorted_is_taken_in_its_own_order() -> None:
    """Members of several kinds all arrive."""
    assert {1, "a"} == set(settled({1, "a"}))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "number_out_of_range"),
        (float("inf"), "number_out_of_range"),
        (Decimal("NaN"), "number_out_of_range"),
        (Decimal("sNaN"), "number_out_of_range"),
        (Decimal("1E+999999"), "number_out_of_range"),
        (2**63, "number_out_of_range"),
        (-(2**63) - 1, "number_out_of_range"),
        ("\ud800", "text_invalid"),
        ("nul\0", "text_invalid"),
        ("nül\0", "text_invalid"),
        (["\0"], "text_invalid"),
        (b"a" * 40_000, "event_too_large"),
        (b"\xff" * 30_000, "event_too_large"),
        (Item, "properties_invalid"),
        (Item("pen", Decimal("NaN")), "number_out_of_range"),
        ((each for each in "generator"), "properties_invalid"),
        (range(3), "properties_invalid"),
        ("\u00e9" * (1 << 20), "event_too_large"),
        ({n: n for n in range(100_000)}, "too_many_keys"),
        (1j, "properties_invalid"),
        (object(), "properties_invalid"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "properties_invalid"),
        ("a" * 40_000, "event_too_large"),
        (list(range(40_000)), "event_too_large"),
    ],
)
def test_what_the_server_would_refuse_is_refused_here(value: Any, code: str) -> None:
    """Each refusal has the server's code, alone and inside a container."""
    assert code == refused({"v": value})[0]
    assert code == refused({"outer": {"v": value}})[0]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({5: 1}, "properties_invalid"),
        ({b"plan": 1}, "properties_invalid"),
        ({(1, 2): 1}, "properties_invalid"),
        ({"k" * (1 << 20): 1}, "event_too_large"),
        ({"k" * 201: 1}, "key_too_long"),
        ({"\0": 1}, "text_invalid"),
        ({"\udfff": 1}, "text_invalid"),
        ({str(n): n for n in range(256)}, "too_many_keys"),
        ({"inner": {str(n): n for n in range(256)}}, "too_many_keys"),
    ],
)
def test_keys_are_text_within_the_limits(properties: Any, code: str) -> None:
    """A key that breaks a limit names its code."""
    assert code == refused(properties)[0]


def test_a_key_may_be_a_text_of_the_applications_own() -> None:
    """Subclasses of str, such as members of a text enumeration, are keys."""
    own: dict[str, Any] = {Text("plan"): 1, "inner": {Text("seats"): 2}}
    settle(own)
    assert {"plan": 1, "inner": {"seats": 2}} == own
    assert [str, str] == [type(key) for key in own]
    assert [str] == [type(key) for key in own["inner"]]


def nested(levels: int, wrap: Any) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}])
def test_eight_levels_of_nesting_pass_and_nine_do_not(wrap: Any) -> None:
    """The properties are the first level."""
    assert nested(7, wrap) == settled(nested(7, wrap))
    assert "too_deep" == refused({"v": nested(8, wrap)})[0]


def test_a_value_that_contains_itself_is_too_deep() -> None:
    """A cycle ends at the limit of depth."""
    knot: list[Any] = []
    knot.append(knot)
    assert ("too_deep", "v") == refused({"v": knot})


def test_a_small_value_that_unfolds_hugely_is_stopped_early() -> None:
    """Shared containers cannot make the copy grow beyond the size of an event."""
    value: Any = ["x" * 50] * 50
    for _ in range(5):
        value = [value] * 50
    assert "event_too_large" == refused({"v": value})[0]


def test_containers_are_copied_and_left_as_they_were() -> None:
    """What the caller does with its objects afterwards changes nothing, nor do we change them."""
    items = [Plan.PRO]
    inner = {"items": items}
    own: dict[str, Any] = {"inner": inner}
    settle(own)
    items.append(Plan.PRO)
    assert {"inner": {"items": ["pro"]}} == own
    assert {"items": [Plan.PRO, Plan.PRO]} == inner


def test_remembered_texts_are_bounded() -> None:
    """An application that makes up its keys does not make us grow."""
    good: dict[str, str] = {}
    for n in range(3 * values._MOST_REMEMBERED):
        values.remember(good, str(n), "")
    assert len(good) <= values._MOST_REMEMBERED


@pytest.mark.parametrize("name", ["o", "plan", "x" * 200])
def test_a_refusal_names_the_property_however_short_its_name(name: str) -> None:
    """A name that is only part of another word of the message is not named by it."""
    with pytest.raises(EventRejected, match=f"^{name:.80}: JSON has no builtins.object$"):
        settle({name: object()})
