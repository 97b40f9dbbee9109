"""Events and answers as Parquet files, which other programs read."""

from __future__ import annotations

import io
import sys
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from djangalytics_server.query import export
from djangalytics_server.wire import parquet
from tests.server.house import House, problem
from tests.server.test_insights import DAYS, fill
from tests.server.test_moving import call


def test_events_as_parquet(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns of every other form, with times as times, in groups of bounded size."""
    fill(house)
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(parquet, "GROUP", 4)
    answer = house.client.get("/api/export/?format=parquet", headers=house.read)
    assert "application/vnd.apache.parquet" == answer.content_type
    file = pq.ParquetFile(io.BytesIO(answer.data))
    assert [4, 2] == [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert pa.timestamp("us", tz="UTC") == file.schema_arrow.field("timestamp").type
    rows = file.read().to_pylist()
    lines = house.client.get("/api/export/?format=json", headers=house.read).json
    assert [list(line) for line in lines] == [list(row) for row in rows]
    assert [line["insert_id"] for line in lines] == [row["insert_id"] for row in rows]
    assert datetime(2026, 1, 1, tzinfo=timezone.utc) <= rows[0]["timestamp"]
    assert any('"plan":"pro"' in row["properties"] for row in rows)


def test_nothing_as_parquet(house: House) -> None:
    """A file without rows is a file all the same."""
    fill(house)
    data = house.client.get("/api/export/?format=parquet&source=x", headers=house.read).data
    assert 0 == pq.read_table(io.BytesIO(data)).num_rows


def test_an_insight_as_parquet(house: House, tmp_path: Path) -> None:
    """By the command too: the rows that json has, each column of one type."""
    fill(house)
    body = {"kind": "funnel", "steps": [{"event_name": "view"}, {"event_name": "buy"}], **DAYS}
    lines = house.client.post("/api/export/?format=json", json=body, headers=house.read).json
    data = house.client.post("/api/export/?format=parquet", json=body, headers=house.read).data
    assert lines == pq.read_table(io.BytesIO(data)).to_pylist()
    file = tmp_path / "events.parquet"
    assert 0 == call(house, "export", "--format", "parquet", "-o", str(file)).exit_code
    assert 6 == pq.read_table(file).num_rows


def test_without_pyarrow_it_says_what_to_install(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a byte is sent, over HTTP and on the terminal."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    answer = house.client.get("/api/export/?format=parquet", headers=house.read)
    assert (501, "not_installed") == (answer.status_code, problem(answer)["code"])
    assert "pip install 'djangalytics[server,parquet]'" in problem(answer)["detail"]
    result = call(house, "export", "--format", "parquet")
    assert 1 == result.exit_code
    assert "pip install 'djangalytics[server,parquet]'" in result.stderr


def test_a_column_has_one_type() -> None:
    """Values of several kinds become their JSON; whole numbers beside others become those."""
    rows = [{"a": "x", "b": 1, "c": None}, {"a": 2, "b": 1.5, "c": None}]
    file = b"".join(parquet.table(("a", "b", "c"), rows))
    expected = [{"a": '"x"', "b": 1.0, "c": None}, {"a": "2", "b": 1.5, "c": None}]
    assert expected == pq.read_table(io.BytesIO(file)).to_pylist()
