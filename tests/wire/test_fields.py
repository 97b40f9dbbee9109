"""The fields of an event: what is taken, what is refused, and with which code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_server.model.event import Draft, Rejection
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import REJECTIONS
from djangalytics_server.wire import native
from tests import strategies


def outcome(event: Any) -> Draft | Rejection:
    """What becomes of one event of a batch, sent as JSON."""
    body = json.dumps({"events": [event]}).encode()
    return native.decode_batch(body).events[0].outcome


def draft(**event: Any) -> Draft:
    """The draft of an event that must be good."""
    found = outcome({"event_name": "x", **event})
    assert isinstance(found, Draft), found
    return found


def refusal(**event: Any) -> tuple[str, str | None]:
    """The code and the field of an event that must be refused."""
    found = outcome({"event_name": "x", **event})
    assert isinstance(found, Rejection), found
    return found.code, found.field


class TestEventName:
    """Trimmed, 1 to 100 characters, no control characters."""

    @pytest.mark.parametrize(
        "name", ["x", "x" * 100, "ü" * 100, "🛒 bought", "a\u2028b", "' OR 1=1"]
    )
    def test_good(self, name: str) -> None:
        """Any script, up to the last character."""
        assert name == draft(event_name=name).event_name

    def test_trimmed(self) -> None:
        """White space around the name is not part of it, nor of its length."""
        assert "sign up" == draft(event_name="  sign up \n").event_name
        assert "x" * 100 == draft(event_name=" " + "x" * 100 + "\t").event_name

    @pytest.mark.parametrize("name", [None, "", " ", "\t\n", "\u3000"])
    def test_missing(self, name: str | None) -> None:
        """Null and blank are missing."""
        assert ("event_name_missing", "event_name") == refusal(event_name=name)

    def test_absent(self) -> None:
        """So is none at all."""
        found = outcome({})
        assert isinstance(found, Rejection)
        assert ("event_name_missing", "event_name") == (found.code, found.field)

    @pytest.mark.parametrize(
        "name", [5, True, [], {}, "a\0b", "a\nb", "a\x7fb", "a\x9fb", "\ud800"]
    )
    def test_invalid(self, name: Any) -> None:
        """Other types, control characters inside and lone surrogates are not a name."""
        assert ("event_name_invalid", "event_name") == refusal(event_name=name)

    def test_too_long(self) -> None:
        """101 characters are one too many, and the words say how many there are."""
        found = outcome({"event_name": "x" * 101})
        assert isinstance(found, Rejection)
        assert "event_name_too_long" == found.code
        assert "101" in found.message


@pytest.mark.parametrize(
    ("name", "code", "most"),
    [
        ("insert_id", "insert_id_invalid", 100),
        ("distinct_id", "distinct_id_invalid", 200),
        ("user_id", "distinct_id_invalid", 200),
        ("session_id", "session_id_invalid", 200),
        ("source", "source_invalid", 200),
    ],
)
class TestIdentifiers:
    """Ids: kept as they are, up to their length."""

    def test_good(self, name: str, code: str, most: int) -> None:
        """The longest is kept whole, spaces and all; null is as good as absent."""
        where = "distinct_id" if name == "user_id" else name
        assert " " * most == getattr(draft(**{name: " " * most}), where)
        assert getattr(draft(**{name: None}), where) is None

    @pytest.mark.parametrize("value", ["", 1, 1.5, False, [], {}, "a\0", "a\nb", "\udfff", "long"])
    def test_invalid(self, name: str, code: str, most: int, value: Any) -> None:
        """Empty, too long, of another type, or with characters that are none."""
        value = "x" * (most + 1) if value == "long" else value
        assert (code, name) == refusal(**{name: value})


def test_distinct_id_wins_over_its_other_name() -> None:
    """user_id is another name for distinct_id; with both, distinct_id counts."""
    assert "b" == draft(user_id="b").distinct_id
    assert "a" == draft(user_id="b", distinct_id="a").distinct_id


class TestTimestamp:
    """RFC 3339 text."""

    def test_good(self) -> None:
        """Microseconds since 1970 UTC; null is as good as absent."""
        assert 1_500_000 == draft(timestamp="1970-01-01T02:00:01.5+02:00").timestamp
        assert draft(timestamp=None).timestamp is None

    @pytest.mark.parametrize("value", [0, 1.5, "1790000000", "", "yesterday", [], True])
    def test_invalid(self, value: Any) -> None:
        """Numbers and other words are refused, not guessed at."""
        assert ("timestamp_invalid", "timestamp") == refusal(timestamp=value)


def nested(levels: int) -> Any:
    """An object of so many levels."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


class TestProperties:
    """A JSON object within the limits."""

    @given(value=strategies.properties.drawn(256))
    def test_good(self, value: dict[str, Any]) -> None:
        """Any object within the limits is kept, value for value."""
        assert value == json.loads(draft(properties=value).properties)

    def test_absent(self) -> None:
        """No properties, null and an empty object are the same."""
        assert ["{}"] * 3 == [
            d.properties for d in (draft(), draft(properties=None), draft(properties={}))
        ]

    def test_the_limits_are_inclusive(self) -> None:
        """255 keys, a key of 200 characters and 8 levels are just right."""
        draft(properties={str(n): n for n in range(LIMITS.properties_keys)})
        draft(properties={"k" * LIMITS.property_key_length: 1})
        draft(properties=nested(LIMITS.depth))

    @pytest.mark.parametrize(
        ("value", "code", "field"),
        [
            ([], "properties_invalid", "properties"),
            ("{}", "properties_invalid", "properties"),
            (float("nan"), "properties_invalid", "properties"),
            ({str(n): n for n in range(256)}, "too_many_keys", "properties"),
            ({"a": {str(n): n for n in range(256)}}, "too_many_keys", "properties.a"),
            ({"k" * 201: 1}, "key_too_long", "properties." + "k" * 20 + "…"),
            (nested(9), "too_deep", "properties" + ".a" * 8),
            ({"a": [[[[[[[[1]]]]]]]]}, "too_deep", "properties.a" + "[0]" * 7),
            ({"a": float("nan")}, "number_out_of_range", "properties.a"),
            ({"a": [1, float("inf")]}, "number_out_of_range", "properties.a[1]"),
            ({"a": {"b": 2**63}}, "number_out_of_range", "properties.a.b"),
            ({"a": "x\0y"}, "text_invalid", "properties.a"),
            ({"a": ["\ud800"]}, "text_invalid", "properties.a[0]"),
            ({"\udc00": 1}, "text_invalid", "properties"),
            ({"a": {"x\0": 1}}, "text_invalid", "properties.a"),
        ],
    )
    def test_refused(self, value: Any, code: str, field: str) -> None:
        """Each limit has its code, and the field is the way to the fault."""
        assert (code, field) == refusal(properties=value)


def test_what_is_not_an_object_is_no_event() -> None:
    """A list, a text, a number and null in a batch are refused one by one."""
    body = json.dumps({"events": [[], "x", 5, None, float("nan")]}).encode()
    outcomes = [entry.outcome for entry in native.decode_batch(body).events]
    assert ["not_an_object"] * 5 == [o.code for o in outcomes if isinstance(o, Rejection)]


@given(
    event=st.dictionaries(
        st.one_of(
            st.sampled_from(["event_name", "timestamp", "properties", "insert_id", "distinct_id"]),
            st.text(max_size=8),
        ),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
            max_leaves=6,
        ),
    )
)
def test_every_event_is_a_draft_or_has_a_reason_of_the_list(event: dict[str, Any]) -> None:
    """Whatever the fields, the outcome is a draft or a published code with words and a field
    that any database can write.
    """
    found = outcome(event)
    if isinstance(found, Rejection):
        assert found.code in REJECTIONS
        assert found.message
        assert len((found.field or "").encode()) <= 1_200
        assert "\0" not in (found.field or "")


def test_a_key_beside_the_events_may_be_given_in_the_body() -> None:
    """api_key and sent_at are the envelope's, in a batch and in a single event alike."""
    more = {"api_key": "k", "sent_at": "1970-01-01T00:00:01Z"}
    single = native.decode_single(json.dumps({"event_name": "x", **more}).encode())
    batch = native.decode_batch(json.dumps({"events": [{}], **more}).encode())
    for envelope in (single, batch):
        assert ("k", 1_000_000) == (envelope.api_key, envelope.sent_at)


def test_unknown_fields_are_remembered_by_name() -> None:
    """The ingest steps judge them."""
    assert ("colour", "größe") == draft(colour="red", größe=1).unknown
