"""Carry one request body to a server and bring its answer back.

A transport is one object with ``send``, ``close`` and ``forget``; it takes JSON bytes and decides
nothing. What an answer means is decided in ``retry``.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Any, Protocol

import requests
import requests.auth
import urllib3.exceptions

from djangalytics_client import __version__
from djangalytics_client.connection import Adapter, Timeouts
from djangalytics_client.errors import TransportError
from djangalytics_client.retry import Reply

PATH = "/api/capture_batch/"
MOST_ANSWER_BYTES = 256 * 1024
"""An answer is read up to here; what is longer is not one of ours."""
_TIMEOUTS = Timeouts()
_AGENT = f"djangalytics-python/{__version__}"


class Transport(Protocol):
    """The network, as the client sees it. Used by one thread at a time."""

    def send(self, body: bytes, *, compress: bool) -> Reply:
        """Post ``body``, compressed if asked; TransportError when no answer came."""

    def close(self) -> None:
        """Let go of connections; a later ``send`` may open new ones."""

    def forget(self) -> None:
        """In a forked child: drop connections that belong to the parent, without touching them."""


class _Key(requests.auth.AuthBase):
    """The write key as a bearer; being there, it also keeps ~/.netrc from adding a login."""

    def __init__(self, key: str | None) -> None:
        self._header = f"Bearer {key}" if key else None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


_ENVIRONMENT = (
    *(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")),
    *(f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO")),
    *("REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""What ``requests`` reads of the environment."""


class _Session(requests.Session):
    """A session that follows no redirect, and does not read the body of one to the end either."""

    _seen: tuple[str | None, ...] = ()
    _found: Mapping[str, Any] = MappingProxyType({})

    def get_redirect_target(self, _: requests.Response) -> None:
        """Nowhere."""

    def surroundings(self, url: str) -> Mapping[str, Any]:
        """Proxy and certificates as the environment has them now. Worked out again only when it
        has changed: that takes a quarter of a request."""
        seen = tuple(map(os.environ.get, _ENVIRONMENT))
        if seen != self._seen:
            self._found = self.merge_environment_settings(url, {}, True, None, None)
            self._seen = seen
        return self._found


class HttpTransport:
    """HTTP over one kept-alive ``requests`` session: gzip level 1, no redirects, no cookies."""

    def __init__(
        self,
        url: str,
        write_key: str | None = None,
        *,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        self._url = url + PATH
        self._key = _Key(write_key)
        self._timeouts = timeouts
        self._session = self._open()
        self._blank: requests.PreparedRequest | None = None

    def send(self, body: bytes, *, compress: bool) -> Reply:
        """Post ``body`` and read the answer, 256 KiB at most."""
        try:
            request = self._request(gzip_fast(body) if compress else body)
            if compress:
                request.headers["Content-Encoding"] = "gzip"
            with self._session.send(
                request,
                timeout=self._timeouts[:2],
                allow_redirects=False,
                **self._session.surroundings(self._url),
            ) as response:
                content = response.raw.read(MOST_ANSWER_BYTES, decode_content=False)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TransportError(f"{type(error).__name__}: {error}") from error
        return Reply(response.status_code, response.headers.get("Retry-After"), as_json(content))

    def close(self) -> None:
        """Close the kept connection."""
        # The session's own close() leaves it to finalizers, which at the interpreter's end have
        # run before our last request.
        for adapter in self._session.adapters.values():
            if isinstance(adapter, requests.adapters.HTTPAdapter):
                for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
                    for key in manager.pools.keys():  # noqa: SIM118 - not a dict
                        manager.pools[key].close()
        self._session.close()

    def forget(self) -> None:
        """Leave the parent's session behind and open our own."""
        # Kept, not closed: its pool may hold locks of threads that exist in the parent only.
        _left_behind.append(self._session)
        self._session = self._open()

    def _request(self, body: bytes) -> requests.PreparedRequest:
        """A request with this body; all that is the same in each of them is prepared once."""
        if self._blank is None:
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
            self._blank = self._session.prepare_request(
                requests.Request("POST", self._url, headers=headers)
            )
        request = self._blank.copy()
        request.prepare_body(body, None)
        return request

    def _open(self) -> _Session:
        session = _Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, Adapter(self._timeouts.answer))
        session.auth = self._key
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["User-Agent"] = _AGENT
        return session


_left_behind: list[_Session] = []


def gzip_fast(body: bytes) -> bytes:
    """Gzip at level 1: most of the gain for a sixth of the work of level 9."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def as_json(content: bytes) -> object:
    """Parsed JSON, or None when it is none."""
    try:
        parsed: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return parsed


class WsgiTransport:
    """Call a WSGI application in this process instead of a server: for tests."""

    def __init__(self, app: Callable[..., Iterable[bytes]], write_key: str | None = None) -> None:
        self._app = app
        self._write_key = write_key

    def send(self, body: bytes, *, compress: bool) -> Reply:
        """Post ``body`` to the application."""
        answer: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Callable[[bytes], object]:
            answer.update(status=int(status[:3]), headers=dict(headers))
            return bytearray().extend  # the write() of old applications, which nobody reads

        chunks = self._app(self._environ(body, compress), start_response)
        try:
            content = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Reply(answer["status"], headers.get("retry-after"), as_json(content))

    def close(self) -> None:
        """Nothing is open."""

    def forget(self) -> None:
        """Nothing is shared."""

    def _environ(self, body: bytes, compress: bool) -> dict[str, object]:
        sent = gzip_fast(body) if compress else body
        environ: dict[str, object] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": PATH,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_USER_AGENT": _AGENT,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if compress:
            environ["HTTP_CONTENT_ENCODING"] = "gzip"
        if self._write_key:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self._write_key}"
        return environ


class MemoryTransport:
    """Keep what is sent, as a server would: each insert id once.

    ``answers`` are given first, one a request (a Reply, or a TransportError to raise); a request
    answered by one of them stores nothing unless it is a 2xx. A Reply(200) without a body is given
    the true counts.
    """

    def __init__(self, answers: Iterable[Reply | TransportError] = ()) -> None:
        self.events: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self._answers = iter(answers)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def send(self, body: bytes, *, compress: bool) -> Reply:
        """Take one request."""
        batch = json.loads(body)
        with self._lock:
            self.requests.append(batch)
            planned = next(self._answers, None)
            if isinstance(planned, TransportError):
                raise planned
            if planned is not None and planned.status >= 300:
                return planned
            counts = self._keep(batch["events"])
        if planned is not None:
            return planned if planned.body is not None else planned._replace(body=counts)
        return Reply(200, None, counts)

    def close(self) -> None:
        """Nothing is open."""

    def forget(self) -> None:
        """In a forked child: what the parent sent is the parent's."""
        self._lock = threading.Lock()

    def _keep(self, events: list[dict[str, Any]]) -> Mapping[str, int]:
        new = 0
        for event in events:
            if event["insert_id"] not in self._known:
                self._known.add(event["insert_id"])
                self.events.append(event)
                new += 1
        return {"accepted": new, "duplicates": len(events) - new, "rejected": 0}
