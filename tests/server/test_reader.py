"""`djangalytics_client.reader` against a server: what a notebook asks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from djangalytics_client import reader as reading
from djangalytics_client.errors import ConfigurationError, TransportError
from djangalytics_client.reader import QuestionRefused, Reader
from tests.server.house import House
from tests.server.test_insights import DAYS, fill
from tests.server.test_moving import QUESTIONS


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The house over a real socket, with a few days of events."""
    fill(house)
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def key_of(house: House) -> str:
    return str(house.read["Authorization"].removeprefix("Bearer "))


def test_events_and_every_insight(house: House, address: str) -> None:
    """Answers as the API gives them, the same as rows, and as a table of pandas'."""
    with Reader(address, key_of(house)) as reader:
        names = [event["event_name"] for event in reader.events()]
        assert ["view", "view", "buy", "buy", "view", "view"] == names
        narrowed = reader.events(
            from_="2026-01-02", filter={"field": "event_name", "op": "is", "value": "buy"}
        )
        assert {"buy"} == {event["event_name"] for event in narrowed}
        frame = reader.to_dataframe({"kind": "events"})
        assert names == list(frame["event_name"])
        assert "UTC" == str(frame["timestamp"].dt.tz)
        for question, number, _ in QUESTIONS:
            asked = {**question, **DAYS}
            assert question["kind"] == reader.ask(asked)["kind"]
            rows = list(reader.rows(asked))
            assert number == len(rows)
            table = reader.to_dataframe(asked)
            assert (number, list(rows[0])) == (len(table), list(table.columns))


def test_statements_in_sql(house: House, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the API answers them, and as a table, which says when it has not all rows."""
    text = "select event_name, count(*) as events from events group by 1 order by 2 desc"
    with Reader(address, key_of(house)) as reader:
        found = reader.sql(text)
        assert (["event_name", "events"], [["view", 4], ["buy", 2]], None) == (
            *(found[name] for name in ("columns", "rows", "truncated")),
        )
        assert "rows" == reader.sql(text, limit=1)["truncated"]
        assert {"view": 4, "buy": 2} == dict(reader.to_dataframe(text).to_numpy())
        monkeypatch.setattr(reading, "_MOST_ROWS", 1)
        with pytest.warns(UserWarning, match="cut short after 1 rows"):
            reader.to_dataframe(text)
        with pytest.raises(QuestionRefused, match=r"no column 'nope'.*line 1, column 8"):
            reader.sql("select nope from events")


def test_a_table_of_no_events_has_its_columns(house: House, address: str) -> None:
    """So a script that looks at one goes on where there is nothing."""
    with Reader(address, key_of(house)) as reader:
        some, none = (
            reader.to_dataframe({"kind": "events", **more}) for more in ({}, {"from": "2027-01-01"})
        )
    assert (list(some.columns), 0) == (list(none.columns), len(none))
    assert "UTC" == str(none["timestamp"].dt.tz)


def test_what_goes_wrong_is_raised(
    house: House, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the server's own code and words, or what kept the answer from coming."""
    with Reader(address, key_of(house)) as reader, pytest.raises(QuestionRefused) as caught:
        reader.ask({"kind": "x"})
    assert (400, "invalid_question") == (caught.value.status, caught.value.code)
    assert 1 == str(caught.value).count("kind: ")
    monkeypatch.setenv("DJANGALYTICS_URL", address)
    monkeypatch.setenv("DJANGALYTICS_READ_KEY", "nonsense")
    with Reader() as reader, pytest.raises(QuestionRefused) as caught:
        next(reader.events())
    assert 401 == caught.value.status
    with Reader("http://127.0.0.1:9", timeout=5) as reader, pytest.raises(TransportError):
        reader.ask({"kind": "stickiness"})
    monkeypatch.setitem(sys.modules, "pandas", None)
    with Reader(address) as reader, pytest.raises(ConfigurationError, match="pip install pandas"):
        reader.to_dataframe({"kind": "stickiness"})
