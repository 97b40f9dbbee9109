"""An application's use of the whole SDK, without a complaint of mypy or pyright at their strictest.

A test runs it, so it is right as well as well typed.
"""

from __future__ import annotations

import enum
import logging
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypedDict

from flask import Flask

import djangalytics_client as analytics
from djangalytics_client import Client, Hooks, Loss, Settings, Stats, context, identify, track
from djangalytics_client.integrations import asgi, aws_lambda, wsgi
from djangalytics_client.integrations import flask as flask_integration
from djangalytics_client.integrations import logging as logging_integration
from djangalytics_client.testing import MemoryTransport, TrackedEvents, recorded


class Plan(enum.Enum):
    """What somebody pays for."""

    FREE = "free"
    PRO = "pro"


class Signup(TypedDict):
    """Properties with names and types of their own."""

    plan: str
    seats: int


def sign_up(plan: Plan, who: uuid.UUID) -> str | None:
    """Track with values and ids of the kinds that applications have."""
    seats: dict[str, int] = {"seats": 3}
    properties: Signup = {"plan": plan.value, "seats": 3}
    frozen: Mapping[str, date] = {"since": date(2026, 1, 2)}
    identify(who, {"plan": plan})
    track("signup", properties, distinct_id=who)
    track("signup", seats, distinct_id=7, session_id="s", source="web")
    track("signup", frozen, distinct_id=lambda: who, timestamp="2026-01-02T03:04:05Z")
    return track(
        "signup",
        {
            "plan": plan,
            "price": Decimal("9.90"),
            "tags": {"new", "web"},
            "took": timedelta(seconds=1),
            "more": [1, 2.5, None, True, {"deep": (1, 2)}],
        },
        timestamp=datetime.now(timezone.utc),
        insert_id=uuid.uuid4(),
    )


@context(source="decorated", plan="pro")
def decorated(number: int) -> int:
    """A decorated function keeps its type."""
    track("decorated", {"number": number})
    return number + 1


def scrub(event: dict[str, Any]) -> Mapping[str, Any] | None:
    """Take out what must not leave."""
    event["properties"].pop("email", None)
    return event


def lost(loss: Loss) -> None:
    """Hear of losses."""
    logging.getLogger(__name__).error("%s: %s", loss.reason, loss.event.get("event_name"))


@aws_lambda.flushed
def handler(event: dict[str, str], call: object) -> dict[str, bool]:
    """A plain function of a cloud."""
    track("invoked", event)
    return {"ok": call is None}


@aws_lambda.flushed(timeout=1.0, source="checkout")
async def async_handler(event: dict[str, str], call: object) -> int:
    """An async one."""
    track("invoked", event)
    return await analytics.aflush()


def configured() -> tuple[Stats, int]:
    """Make clients, and ask how they are."""
    client = analytics.configure(
        "http://127.0.0.1:8000",
        "djw_key",
        source="shop",
        settings=Settings(linger=0.2, sample_rates={"view": 0.5}, properties={"app": "shop"}),
        hooks=Hooks(before_send=scrub, on_error=lost),
    )
    client.register({"version": 3})
    client.unregister("version")
    memory = MemoryTransport()
    own: Client = Client(transport=memory, debug=True)
    with context(distinct_id="ada", source="web", plan="pro"):
        own.track("bought", {"price": 3})
    left: int = own.flush(1.0) + own.shutdown()
    figures: Stats = client.stats()
    by_reason: Mapping[str, int] = figures.lost
    return figures, left + sum(by_reason.values())


def frameworks() -> tuple[object, ...]:
    """The integrations that need no more than is installed with the server."""
    app = Flask(__name__)
    flask_integration.init_app(app, distinct_id=lambda: "ada", source="shop")
    wrapped = wsgi.Middleware(app.wsgi_app, distinct_id=lambda environ: environ.get("user"))

    async def application(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await send({"type": "http.response.start"})

    outer = asgi.Middleware(application, source="api", distinct_id=lambda scope: scope.get("id"))
    return wrapped, outer, logging_integration.Handler(logging.ERROR, event_name="failed")


def events_of(tracked: TrackedEvents) -> list[str]:
    """What a test does with the fixture."""
    last: dict[str, Any] = tracked.assert_tracked("signup", {"plan": "pro"}, times=1)
    tracked.assert_not_tracked("refund", reason="late")
    first = tracked[0]["event_name"]
    return [first, last["event_name"], *(event["event_name"] for event in tracked[1:])]


def everything() -> list[str]:
    """All of it, sending nothing -> names of events."""
    with recorded() as tracked:
        sign_up(Plan.PRO, uuid.uuid4())
        decorated(1)
        handler({"a": "b"}, None)
        configured()
        frameworks()
    with recorded() as again:
        track("signup", {"plan": "pro"})
    return [*tracked.names, *events_of(again)]
