"""Values of other packages, which the SDK takes and never imports."""

from __future__ import annotations

import subprocess
import sys

from django.utils import functional
from werkzeug import local

from tests.client.test_foreign_values import Tracker, tracker
from tests.client.test_values import refused, settled

__all__ = ["tracker"]

NUMPY = """
import numpy
from tests.client.test_values import refused, settled
one = numpy.datetime64("2026-01-02T03:04:05.678901234")
values = [
    (numpy.int64(-3), -3), (numpy.uint8(200), 200), (numpy.float64(0.1), 0.1),
    (numpy.float32(0.5), 0.5), (numpy.longdouble(1.5), 1.5), (numpy.bool_(True), True),
    (numpy.str_("x"), "x"), (numpy.bytes_(b"x"), "x"),
    (one, "2026-01-02T03:04:05.678901Z"), (numpy.timedelta64(1500, "ms"), 1.5),
    (numpy.datetime64("NaT", "us"), None), (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (numpy.array(7), 7), (numpy.array([one]), ["2026-01-02T03:04:05.678901Z"]),
]
for given, expected in values:
    found = settled(given)
    assert (expected, type(expected)) == (found, type(found)), (given, found)
refusals = [
    (numpy.float64("nan"), "number_out_of_range"), (numpy.float32("inf"), "number_out_of_range"),
    (numpy.uint64(2**63), "number_out_of_range"), (numpy.complex64(1), "properties_invalid"),
    (numpy.array([object()]), "properties_invalid"), (numpy.zeros(100_000), "event_too_large"),
    (numpy.zeros((1,) * 9), "too_deep"), (numpy.array([1.0, float("nan")]), "number_out_of_range"),
]
for given, code in refusals:
    assert code == refused({"v": given})[0], given
from djangalytics_client.events import _identifier
assert "5" == _identifier(numpy.int64(5), "distinct_id")
print("all")
"""


def test_numbers_of_numpy_are_sent_as_numbers() -> None:
    """Scalars and small arrays have the value they have in Python; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NUMPY], capture_output=True, text=True, check=False
    )
    assert ("all\n", "") == (done.stdout, done.stderr)


def test_lazy_texts_of_django_are_sent_as_text(tracker: Tracker) -> None:
    """A translation that is looked up when it is read, and a user that is fetched then."""
    word = functional.lazy(lambda: "Saludos", str)()
    number = [functional.SimpleLazyObject(lambda v=v: v) for v in (7, 1.5, True)]
    name = functional.SimpleLazyObject(lambda: "ada")
    client, memory = tracker()
    client.track("x", {"word": word, "words": [word], "number": number, "name": name})
    client.track("x", distinct_id=name)
    broken = functional.lazy(lambda: 1 / 0, str)()
    assert None is client.track("x", {"word": broken})
    client.flush()
    sent = {"word": "Saludos", "words": ["Saludos"], "number": [7, 1.5, True], "name": "ada"}
    assert sent == memory.events[0]["properties"]
    assert "ada" == memory.events[1]["distinct_id"]
    assert {"rejected:unreadable": 1} == client.stats().lost


def test_proxies_of_werkzeug_are_sent_as_what_they_stand_for() -> None:
    """flask.g.plan and the like say that they are text or numbers, and are neither."""
    for value in ("pro", 3, 1.5, [1], {"a": 1}):
        assert value == settled(local.LocalProxy(lambda value=value: value))
    assert "properties_invalid" == refused({"v": local.LocalProxy(object)})[0]
