"""Events out as files and in again: over HTTP, by the commands, and from others' exports."""

from __future__ import annotations

import csv
import io
import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_server.cli.commands import cli
from djangalytics_server.ingest import importing
from djangalytics_server.model.event import Event
from djangalytics_server.model.exports import FORMS, Form
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.query import export
from djangalytics_server.wire import exported, imported, strict_json
from tests import recipes, strategies_filters
from tests.server.house import House, found, problem
from tests.server.test_insights import DAYS, fill

FORMULAS = ("=1+1", "'=1", "''@x", "'plain", "-2", "a,b", 'q"', "ü", "+")
_texts = recipes.one_of(recipes.none(), recipes.sampled_from(FORMULAS))
odd_events = recipes.builds(
    lambda event, name, *ids: event._replace(event_name=name, **dict(zip(IDS, ids, strict=True))),
    strategies_filters.events(),
    recipes.sampled_from((*FORMULAS, *strategies_filters.NAMES)),
    _texts,
    _texts,
    _texts,
)
IDS = ("distinct_id", "session_id", "source")


def call(house: House, *arguments: str, **more: Any) -> Result:
    """`djangalytics-server …` beside the server."""
    return CliRunner().invoke(cli, [*arguments, "--data", str(house.settings.data)], **more)


def counts(result: Result) -> list[int]:
    """Accepted, duplicates and refused, as an import says them."""
    rows = [line.split() for line in result.stdout.splitlines()[:3]]
    assert ["accepted", "duplicates", "refused"] == [row[0] for row in rows], result.output
    return [int(row[1].replace(",", "")) for row in rows]


row = itemgetter(slice(10))
"""An event without the shape of its properties, which not every reader has seen."""
FAR = 2**60
"""A moment after every event."""


def as_stored(event: Event) -> StoredEvent:
    return StoredEvent(0, event.insert_id, *event[2:9])


@given(recipes.lists(odd_events, max_size=5).drawn(500), st.sampled_from(("ndjson", "csv")))
def test_what_an_export_says_is_read_as_it_was(made: list[Event], form: Form) -> None:
    """Any event, through either form and the pipeline: the same bytes again."""
    events = [
        event._replace(
            insert_id=f"'=i{place}",
            received_at=event.timestamp,
            properties=strict_json.write(json.loads(event.properties)),
        )
        for place, event in enumerate(made)
    ]
    file = b"".join(exported.events([list(map(as_stored, events))], form))
    read = imported.rows if form == "csv" else imported.lines
    again = []
    for batch in read(io.BytesIO(file)):
        taken = importing.judged(batch, 1, FAR)
        one_by_one = importing.judged(batch._replace(columns=None), 1, FAR)
        assert not taken.refused
        assert list(map(row, taken.events)) == list(map(row, one_by_one.events))
        again.append(list(map(as_stored, taken.events)))
    assert file == b"".join(exported.events(again, form))


def test_an_export_comes_back_as_the_same_file(house: House, tmp_path: Path) -> None:
    """Out, into an empty server and out again: byte for byte; a second import adds nothing."""
    fill(house)
    other = House(house.settings, house.secrets)
    other.settings = type(house.settings)(data=tmp_path / "other")
    found(other.settings.data)
    for form in ("ndjson", "csv"):
        first, second = tmp_path / f"first.{form}", tmp_path / f"second.{form}"
        assert 0 == call(house, "export", "-o", str(first), "--format", form).exit_code
        expected = [6, 0, 0] if form == "ndjson" else [0, 6, 0]
        assert expected == counts(call(other, "import", str(first)))
        assert [0, 6, 0] == counts(call(other, "import", str(first)))
        assert 0 == call(other, "export", "-o", str(second), "--format", form).exit_code
        assert first.read_bytes() == second.read_bytes()
        assert 6 <= first.read_bytes().count(b"\n")
    other.app.close()


def test_events_over_http(house: House) -> None:
    """In the order of arrival, whatever the form; by parameters and by a question."""
    fill(house)
    lines = house.client.get("/api/export/?format=ndjson", headers=house.read)
    assert "application/x-ndjson" == lines.content_type
    names = [json.loads(line)["event_name"] for line in lines.text.splitlines()]
    assert ["view", "view", "buy", "buy", "view", "view"] == names
    listed = house.client.get("/api/export/?format=json&event_name=buy", headers=house.read)
    assert ["ada", "ada"] == [event["distinct_id"] for event in listed.json]
    assert [] == house.client.get("/api/export/?format=json&source=x", headers=house.read).json
    price = {"property": "price", "op": "gt", "value": 0.1}
    asked = {"kind": "events", "filter": price}
    table = house.client.post("/api/export/", json=asked, headers=house.read)
    assert 'attachment; filename="events.csv"' == table.headers["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(table.text, newline=""))
    assert {"plan": "pro", "price": 0.2} == json.loads(row["properties"])
    assert [len(row), "2026-01-02T12:00:00.000000Z"] == [8, row["timestamp"]]


def test_pages_of_an_export_join(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pages are, and with nothing that came later."""
    fill(house)
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(export, "_REST", 1)
    answer = house.client.get("/api/export/?format=ndjson", headers=house.read, buffered=False)
    pieces = iter(answer.response)
    some = next(pieces)
    house.capture({"event_name": "late"})
    assert 6 == (some + b"".join(pieces)).count(b"\n")


QUESTIONS: list[tuple[dict[str, Any], int, dict[str, str]]] = [
    ({"kind": "trends", "series": [{}]}, 3, {"name": "A", "start": "2026-01-01", "value": "3"}),
    (
        {"kind": "funnel", "steps": [{"event_name": "view"}, {"event_name": "buy"}]},
        2,
        {"group": "total", "step": "1", "label": "view", "people": "2"},
    ),
    (
        {"kind": "retention", "interval": "day", "periods": 1},
        6,
        {"start": "2026-01-01", "people": "2", "first": "0", "returned": "2"},
    ),
    ({"kind": "stickiness"}, 3, {"intervals": "1", "people": "1"}),
    ({"kind": "lifecycle"}, 3, {"start": "2026-01-01", "new": "2"}),
    (
        {"kind": "distribution", "of": {"property": "plan"}},
        3,
        {"value": "pro", "other": "false", "events": "4"},
    ),
    ({"kind": "sessions"}, 3, {"start": "2026-01-01", "sessions": "3", "average_events": "1.0"}),
    ({"kind": "paths", "within": "person"}, 3, {"step": "0", "to": "view", "paths": "2"}),
]


@pytest.mark.parametrize(("question", "number", "first"), QUESTIONS, ids=lambda q: str(q)[:20])
def test_an_insight_as_a_table(
    house: House, question: dict[str, Any], number: int, first: dict[str, str]
) -> None:
    """Each kind in each form: the same rows."""
    fill(house)
    asked = {**question, **DAYS}
    lines = [form for form in FORMS if form != "parquet"]
    texts = {
        form: house.client.post(f"/api/export/?format={form}", json=asked, headers=house.read).text
        for form in lines
    }
    rows = list(csv.DictReader(io.StringIO(texts["csv"], newline="")))
    assert number == len(rows)
    assert first == {name: rows[0][name] for name in first}
    listed = json.loads(texts["json"])
    assert listed == [json.loads(line) for line in texts["ndjson"].splitlines()]
    assert [list(row) for row in rows] == [list(row) for row in listed]
    result = call(house, "export", "--format", "csv", "--query", json.dumps(asked))
    assert texts["csv"].replace("\r\n", "\n") == result.stdout.replace("\r\n", "\n")


def test_a_wrong_export_is_told_where(house: House) -> None:
    """By the parameter, or by the member of the question."""
    for query, code in (("?format=xml", "invalid_format"), ("?limit=5", "unknown_parameter")):
        answer = house.client.get(f"/api/export/{query}", headers=house.read)
        assert code == problem(answer)["errors"][0]["code"]
    for body, field in (({"kind": "events", "limit": 5}, "limit"), ({"kind": "x"}, "kind")):
        answer = house.client.post("/api/export/", json=body, headers=house.read)
        assert field == problem(answer)["errors"][0]["field"]
    for options in (("--from", "soon"), ("--filter", "{"), ("--query", "{}", "--to", "2026-01-01")):
        assert 0 != call(house, "export", *options).exit_code


def test_a_refused_line_is_named_and_costs_the_others_nothing(house: House, tmp_path: Path) -> None:
    """With its number and the reason, on the terminal and in a file; by the rules of today."""
    lines = [
        '{"event_name": "good"}',
        "",
        '{"event_name": ""}',
        "no JSON",
        "[1]",
        '{"event_name": "x", "received_at": "yesterday"}',
        '{"event_name": "far", "timestamp": "1969-01-01T00:00:00Z"}',
        '{"event_name": "good"}',
    ]
    kept = tmp_path / "refused.ndjson"
    words = ("import", "-", "--refused", str(kept))
    result = call(house, *words, input="\n".join(lines))
    assert (1, [2, 0, 5]) == (result.exit_code, counts(result))
    refused = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [
        (3, "event_name_missing"),
        (4, "not_an_object"),
        (5, "not_an_object"),
        (6, "timestamp_invalid"),
        (7, "timestamp_too_old"),
    ] == [(entry["line"], entry["code"]) for entry in refused]
    assert "line 3: event_name_missing: event_name:" in result.stderr
    assert [0, 2, 5] == counts(call(house, *words, input="\n".join(lines)))
    assert 2 == len(house.events())


def test_a_wrong_table_is_refused_whole(house: House, tmp_path: Path) -> None:
    """Columns that nobody knows, or none; a row of another length by itself."""
    file = tmp_path / "events.csv"
    for header in ("event_name,colour", "insert_id", ""):
        file.write_text(f"{header}\nx,y\n")
        result = call(house, "import", str(file))
        assert 0 != result.exit_code
        assert "names columns out of event_name, timestamp" in result.stderr
    file.write_text('event_name,properties\na,"{""n"":1}"\nb\nc,{\n')
    assert [1, 0, 2] == counts(call(house, "import", str(file)))
    assert [{"n": 1}] == [event["properties"] for event in house.events()]


THEIRS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "posthog",
        {
            "uuid": "u-1",
            "event": "signup",
            "distinct_id": "ada",
            "timestamp": "2026-01-01T10:00:00.5+01:00",
            "properties": '{"plan": "pro", "$session_id": "s", "$lib": "web"}',
        },
        {"distinct_id": "ada", "session_id": "s", "source": "web", "insert_id": "u-1"},
    ),
    (
        "mixpanel",
        {
            "event": "signup",
            "properties": {
                "time": 1_767_258_000.5,
                "distinct_id": 7,
                "$insert_id": "u-1",
                "plan": "pro",
                "mp_lib": "python",
            },
        },
        {"distinct_id": "7", "session_id": None, "source": "python", "insert_id": "u-1"},
    ),
    (
        "amplitude",
        {
            "event_type": "signup",
            "event_time": "2026-01-01 09:00:00.500000",
            "$insert_id": "u-1",
            "user_id": None,
            "device_id": "d",
            "session_id": 1_767_258_000_000,
            "platform": "iOS",
            "event_properties": {"plan": "pro", "city": "Bonn"},
            "user_properties": {"age": 33},
            "country": "Germany",
            "city": "Cologne",
            "region": None,
            "groups": {},
        },
        {
            **{"distinct_id": "d", "session_id": "1767258000000", "source": "iOS"},
            "insert_id": "u-1",
            "properties": {
                **{"plan": "pro", "country": "Germany", "city": "Bonn"},
                "user_properties": {"age": 33},
            },
        },
    ),
    (
        "segment",
        {
            "type": "track",
            "event": "signup",
            "messageId": "u-1",
            "anonymousId": "anon",
            "timestamp": "2026-01-01T09:00:00.500Z",
            "context": {"library": {"name": "analytics.js"}, "campaign": {"name": "spring"}},
            "properties": {"plan": "pro"},
        },
        {
            **{"distinct_id": "anon", "session_id": None, "source": "analytics.js"},
            "insert_id": "u-1",
            "properties": {"plan": "pro", "context": {"campaign": {"name": "spring"}}},
        },
    ),
]


@pytest.mark.parametrize(("whose", "line", "expected"), THEIRS, ids=lambda x: str(x)[:9])
def test_the_exports_of_others(
    house: House, whose: str, line: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Name, time, who, where, their id and what else they say of place, device and campaign; what
    is no event of theirs is refused, not guessed.
    """
    text = "\n".join((json.dumps(line), '{"foo": 1}', '{"event": 5, "type": [], "properties": 1}'))
    assert [1, 0, 2] == counts(call(house, "import", "-", "--of", whose, input=text))
    [event] = house.events()
    assert ("signup", "2026-01-01T09:00:00.500000Z") == (event["event_name"], event["timestamp"])
    assert "pro" == event["properties"]["plan"]
    assert expected == {name: event[name] for name in expected}
    assert [0, 1, 2] == counts(call(house, "import", "-", "--of", whose, input=text))


LINE = (
    b'{"event_name":"a","timestamp":"2026-01-01T00:00:00.5Z","insert_id":"i-1",'
    b'"properties":{"n":1.50,"t":"x"},"received_at":"2026-01-02T00:00:00.000000Z"}'
)
ODD = (
    b'{"event_name":"b","insert_id":"i-2"}',
    b'{"event_name":"b"}',
    LINE + b" " + LINE,
    LINE.replace(b"x", b"\\u0000"),
    LINE.replace(b"x", b"\\ud800"),
    LINE.replace(b"x", b"\xff"),
    LINE.replace(b"1.50", b"1e999"),
    LINE.replace(b"i-1", b"soft\xc2\xadhyphen"),
    LINE.replace(b"i-1", b"tab\\t"),
    LINE.replace(b"i-1", b""),
    LINE.replace(b"i-1", b"i" * 101),
    LINE.replace(b'"a"', b'" a "'),
    LINE.replace(b"2026-01-01T", b"2026-01-09T"),
    LINE.replace(b"2026-01-01T", b"1969-01-01T"),
    LINE.replace(b"2026-01-02T", b"yesterdayT"),
    LINE.replace(b"event_name", b"colour"),
    LINE.replace(b'"i-1",', b'"i-1",\n'),
    b"[1]",
    b"",
    b"   ",
)


@given(st.lists(st.sampled_from((LINE, *ODD)), max_size=4))
def test_a_batch_read_as_a_whole_is_what_its_lines_are(texts: list[bytes]) -> None:
    """Whatever stands among the lines: the same events, the same refusals by line, either way."""
    moment = 1_800_000_000_000_000
    for batch in imported.lines(io.BytesIO(b"\n".join(texts))):
        quickly = importing.judged(batch, 1, moment)
        one_by_one = importing.judged(batch._replace(columns=None), 1, moment)
        assert list(map(row, quickly.events)) == list(map(row, one_by_one.events))
        assert [(line.number, why) for line, why in quickly.refused] == [
            (line.number, why) for line, why in one_by_one.refused
        ]


CELLS = ("", "a", "'=1", "2026-01-01T00:00:00Z", '{"n": 1}', "{}\n{}", "{", "{} {}", "ü", "\t", "9")


@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=2, max_size=4), max_size=3))
def test_rows_read_as_a_whole_are_what_each_is(cells: list[list[str]]) -> None:
    """The same of a table, with rows of any length and cells of any kind."""
    out = io.StringIO()
    csv.writer(out).writerows([["event_name", "properties", "insert_id"], *cells])
    for batch in imported.rows(io.BytesIO(out.getvalue().encode())):
        quickly = importing.judged(batch, 1, FAR)
        one_by_one = importing.judged(batch._replace(columns=None), 1, FAR)
        assert list(map(row, quickly.events)) == list(map(row, one_by_one.events))
        assert [line.number for line, _ in quickly.refused] == [
            line.number for line, _ in one_by_one.refused
        ]


def test_a_table_that_is_no_text_costs_its_good_rows_nothing(house: House, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 and cells larger than any event are refused row by row."""
    file = tmp_path / "events.csv"
    huge = b"x" * 200_000
    good = b'a,"{""n"":1}"\n'
    file.write_bytes(
        b"\xef\xbb\xbfevent_name,properties\n" + good + b"\xff,\n" + b'b,"' + huge + b'"\n' + good
    )
    assert [2, 0, 2] == counts(call(house, "import", str(file)))
    assert ["a", "a"] == [event["event_name"] for event in house.events()]
