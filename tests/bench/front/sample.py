"""The application every arrangement serves: a Flask view, a bare WSGI route and a WebSocket hub."""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request, TextMessage

Take = Callable[[], socket.socket]


class Hub:
    """One thread that echoes and broadcasts to every socket handed to it."""

    def __init__(self) -> None:
        self.members: dict[socket.socket, WSConnection] = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        threading.Thread(target=self._run, daemon=True, name="hub").start()

    def adopt(self, sock: socket.socket, head: bytes) -> None:
        """Answer the upgrade in `head` on `sock` and keep the socket from now on."""
        websocket = WSConnection(ConnectionType.SERVER)
        websocket.receive_data(head)
        for event in websocket.events():
            if isinstance(event, Request):
                sock.setblocking(True)
                sock.sendall(websocket.send(AcceptConnection()))
        sock.setblocking(False)
        with self._lock:
            self.members[sock] = websocket
            self._selector.register(sock, selectors.EVENT_READ)

    def broadcast(self, text: str) -> int:
        """Send `text` to every member; return how many there were."""
        with self._lock:
            members = list(self.members.items())
        for sock, websocket in members:
            sock.send(websocket.send(TextMessage(data=text)))
        return len(members)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(0.05):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                self._read(sock)

    def _read(self, sock: socket.socket) -> None:
        websocket = self.members[sock]
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        websocket.receive_data(data or None)
        gone = not data
        for event in websocket.events():
            if isinstance(event, TextMessage):
                sock.send(websocket.send(TextMessage(data=event.data)))
            elif isinstance(event, Ping):
                sock.send(websocket.send(event.response()))
            elif isinstance(event, CloseConnection):
                gone = True
        if gone:
            with self._lock:
                self.members.pop(sock, None)
                self._selector.unregister(sock)
            sock.close()


def upgrade_head(environ: dict[str, Any]) -> bytes:
    """Rebuild the upgrade request from a WSGI environment."""
    lines = [f"GET {environ['PATH_INFO']} HTTP/1.1"]
    names = ("HOST", "UPGRADE", "CONNECTION", "SEC_WEBSOCKET_KEY", "SEC_WEBSOCKET_VERSION")
    for name in names:
        value = environ.get(f"HTTP_{name}")
        if value is not None:
            lines.append(f"{name.replace('_', '-').title()}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class _Taken:
    """The body of a response whose socket now belongs to the hub (Gunicorn sends nothing)."""

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> bytes:
        raise StopIteration


def build() -> Callable[..., Iterable[bytes]]:
    """Make the application; called once in each worker."""
    flask = Flask(__name__)
    hub = Hub()

    @flask.post("/event")
    def event() -> tuple[dict[str, Any], int]:
        body = request.get_json()
        return {"id": 1, "event_name": body["event_name"], "status": "accepted"}, 201

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/event":
            return flask.wsgi_app(environ, start_response)
        if path == "/bare":
            body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            answer = json.dumps({"id": 1, "event_name": body["event_name"]}).encode()
        elif path == "/slow":
            time.sleep(1)
            answer = b'{"slow":true}'
        elif path == "/ws":
            return take_socket(environ, start_response, hub)
        elif path == "/broadcast":
            answer = str(hub.broadcast("hello")).encode()
        else:
            answer = b"{}"
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
        )
        return [answer]

    return application


def take_socket(environ: dict[str, Any], start_response: Any, hub: Hub) -> Iterable[bytes]:
    """Detach the connection in whichever way the arrangement allows."""
    head = upgrade_head(environ)
    if "djangalytics.detach" in environ:
        environ["djangalytics.detach"](lambda sock, _early: hub.adopt(sock, head))
        return []
    if "gunicorn.socket" in environ:
        raw = environ["gunicorn.socket"]
        hub.adopt(socket.socket(fileno=raw.detach()), head)
        return _Taken()
    start_response("501 Not Implemented", [("Content-Length", "0")])
    return []
