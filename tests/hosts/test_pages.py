"""The pages on hosts do as they say: their files, commands and settings run as they are written."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pages
from tests.faults.process import answers, free_port, until
from tests.helpers import running_server, server_environment
from tests.hosts.celery_app import application
from tests.hosts.house import HOME, Program

DOCS = pages.ROOT / "docs" / "hosts"
SERVER = "http://127.0.0.1:8000"


class Place:
    """A folder with a page's files, where its commands run, beside a server of its own."""

    def __init__(self, name: str, folder: Path, server: str) -> None:
        self.page = pages.read(DOCS / f"{name}.md")
        self.folder = folder
        self.server = server
        self._programs: list[Program] = []
        for file, code in self.page.files.items():
            (folder / file).write_text(code)

    def start(self, line: str, **env: str) -> Program:
        """Start a line of the page as a shell does, with this interpreter's programs first."""
        program = Program(
            ["bash", "-c", f"exec {line}"],
            server_environment(
                {
                    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                    "PYTHONPATH": f"{self.folder}{os.pathsep}{HOME}",
                    "DJANGALYTICS_URL": self.server,
                    "DJANGALYTICS_SPOOL": "off",
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    **env,
                }
            ),
            self.folder,
            self.folder / f"program-{len(self._programs)}.log",
        )
        self._programs.append(program)
        return program

    def run(self, line: str, expect: int = 0) -> str:
        """Run a line to its end -> what it printed."""
        program = self.start(line)
        assert expect == program.wait(), program.said()
        return program.said()

    def python(self, code: str, expect: int = 0) -> str:
        """Run a script beside the page's files."""
        script = self.folder / f"script_{len(self._programs)}.py"
        script.write_text(code.replace(SERVER, self.server))
        return self.run(f"python {script.name}", expect)

    def serve(self, line: str, path: str) -> tuple[Program, int]:
        """Start a server as the page says, on a free port, and wait for its first answer."""
        port = free_port()
        program = self.start(re.sub(r"\b(5000|8001)\b", str(port), line))
        assert until(lambda: status(port, path) > 0, 60), program.said()
        return program, port

    def events(self, **filters: str) -> list[dict[str, Any]]:
        """The events that the server has, newest first."""
        answer = requests.get(f"{self.server}/api/events/", params=filters, timeout=30)
        found: list[dict[str, Any]] = answer.json()
        return found

    def end(self) -> None:
        """End every program."""
        for program in self._programs:
            program.kill()


def status(port: int, path: str) -> int:
    """The status of a GET; 0 while nobody answers."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        try:
            client.request("GET", path)
            return client.getresponse().status
        except OSError:
            return 0


def flask(place: Place) -> None:
    """The application runs under Flask's own server, and the page's test under pytest."""
    (line,) = place.page.shell
    program, port = place.serve(line, "/")
    form = {"user": "ada", "plan": "pro"}
    assert requests.post(f"http://127.0.0.1:{port}/signup", data=form, timeout=30).ok
    program.stop(signal.SIGINT)
    (event,) = place.events(event_name="signup")
    assert ("ada", "shop", "pro") == (
        event["distinct_id"],
        event["source"],
        event["properties"]["plan"],
    )
    (test,) = place.page.python
    (place.folder / "test_shop.py").write_text(test)
    assert "1 passed" in place.run(
        "python -m pytest -p djangalytics_client.pytest_plugin test_shop.py"
    )


DJANGO = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from djangalytics_client.testing import recorded
call_command("migrate", verbosity=0)
ada = User.objects.create_user("ada", "ada@example.com", "secret")
signed_in = Client()
signed_in.force_login(ada)
BLOCK
check_checkout(signed_in)
with recorded() as tracked:
    signed_in.get("/checkout/")
tracked.assert_tracked("checkout", distinct_id=ada.pk)
mine = "django.contrib.sessions.middleware.SessionMiddleware", \\
    "django.contrib.auth.middleware.AuthenticationMiddleware", "analytics.Analytics"
with override_settings(MIDDLEWARE=mine), recorded() as tracked:
    again = Client()
    again.force_login(ada)
    again.get("/checkout/")
tracked.assert_tracked("checkout", source="shop", distinct_id="ada@example.com")
import orders
with recorded() as tracked, transaction.atomic():
    orders.place(7)
    tracked.assert_not_tracked()
tracked.assert_tracked("order_placed", insert_id="order-7")
"""
DJANGO_FILES = {
    "settings.py": "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'urls'\nUSE_TZ = True\n"
    "INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes',"
    " 'django.contrib.sessions']\n"
    "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'shop.db'}}\n",
    "urls.py": "import views\nfrom django.urls import path\n"
    "urlpatterns = [path('checkout/', views.checkout)]\n",
    "manage.py": "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n"
    "from django.core.management import execute_from_command_line\n"
    "execute_from_command_line(sys.argv)\n",
}


def django(place: Place) -> None:
    """A project with the page's settings, views and subclass runs, and so does the page's test."""
    for name, code in DJANGO_FILES.items():
        (place.folder / name).write_text(code + place.page.files.get(name, ""))
    (block,) = place.page.python
    place.python(DJANGO.replace("BLOCK", block))
    (line,) = place.page.shell
    # Without its reloader, which is a process more, and on a port that is free.
    program, _ = place.serve(f"{line} 8001 --noreload", "/checkout/")
    assert program.process.poll() is None, program.said()
    program.stop(signal.SIGINT)
    assert 1 <= len(place.events(event_name="checkout", source="web"))


FASTAPI = """
from fastapi.testclient import TestClient
from djangalytics_client import track
from djangalytics_client.testing import recorded
import asyncio
import identified
@identified.app.get("/")
def look():
    track("looked")
with recorded() as tracked:
    TestClient(identified.app).get("/", headers={"X-User": "ada"})
tracked.assert_tracked("looked", distinct_id="ada", source="api")
BLOCK
assert 0 == asyncio.run(close_the_books())
"""


def fastapi(place: Place) -> None:
    """uvicorn serves the application; SIGTERM right after an answer loses nothing."""
    (line,) = place.page.shell
    program, port = place.serve(line, "/")
    assert requests.post(f"http://127.0.0.1:{port}/orders/7", timeout=30).ok
    program.stop()
    (event,) = place.events(event_name="order_placed", source="api")
    assert 7 == event["properties"]["order"]
    (block,) = place.page.python
    place.python(FASTAPI.replace("BLOCK", block))
    assert 1 == len(place.events(event_name="books_closed"))


def celery(place: Place) -> None:
    """A worker is started as the page says; what a request sends it is tracked for who asked."""
    settings: dict[str, Any] = {}
    exec(place.page.files["celeryconfig.py"], settings)
    assert settings["broker_url"].startswith("redis://")
    conf = application(place.folder).conf  # a broker of files in the place of a server
    names = ("broker_url", "broker_transport_options", "result_backend")
    lines = [f"{name} = {getattr(conf, name)!r}\n" for name in names]
    (place.folder / "celeryconfig.py").write_text("".join(lines))
    (line,) = place.page.shell
    worker = place.start(f"{line} --without-mingle --without-gossip")
    place.python("from web import close_order\nclose_order(7)\n")
    assert until(lambda: place.events(event_name="invoice_sent"), 60), worker.said()
    assert 0 == worker.stop(), worker.said()
    (event,) = place.events(event_name="invoice_sent")
    assert ("ada", "worker", "pro", 7) == (
        *(event["distinct_id"], event["source"]),
        *(event["properties"]["plan"], event["properties"]["number"]),
    )


def gunicorn(place: Place) -> None:
    """With the page's settings the application is loaded once, and SIGTERM loses nothing."""
    port = free_port()
    conf = place.folder / "gunicorn.conf.py"
    conf.write_text(conf.read_text().replace("8001", str(port)))
    (line,) = place.page.shell
    program = place.start(f"{line} --no-control-socket")
    assert until(lambda: answers(port, "/start"), 60), program.said()
    for number in range(10):
        assert 200 == status(port, f"/{number}")
    assert 0 == program.stop(), program.said()
    viewed = [event["properties"]["path"] for event in place.events(event_name="viewed")]
    assert {f"/{number}" for number in range(10)} <= {*viewed}
    assert len(viewed) == len({*viewed} - {"/start"}) + viewed.count("/start")
    assert 1 == len(place.events(event_name="loaded"))


LAMBDA = """
import os
import lambda_function
assert lambda_function.handler({"order": 7}, None) == {"ok": True}
BLOCK
assert entry(None) == "ok"
os._exit(0)  # frozen, and never again
"""


def aws_lambda(place: Place) -> None:
    """Both handlers have sent what they tracked when they return."""
    (block,) = place.page.python
    place.python(LAMBDA.replace("BLOCK", block))
    assert 1 == len(place.events(event_name="order_placed", source="lambda"))
    assert 1 == len(place.events(event_name="called"))


def cron(place: Place) -> None:
    """Each command ends with 0 and its events are stored; the script may run twice."""
    for line in place.page.shell:
        place.run(f"bash -c {json.dumps(line)}" if "|" in line else line)
    place.run("python nightly.py")
    counts = {name: len(place.events(event_name=name)) for name in ("imported", "order_imported")}
    assert {"imported": 3, "order_imported": 3} == counts
    (crontab,) = place.page.others
    (job,) = re.findall(r"^[\d*]+ \S+ \S+ \S+ \S+ (.*)$", crontab, re.MULTILINE)
    place.run(f"bash -c {json.dumps(job.replace('/usr/local/bin/backup', 'true'))}")
    assert [73400320, None] == [
        event["properties"].get("bytes")
        for event in reversed(place.events(event_name="backup_done"))
    ]
    (block,) = place.page.python
    ending = "\nimport os, time\nfrom djangalytics_client import track\ntrack('ended')\n"
    place.python(block + ending + "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(20)\n")
    assert 1 == len(place.events(event_name="ended"))


def notebooks(place: Place) -> None:
    """The cells run one after another; the last one sums up what the first one tracked."""
    pytest.importorskip("pandas")
    cells = place.page.python
    assert "notebook    12000" in place.python("".join(cells[:-1]) + printed(cells[-1]))


def printed(cell: str) -> str:
    """A cell whose last line is shown, as notebooks do it."""
    *lines, last = cell.strip().splitlines()
    return "\n".join([*lines, f"print({last})", ""])


TESTS: Mapping[str, Callable[[Place], None]] = {
    "celery": celery,
    "cron": cron,
    "django": django,
    "fastapi": fastapi,
    "flask": flask,
    "gunicorn": gunicorn,
    "lambda": aws_lambda,
    "notebooks": notebooks,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("pages"), "--dev") as started:
        yield started.url


@pytest.mark.parametrize("name", [path.stem for path in sorted(DOCS.glob("*.md"))])
def test_a_page_does_as_it_says(name: str, server: str, tmp_path: Path) -> None:
    """Every block of every page is run, and the events it speaks of are stored."""
    place = Place(name, tmp_path, server)
    before = {event["id"] for event in place.events(limit="1000")}
    every = place.events
    place.events = lambda **filters: [  # type: ignore[method-assign]
        event for event in every(limit="1000", **filters) if event["id"] not in before
    ]
    try:
        TESTS[name](place)
    finally:
        place.end()
