"""Parquet files, by pyarrow, which the extra ``parquet`` installs; a row group at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from djangalytics_server.errors import NotInstalled
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.wire.strict_json import encode

if TYPE_CHECKING:
    import pyarrow as pa

GROUP = 6_000
"""Events of a row group: all that is in memory at a time."""
_PLAIN = (bool, int, float, str)


def check() -> None:
    """Raise NotInstalled, and say how to mend it, when pyarrow is not there."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise NotInstalled(
            "Parquet files need pyarrow, which this server does not have: "
            "pip install 'djangalytics[server,parquet]', and start it again."
        ) from error


def events(pages: Iterable[Sequence[StoredEvent]]) -> Iterator[bytes]:
    """The file, a piece for each row group."""
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    schema = pa.schema(
        [
            pa.field("event_name", text, nullable=False),
            pa.field("timestamp", moment, nullable=False),
            pa.field("insert_id", text, nullable=False),
            pa.field("distinct_id", text),
            pa.field("session_id", text),
            pa.field("source", text),
            pa.field("properties", text, nullable=False),
            pa.field("received_at", moment, nullable=False),
        ]
    )
    return _written(schema, (_group(some, schema) for some in _grouped(pages)))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Rows of any kind: a column has the type of its values; if they have several, their JSON."""
    import pyarrow as pa

    held = list(rows)
    made = pa.table({name: pa.array(_alike([row[name] for row in held])) for name in columns})
    return _written(made.schema, iter([made]))


def _alike(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) <= 1 and kinds.issubset(_PLAIN):
        return values
    return [None if value is None else encode(value).decode() for value in values]


def _grouped(pages: Iterable[Sequence[StoredEvent]]) -> Iterator[list[StoredEvent]]:
    some: list[StoredEvent] = []
    for page in pages:
        some.extend(page)
        if len(some) >= GROUP:
            yield some
            some = []
    if some:
        yield some


def _group(some: Sequence[StoredEvent], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    _, insert_ids, names, moments, arrivals, properties, people, sessions, sources = zip(
        *some, strict=True
    )
    columns = names, moments, insert_ids, people, sessions, sources, properties, arrivals
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _written(schema: pa.Schema, groups: Iterator[pa.Table]) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in groups:
            writer.write_table(group)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self._written

    def write(self, data: Any) -> int:
        """Keep the bytes until they are taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
