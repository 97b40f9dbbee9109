"""Django: the middleware under WSGI and ASGI, with its real sessions and users."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import django
import pytest
from django.conf import settings

from djangalytics_client import track
from djangalytics_client.context import NOWHERE, current

from .conftest import Tracked

if not settings.configured:
    settings.configure(
        SECRET_KEY="test",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        AUTHENTICATION_BACKENDS=["tests.integrations.test_django.OneUser"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "djangalytics_client.integrations.django.Middleware",
        ],
        USE_TZ=True,
    )
    django.setup()

from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path


class OneUser:
    """A backend that knows user 7 without a database, and counts how often it is asked."""

    asked = 0

    def get_user(self, key: int) -> User:
        OneUser.asked += 1
        return User(pk=7, username="ada")

    async def aget_user(self, key: int) -> User:
        return self.get_user(key)


def view(request: Any) -> HttpResponse:
    track("viewed")
    return HttpResponse("ok")


def silent(request: Any) -> HttpResponse:
    return HttpResponse("ok")


async def aview(request: Any) -> HttpResponse:
    await asyncio.sleep(0)
    track("viewed")
    return HttpResponse("ok")


def pieces(request: Any) -> StreamingHttpResponse:
    def made() -> Iterator[str]:
        for n in range(2):
            track("piece", {"n": n})
            yield "x"

    return StreamingHttpResponse(made())


async def apieces(request: Any) -> StreamingHttpResponse:
    async def made() -> AsyncIterator[str]:
        for n in range(2):
            track("piece", {"n": n})
            yield "x"

    return StreamingHttpResponse(made())


urlpatterns = [
    path("view", view),
    path("silent", silent),
    path("aview", aview),
    path("pieces", pieces),
    path("apieces", apieces),
]


def signed_in(client: Any) -> Any:
    """A client with the session cookie of user 7."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = "7"
    session[BACKEND_SESSION_KEY] = "tests.integrations.test_django.OneUser"
    session[HASH_SESSION_KEY] = User(pk=7).get_session_auth_hash()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.mark.parametrize("where", ["/view", "/aview"])
def test_under_wsgi_events_carry_request_user_and_source(where: str, tracked: Tracked) -> None:
    """Sync and async views: the proxy's request id, the signed-in user, the source."""
    signed_in(Client()).get(where, headers={"X-Request-ID": "r1"})
    Client().get(where)
    known, nobody = tracked("viewed")
    assert ("7", "web", {"$request_id": "r1"}) == tuple(
        known[name] for name in ("distinct_id", "source", "properties")
    )
    assert "distinct_id" not in nobody
    assert NOWHERE is current.get()


def test_no_user_is_looked_up_for_a_request_that_tracks_nothing(tracked: Tracked) -> None:
    """The middleware costs no query of its own."""
    before = OneUser.asked
    signed_in(Client()).get("/silent")
    assert before == OneUser.asked


@pytest.mark.parametrize("where", ["/view", "/aview"])
def test_under_asgi_too(where: str, tracked: Tracked) -> None:
    """The same for requests that run at once in one event loop."""

    async def ask() -> None:
        known, nobody = signed_in(AsyncClient()), AsyncClient()
        await asyncio.gather(
            *(known.get(where, headers={"X-Request-ID": f"r{n}"}) for n in range(5)),
            *(nobody.get(where, headers={"X-Request-ID": f"r{n}"}) for n in range(5, 10)),
        )

    asyncio.run(ask())
    events = sorted(tracked("viewed"), key=lambda event: event["properties"]["$request_id"])
    assert [f"r{n}" for n in range(10)] == [e["properties"]["$request_id"] for e in events]
    assert ["7"] * 5 + [None] * 5 == [event.get("distinct_id") for event in events]


def test_answers_in_pieces_are_in_their_request(tracked: Tracked) -> None:
    """What is tracked while an answer is made belongs to its request, sync and async."""
    answer = signed_in(Client()).get("/pieces", headers={"X-Request-ID": "s"})
    assert b"xx" == b"".join(answer.streaming_content)

    async def ask() -> bytes:
        response = await signed_in(AsyncClient()).get("/apieces", headers={"X-Request-ID": "a"})
        return b"".join([piece async for piece in response.streaming_content])

    assert b"xx" == asyncio.run(ask())
    assert [("7", 0, "s"), ("7", 1, "s"), ("7", 0, "a"), ("7", 1, "a")] == [
        (event["distinct_id"], event["properties"]["n"], event["properties"]["$request_id"])
        for event in tracked("piece")
    ]
    assert NOWHERE is current.get()
