"""A server that starts takes events before the rest of it is loaded."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from djangalytics_server import app as application
from djangalytics_server import opening
from djangalytics_server.config import Settings
from djangalytics_server.opening import Opening
from djangalytics_server.store.opening import is_current
from tests.server.house import found
from tests.server.test_quick import SINGLE

SLOW = ("flask", "werkzeug", "sqlalchemy", "alembic", "flask_sqlalchemy", "apispec")
"""What takes long to import."""


def test_the_way_in_imports_nothing_that_takes_long() -> None:
    """What is loaded when a server begins to listen has no framework and no ORM in it."""
    program = (
        "import sys\n"
        "import djangalytics_server.cli.serve, djangalytics_server.store.sqlite_look\n"
        "import djangalytics_server.store.sqlite_journal, djangalytics_server.store.appender\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set() == set(SLOW) & set(told.stdout.split())
    assert "msgspec" in told.stdout.split()


@pytest.mark.parametrize("workers", [1, 2])
def test_data_that_is_ready_is_served_before_anything_is_loaded(
    fresh_file: Callable[[], Path], workers: int
) -> None:
    """The parent of several workers loads nothing before it starts them, either."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from djangalytics_server.cli import serve\n"
        "from djangalytics_server.config import Settings\n"
        f"settings = Settings(data=Path({str(fresh_file().parent)!r}), workers={workers})\n"
        "assert serve._ready(settings) is None\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set() == set(SLOW) & set(told.stdout.split())


def test_events_are_taken_while_the_rest_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are on disk and answered; a page waits, and is answered when it can be."""
    found(tmp_path)
    settings = Settings(data=tmp_path)
    go_on = threading.Event()
    create = application.create_app

    def later(*args: object, **more: object) -> application.Server:
        assert go_on.wait(30)
        return create(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(application, "create_app", later)
    server = Opening(settings)
    heard: list[tuple[str, bytes, bytes]] = []
    came = threading.Event()

    def reply(*answer: bytes) -> None:
        heard.append(answer)  # type: ignore[arg-type]
        came.set()

    assert server.quick.take(SINGLE, {}, b'{"event_name": "early"}', reply)
    assert came.wait(30)
    assert "201 Created" == heard[0][0]
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: server(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/healthz",
                "SERVER_NAME": "x",
                "SERVER_PORT": "1",
                "wsgi.url_scheme": "http",
            },
            lambda status, _headers, _fault=None: answers.append(status),  # type: ignore[arg-type]
        )
    )
    asking.start()
    asking.join(0.2)
    assert [] == answers
    go_on.set()
    asking.join(30)
    assert ["200 OK"] == answers
    server.close()


def test_a_server_that_cannot_be_loaded_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks its process to stop, and ``close`` raises what was wrong."""
    found(tmp_path)
    signals: list[int] = []
    monkeypatch.setattr(opening.signal, "raise_signal", signals.append)

    def broken(*_args: object, **_more: object) -> None:
        raise ImportError("no module named flask")

    monkeypatch.setattr(application, "create_app", broken)
    server = Opening(Settings(data=tmp_path))
    with pytest.raises(ImportError, match="no module named flask"):
        server.close()
    assert [opening.signal.SIGTERM] == signals


def test_a_first_look_believes_nothing_unusual(tmp_path: Path) -> None:
    """Only a sound file of this version needs no second look; looking makes and changes nothing."""
    file = found(tmp_path)
    assert is_current(f"sqlite:///{file}")
    for name, content in (("none", None), ("empty", b""), ("text", b"no database" * 100)):
        other = tmp_path / name
        if content is not None:
            other.write_bytes(content)
        assert not is_current(f"sqlite:///{other}")
        assert content == (other.read_bytes() if other.exists() else None)
    damaged = bytearray(file.read_bytes())
    damaged[4096 * 2 : 4096 * 3] = b"\xff" * 4096
    (tmp_path / "damaged").write_bytes(damaged)
    assert not is_current(f"sqlite:///{tmp_path / 'damaged'}")
    assert not is_current("postgresql+psycopg://x@127.0.0.1:1/x")
