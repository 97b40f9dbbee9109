"""Building one event: what goes in, what comes out, what is refused and why."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_client.context import NOWHERE, Scope
from djangalytics_client.errors import EventRejected
from djangalytics_client.events import (
    as_json,
    build,
    new_insert_id,
    wire,
    written,
)
from djangalytics_client.text import encode_batch, object_text

from .doubles import NOON

EIGHT = bytes(range(8))


def call(
    name: Any = "signup",
    properties: Any = None,
    distinct_id: Any = None,
    session_id: Any = None,
    source: Any = None,
    timestamp: Any = None,
    insert_id: Any = None,
) -> Any:
    return (name, properties, distinct_id, session_id, source, timestamp, insert_id)


def built(*args: Any, scope: Scope = NOWHERE, **kwargs: Any) -> dict[str, Any]:
    """What both ways to make an event agree on."""
    made = call(*args, **kwargs)
    event = wire(build(made, scope, NOON, EIGHT))
    assert event == json.loads(written(made, scope, NOON, EIGHT)[1])
    return event


def refused(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(EventRejected) as refusal:
        built(*args, **kwargs)
    assert f"rejected:{refusal.value.code}" == refusal.value.reason
    with pytest.raises(EventRejected) as other:
        written(call(*args, **kwargs), NOWHERE, NOON, EIGHT)
    assert refusal.value.code == other.value.code
    return refusal.value.code


def test_an_event_without_anything_else_has_name_time_and_id() -> None:
    """Absent fields are left out on the wire."""
    assert {
        "event_name": "signup",
        "timestamp": "2026-11-18T11:06:40.000000Z",
        "insert_id": "01a1ee56-5e00-7000-8001-020304050607",
    } == built()


def test_all_fields_reach_the_wire() -> None:
    """Every argument of track() has its field."""
    assert {
        "event_name": "signup",
        "timestamp": "2026-11-22T18:49:34.123456Z",
        "insert_id": "order-1",
        "distinct_id": "ada",
        "session_id": "s1",
        "source": "web",
        "properties": {"plan": "pro"},
    } == built(
        "signup", {"plan": "pro"}, "ada", "s1", "web", "2026-11-22T18:49:34.123456Z", "order-1"
    )


@given(st.integers(0, 2**62), st.binary(min_size=8, max_size=8))
def test_an_insert_id_is_a_uuid_of_version_7(time_ns: int, entropy: bytes) -> None:
    """The id parses as UUIDv7 of the standard variant and carries its millisecond."""
    text = new_insert_id(time_ns, entropy)
    parsed = uuid.UUID(text)
    assert (7, uuid.RFC_4122, text) == (parsed.version, parsed.variant, str(parsed))
    assert (time_ns // 1_000_000) % 2**48 == parsed.int >> 80


@given(st.lists(st.integers(0, 2**60), min_size=2, max_size=2, unique=True))
def test_insert_ids_sort_by_their_time(times: list[int]) -> None:
    """A later time gives a greater id, down to a quarter of a microsecond."""
    early, late = sorted(times)
    late += 250
    assert new_insert_id(early, b"\xff" * 8) < new_insert_id(late, b"\x00" * 8)


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        (datetime.fromisoformat("2026-01-02T03:04:05.000006"), "2026-01-02T03:04:05.000006Z"),
        (
            datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-01T22:00:00.000000Z",
        ),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02t03:04:05.1234567z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02 03:04:05.5+05:30", "2026-01-01T21:34:05.500000Z"),
    ],
)
def test_a_time_is_normalised_to_utc(given_time: Any, expected: str) -> None:
    """Whatever form a time has, the wire has UTC with microseconds; no zone means UTC."""
    assert expected == built(timestamp=given_time)["timestamp"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": ""}, "event_name_missing"),
        ({"name": " \t "}, "event_name_missing"),
        ({"name": 5}, "event_name_invalid"),
        ({"name": None}, "event_name_invalid"),
        ({"name": ["unhashable"]}, "event_name_invalid"),
        ({"name": "a\nb"}, "event_name_invalid"),
        ({"name": "a\x85b"}, "event_name_invalid"),
        ({"name": "n" * 101}, "event_name_too_long"),
        ({"name": "a\ud800"}, "event_name_invalid"),
        ({"timestamp": 5}, "timestamp_invalid"),
        ({"timestamp": "yesterday"}, "timestamp_invalid"),
        ({"timestamp": "2026-02-30T00:00:00"}, "timestamp_invalid"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp_too_old"),
        ({"properties": 5}, "properties_invalid"),
        ({"properties": [("a", 1)]}, "properties_invalid"),
        ({"distinct_id": "d" * 201}, "distinct_id_invalid"),
        ({"distinct_id": 1.5}, "distinct_id_invalid"),
        ({"distinct_id": True}, "distinct_id_invalid"),
        ({"session_id": "s" * 201}, "session_id_invalid"),
        ({"source": "\0"}, "source_invalid"),
        ({"source": b"web"}, "source_invalid"),
        ({"distinct_id": "a\nb"}, "distinct_id_invalid"),
        ({"insert_id": ""}, "insert_id_invalid"),
        ({"insert_id": "\udc00"}, "insert_id_invalid"),
        ({"timestamp": "9999-12-31T23:59:59-01:00"}, "timestamp_invalid"),
        ({"insert_id": "i" * 101}, "insert_id_invalid"),
    ],
)
def test_what_breaks_a_limit_is_refused_with_the_servers_code(
    arguments: dict[str, Any], code: str
) -> None:
    """Each limit of an event's own fields has its code."""
    assert code == refused(**arguments)


def test_a_name_is_trimmed_and_may_have_any_letters() -> None:
    """Blanks around a name go; 100 characters of any script stay."""
    assert "Größe ✓" == built("  Größe ✓ ")["event_name"]
    assert "ж" * 100 == built("ж" * 100)["event_name"]


def test_ids_may_be_numbers_and_uuids() -> None:
    """The primary keys of applications are taken as text; an empty id is none."""
    key = uuid.UUID(int=7)
    assert ("42", str(key)) == (
        built(distinct_id=42)["distinct_id"],
        built(distinct_id=key)["distinct_id"],
    )
    assert "ä" * 200 == built(distinct_id="ä" * 200)["distinct_id"]
    assert "distinct_id" not in built(distinct_id="")


def test_the_call_wins_over_the_scope_and_the_scope_over_the_default() -> None:
    """Ids and properties come from the nearest place that has them."""
    scope = Scope("ada", "s1", None, {"plan": "free", "lang": "en"})
    event = build(call("x", {"plan": "pro"}, distinct_id="bob"), scope, NOON, EIGHT, "worker")
    assert ("bob", "s1", "worker", {"plan": "pro", "lang": "en"}) == (
        event.distinct_id,
        event.session_id,
        event.source,
        event.properties,
    )
    assert {"plan": "free", "lang": "en"} == scope.properties


def test_an_event_of_exactly_32_kib_passes_and_one_more_byte_does_not() -> None:
    """The size that counts is that of the event as compact JSON."""
    room = 32 * 1024 - len(json.dumps(built("x", {"t": ""}), separators=(",", ":")))
    assert room == len(built("x", {"t": "a" * room})["properties"]["t"])
    assert "event_too_large" == refused("x", {"t": "a" * (room + 1)})
    assert "event_too_large" == refused("x", {"t": "\x01" * (room // 6 + 1)})


def test_a_batch_is_compact_json_with_the_time_of_sending() -> None:
    """The body holds every event, in order, and sent_at."""
    events = [build(call("x", {"n": n, "u": "ü"}), NOWHERE, NOON + n, EIGHT) for n in range(50)]
    body = encode_batch([as_json(event) for event in events], NOON // 1000, {"id": "0"})
    assert wire(events[0])["timestamp"] == json.loads(body)["sent_at"]
    assert [wire(event) for event in events] == json.loads(body)["events"]
    assert {"id": "0"} == json.loads(body)["producer"]
    assert b": " not in body
    assert "ü".encode() in body


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.characters(categories=["Cs"])
    | st.dates()
    | st.datetimes()
    | st.decimals()
    | st.uuids()
    | st.timedeltas()
    | st.binary()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.sets(st.integers() | st.text(), max_size=5)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


def strict(_constant: str) -> None:
    raise AssertionError("NaN or Infinity in the JSON")


@given(st.text() | st.integers(), st.dictionaries(st.text(), json_like) | json_like)
def test_whatever_is_given_is_refused_by_code_or_becomes_strict_json(
    name: Any, properties: Any
) -> None:
    """Building raises nothing but EventRejected, and what passes round-trips through JSON."""
    try:
        event = build(call(name, properties), NOWHERE, NOON, EIGHT)
    except EventRejected:
        return
    body = encode_batch([as_json(event)], 0)
    decoded = json.loads(body.decode("utf-8", "strict"), parse_constant=strict)
    assert [wire(event)] == decoded["events"]
    assert "\\u0000" not in body.decode()


ids = st.none() | st.text(max_size=201) | st.integers() | st.uuids()
moments = st.none() | st.datetimes() | st.sampled_from(["2026-01-02T03:04:05.678+02:00", "noon"])


@given(
    st.tuples(
        st.text(max_size=101),
        st.none() | st.dictionaries(st.text(), json_like),
        *(ids, ids, ids, moments, ids),
    ),
    st.sampled_from([NOWHERE, Scope("ada", None, "job", {"plan": "free"})]),
    st.sampled_from([None, "worker"]),
)
def test_what_is_written_at_once_is_what_is_built_first_and_written_then(
    made: Any, scope: Scope, source: str | None
) -> None:
    """Two ways lead to the same bytes: that of each event, and that of one which a hook sees."""
    try:
        event = build(made, scope, NOON + 123_456_789, EIGHT, source)
    except EventRejected:
        with pytest.raises(EventRejected):
            written(made, scope, NOON + 123_456_789, EIGHT, source)
        return
    one, text = written(made, scope, NOON + 123_456_789, EIGHT, source)
    assert event.insert_id == one
    assert json.loads(as_json(event)) == json.loads(text)
    assert len(as_json(event)) == len(text)


class OddText(str):
    """A text of the application's own, that is equal to none."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@pytest.mark.parametrize(
    "properties",
    [
        {"seen": "a \\u0000 that is text"},
        {OddText("plan"): "pro"},
        {OddText("plan"): "pro", OddText("trial"): False, "n": 1},
        {"n": OddText("text")},
    ],
)
def test_odd_texts_are_written_as_they_are_built(properties: dict[str, object]) -> None:
    """What the quick way cannot tell apart from trouble is looked at again, and sent."""
    made = call("x", properties)
    _, text = written(made, NOWHERE, NOON, EIGHT)
    assert wire(build(made, NOWHERE, NOON, EIGHT)) == json.loads(text)


def test_properties_that_another_thread_changes_are_written_all_the_same() -> None:
    """Reading a dict that grows meanwhile raises in Python; the event is made of a copy then."""

    class Growing(dict[str, object]):
        """It grows while it is read, as if by another thread."""

        def items(self) -> Any:
            for member in super().items():
                yield member
                self["later"] = 1

    given: Any = Growing(plan="pro")
    assert '{"plan":"pro","later":1}' == object_text(given)


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"plan": object()}, "plan: JSON has no builtins.object"),
        ({"a": {"note": "\ud800"}}, "note: Text has a lone surrogate"),
        ({"price": float("nan")}, "price is nan"),
    ],
)
def test_a_refusal_names_the_property(properties: dict[str, object], words: str) -> None:
    """What is wrong is of little use without where."""
    with pytest.raises(EventRejected) as refused:
        build(call("x", properties), NOWHERE, 0, EIGHT)
    assert words == str(refused.value)
    with pytest.raises(EventRejected) as refused:
        written(call("x", properties), NOWHERE, 0, EIGHT)
    assert words == str(refused.value)
