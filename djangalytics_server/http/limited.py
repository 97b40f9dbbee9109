"""How much a project was sent with which key, what was refused whole, and what is left."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import keys
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.projects import RateLimitSchema
from djangalytics_server.http.services import Services
from djangalytics_server.limits.buckets import Buckets
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.sending import BUCKET_SECONDS, Sent


class LimitedSchema(Schema):
    """Requests of a UTC day that were refused, by the limit they met: 429, or their origin: 403."""

    day = fields.String(required=True, metadata={"format": "date"})
    by = fields.String(required=True, metadata={"enum": ["key", "address", "project", "origin"]})
    requests = fields.Integer(required=True)


LIMITED = Operation(
    "GET",
    "/api/limited/",
    "How many requests were refused for their pace or their origin, by UTC day, the newest first.",
    {200: LimitedSchema},
    (401, 403, 503),
    many=True,
    key="read",
)


class RatesSchema(Schema):
    """By key, by address, and for the whole project; null: without a limit."""

    key = fields.Nested(RateLimitSchema, required=True, allow_none=True)
    address = fields.Nested(RateLimitSchema, required=True, allow_none=True)
    project = fields.Nested(RateLimitSchema, required=True, allow_none=True)


class RedisSchema(Schema):
    """Whether the Redis that shares the limits answers, and how often it went away."""

    answers = fields.Boolean(required=True)
    went_away = fields.Integer(required=True)


class SentSchema(Schema):
    """What was let through in a while, and how many requests were too fast for what."""

    requests = fields.Integer(required=True)
    events = fields.Integer(required=True)
    refused_key = fields.Integer(required=True)
    refused_address = fields.Integer(required=True)
    refused_project = fields.Integer(required=True)


class SenderSchema(Schema):
    """One key (null: what came without one). ``left``: events it may send now, null: no limit."""

    key = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    hour = fields.Nested(SentSchema, required=True)
    day = fields.Nested(SentSchema, required=True)
    left = fields.Integer(required=True, allow_none=True)


class SendingSchema(Schema):
    """The limits, how they are shared (null: each process by itself), and the senders.

    ``left``: events that may be sent to the project now, null: it has no limit of its own.
    """

    limits = fields.Nested(RatesSchema, required=True)
    left = fields.Integer(required=True, allow_none=True)
    redis = fields.Nested(RedisSchema, required=True, allow_none=True)
    senders = fields.List(fields.Nested(SenderSchema), required=True)


SENDING = Operation(
    "GET",
    "/api/sending/",
    "What was sent with which key in the last hour and day, what was too fast, and what is left.",
    {200: SendingSchema},
    (401, 403, 503),
    key="admin",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that shows it."""
    blue = Blueprint("limited", __name__)

    def limited() -> Response:
        project = access.reader(request)
        return json_answer(
            [
                {
                    "day": render(day * DAY_SECONDS * MICROSECONDS)[:10],
                    "by": kind,
                    "requests": count,
                }
                for day, kind, count in services.store.limited(project.id)
            ]
        )

    def sending() -> Response:
        project = access.manager(request).project  # names of keys are for who manages them
        second = services.clock() // MICROSECONDS
        begin = second - second % BUCKET_SECONDS + BUCKET_SECONDS
        hour, day = (
            {one.key_prefix: one for one in services.store.sending(project.id, begin - back)}
            for back in (3_600, DAY_SECONDS)
        )
        named = {key.prefix: key.name for key in keys.of_project(services.session(), project.id)}
        limiter = services.limiter
        senders = [
            {
                "key": prefix or None,
                "name": named.get(prefix),
                "hour": _sent_json(hour.get(prefix, Sent(prefix))),
                "day": _sent_json(day[prefix]),
                "left": limiter.left(project.id, prefix, "").get("key"),
            }
            for prefix in sorted(day)
        ]
        rates = {
            "key": _rate(limiter.keys),
            "address": _rate(limiter.addresses),
            "project": project.limit and project.limit._asdict(),
        }
        left = limiter.left(project.id, None, "", project.limit).get("project")
        sharing = None if limiter.sharing is None else asdict(limiter.sharing)
        return json_answer({"limits": rates, "left": left, "redis": sharing, "senders": senders})

    registry.add(blue, LIMITED, limited)
    registry.add(blue, SENDING, sending)
    return blue


def _rate(buckets: Buckets) -> dict[str, int] | None:
    return {"rate": round(buckets.rate), "at_once": round(buckets.full)} if buckets.rate else None


def _sent_json(sent: Sent) -> dict[str, int]:
    return {
        "requests": sent.requests,
        "events": sent.events,
        "refused_key": sent.refused_key,
        "refused_address": sent.refused_address,
        "refused_project": sent.refused_project,
    }
