"""ASGI: FastAPI and Starlette as they are, sync and async views, the end of the server."""

from __future__ import annotations

import asyncio
from typing import Any

import fastapi
import httpx
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.middleware.authentication import AuthenticationMiddleware

import djangalytics_client
from djangalytics_client import track
from djangalytics_client.integrations.asgi import Middleware
from djangalytics_client.testing import MemoryTransport

from .conftest import Tracked


class Member(BaseUser):
    """Who is signed in."""

    is_authenticated = True
    display_name = "Ada"
    identity = "ada"


class ByHeader(AuthenticationBackend):
    """Everybody who says so is Ada."""

    async def authenticate(self, conn: Any) -> Any:
        return (AuthCredentials(), Member()) if "x-member" in conn.headers else None


def api(**options: Any) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    app.add_middleware(AuthenticationMiddleware, backend=ByHeader())
    app.add_middleware(Middleware, **options)

    @app.get("/async/{n}")
    async def view(n: int) -> str:
        await asyncio.sleep(0.01 if n % 2 else 0)
        track("viewed", {"n": n})
        return "ok"

    @app.get("/sync")
    def plain() -> str:
        track("plain")
        return "ok"

    return app


def get(app: Any, *calls: tuple[str, dict[str, str]]) -> list[int]:
    """Ask all at once."""

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = await asyncio.gather(
                *(client.get(path, headers=headers) for path, headers in calls)
            )
        return [answer.status_code for answer in answers]

    return asyncio.run(ask())


def test_requests_that_run_at_once_keep_apart(tracked: Tracked) -> None:
    """Each event has the id and the user of its own request."""
    calls = [
        (f"/async/{n}", {"X-Request-ID": f"r{n}", **({"X-Member": "1"} if n < 5 else {})})
        for n in range(10)
    ]
    assert [200] * 10 == get(api(source="api"), *calls)
    events = {event["properties"]["n"]: event for event in tracked("viewed")}
    assert [f"r{n}" for n in range(10)] == [
        events[n]["properties"]["$request_id"] for n in range(10)
    ]
    assert ["ada"] * 5 + [None] * 5 == [events[n].get("distinct_id") for n in range(10)]
    assert {"api"} == {event["source"] for event in events.values()}


def test_a_view_in_a_thread_is_in_its_request(tracked: Tracked) -> None:
    """Plain functions run in FastAPI's threads, with the context of the request."""
    get(api(distinct_id=lambda scope: scope["path"]), ("/sync", {"X-Request-ID": "r"}))
    (event,) = tracked("plain")
    assert ("/sync", "r") == (event["distinct_id"], event["properties"]["$request_id"])


def test_what_is_queued_is_sent_before_the_server_ends() -> None:
    """At the end of the lifespan events arrive before the server is told that we are done."""
    memory = MemoryTransport()
    djangalytics_client.configure(
        transport=memory, settings=djangalytics_client.Settings(linger=100)
    )
    told: list[tuple[str, int]] = []
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(asked)

    async def send(message: Any) -> None:
        told.append((message["type"], len(memory.events)))

    async def serve() -> None:
        djangalytics_client.track("x")
        await api()({"type": "lifespan", "app": None}, receive, send)

    asyncio.run(serve())
    djangalytics_client._default.pop("client").shutdown()
    assert [("lifespan.startup.complete", 0), ("lifespan.shutdown.complete", 1)] == told
