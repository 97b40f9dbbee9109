"""Every reason to refuse an event, over HTTP: its code, its field, and where it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from djangalytics_server.ingest import checks
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.ingest.pipeline import judge
from djangalytics_server.model.event import Draft, Event
from djangalytics_server.model.reasons import REJECTIONS
from tests.server.house import House, problem

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
DAY = 86_400 * SECOND
ENVELOPE = {"sent_at_invalid", "api_key_invalid", "not_an_object"}
"""Reasons that, for a single event, refuse the request before there is an event to keep."""


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


REFUSED: list[tuple[str, Any, str | None]] = [
    ("not_an_object", [], None),
    ("event_name_missing", {}, "event_name"),
    ("event_name_invalid", {"event_name": "a\nb"}, "event_name"),
    ("event_name_too_long", {"event_name": "x" * 101}, "event_name"),
    ("timestamp_invalid", {"event_name": "x", "timestamp": "yesterday"}, "timestamp"),
    ("timestamp_too_old", {"event_name": "x", "timestamp": "1969-12-31T23:59:59Z"}, "timestamp"),
    ("sent_at_invalid", {"event_name": "x", "sent_at": "soon"}, "sent_at"),
    ("properties_invalid", {"event_name": "x", "properties": []}, "properties"),
    (
        "too_many_keys",
        {"event_name": "x", "properties": {str(n): n for n in range(256)}},
        "properties",
    ),
    (
        "key_too_long",
        {"event_name": "x", "properties": {"k" * 201: 1}},
        "properties." + "k" * 20 + "…",
    ),
    ("too_deep", {"event_name": "x", "properties": deep(9)}, "properties" + ".a" * 8),
    ("number_out_of_range", {"event_name": "x", "properties": {"n": 2**63}}, "properties.n"),
    ("text_invalid", {"event_name": "x", "properties": {"t": "\0"}}, "properties.t"),
    ("event_too_large", {"event_name": "x", "properties": {"t": "y" * 32_768}}, "properties"),
    ("insert_id_invalid", {"event_name": "x", "insert_id": ""}, "insert_id"),
    ("distinct_id_invalid", {"event_name": "x", "distinct_id": 5}, "distinct_id"),
    ("session_id_invalid", {"event_name": "x", "session_id": "x" * 201}, "session_id"),
    ("source_invalid", {"event_name": "x", "source": []}, "source"),
    ("source_not_allowed", {"event_name": "x", "source": "elsewhere"}, "source"),
    ("api_key_invalid", {"event_name": "x", "api_key": 5}, "api_key"),
    ("unknown_field", {"event_name": "x", "colour": "red"}, "colour"),
]
"""A reason, an event that has it, and the field that is named."""


def strict_house(build: Callable[..., House], code: str) -> House:
    """A server where the reason can be met: it knows no other fields, and its sources."""
    house = build(strict=True)
    if code == "source_not_allowed":
        house.sql("""UPDATE projects SET sources = '["web", "ios"]'""")
    return house


@pytest.mark.parametrize(("code", "event", "field"), REFUSED, ids=[r[0] for r in REFUSED])
def test_a_single_event_is_refused_with_its_reason(
    build: Callable[..., House], code: str, event: Any, field: str | None
) -> None:
    """400 with the code at the top and in the entry, the field and words; no event stored; kept
    and counted as refused.
    """
    house = strict_house(build, code)
    answer = house.capture(event)
    document = problem(answer)
    assert (400, code) == (answer.status_code, document["code"])
    [entry] = document["errors"]
    assert (code, field) == (entry["code"], entry.get("field"))
    assert entry["message"] == document["detail"]
    assert 0 == house.stored()
    kept = house.sql("SELECT code, field FROM rejected_events")
    assert ([] if code in ENVELOPE else [(code, field)]) == kept
    assert len(kept) == house.stats()["verdicts"]["rejected"]


@pytest.mark.parametrize(
    ("code", "event", "field"),
    [row for row in REFUSED if row[0] not in ("sent_at_invalid", "api_key_invalid")],
)
def test_in_a_batch_the_good_events_beside_it_are_stored(
    build: Callable[..., House], code: str, event: Any, field: str | None
) -> None:
    """207: the refused event is named by its place, kept as it was sent, and counted by its
    reason; its neighbours are stored.
    """
    house = strict_house(build, code)
    before, after = ({"event_name": name, "source": "web"} for name in ("before", "after"))
    answer = house.batch(before, event, after)
    body = answer.json
    assert (207, 2, 0, 1) == (
        answer.status_code,
        body["accepted"],
        body["duplicates"],
        body["rejected"],
    )
    [entry] = body["errors"]
    assert (1, code, field) == (entry["index"], entry["code"], entry.get("field"))
    assert body["errors_truncated"] is False
    assert ["after", "before"] == [e["event_name"] for e in house.events()]
    [(kept_code, raw)] = house.sql("SELECT code, raw FROM rejected_events")
    assert (code, event) == (kept_code, json.loads(raw))
    assert [{"code": code, "count": 1}] == house.stats()["verdicts"]["reasons"]


def test_no_reason_is_untested() -> None:
    """Every published reason has its line above."""
    assert set(REJECTIONS) == {code for code, _, _ in REFUSED}


def judged(draft: Draft, **around: Any) -> Event:
    """What the pipeline makes of a draft that must be good."""
    around = {"project_id": 1, "received_at": NOW, "random_bits": lambda: 0, **around}
    event = judge(draft, Circumstances(**around))
    assert isinstance(event, Event)
    return event


class TestTime:
    """What becomes of the sender's clock."""

    def test_no_time_means_now(self) -> None:
        """An event without a time happened when it arrived, whatever the sender's clock says."""
        event = judged(Draft("x"), sent_at=NOW - DAY)
        assert (NOW, None) == (event.timestamp, event.original_timestamp)

    @pytest.mark.parametrize("skew", [-60, -1, 0, 1, 60])
    def test_a_skew_of_a_minute_is_left_alone(self, skew: int) -> None:
        """Up to 60 seconds the sender is believed: the network takes its time too."""
        event = judged(Draft("x", timestamp=NOW - DAY), sent_at=NOW - skew * SECOND)
        assert (NOW - DAY, None) == (event.timestamp, event.original_timestamp)

    @pytest.mark.parametrize("skew", [-3_600, -61, 61, 3_600, 86_400 * 365])
    def test_a_larger_skew_is_corrected(self, skew: int) -> None:
        """Beyond that every time moves by the difference, and what was said is kept."""
        sent = NOW - skew * SECOND
        event = judged(Draft("x", timestamp=sent - DAY), sent_at=sent)
        assert (NOW - DAY, sent - DAY) == (event.timestamp, event.original_timestamp)

    def test_a_day_ahead_is_believed_and_more_is_not(self) -> None:
        """Up to 24 hours ahead stays; later than that happened when it arrived, kept as said."""
        assert NOW + DAY == judged(Draft("x", timestamp=NOW + DAY)).timestamp
        event = judged(Draft("x", timestamp=NOW + DAY + 1))
        assert (NOW, NOW + DAY + 1) == (event.timestamp, event.original_timestamp)

    def test_the_first_word_is_kept_when_both_corrections_apply(self) -> None:
        """Moved by the skew and still far ahead: what the sender said is what is kept."""
        event = judged(Draft("x", timestamp=NOW + 9 * DAY), sent_at=NOW - DAY)
        assert (NOW, NOW + 9 * DAY) == (event.timestamp, event.original_timestamp)

    def test_1970_is_the_beginning(self) -> None:
        """The first microsecond counts."""
        assert 0 == judged(Draft("x", timestamp=0)).timestamp

    def test_a_skew_over_http_is_kept_beside_the_corrected_time(self, house: House) -> None:
        """sent_at in the body moves the timestamp; the file keeps the original."""
        answer = house.capture(
            {
                "event_name": "x",
                "timestamp": "2020-01-01T00:00:00Z",
                "sent_at": "2020-01-01T00:00:10Z",
            }
        )
        [(timestamp, original, received)] = house.sql(
            "SELECT timestamp, original_timestamp, received_at FROM events"
        )
        assert 201 == answer.status_code
        assert 1_577_836_800 * SECOND == original
        assert received - 10 * SECOND == timestamp


class TestInsertId:
    """The id the server makes when there is none."""

    def test_it_is_a_uuid_of_version_7(self) -> None:
        """RFC 9562: the milliseconds of arrival first, then version, variant and chance."""
        bits = (1 << 74) - 1
        event = judged(Draft("x"), random_bits=lambda: bits)
        assert f"{NOW // 1_000:012x}" == event.insert_id.replace("-", "")[:12]
        assert "-7fff-bfff-ffffffffffff" == event.insert_id[13:]
        assert "-7000-8000-000000000000" == judged(Draft("x")).insert_id[13:]

    def test_chance_has_74_bits(self) -> None:
        """What the operating system gives is cut to what a UUIDv7 holds."""
        drawn = [checks.random_bits() for _ in range(100)]
        assert max(drawn) < 2**74
        assert 100 == len(set(drawn))

    def test_a_given_one_stays(self) -> None:
        """The sender's id is the sender's."""
        assert "mine" == judged(Draft("x", insert_id="mine")).insert_id


class TestStrictMode:
    """Fields we do not know."""

    def test_otherwise_they_are_ignored(self, house: House) -> None:
        """Without strict mode an unknown field costs nothing and is not kept."""
        assert 201 == house.capture({"event_name": "x", "colour": "red", "größe": 1}).status_code
        assert "colour" not in json.dumps(house.events())

    def test_names_that_cannot_be_written_are_shown_as_question_marks(
        self, build: Callable[..., House]
    ) -> None:
        """A field name with U+0000 or half a character is refused like any other."""
        house = build(strict=True)
        for name in ("a\0b", "a\ud800b"):
            document = problem(house.capture({"event_name": "x", name: 1}))
            assert ("unknown_field", "a?b") == (document["code"], document["errors"][0]["field"])
        assert [("a?b",)] * 2 == house.sql("SELECT field FROM rejected_events")
