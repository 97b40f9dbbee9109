"""For the tests of your own application: what it tracks stays in memory.

from djangalytics_client.testing import recorded

def test_signing_up_is_tracked():
    with recorded() as tracked:
        sign_up("ada@example.com")
    assert [event["event_name"] for event in tracked.events] == ["signup"]
"""

from __future__ import annotations

import djangalytics_client
from djangalytics_client.client import Client
from djangalytics_client.settings import Settings
from djangalytics_client.transport import MemoryTransport, WsgiTransport

__all__ = ["MemoryTransport", "WsgiTransport", "recorded"]


class recorded:  # noqa: N801 - reads like the context manager it is
    """While the block runs, the module's functions use a client that sends to memory.

    Gives the MemoryTransport; its ``events`` are complete once the block has ended. An event that
    would be refused raises EventRejected at its ``track()``.
    """

    def __init__(self) -> None:
        self._memory = MemoryTransport()
        self._before: Client | None = None

    def __enter__(self) -> MemoryTransport:
        self._before = djangalytics_client._default.get("client")
        djangalytics_client._default["client"] = Client(
            transport=self._memory, settings=Settings(linger=0.0), debug=True
        )
        return self._memory

    def __exit__(self, *_: object) -> None:
        djangalytics_client._default["client"].shutdown()
        if self._before is None:
            del djangalytics_client._default["client"]
        else:
            djangalytics_client._default["client"] = self._before
