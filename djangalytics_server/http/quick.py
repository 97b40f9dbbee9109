"""Captures and health without a framework between: for requests that are plainly right.

The front offers requests here first (see ``front.quick``). A request with anything out of the
ordinary is declined, and the views answer it, so that every refusal is worded in one place. Both
ways share decoding, steps, writer and the wording of answers; a test sends the same requests both
ways and compares.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from djangalytics_server.catalog.senders import Sender, Senders
from djangalytics_server.errors import ApiError, InternalError
from djangalytics_server.http import body as bodies
from djangalytics_server.http.documents import (
    json_text,
    problem_document,
    write_batch,
    write_single,
)
from djangalytics_server.http.headers import api_headers, readable_by, safe_headers
from djangalytics_server.http.services import EventWriter, Policy
from djangalytics_server.ingest import door
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.limits.limiter import Limiter, sender_address
from djangalytics_server.model.event import Receipt, Submission
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.wire import native

Reply = Callable[[str, bytes, bytes], None]

_SINGLE = frozenset({"/api/capture_event/", "/api/capture_event"})
_BATCH = frozenset({"/api/capture_batch/", "/api/capture_batch"})
_ALIVE, _READY = "/healthz", "/readyz"
_TYPES = frozenset({"", "application/json", "application/json; charset=utf-8"})
_ENCODINGS = frozenset({"", "identity", "gzip"})
_LARGE = 8 * 1024
_TURNS = 2
"""How many large bodies are decoded at once."""
_PHRASES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """What the quick way needs. ``clock`` gives microseconds since 1970 UTC.

    ``ping`` raises StoreUnavailable unless the data answers; None where that could take a while.
    """

    senders: Senders
    limiter: Limiter
    writer: EventWriter
    clock: Callable[[], int]
    policy: Policy
    ping: Callable[[], None] | None = None


class QuickDoors:
    """What the front is given: captures and health, by method and path."""

    def __init__(self, way: Way) -> None:
        self.capture = QuickCapture(way)
        self.settle = way.writer.settle
        self._way = way
        https = way.policy.secure_cookies
        self._lines = "".join(
            f"{name}: {value}\r\n" for name, value in safe_headers(https=https).items()
        )
        self.routes = {("POST", path) for path in _SINGLE | _BATCH} | {("GET", _ALIVE)}
        if way.ping is not None:
            self.routes.add(("GET", _READY))

    def take(
        self,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        reply: Reply,
        address: str = "",
        *,
        gather: bool = False,
    ) -> bool:
        """Whether the request is taken; then ``reply`` is called once, now or later.

        With ``gather``, not before ``settle`` is.
        """
        if path not in (_ALIVE, _READY):
            return self.capture.take(path, headers, body, reply, address, gather=gather)
        if self._way.policy.development or body or "ORIGIN" in headers:
            return False
        try:
            if path == _READY and self._way.ping is not None:
                self._way.ping()
        except ApiError:
            return False  # the view says what is wrong
        asked = secrets.token_hex(16)
        lines = f"Content-Type: application/json\r\n{self._lines}X-Request-Id: {asked}\r\n"
        reply(_PHRASES[200], lines.encode("latin-1"), json_text({"status": "ok"}).encode())
        return True


class QuickCapture:
    """Takes plain captures, and answers when their events are on disk."""

    def __init__(self, way: Way) -> None:
        self._way = way
        # Decoding needs the interpreter, of which there is one: a crowd of threads that all
        # decode would only keep the writer from it.
        self._turns = threading.BoundedSemaphore(_TURNS)
        self._headers = _lines(api_headers(https=way.policy.secure_cookies))

    def take(
        self,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        reply: Reply,
        address: str = "",
        *,
        gather: bool = False,
    ) -> bool:
        """Whether the request is taken; then ``reply`` is called once, now or later.

        With ``gather``, not before ``settle`` is.
        """
        if self._way.policy.development or not _ordinary(headers, body):
            return False
        authorization, origin = headers.get("AUTHORIZATION"), headers.get("ORIGIN")
        sender = None
        if authorization is not None:  # a key in the header is judged before the body costs
            sender = self._sender(_bearer(authorization), origin)
            if sender is None:
                return False
        single = path in _SINGLE
        asked = secrets.token_hex(16)
        proxies = self._way.policy.trusted_proxies
        address = sender_address(address, headers.get("X_FORWARDED_FOR", ""), proxies)
        fields = self._headers if origin is None else self._headers + _lines(readable_by(origin))
        try:
            if origin is None or sender is not None:  # a page that may not read hears nothing
                self._way.writer.check_room()
            if sender is not None:
                who = sender.project_id, sender.key_prefix, address
                self._way.limiter.check(*who, sender.limit)
            found = self._decoded(single, headers, body, sender)
            if found is None:
                return False
            limits = self._counted(*found, address)
        except ApiError as error:
            self._send_problem(reply, asked, error, fields)
            return True

        def done(outcome: Receipt | Exception) -> None:
            if isinstance(outcome, Receipt):
                written = write_single(outcome) if single else write_batch(outcome, asked)
                self._send(reply, asked, fields + limits, *written)
            else:
                self._send_problem(reply, asked, outcome, fields)

        self._hand_in(found[1], done, gather=gather)
        return True

    def _hand_in(
        self, submission: Submission, done: Callable[[Receipt | Exception], None], *, gather: bool
    ) -> None:
        try:
            self._way.writer.hand_in(submission, done, gather=gather)
        except ApiError as error:
            done(error)

    def _decoded(
        self, single: bool, headers: Mapping[str, str], body: bytes, sender: Sender | None
    ) -> tuple[Sender, Submission] | None:
        """See ``_submission``; a large body waits for its turn, unless there is no room by then.

        Decoding is the dearest part, and in vain if there is none afterwards. A page that may not
        read is not told of it here.
        """
        if len(body) <= _LARGE:
            return self._submission(single, headers, body, sender)
        with self._turns:
            if "ORIGIN" not in headers or sender is not None:
                self._way.writer.check_room(_TURNS * LIMITS.batch_events)
            return self._submission(single, headers, body, sender)

    def _counted(self, sender: Sender, submission: Submission, address: str) -> str:
        """Count the events against the limits; the lines that tell of them."""
        events = len(submission.events) + len(submission.refused)
        who = sender.project_id, sender.key_prefix, address
        return _lines(self._way.limiter.admit(*who, events, sender.limit))

    def _submission(
        self, single: bool, headers: Mapping[str, str], body: bytes, sender: Sender | None
    ) -> tuple[Sender, Submission] | None:
        """Who sends, and what is to be written, or None when the request needs another look."""
        try:
            if headers.get("CONTENT_ENCODING") == "gzip":
                body = bodies.inflate(body)
            envelope = (native.decode_single if single else native.decode_batch)(body)
        except ApiError:
            return None  # the view says what is wrong with it
        sender = sender or self._sender(envelope.api_key, headers.get("ORIGIN"))
        if sender is None:
            return None
        around = Circumstances(
            project_id=sender.project_id,
            received_at=self._way.clock(),
            sent_at=envelope.sent_at,
            strict=self._way.policy.strict,
            sources=sender.sources,
        )
        submission = door.submission(envelope.events, around, sender.key_prefix, envelope.numbering)
        return None if single and submission.refused else (sender, submission)

    def _sender(self, key: str | None, origin: str | None) -> Sender | None:
        """Who sends, if they plainly may, from a page of this origin too."""
        try:
            sender = self._way.senders.of(key)
        except ApiError:
            return None  # the database does not answer; the view says so
        return sender if origin is None or sender is None or origin in sender.origins else None

    def _send(self, reply: Reply, asked: str, fields: str, status: int, text: bytes) -> None:
        lines = f"Content-Type: application/json\r\n{fields}X-Request-Id: {asked}\r\n"
        reply(_PHRASES[status], lines.encode("latin-1"), text)

    def _send_problem(self, reply: Reply, asked: str, error: Exception, fields: str) -> None:
        known = error if isinstance(error, ApiError) else _UNFORESEEN
        if known is _UNFORESEEN:
            _log.error("request %s failed: %r", asked, error)
        lines = f"Content-Type: application/problem+json\r\n{fields}X-Request-Id: {asked}\r\n"
        lines += _lines(known.fields)
        if known.retry_after is not None:
            lines += f"Retry-After: {known.retry_after}\r\n"
        text = json_text(problem_document(known, asked))
        reply(_PHRASES[known.status], lines.encode("latin-1"), text.encode())


_UNFORESEEN = InternalError("The server's log says more under this request_id.")


def _lines(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


def _ordinary(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether nothing but the body's own content can be wrong with the request."""
    return (
        headers.get("CONTENT_TYPE", "") in _TYPES
        and headers.get("CONTENT_ENCODING", "") in _ENCODINGS
        and len(body) <= LIMITS.body_bytes
        and "COOKIE" not in headers
    )


def _bearer(authorization: str) -> str:
    """The key as ``http.access`` reads it; one that is not a bearer's is nobody's."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
