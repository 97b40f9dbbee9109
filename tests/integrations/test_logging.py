"""The log handler: records become events, and never make each other."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from djangalytics_client import Client, EventRejected, Hooks, Settings, context
from djangalytics_client.integrations.logging import Handler
from djangalytics_client.testing import MemoryTransport, recorded

from .conftest import Tracked


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger at DEBUG, as it was again afterwards."""
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers[:] = before
    logger.setLevel(level)


def test_a_record_becomes_an_event(root: logging.Logger, tracked: Tracked) -> None:
    """Level, logger, message, template, extra properties, and the context it was logged in."""
    root.addHandler(Handler())
    log = logging.getLogger("shop.orders")
    with context(distinct_id="ada"):
        log.warning("Order %s late", 7, extra={"properties": {"order": 7}})
        log.info("below the level")
    (event,) = tracked("log")
    assert "ada" == event["distinct_id"]
    assert {
        "order": 7,
        "level": "WARNING",
        "logger": "shop.orders",
        "message": "Order 7 late",
        "template": "Order %s late",
    } == event["properties"]


def test_an_exception_is_told(root: logging.Logger, tracked: Tracked) -> None:
    """Its kind, and the end of its traceback."""
    root.addHandler(Handler(logging.ERROR, event_name="failure"))
    try:
        raise LookupError("no such plan")
    except LookupError:
        logging.getLogger("shop").exception("Failed")
    properties = tracked("failure")[0]["properties"]
    assert "LookupError" == properties["exception"]
    assert properties["traceback"].endswith("LookupError: no such plan")


def test_any_text_can_be_sent(tracked: Tracked) -> None:
    """Megabytes, NUL and lone surrogates are made to fit; nothing is refused."""
    # Beside the root logger, where pytest would keep what it cannot write into its report.
    logger = logging.Logger("shop")
    logger.addHandler(Handler())
    for message in ("a" * 1_000_000, "nul \0", "lone \ud800"):
        logger.warning(message)
    texts = [event["properties"]["message"] for event in tracked("log")]
    assert ["a" * 4000, "nul \ufffd", "lone ?"] == texts


def test_sending_makes_no_records_of_its_own(root: logging.Logger) -> None:
    """At DEBUG on the root logger, one record is one event: not ours, not those of the sending."""
    noisy = MemoryTransport()
    send = noisy.send

    def chatting(body: bytes, *, compress: bool) -> object:
        logging.getLogger("urllib3.connectionpool").debug("POST")
        return send(body, compress=compress)

    noisy.send = chatting  # type: ignore[method-assign, assignment]

    def scrub(event: dict[str, object]) -> dict[str, object]:
        logging.getLogger("shop").warning("scrubbing")
        return event

    hooks = Hooks(before_send=scrub, on_error=lambda loss: logging.getLogger("shop").error("lost"))
    client = Client(transport=noisy, hooks=hooks, settings=Settings(linger=0))
    root.addHandler(Handler(logging.DEBUG, client=client))
    logging.getLogger("shop").warning("one")
    client.track("")
    client.flush()
    client.shutdown()
    root.handlers.pop()
    logs = [event for event in noisy.events if event["event_name"] == "log"]
    assert ["one"] == [event["properties"]["message"] for event in logs]


def test_a_record_that_cannot_be_an_event_is_heard_of_in_tests(root: logging.Logger) -> None:
    """In production it is counted and the program goes on; a test fails at the line that logs."""
    root.addHandler(Handler(client=Client(transport=MemoryTransport())))
    given = {"properties": {"price": float("nan")}}
    root.warning("cheap", extra=given)
    with recorded() as tracked, pytest.raises(EventRejected, match="nan"):
        root.warning("cheap", extra=given)
    tracked.assert_not_tracked()
