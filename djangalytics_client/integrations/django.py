"""For Django, sync and async: a middleware. Put it after Django's own for sessions and users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from djangalytics_client.context import Id, PlainId, Scope, context, current
from djangalytics_client.integrations.request_id import PROPERTY, request_id


class Middleware:
    """Give every event of a request its request id, user and source.

    The user is the primary key of who is signed in. Make a subclass to change ``source`` or
    ``distinct_id``.
    """

    sync_capable = async_capable = True
    source: Id = "web"

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def distinct_id(self, request: HttpRequest) -> PlainId:
        """Who acts; called where an event is tracked, and for nothing else."""
        user = getattr(request, "user", None)
        return user.pk if user is not None and user.is_authenticated else None

    async def adistinct_id(self, request: HttpRequest) -> PlainId:
        """The same under ASGI, called at the request's start: a view there may not wait for the
        database. Only a request that has a session is looked at."""
        ask = getattr(request, "auser", None)
        if ask is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        user = await ask()
        return user.pk if user.is_authenticated else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer one request."""
        if self._is_async:
            return self._answer_async(request)
        with self._scope(request, lambda: self.distinct_id(request)):
            response: HttpResponseBase = self._get_response(request)
            return _within(response, current.get())

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        who = await self.adistinct_id(request)
        with self._scope(request, who):
            response: HttpResponseBase = await self._get_response(request)
            return _within(response, current.get())

    def _scope(self, request: HttpRequest, who: Id) -> AbstractContextManager[None]:
        given = {PROPERTY: request_id(request.headers.get("X-Request-ID"))}
        return context(distinct_id=who, source=self.source, **given)


def _within(response: Any, scope: Scope) -> Any:
    """The response; one that is made piece by piece later on makes each in this scope."""
    if getattr(response, "streaming", False):
        pieces = response.streaming_content
        response.streaming_content = (
            _each_async(pieces, scope) if response.is_async else _each(pieces, scope)
        )
    return response


def _each(pieces: Any, scope: Scope) -> Iterator[Any]:
    steps = iter(pieces)
    while True:
        token = current.set(scope)
        try:
            piece = next(steps, _END)
        finally:
            current.reset(token)
        if piece is _END:
            return
        yield piece


async def _each_async(pieces: Any, scope: Scope) -> AsyncIterator[Any]:
    steps = aiter(pieces)
    while True:
        token = current.set(scope)
        try:
            piece = await anext(steps, _END)
        finally:
            current.reset(token)
        if piece is _END:
            return
        yield piece


_END = object()
