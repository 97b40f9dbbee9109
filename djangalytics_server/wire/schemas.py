"""What goes over the wire, said once: validation, its words and the OpenAPI document."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from djangalytics_server.model.limits import LIMITS
from djangalytics_server.wire.fields import EventName, Identifier, Moment, Properties
from djangalytics_server.wire.producer import ProducerSchema


class EventSchema(Schema):
    """One event as a sender writes it."""

    class Meta:
        """Unknown fields are judged by the ingest steps, by name."""

        unknown = EXCLUDE

    event_name = EventName(
        required=True,
        metadata={
            "description": "What happened, such as signup.",
            "minLength": 1,
            "maxLength": LIMITS.event_name_length,
            "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f]"
            r"[^\u0000-\u001f\u007f-\u009f]*$",
        },
    )
    timestamp = Moment(
        code="timestamp_invalid", about="When, RFC 3339; UTC without a zone; absent means now."
    )
    properties = Properties(about="Anything else worth knowing.")
    insert_id = Identifier(
        code="insert_id_invalid",
        most=LIMITS.insert_id_length,
        about="Makes a repeat recognisable; the server makes one if absent.",
    )
    distinct_id = Identifier(
        code="distinct_id_invalid", most=LIMITS.distinct_id_length, about="Who."
    )
    user_id = Identifier(
        code="distinct_id_invalid",
        most=LIMITS.distinct_id_length,
        about="Another name for distinct_id, which wins if both are given.",
    )
    session_id = Identifier(
        code="session_id_invalid",
        most=LIMITS.distinct_id_length,
        about="The visit the event belongs to.",
    )
    source = Identifier(
        code="source_invalid",
        most=LIMITS.distinct_id_length,
        about="Where it came from, such as web or ios.",
    )


class SingleSchema(EventSchema):
    """The body of a capture of one event."""

    api_key = Identifier(
        code="api_key_invalid", most=200, about="The write key, where no header can be set."
    )
    sent_at = Moment(code="sent_at_invalid", about="When the sender sent it, by its own clock.")


class BatchSchema(Schema):
    """The body of a capture of many events."""

    events = fields.List(
        fields.Nested(EventSchema),
        required=True,
        validate=validate.Length(min=1, max=LIMITS.batch_events),
    )
    api_key = Identifier(code="api_key_invalid", most=200)
    sent_at = Moment(code="sent_at_invalid")
    producer = fields.Nested(ProducerSchema, allow_none=True)


class CapturedSchema(Schema):
    """The answer to a capture of one event."""

    id = fields.Integer(required=True)
    event_name = fields.String(required=True)
    timestamp = fields.String(required=True, metadata={"format": "date-time"})
    insert_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["accepted", "duplicate"]))


class FieldErrorSchema(Schema):
    """One thing that is wrong."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    field = fields.String()
    index = fields.Integer()
    insert_id = fields.String()
    line = fields.Integer(metadata={"description": "Of a statement in SQL, from 1."})
    column = fields.Integer(metadata={"description": "The character in the line, from 1."})


class BatchResultSchema(Schema):
    """The answer to a capture of many events."""

    accepted = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
    errors_truncated = fields.Boolean()
    producer_error = fields.Nested(
        FieldErrorSchema,
        metadata={"description": "Why the numbers of the events could not be read."},
    )


class ProblemSchema(Schema):
    """What every error looks like (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))


KNOWN_FIELDS = frozenset(EventSchema().fields)
ENVELOPE_FIELDS = frozenset({"api_key", "sent_at"})
Loaded = dict[str, Any]
