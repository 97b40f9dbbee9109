"""Batches of our own exports in which every entry is plainly right, each read as a whole.

What is not plainly right is None: whoever asked reads it entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from djangalytics_server.model.event import Columns
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.wire.csv_text import plain
from djangalytics_server.wire.plain import Key, Sent, Value, columns, moment_of

Plainly = tuple[Columns, list[int | None]]
"""The entries, and when each arrived at first."""


class _Kept(Sent, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A line of our own export."""

    received_at: str | None = None


_decode_lines = msgspec.json.Decoder(_Kept).decode_lines
_decode_objects = msgspec.json.Decoder(
    Annotated[dict[Key, Value], Meta(max_length=LIMITS.properties_keys)]
).decode_lines
_MOST = {
    "event_name": LIMITS.event_name_length,
    "insert_id": LIMITS.insert_id_length,
    "distinct_id": LIMITS.distinct_id_length,
    "session_id": LIMITS.distinct_id_length,
    "source": LIMITS.distinct_id_length,
}
"""Of each text the most characters."""


def lines(chunk: bytes) -> Plainly | None:
    """JSON lines."""
    sent = _each(chunk.strip(), _decode_lines)
    if sent is None:
        return None
    arrivals = _moments([event.received_at for event in sent])
    if arrivals is None:
        return None
    texts = [
        text
        for event in sent
        for text in (event.insert_id, event.distinct_id, event.session_id, event.source)
    ]
    return _known(sent, texts, arrivals)


def rows(header: Sequence[str], cells: Sequence[Sequence[str] | None]) -> Plainly | None:
    """Rows of a table with these columns."""
    whole = [row for row in cells if row is not None and len(row) == len(header)]
    if len(whole) != len(cells) or len(set(header)) != len(header):
        return None
    given: Mapping[str, Sequence[str]] = dict(
        zip(header, map(_harmless_no_more, zip(*whole, strict=True)), strict=True)
    )
    nothing = ("",) * len(whole)
    for name, most in _MOST.items():
        if max(map(len, given.get(name, nothing))) > most:
            return None
    texts = {
        name: [cell or None for cell in given.get(name, nothing)]
        for name in (*_MOST, "timestamp", "received_at")
    }
    properties = _each(
        "\n".join([cell or "{}" for cell in given.get("properties", nothing)]).encode(
            "utf-8", "surrogateescape"
        ),
        _decode_objects,
    )
    arrivals = _moments(texts["received_at"])
    if properties is None or len(properties) != len(whole) or arrivals is None:
        return None
    sent = [
        Sent(name, timestamp, held, insert_id, distinct_id, None, session_id, source)
        for name, timestamp, held, insert_id, distinct_id, session_id, source in zip(
            given["event_name"],
            texts["timestamp"],
            properties,
            texts["insert_id"],
            texts["distinct_id"],
            texts["session_id"],
            texts["source"],
            strict=True,
        )
    ]
    ids = [
        text
        for name in ("insert_id", "distinct_id", "session_id", "source")
        for text in texts[name]
    ]
    return _known(sent, ids, arrivals)


def _known(
    sent: Sequence[Sent], texts: Sequence[str | None], arrivals: list[int | None]
) -> Plainly | None:
    """The columns of what was sent, if each of its ``texts`` can be shown and none lacks an id."""
    # Some good text is not printable, like a soft hyphen: the judge knows.
    if not "".join(filter(None, texts)).isprintable():
        return None
    if any(event.insert_id is None for event in sent):
        return None
    made = columns(sent)
    return None if made is None else (made, arrivals)


def _each(text: bytes, decode: Callable[[bytes], list[Any]]) -> list[Any] | None:
    r"""What stands on each line, if each has one object and nothing that needs a second look.

    Where every line begins and ends with a brace no value can go on after the end of a line, so as
    many values as lines means one a line. What is written as ``\u`` may be U+0000 or a lone
    surrogate.
    """
    ends = text.count(b"\n")
    if (
        b"\\u" in text
        or text.count(b"}\n{") != ends
        or not (text[:1] == b"{" and text[-1:] == b"}")
    ):
        return None
    try:
        found = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if len(found) == ends + 1 else None


def _moments(texts: Sequence[str | None]) -> list[int | None] | None:
    moments = [None if text is None else moment_of(text) for text in texts]
    whole = moments.count(None) == texts.count(None)
    return moments if whole else None


def _harmless_no_more(cells: Sequence[str]) -> Sequence[str]:
    """A column as it was before its cells were made harmless."""
    if "'" not in "".join(cells):
        return cells
    return [plain(cell) for cell in cells]
