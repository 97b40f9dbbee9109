"""Reads events that are plainly right, which nearly all are, at a tenth of the judge's price.

What these readers have the least doubt about goes to Marshmallow, whose schema is the definition.
A property test holds the two together over valid, invalid and borderline events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Union

import msgspec
from msgspec import Meta

from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import MICROSECONDS, Columns, Draft, Shape
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.wire import fields
from djangalytics_server.wire.producer import SentProducer
from djangalytics_server.wire.schemas import KNOWN_FIELDS
from djangalytics_server.wire.strict_json import INT_MAX, INT_MIN, encode, encode_lines

_Id = Annotated[str, Meta(min_length=1, max_length=LIMITS.distinct_id_length)]
Key = Annotated[str, Meta(max_length=LIMITS.property_key_length)]
# The union is spelled out because Python 3.10 cannot build it with | from quoted parts.
Value = Union[  # noqa: UP007
    str, Annotated[int, Meta(ge=INT_MIN, le=INT_MAX)], float, bool, None, list[Any], dict[str, Any]
]


class Sent(msgspec.Struct, omit_defaults=True, gc=False):
    """An event whose fields have the right types and lengths."""

    event_name: Annotated[str, Meta(min_length=1, max_length=LIMITS.event_name_length)]
    timestamp: str | None = None
    properties: Annotated[dict[Key, Value], Meta(max_length=LIMITS.properties_keys)] | None = None
    insert_id: Annotated[str, Meta(min_length=1, max_length=LIMITS.insert_id_length)] | None = None
    distinct_id: _Id | None = None
    user_id: _Id | None = None
    session_id: _Id | None = None
    source: _Id | None = None


class _Known(Sent, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The same without a field that we do not know."""


class SentBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A batch of such events."""

    events: Annotated[list[_Known], Meta(min_length=1, max_length=LIMITS.batch_events)]
    api_key: str | None = None
    sent_at: str | None = None
    producer: SentProducer | None = None


class SentSingle(_Known, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One such event, with what goes around it."""

    api_key: str | None = None
    sent_at: str | None = None


_decode_batch = msgspec.json.Decoder(SentBatch).decode
_decode_single = msgspec.json.Decoder(SentSingle).decode

_REMEMBERED = 5_000
"""Names, minutes, hours and shapes seen lately; the memory of each is emptied when it is full."""
_MINUTE = 60 * MICROSECONDS
_SMALL = 40
"""Shapes with more keys than these are not worth the memory."""
_NOTHING: dict[str, Any] = {}
_names: dict[str, str] = {}
_minutes: dict[str, int] = {}
_hours: dict[str, int] = {}
_shapes: dict[Shape, tuple[Shape, bool]] = {}
"""Each shape, so that equal ones become one object, and whether it has lists or objects in it."""


def batch(body: bytes) -> SentBatch | None:
    """A whole body whose every string is printable ASCII, without escapes; else None.

    Three scans of the bytes spare the checks of every string in it.
    """
    try:
        return _decode_batch(body) if _is_printable(body) else None
    except (msgspec.DecodeError, RecursionError):
        return None


def single(body: bytes) -> SentSingle | None:
    """The same of a body that is one event."""
    try:
        return _decode_single(body) if _is_printable(body) else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_printable(body: bytes) -> bool:
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def draft(event: dict[str, Any]) -> Draft | None:
    """The draft of one event of a decoded document, or None when only the judge can tell."""
    try:
        sent = msgspec.convert(event, Sent)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
    texts = (sent.insert_id, sent.distinct_id, sent.user_id, sent.session_id, sent.source)
    # Some good text is not printable, like a soft hyphen: the judge knows.
    if not all(text is None or text.isprintable() for text in texts):
        return None
    if sent.properties and not _is_writable(sent.properties):
        return None
    made = draft_of(sent)
    if made is not None and not KNOWN_FIELDS.issuperset(event):
        made.unknown = unknown(event)
    return made


def draft_of(sent: Sent) -> Draft | None:
    """The draft of an event whose texts are known to be good."""
    name = _names.get(sent.event_name) or _name(sent.event_name)
    if name is None:
        return None
    moment = None
    if sent.timestamp is not None:
        moment = moment_of(sent.timestamp)
        if moment is None:
            return None
    properties = sent.properties
    text, shape = "{}", None
    if properties:
        shape, nested = _shape(properties)
        if nested and fields.fault_in(properties):
            return None
        text = encode(properties).decode()
    return Draft(
        name,
        moment,
        text,
        sent.insert_id,
        sent.distinct_id or sent.user_id,
        sent.session_id,
        sent.source,
        None,
        (),
        shape,
    )


def columns(events: Sequence[Sent]) -> Columns | None:
    """The drafts of a whole batch; None when there is one among them for the judge.

    The same as ``draft_of`` event by event, with fewer objects made on the way.
    """
    names: list[str] = []
    moments: list[int | None] = []
    shapes: list[Shape | None] = []
    for event in events:
        name = _names.get(event.event_name) or _name(event.event_name)
        moment = None if event.timestamp is None else moment_of(event.timestamp)
        if name is None or (moment is None and event.timestamp is not None):
            return None
        shape = None
        if event.properties:
            shape, nested = _shape(event.properties)
            if nested and fields.fault_in(event.properties):
                return None
        names.append(name)
        moments.append(moment)
        shapes.append(shape)
    known = [moment for moment in moments if moment is not None]
    return Columns(
        names,
        moments,
        # A line for each: in compact JSON there is no line's end but between the lines.
        encode_lines([event.properties or _NOTHING for event in events]).decode().split("\n")[:-1],
        [event.insert_id for event in events],
        [event.distinct_id or event.user_id for event in events],
        [event.session_id for event in events],
        [event.source for event in events],
        shapes,
        (min(known), max(known)) if known else None,
        lambda place: encode(events[place]).decode(),
    )


def unknown(event: dict[str, Any]) -> tuple[str, ...]:
    """The names of the fields we do not know."""
    return tuple(name for name in event if name not in KNOWN_FIELDS)


def _is_writable(properties: dict[str, Any]) -> bool:
    """Whether the text of them can be written at all, and has no U+0000."""
    try:
        return b"\\u0000" not in encode(properties)
    except (UnicodeEncodeError, TypeError):  # a lone surrogate, or what JSON cannot say
        return False


def _name(sent: str) -> str | None:
    name = sent.strip()
    if not name or not name.isprintable():
        return None
    if len(_names) >= _REMEMBERED:
        _names.clear()
    _names[sent] = name
    return name


def moment_of(text: str) -> int | None:
    """Microseconds, for the form most senders write: whole seconds, a fraction or none, and Z."""
    size = len(text)
    if not 20 <= size <= 27 or text[-1] != "Z" or (size > 20 and (text[19] != "." or size == 21)):
        return None
    base = _minutes.get(text[:17])
    if base is None:
        base = _minute(text[:17])
        if base is None:
            return None
    digits = text[17:19] + text[20:-1]
    if not (digits.isdigit() and digits.isascii()):
        return None
    within = int(digits.ljust(8, "0"))
    return base + within if within < _MINUTE else None  # what a leap second means the judge knows


def _minute(text: str) -> int | None:
    """The same of a whole minute and its colon: in events of the past few share one, but many an
    hour.
    """
    hour, minute = text[:14], text[14:16]
    if not (minute.isdigit() and minute.isascii() and minute <= "59" and text[16] == ":"):
        return None
    base = _hours.get(hour)
    if base is None:
        try:
            base = rfc3339.parse(f"{hour}00:00")
        except ValueError:
            return None
        if len(_hours) >= _REMEMBERED:
            _hours.clear()
        _hours[hour] = base
    if len(_minutes) >= _REMEMBERED:
        _minutes.clear()
    _minutes[text] = moment = base + int(minute) * _MINUTE
    return moment


def _shape(properties: dict[str, Any]) -> tuple[Shape, bool]:
    """The shape of them, and whether there are lists or objects among them."""
    shape = tuple(properties), tuple(map(type, properties.values()))
    return _shapes.get(shape) or _remember(shape)


def _remember(shape: Shape) -> tuple[Shape, bool]:
    known = shape, dict in shape[1] or list in shape[1]
    if len(shape[0]) <= _SMALL:
        if len(_shapes) >= _REMEMBERED:
            _shapes.clear()
        _shapes[shape] = known
    return known
