"""Our own dialect: one event, or a batch of them, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from marshmallow import ValidationError

from djangalytics_server.errors import (
    BatchTooLarge,
    EmptyBatch,
    FieldError,
    InvalidBatch,
    InvalidEvent,
)
from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import Decoded, Draft, Rejection
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import Coded
from djangalytics_server.wire import plain, producer, strict_json
from djangalytics_server.wire.schemas import (
    ENVELOPE_FIELDS,
    BatchSchema,
    EventSchema,
    SingleSchema,
)

_EVENT = EventSchema()
_ENVELOPE = BatchSchema(only=("api_key", "sent_at"), unknown="exclude")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A decoded request. ``sent_at`` is microseconds by the sender's clock.

    ``numbering`` says who numbered the events and how, or why that could not be read.
    """

    events: Sequence[Decoded]
    api_key: str | None = None
    sent_at: int | None = None
    numbering: Numbering | Rejection | None = None


def decode_single(body: bytes) -> Envelope:
    """Read the body of /api/capture_event/; raises BadRequest when it is not a JSON object."""
    return _plain_single(body) or _single(strict_json.read(body))


def _plain_single(body: bytes) -> Envelope | None:
    """One event with nothing out of the ordinary about it, or None."""
    sent = plain.single(body)
    made = None if sent is None else plain.draft_of(sent)
    if sent is None or made is None:
        return None
    around = _around(sent)
    entry = Decoded(made, lambda: _without_envelope(body), made.insert_id)
    return Envelope((entry,), *around)


def _without_envelope(body: bytes) -> str:
    """The text of an event as it is kept."""
    return strict_json.write_any(_event_in(strict_json.read(body)))


def _event_in(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ENVELOPE_FIELDS}


def _single(document: object) -> Envelope:
    if not isinstance(document, dict):
        error = FieldError("not_an_object", "The body is a JSON object with an event_name.")
        raise InvalidEvent(error)
    api_key, sent_at = _envelope(document)
    return Envelope((decode_object(_event_in(document)),), api_key, sent_at)


def decode_batch(body: bytes) -> Envelope:
    """Read the body of /api/capture_batch/; raises BadRequest or TooLarge for the whole of it."""
    return _plain_batch(body) or _batch(strict_json.read(body))


def _plain_batch(body: bytes) -> Envelope | None:
    """A batch in which nothing is out of the ordinary, or None."""
    sent = plain.batch(body)
    if sent is None:
        return None
    columns = plain.columns(sent.events)
    if columns is None:
        return None
    numbering = None
    if sent.producer is not None:
        numbering = producer.plain(sent.producer, len(columns))
        if numbering is None:
            return None
    return Envelope(columns, *_around(sent), numbering)


def _around(sent: plain.SentBatch | plain.SentSingle) -> tuple[str | None, int | None]:
    if sent.api_key is None and sent.sent_at is None:
        return None, None
    return _envelope({"api_key": sent.api_key, "sent_at": sent.sent_at})


def _batch(document: object) -> Envelope:
    if not isinstance(document, dict):
        raise InvalidBatch('The body is a JSON object: {"events": [...]}.')
    events = document.get("events")
    if not isinstance(events, list):
        words = '"events" is a list of events.'
        raise InvalidBatch(words, errors=[FieldError("invalid_batch", words, "events")])
    if not events:
        raise EmptyBatch(
            "There is nothing to store: send at least one event.",
            errors=[FieldError("empty_batch", '"events" is empty.', "events")],
        )
    if len(events) > LIMITS.batch_events:
        raise BatchTooLarge(
            f"A batch has at most {LIMITS.batch_events} events; this one has {len(events)}."
        )
    api_key, sent_at = _envelope(document)
    numbering = producer.judged(document.get("producer"), len(events))
    return Envelope(tuple(decode_object(event) for event in events), api_key, sent_at, numbering)


def _envelope(document: dict[str, Any]) -> tuple[str | None, int | None]:
    """The key and the sending time beside the events; a wrong one refuses the whole request."""
    given = {k: v for k, v in document.items() if k in ENVELOPE_FIELDS}
    if not given:
        return None, None
    loaded = _load(_ENVELOPE, given)
    if isinstance(loaded, Rejection):
        raise InvalidEvent(FieldError(loaded.code, loaded.message, loaded.field))
    return loaded.get("api_key"), loaded.get("sent_at")


def decode_one(raw: bytes) -> Decoded:
    """Read one event as it was kept; raises BadRequest when it is not JSON."""
    return decode_object(strict_json.read(raw))


def decode_object(event: Any) -> Decoded:
    """One event as the strict reader has it."""
    raw = partial(strict_json.write_any, event)
    if not isinstance(event, dict):
        return Decoded(Rejection("not_an_object", str(Coded("not_an_object"))), raw)
    draft = plain.draft(event) or judged(event)
    if isinstance(draft, Rejection):
        return Decoded(draft, raw, _shown(event.get("insert_id")))
    return Decoded(draft, raw, draft.insert_id)


def judged(event: dict[str, Any]) -> Draft | Rejection:
    """What Marshmallow says: it has the last word on every event that is not plainly right."""
    loaded = _load(_EVENT, event)
    if isinstance(loaded, Rejection):
        return loaded
    return Draft(
        event_name=loaded["event_name"],
        timestamp=loaded.get("timestamp"),
        properties=loaded.get("properties") or "{}",
        insert_id=loaded.get("insert_id"),
        distinct_id=loaded.get("distinct_id") or loaded.get("user_id"),
        session_id=loaded.get("session_id"),
        source=loaded.get("source"),
        unknown=plain.unknown(event),
    )


def _shown(insert_id: object) -> str | None:
    """The sender's insert id as far as it can be written back."""
    if not isinstance(insert_id, str):
        return None
    return insert_id.encode("utf-8", "replace").decode()[: LIMITS.insert_id_length]


def _load(schema: EventSchema | BatchSchema | SingleSchema, data: Any) -> Any | Rejection:
    """What Marshmallow makes of ``data``, or its first objection."""
    try:
        return schema.load(data)
    except ValidationError as error:
        messages = cast("dict[str, list[Coded]]", error.messages)
        name, words = next(iter(messages.items()))
        first = words[0]
        return Rejection(first.code, str(first), f"{name}{first.path}"[:300])
