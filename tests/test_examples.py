"""The examples run as their READMEs say, against a real server, and their events arrive."""

import importlib.util
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.helpers import running_server, server_environment

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours, ended at the end of the block if it still runs."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=server_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE)


def wait_for(question, what: str):
    """The first true answer to a question asked again and again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            answer = question()
        except requests.ConnectionError:
            answer = None
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {PATIENCE:.0f} seconds")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("examples"), "--dev") as started:
        yield started.url


def counts(url: str) -> dict[str, int]:
    answer = requests.get(f"{url}/api/stats/", timeout=10)
    answer.raise_for_status()
    return {row["event_name"]: row["count"] for row in answer.json()["event_counts"]}


def stored(url: str, **filters: str) -> list[dict]:
    answer = requests.get(f"{url}/api/events/", params=filters, timeout=10)
    answer.raise_for_status()
    return answer.json()


def commands(name: str) -> list[list[str]]:
    """The command lines of an example's README, without those that install or export."""
    readme = (EXAMPLES / name / "README.md").read_text("utf-8")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)).splitlines()
    return [line.split() for line in lines if " pip install " not in line and line[:6] != "export"]


def command(name: str) -> list[str]:
    """The one line that starts an example, by this interpreter."""
    (words,) = commands(name)
    module = {"python": [], "flask": ["-m", "flask"]}[words[0]]
    return [sys.executable, *module, *words[1:]]


@pytest.mark.parametrize("name", sorted(folder.name for folder in EXAMPLES.iterdir()))
def test_each_example_says_how_to_run_it(name):
    """Every folder has a README that names the server's address and one command to run."""
    readme = (EXAMPLES / name / "README.md").read_text("utf-8")
    assert "DJANGALYTICS_URL=http://127.0.0.1:8000" in readme
    (words,) = commands(name)
    path = next(word for word in words if word.endswith(".py"))
    assert (ROOT / path).is_file()


def test_the_flask_app_tracks_a_signup(server):
    """Signing up on the page sends page views and a signup of one and the same visitor."""
    port = str(free_port())
    words = [port if word == "5000" else word for word in command("flask_app")]
    with running(*words, DJANGALYTICS_URL=server):
        shop = f"http://127.0.0.1:{port}"
        browser = requests.Session()
        page = wait_for(lambda: browser.get(shop, timeout=5), "the shop's start")
        assert "Sign up" in page.text
        welcome = browser.post(f"{shop}/signup", data={"plan": "pro"}, timeout=5)
        assert "Welcome! You are on the pro plan." in welcome.text
        assert browser.post(f"{shop}/signup", data={"plan": "gold"}, timeout=5).status_code == 400
        visitor = browser.cookies["visitor"]
        # Two pages were seen: the first, and the one after the redirect.
        wait_for(lambda: len(stored(server, distinct_id=visitor)) == 3, "the events' arrival")
    views, signups = (
        stored(server, distinct_id=visitor, event_name=name) for name in ("page_view", "signup")
    )
    assert ["web", "web"] == [event["source"] for event in views]
    assert [{"plan": "pro"}] == [event["properties"] for event in signups]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to catch on Windows")
def test_the_worker_sends_every_job_before_sigterm_ends_it(server):
    """Told to stop, the worker finishes its job, sends what it tracked and ends with 0."""
    with running(*command("worker"), DJANGALYTICS_URL=server) as process:
        wait_for(lambda: counts(server).get("job_finished", 0) > 10, "ten finished jobs")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    done = int(re.search(r"stopped after (\d+) jobs", output)[1])
    seen = counts(server)
    assert done == seen["job_finished"] + seen["job_failed"]
    job = stored(server, event_name="job_finished")[0]
    assert "worker" == job["source"]
    assert job["distinct_id"].startswith("customer-")


def test_the_script_sends_its_orders_once(server):
    """Run twice, the script stores each order once, at the time it was placed."""
    outputs = []
    for _ in range(2):
        with running(*command("script"), DJANGALYTICS_URL=server) as process:
            outputs.append(process.communicate(timeout=PATIENCE)[0].strip())
        assert process.returncode == 0, outputs[-1]
    assert ["6 orders sent, 0 were there before", "0 orders sent, 6 were there before"] == outputs
    assert counts(server)["order_placed"] == 6
    order = stored(server, event_name="order_placed")[0]
    assert "order-A-1006" == order["insert_id"]
    assert "2026-03-04T21:37:59.000000Z" == order["timestamp"]


@pytest.mark.skipif(
    importlib.util.find_spec("pandas") is None,
    reason="pandas is missing: pip install -r examples/notebook/requirements.txt",
)
def test_the_notebook_counts_signups_by_day_and_plan(server):
    """The query follows every page of raw events and prints one row a day."""
    plans = ["pro"] * 1100 + ["free"] * 150
    for start in range(0, len(plans), 500):
        events = [
            {
                "event_name": "signup",
                "timestamp": f"2026-05-{1 + place % 5:02d}T12:00:00Z",
                "properties": {"plan": plan},
            }
            for place, plan in enumerate(plans[start : start + 500], start)
        ]
        answer = requests.post(f"{server}/api/capture_batch/", json={"events": events}, timeout=30)
        assert len(events) == answer.json()["accepted"]
    expected = counts(server)["signup"]
    with running(*command("notebook"), DJANGALYTICS_URL=server) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert f"{expected} signups" in output
    (first_day,) = re.findall(r"^2026-05-01 .*$", output, re.MULTILINE)
    assert ["30", "220"] == first_day.split()[1:]
