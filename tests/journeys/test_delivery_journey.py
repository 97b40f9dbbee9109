"""From the SDK's numbers to the delivery ledger: nothing missing, and a gap made on purpose."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from djangalytics_client import Client, Settings
from tests.helpers import RunningServer, running_server


def ledger(server: RunningServer) -> dict[str, Any]:
    """The answer of the running server."""
    asked = urllib.request.Request(
        f"{server.url}/api/delivery/", headers={"Authorization": f"Bearer {server.read_key}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return dict(json.load(answer))


def test_the_sdk_numbers_and_the_server_keeps_account(tmp_path: Path) -> None:
    """All that was tracked is in; what is left out is not said to be, and is late when it comes."""
    with running_server(tmp_path) as server:
        client = Client(server.url, server.write_key, settings=Settings(spool="off"))
        for number in range(2_500):
            client.track("signup", {"n": number})
        assert 0 == client.flush(30)
        found = ledger(server)
        (producer,) = found["producers"]
        assert (2_500, 2_500, 0, 0, 0) == tuple(
            found["totals"][name]
            for name in ("tracked", "received", "missing", "on_the_way", "repeated")
        )
        assert "complete" == producer["state"]
        said = {name: producer[name] for name in ("id", "host", "process", "started_at")}
        _by_hand(server, {**said, "tracked": 2_510, "sequences": [[2_504, 2]]})
        after = ledger(server)["totals"]
        assert (2_510, 2_502, 8) == (after["tracked"], after["received"], after["on_the_way"])
        _by_hand(server, {**said, "tracked": 2_510, "sequences": [[2_501, 2]]})
        assert 2 == ledger(server)["totals"]["late"]
        client.shutdown(10)


def _by_hand(server: RunningServer, producer: dict[str, Any]) -> None:
    """Two events of the producer, with numbers of our choice."""
    body = json.dumps({"events": [{"event_name": "x"}] * 2, "producer": producer}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.write_key}"}
    asked = urllib.request.Request(f"{server.url}/api/capture_batch/", body, headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert 2 == json.load(answer)["accepted"]
