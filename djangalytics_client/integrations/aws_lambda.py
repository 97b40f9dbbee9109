"""For AWS Lambda and other hosts that freeze a process between calls: ``@flushed``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial, wraps
from typing import Any, TypeVar, overload

import djangalytics_client
from djangalytics_client.context import Id, context
from djangalytics_client.integrations.request_id import PROPERTY

Handler = TypeVar("Handler", bound=Callable[..., Any])
_SPARE = 0.2
"""Seconds of the call's time that a flush leaves over."""


@overload
def flushed(handler: Handler) -> Handler: ...


@overload
def flushed(*, timeout: float = 2.0, source: Id = "lambda") -> Callable[[Handler], Handler]: ...


def flushed(
    handler: Handler | None = None, *, timeout: float = 2.0, source: Id = "lambda"
) -> Handler | Callable[[Handler], Handler]:
    """Decorate a handler, plain or async: send what it tracked before it returns or raises.

    A flush takes ``timeout`` seconds at most, and less where the call's own time runs out. Events
    have the source, and the request id of the call.
    """
    if handler is None:
        return partial(flushed, timeout=timeout, source=source)
    if inspect.iscoroutinefunction(handler):

        @wraps(handler)
        async def answer_async(*arguments: Any, **named: Any) -> Any:
            try:
                with _scope(arguments, source):
                    return await handler(*arguments, **named)
            finally:
                await djangalytics_client.aflush(_bounded(timeout, arguments))

        return answer_async  # type: ignore[return-value]

    @wraps(handler)
    def answer(*arguments: Any, **named: Any) -> Any:
        try:
            with _scope(arguments, source):
                return handler(*arguments, **named)
        finally:
            djangalytics_client.flush(_bounded(timeout, arguments))

    return answer


def _scope(arguments: tuple[Any, ...], source: Id) -> AbstractContextManager[None]:
    call = getattr(arguments[1], "aws_request_id", None) if len(arguments) > 1 else None
    given = {PROPERTY: call} if isinstance(call, str) else {}
    return context(source=source, **given)


def _bounded(timeout: float, arguments: tuple[Any, ...]) -> float:
    call = arguments[1] if len(arguments) > 1 else None
    remaining = getattr(call, "get_remaining_time_in_millis", None)
    if remaining is None:
        return timeout
    return max(0.0, min(timeout, float(remaining()) / 1000 - _SPARE))
