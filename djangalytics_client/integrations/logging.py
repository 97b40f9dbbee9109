"""For ``logging``: a handler that makes events of log records."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime, timezone

import djangalytics_client
from djangalytics_client.client import Client
from djangalytics_client.errors import DjangalyticsError

_MOST = 4000
_emitting: ContextVar[bool] = ContextVar("djangalytics_emitting", default=False)


class Handler(logging.Handler):
    """Track each record of ``level`` and above as an event.

    Its properties are ``level``, ``logger``, ``message``, ``template`` (the message before its
    values went in, good to group by), ``exception`` and ``traceback`` where there is one, and what
    the call gave as ``extra={"properties": {...}}``. Long texts are cut at 4,000 characters.

    Our own log lines, those that arise while we send, and those that arise while a record is being
    tracked are left out: each would make the next.
    """

    def __init__(
        self,
        level: int | str = logging.WARNING,
        *,
        event_name: str = "log",
        client: Client | None = None,
    ) -> None:
        super().__init__(level)
        self._event_name = event_name
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Track one record."""
        if _ours(record) or _emitting.get():
            return
        token = _emitting.set(True)
        try:
            track = djangalytics_client.track if self._client is None else self._client.track
            moment = datetime.fromtimestamp(record.created, timezone.utc)
            track(self._event_name, _properties(record), timestamp=moment)
        except DjangalyticsError:  # raised in debug and in tests alone, which are to hear of it
            raise
        except Exception:  # noqa: BLE001 - as handlers do: logging says it on stderr
            self.handleError(record)
        finally:
            _emitting.reset(token)


def _ours(record: logging.LogRecord) -> bool:
    own = record.name.split(".")[0] == "djangalytics_client"
    return own or (record.threadName or "").startswith("djangalytics")


def _properties(record: logging.LogRecord) -> dict[str, object]:
    more = getattr(record, "properties", None)
    properties: dict[str, object] = dict(more) if isinstance(more, Mapping) else {}
    properties.update(
        level=record.levelname, logger=record.name, message=_text(record.getMessage())
    )
    if record.args and isinstance(record.msg, str):
        properties["template"] = _text(record.msg)
    if record.exc_info and record.exc_info[0] is not None:
        properties["exception"] = record.exc_info[0].__name__
        traceback = logging.Formatter().formatException(record.exc_info)
        properties["traceback"] = _text(traceback[-_MOST:])  # its end says most
    return properties


def _text(text: str) -> str:
    """Text that an event can hold."""
    return text[:_MOST].replace("\0", "\ufffd").encode(errors="replace").decode()
