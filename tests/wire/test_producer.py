"""Both readers of a batch agree on who numbered its events, and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djangalytics_server.model.delivery import HIGHEST_NUMBER, Numbering
from djangalytics_server.model.event import Rejection
from djangalytics_server.wire import native, plain, producer

GOOD: dict[str, Any] = {
    "id": "0123456789abcdef0123456789abcdef",
    "host": "web-1",
    "process": "gunicorn[812]",
    "started_at": "2026-11-27T04:00:00Z",
    "tracked": 48_213,
    "sequences": [[48_210, 3]],
}
STARTED = 1_795_752_000_000_000

_numbers = st.one_of(
    st.integers(-1, 5),
    st.integers(-2, 2).map(lambda more: HIGHEST_NUMBER + more),
    st.sampled_from((True, 2.0, 1.5, "3", None, 2**63, 2**64)),
)
_pairs = st.one_of(
    st.lists(st.one_of(st.lists(_numbers, min_size=2, max_size=2), _numbers), max_size=3),
    st.lists(st.lists(st.integers(1, 3), min_size=2, max_size=2), min_size=1, max_size=3),
    st.sampled_from(([], [[1]], [[1, 2, 3]], None, {}, [[1, 1]] * 1_001, [[1, 1]] * 1_000)),
)
_texts = st.one_of(
    st.text(max_size=5),
    st.sampled_from(("a" * 64, "a" * 65, "b" * 200, "b" * 201, "", "a b", "a\n", "é", 5, None)),
)
_losses = st.one_of(
    st.dictionaries(
        st.one_of(st.sampled_from(("queue_full", "refused:x", "", "a b", "r" * 81)), st.text()),
        _numbers,
        max_size=3,
    ),
    st.sampled_from(([], 5, None, {f"r{n}": n for n in range(51)})),
)
_parts: dict[str, st.SearchStrategy[Any]] = {
    "id": _texts,
    "host": _texts,
    "process": _texts,
    "started_at": st.one_of(_texts, st.sampled_from(("2026-11-27T04:00:00.5+01:00", "2026"))),
    "tracked": _numbers,
    "sequences": _pairs,
    "dropped": _pairs,
    "lost": _losses,
    "colour": _texts,
}
_producers = st.one_of(
    st.builds(
        lambda sequences, more, gone: {
            name: value
            for name, value in {**GOOD, "sequences": sequences, **dict(more)}.items()
            if name not in gone
        },
        st.just([[1, 2]]),
        st.lists(
            st.one_of([st.tuples(st.just(name), _parts[name]) for name in sorted(_parts)]),
            max_size=2,
        ),
        st.one_of(st.just([]), st.lists(st.sampled_from(sorted(_parts)), max_size=1)),
    ),
    st.sampled_from((None, 5, "x", [], {})),
)


def body(said: Any, events: int = 3) -> bytes:
    """A batch of so many good events, of which something is said."""
    return json.dumps({"events": [{"event_name": "x"}] * events, "producer": said}).encode()


@settings(max_examples=1_000)
@given(said=_producers, events=st.sampled_from((1, 2, 2, 2, 3)))
def test_both_readers_accept_the_same(said: Any, events: int) -> None:
    """What the compiled reader takes the judge takes with the same values; events never suffer."""
    judged = producer.judged(json.loads(json.dumps(said)), events)
    sent = plain.batch(body(said, events))
    if sent is not None and sent.producer is not None:
        quick = producer.plain(sent.producer, events)
        assert quick is None or quick == judged
    envelope = native.decode_batch(body(said, events))
    assert events == len(envelope.events)
    assert judged == envelope.numbering


def test_an_everyday_producer_needs_no_judge() -> None:
    """The compiled reader takes what the SDK sends, parts that may be absent and all."""
    more = {"dropped": [[1, 2]], "lost": {"queue_full": 12, "refused:invalid_json": 1}}
    for said in (GOOD, {**GOOD, **more}):
        sent = plain.batch(body(said))
        assert sent is not None
        assert sent.producer is not None
        quick = producer.plain(sent.producer, 3)
        assert quick == producer.judged(said, 3)
        assert isinstance(quick, Numbering)
        assert ((48_210, 48_212),) == quick.arrived
    assert (((1, 2),), STARTED) == (quick.dropped, quick.started_at)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": "a/b"}, "producer.id"),
        ({"host": ""}, "producer.host"),
        ({"process": 812}, "producer.process"),
        ({"started_at": "yesterday"}, "producer.started_at"),
        ({"tracked": -1}, "producer.tracked"),
        ({"sequences": [[0, 3]]}, "producer.sequences"),
        ({"sequences": [[HIGHEST_NUMBER, 3]]}, "producer.sequences"),
        ({"dropped": [[1]]}, "producer.dropped"),
        ({"lost": {"queue full": 1}}, "producer.lost"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], field: str) -> None:
    """A code, the field and the rule in words; all events of the batch are there."""
    envelope = native.decode_batch(body({**GOOD, **wrong}))
    fault = envelope.numbering
    assert isinstance(fault, Rejection)
    assert ("producer_invalid", field) == (fault.code, fault.field)
    assert fault.message.startswith(f"{field.removeprefix('producer.')} is ")
    assert 3 == len(envelope.events)


def test_numbers_pair_with_events() -> None:
    """Counts that do not add up to the events have a code of their own; none at all is no fault."""
    fault = native.decode_batch(body(GOOD, 4)).numbering
    assert isinstance(fault, Rejection)
    assert ("sequences_mismatch", "producer.sequences") == (fault.code, fault.field)
    assert native.decode_batch(b'{"events":[{"event_name":"x"}]}').numbering is None
    assert native.decode_batch(body(None)).numbering is None
    absent = {name: value for name, value in GOOD.items() if name != "host"}
    missing = native.decode_batch(body(absent)).numbering
    assert isinstance(missing, Rejection)
    assert "producer.host" == missing.field
