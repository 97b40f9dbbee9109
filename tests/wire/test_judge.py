"""The compiled reader and Marshmallow, the judge, agree on every event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from djangalytics_server.errors import BadRequest
from djangalytics_server.model.event import Draft, Rejection
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.store.rollups import shape_of
from djangalytics_server.wire import native, plain, strict_json
from tests import recipes as st
from tests import strategies

_ODD_CHARACTERS = ("\t", "\x7f", "\x85", "\xa0", "\xad", "\u2028", "\u200b", "\ue000", "\U0001f6d2")


def _near(length: int) -> st.Recipe[str]:
    """Text whose length lies at a limit."""
    return st.builds(
        lambda letter, more, odd: letter * (length + more) + odd,
        st.sampled_from(("a", "é", "🛒", " ")),
        st.integers(-2, 1),
        st.sampled_from(("", "", *_ODD_CHARACTERS)),
    )


_anything = st.sampled_from(
    ("null", "true", "5", "-0", "1.5", "[]", "{}", '""', '"\\ud800"', '"\\u0000"', "NaN", "1e999")
)
_text = st.one_of(
    st.text(max_size=12).map(json.dumps),
    st.text(max_size=12).map(lambda letters: json.dumps(letters, ensure_ascii=False)),
    st.sampled_from(_ODD_CHARACTERS).map(lambda c: json.dumps(f"x{c}", ensure_ascii=False)),
    strategies.names.map(json.dumps),
    *(_near(limit).map(json.dumps) for limit in (1, 100, 200)),
    _anything,
)
_MONTHS, _DAYS = ("01", "12", "00", "13", "2"), ("01", "28", "29", "31", "32")
_HOURS, _SECONDS = ("00", "23", "24", "\uff177"), ("00", "59", "60", "61", "5")
_FRACTIONS = ("", ".", ".1", ".123", ".123456", ".1234567", ".123456789", ".\u0663", ",5")
_ZONES = ("Z", "z", "", "+00:00", "-12:30", "+2", " Z", "ZZ")
_time = st.one_of(
    strategies.times.map(json.dumps),
    strategies.times.map(json.dumps),
    st.builds(
        '"2026-{}-{}T{}:00:{}{}{}"'.format,
        st.sampled_from(_MONTHS),
        st.sampled_from(_DAYS),
        st.sampled_from(_HOURS),
        st.sampled_from(_SECONDS),
        st.sampled_from(_FRACTIONS),
        st.sampled_from(_ZONES),
    ),
    _anything,
)
_number = st.one_of(
    st.integers().map(str),
    st.integers(-2, 2).map(lambda more: str(2**63 + more)),
    st.integers(-2, 2).map(lambda more: str(-(2**63) + more)),
    st.integers(-1, 1).map(lambda more: str(2**64 + more)),
    st.sampled_from((300, 4_299, 4_300, 4_301)).map(
        lambda digits: "-" * (digits % 2) + "9" * digits
    ),
    st.floats().map(json.dumps),
    st.sampled_from(("1E5", "-0.0", "5e-324", "1e-400", "1e308", "9" * 30, "0.1e1", "01", "1.")),
)
_key = st.one_of(
    st.text(max_size=8).map(json.dumps),
    _near(LIMITS.property_key_length).map(json.dumps),
    st.sampled_from(('"a"', '"a"', '"b"', '"\\u0000"', '"\\ud800"', '"\\u00ad"', '""')),
)


def _nested(inner: st.Recipe[str]) -> st.Recipe[str]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(_key, inner), max_size=3).map(lambda pairs: _object(pairs)),
    )


_leaf = st.one_of(_number, _text, _anything)
_shallow = st.one_of(_leaf, _nested(_leaf))
_wrapped = st.builds(
    str.format, st.sampled_from(("[{}]", '{{"a":{}}}', "[1,[{}]]", '[{{"":{}}}]')), _leaf
)
_value = st.one_of(_leaf, _wrapped, _shallow, _nested(_shallow), _nested(_nested(_shallow)))
_deep = st.integers(1, 10).map(lambda depth: '{"a":' + "[" * depth + "1" + "]" * depth + "}")
_crowded = st.integers(253, 257).map(
    lambda count: "{" + ",".join(f'"k{n}":{n}' for n in range(count)) + "}"
)
_plain_key = st.sampled_from(('"a"', '"plan"', '""', '"b c"'))
_plain_value = st.sampled_from(("1", '"pro"', "true", "null", "1.5", "[1,2]"))
_properties = st.one_of(
    st.lists(st.tuples(_plain_key, _value), min_size=1, max_size=2).map(lambda it: _object(it)),
    st.tuples(st.tuples(_plain_key, _plain_value), st.tuples(_plain_key, _value)).map(
        lambda pairs: _object(pairs)
    ),
    st.tuples(st.tuples(_key, _plain_value)).map(lambda pairs: _object(pairs)),
    st.lists(st.tuples(_key, _value), max_size=5).map(lambda pairs: _object(pairs)),
    _deep,
    _crowded,
    _anything,
)


_BESIDE = ("", ', "sent_at": "2026-11-22T18:49:34Z"', ', "sent_at": null', ', "api_key": "djw_x"')


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


_fields: dict[str, st.Recipe[str]] = {
    '"event_name"': st.one_of(strategies.names.map(json.dumps), _text),
    '"timestamp"': _time,
    '"properties"': _properties,
    '"insert_id"': _text,
    '"distinct_id"': _text,
    '"user_id"': _text,
    '"session_id"': _text,
    '"source"': _text,
    '"colour"': _value,
    '"\\u0061pi_key"': _text,
}
_OFTEN = (*sorted(_fields), *['"properties"'] * 6, *['"timestamp"'] * 2)
"""What is most likely to be read in two ways is there most often."""
_named = st.just(('"event_name"', '"signup"'))
events = st.builds(
    lambda first, more: _object([first, *more]),
    _named,
    st.lists(
        st.one_of([st.tuples(st.just(name), _fields[name]) for name in _OFTEN]),
        min_size=1,
        max_size=3,
    ),
)
"""JSON texts of events: most of them good, one field in three odd in one way or another."""
EVENT = 320
"""Bytes of which one is made; few need half of them."""


def outcome(read: Callable[[bytes], Any], body: bytes) -> Any:
    """The decoded document, or the refusal's code and words."""
    try:
        return read(body)
    except BadRequest as error:
        return type(error), str(error)


def same(one: Any, other: Any) -> bool:
    """Equal in value, type and order; what cannot be stored is equal by its text."""
    if isinstance(one, strict_json.Unstorable) or isinstance(other, strict_json.Unstorable):
        return str(getattr(one, "text", one))[:40] == str(getattr(other, "text", other))[:40]
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@settings(max_examples=12_000)
@given(text=events.drawn(EVENT))
def test_both_accept_the_same_events_with_the_same_values(text: str) -> None:
    """What the quick reader takes, the judge takes too, and makes the very same draft of it."""
    document = outcome(strict_json.read, text.encode("utf-8", "surrogatepass"))
    if not isinstance(document, dict):
        return
    quick, judged = plain.draft(document), native.judged(document)
    if quick is None:
        return
    assert isinstance(judged, Draft), judged
    assert quick.shape in (None, shape_of(judged.properties))
    assert judged == replace(quick, shape=None)


def test_both_read_every_odd_time_alike() -> None:
    """Each second, fraction and zone of the above on a good day; each day with a good time."""
    moments = [f"2026-01-28T00:00:{''.join(end)}" for end in product(_SECONDS, _FRACTIONS, _ZONES)]
    days = product(_MONTHS, _DAYS, _HOURS)
    moments += [f"2026-{month}-{day}T{hour}:00:00.5Z" for month, day, hour in days]
    taken = 0
    for moment in moments:
        document = {"event_name": "signup", "timestamp": moment}
        quick = plain.draft(document)
        if quick is not None:
            taken += 1
            assert replace(quick, shape=None) == native.judged(document), moment
    assert taken > 10


@settings(max_examples=4_000)
@given(
    texts=st.lists(events, min_size=1, max_size=3).drawn(2 * EVENT),
    more=st.sampled_from(_BESIDE).drawn(1),
)
def test_a_whole_batch_is_read_as_its_events_are(texts: list[str], more: str) -> None:
    """The reader of whole batches takes nothing that the judge refuses, and changes no value."""
    body = f'{{"events": [{", ".join(texts)}]{more}}}'.encode("utf-8", "surrogatepass")
    sent = plain.batch(body)
    if sent is None:
        return
    envelope = native.decode_batch(body)
    document = strict_json.read_carefully(body)
    assert len(document["events"]) == len(envelope.events)
    for event, entry in zip(document["events"], envelope.events, strict=True):
        made = entry.outcome
        assert native.judged(event) == (
            replace(made, shape=None) if isinstance(made, Draft) else made
        )


@settings(max_examples=4_000)
@given(text=events.drawn(EVENT), more=st.sampled_from(_BESIDE).drawn(1))
def test_a_single_event_is_read_as_its_document_is(text: str, more: str) -> None:
    """The reader of one event gives the same draft, key, time and kept text, or the same words."""
    body = (text.rstrip()[:-1] + more + "}").encode("utf-8", "surrogatepass")
    sent = plain.single(body)
    if sent is None:
        return
    quick, careful = (
        outcome(read, body)
        for read in (
            native.decode_single,
            lambda it: native._single(strict_json.read_carefully(it)),
        )
    )
    if not isinstance(quick, native.Envelope):
        assert quick == careful
        return
    (entry,), (other,) = quick.events, careful.events
    assert (quick.api_key, quick.sent_at) == (careful.api_key, careful.sent_at)
    assert (entry.insert_id, entry.raw()) == (other.insert_id, other.raw())
    drafts = [
        replace(made.outcome, shape=None) if isinstance(made.outcome, Draft) else made.outcome
        for made in (entry, other)
    ]
    assert drafts[0] == drafts[1]


def test_an_everyday_single_event_is_read_at_once() -> None:
    """The quick reader really takes one with a key and a time beside it."""
    body = b'{"event_name":"signup","properties":{"n":1},"api_key":"djw_x","sent_at":null}'
    sent = plain.single(body)
    assert sent is not None
    assert plain.draft_of(sent) is not None
    assert "djw_x" == native.decode_single(body).api_key


@settings(max_examples=3_000)
@given(
    text=st.one_of(
        events, _value, st.text(), st.builds(lambda e, t: e + t, events, st.text())
    ).drawn(EVENT)
)
def test_both_json_readers_give_the_same_document(text: str) -> None:
    """The compiled reader and the careful one agree on every text, refusals included."""
    body = text.encode("utf-8", "surrogatepass")
    quick, careful = (
        outcome(read, body) for read in (strict_json.read, strict_json.read_carefully)
    )
    assert same(quick, careful), (quick, careful)


@settings(max_examples=1_000)
@given(
    body=st.binary().drawn(24),
    at=st.sampled_from(range(201)).drawn(1),
    text=events.drawn(EVENT),
)
def test_both_refuse_the_same_bytes(body: bytes, at: int, text: str) -> None:
    """Bytes put anywhere into an event's text are seen by both or by neither."""
    whole = text.encode("utf-8", "surrogatepass")
    spoiled = whole[:at] + body + whole[at:]
    quick, careful = (
        outcome(read, spoiled) for read in (strict_json.read, strict_json.read_carefully)
    )
    assert same(quick, careful), (quick, careful)


@pytest.mark.parametrize(
    "event",
    [
        {"event_name": "signup"},
        {
            "event_name": " signup ",
            "timestamp": "2026-11-22T18:49:34.123Z",
            "insert_id": "019ab",
            "distinct_id": "ada",
            "source": "web",
            "properties": {"plan": "pro", "n": 3, "f": 1.5, "ok": True, "none": None},
        },
        {"event_name": "x", "properties": {"list": [1, {"a": "b"}]}, "user_id": "ada"},
        {"event_name": "x", "timestamp": "2026-11-22T18:49:34Z", "colour": "red"},
    ],
)
def test_everyday_events_need_no_judge(event: dict[str, Any]) -> None:
    """The quick reader really takes the events that nearly everybody sends."""
    drafted = plain.draft(event)
    assert drafted is not None
    assert native.judged(event) == replace(drafted, shape=None)


def test_every_refusal_is_worded_by_the_judge() -> None:
    """What the quick reader doubts comes back with Marshmallow's code, field and words."""
    envelope = native.decode_batch(b'{"events":[{"event_name":"a"},{"event_name":5},{}]}')
    good, wrong, missing = (entry.outcome for entry in envelope.events)
    assert isinstance(good, Draft)
    assert isinstance(wrong, Rejection)
    assert isinstance(missing, Rejection)
    assert ("event_name_invalid", "event_name_missing") == (wrong.code, missing.code)


def test_what_is_remembered_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender of ever new names, seconds and shapes cannot fill the memory."""
    monkeypatch.setattr(plain, "_REMEMBERED", 10)
    for memory in (plain._names, plain._minutes, plain._shapes):
        memory.clear()
    for number in range(35):
        event = {
            "event_name": f"name {number}",
            "timestamp": f"2026-11-22T18:49:{number:02d}Z",
            "properties": {f"key {number}": 1},
        }
        drafted = plain.draft(event)
        assert drafted is not None
        assert native.judged(event) == replace(drafted, shape=None)
    for memory in (plain._names, plain._minutes, plain._shapes):
        assert 1 <= len(memory) <= 10
    wide = {"event_name": "wide", "properties": {f"key {n}": n for n in range(200)}}
    kept = len(plain._shapes)
    drafted = plain.draft(wide)
    assert drafted is not None
    assert native.judged(wide) == replace(drafted, shape=None)
    assert kept == len(plain._shapes)
