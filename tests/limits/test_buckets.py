"""Token buckets: what passes over time is the rate, whoever asks how often."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djangalytics_server.errors import RateLimited
from djangalytics_server.limits import buckets
from djangalytics_server.limits.buckets import WINDOW, Buckets
from djangalytics_server.limits.limiter import Limiter, sender_address
from djangalytics_server.limits.tally import Tally
from djangalytics_server.model.sending import RateLimit


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@settings(max_examples=100, deadline=None)
@given(
    rate=st.integers(1, 1_000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 1_000)), max_size=60),
)
def test_no_more_passes_than_the_rate(rate: int, steps: list[tuple[float, int]]) -> None:
    """Held against a sum: a full bucket, what has come since, and one request that may overdraw."""
    clock = Clock()
    bucket = Buckets(rate, clock)
    passed = 0
    for pause, cost in steps:
        clock.now += pause
        if bucket.wait("x") == 0:
            bucket.charge("x", cost)
            passed += cost
        assert passed <= rate * (WINDOW + clock.now) + 1_000 + 1e-6


def test_what_is_owed_is_paid_back_first() -> None:
    """Whoever overdraws waits until it is paid back, as long as the answer says."""
    clock = Clock()
    bucket = Buckets(10, clock)
    bucket.charge("x", 10 * WINDOW + 25)
    assert 3 == bucket.wait("x")
    clock.now = 2.4
    assert 1 == bucket.wait("x")
    clock.now = 2.6
    assert 0 == bucket.wait("x")
    assert 0 == bucket.wait("another")


def test_the_clock_may_go_back() -> None:
    """Then nothing comes in, and nothing is lost."""
    clock = Clock()
    bucket = Buckets(10, clock)
    clock.now = 100.0
    bucket.charge("x", 100)
    clock.now = 50.0
    assert 500 == bucket.content("x")


def test_ever_new_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are full again are forgotten first, so nobody who owes gets off."""
    monkeypatch.setattr(buckets, "MOST", 50)
    clock = Clock()
    bucket = Buckets(10, clock)
    bucket.charge("greedy", 10_000)
    for number in range(500):
        clock.now += 1
        bucket.charge(f"name {number}", 1)
    assert len(bucket._known) <= 50
    assert bucket.wait("greedy") > 0


def test_a_key_and_an_address_each_have_a_bucket() -> None:
    """Either stops the sender; another key at another address goes on."""
    clock = Clock()
    limiter = Limiter(1, 2, clock)
    limiter.charge(1, "djw_aaaa", "192.0.2.1", 61)
    with pytest.raises(RateLimited, match="This key") as caught:
        limiter.check(1, "djw_aaaa", "192.0.2.9")
    assert 1 == caught.value.retry_after
    limiter.check(2, "djw_aaaa", "192.0.2.9")
    limiter.charge(1, "djw_bbbb", "192.0.2.1", 60)
    with pytest.raises(RateLimited, match="This address"):
        limiter.check(1, None, "192.0.2.1")
    assert {(1, "key"): 1, (1, "address"): 1} == limiter.tally.limited()
    assert {
        (1, "djw_aaaa"): [1, 61, 1, 0, 0],
        (1, "djw_bbbb"): [1, 60, 0, 0, 0],
        (1, ""): [0, 0, 0, 1, 0],
    } == limiter.tally.taken().counts
    assert {} == limiter.tally.taken().counts
    assert {"key": 0, "address": -1} == limiter.left(1, "djw_bbbb", "192.0.2.1")


def test_a_project_has_a_bucket_of_its_own_if_it_has_a_limit() -> None:
    """All its senders together empty it, be they slow enough for theirs; other projects go on. A
    new limit begins with a full bucket, and what is owed to the old one is not forgotten.
    """
    clock = Clock()
    limiter = Limiter(100, 0, clock)
    slow, slower = RateLimit(5, 20), RateLimit(2, 20)
    limiter.charge(1, "djw_aaaa", "192.0.2.1", 10, slow)
    limiter.charge(1, None, "192.0.2.2", 15, slow)
    for key in ("djw_aaaa", "djw_bbbb", None):
        with pytest.raises(RateLimited, match="This project takes 5 events a second") as caught:
            limiter.check(1, key, "192.0.2.9", slow)
        assert 1 == caught.value.retry_after
    limiter.check(2, "djw_cccc", "192.0.2.1", slow)
    limiter.check(1, "djw_aaaa", "192.0.2.1")
    limiter.check(1, "djw_aaaa", "192.0.2.1", slower)
    assert {(1, "project"): 3} == limiter.tally.limited()
    assert [-5, 20] == [limiter.left(1, None, "", limit)["project"] for limit in (slow, slower)]
    clock.now = 1.2
    limiter.check(1, "djw_aaaa", "192.0.2.1", slow)
    assert {
        "RateLimit-Policy": '"key";q=6000;w=60, "project";q=20;w=4',
        "RateLimit": '"key";r=6000;t=0, "project";r=1;t=4',
    } == limiter.fields(1, "djw_aaaa", "192.0.2.1", slow)


def test_ever_new_limits_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes a limit again and again only begins anew."""
    monkeypatch.setattr("djangalytics_server.limits.limiter._MOST", 10)
    limiter = Limiter(0, 0)
    for rate in range(1, 100):
        limiter.charge(1, None, "", 1, RateLimit(rate, 5))
    assert len(limiter.shared()) <= 10
    limiter.charge(1, None, "", 5, RateLimit(99, 5))
    with pytest.raises(RateLimited):
        limiter.check(1, None, "", RateLimit(99, 5))


def test_one_pass_does_what_three_do() -> None:
    """The hot path's ``admit`` is ``check``, ``charge`` and ``fields``, to the last count."""
    clock = Clock()
    slow, quick = Limiter(5, 7, clock), Limiter(5, 7, clock)
    who, own = (1, "djw_aaaa", "192.0.2.1"), RateLimit(100, 900)
    for events in (0, 1, 250, 60):
        slow.check(*who, own)
        slow.charge(*who, events, own)
        assert slow.fields(*who, own) == quick.admit(*who, events, own)
        clock.now += 0.5
    with pytest.raises(RateLimited) as by_check:
        slow.check(*who, own)
    with pytest.raises(RateLimited) as by_admit:
        quick.admit(*who, 1, own)
    assert str(by_check.value) == str(by_admit.value)
    assert by_check.value.fields == by_admit.value.fields
    assert slow.tally.taken().counts == quick.tally.taken().counts
    assert {} == Limiter(0, 0, clock).admit(1, None, "192.0.2.1", 1)


def test_counting_loses_nothing_between_threads() -> None:
    """Whoever counts and whoever takes the counts away do not get in each other's way."""
    tally, sums = Tally(), Tally()

    def count() -> None:
        for _ in range(2_000):
            tally.passed(1, "djw_aaaa", 3)
            tally.refused(1, "djw_aaaa", "key")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        sums.add(tally.taken())
    sums.add(tally.taken())
    assert [8_000, 24_000, 8_000, 0, 0] == sums.counts[1, "djw_aaaa"]


def test_limits_can_be_switched_off() -> None:
    """A rate of 0 judges nobody and says nothing."""
    limiter = Limiter(0, 0)
    limiter.charge(1, "djw_aaaa", "192.0.2.1", 10**9)
    limiter.check(1, "djw_aaaa", "192.0.2.1")
    assert {} == limiter.fields(1, "djw_aaaa", "192.0.2.1")


def test_the_fields_are_those_of_the_draft() -> None:
    """Quota and window of each policy; what is left of it, and when it is whole again."""
    limiter = Limiter(10, 20, Clock())
    limiter.charge(1, "djw_aaaa", "192.0.2.1", 45)
    assert {
        "RateLimit-Policy": '"key";q=600;w=60, "address";q=1200;w=60',
        "RateLimit": '"key";r=555;t=5, "address";r=1155;t=3',
    } == limiter.fields(1, "djw_aaaa", "192.0.2.1")


def test_one_network_of_ipv6_is_one_sender() -> None:
    """Else whoever has a network would have 2**64 addresses."""
    limiter = Limiter(0, 1, Clock())
    limiter.charge(1, None, "2001:db8::1", 61)
    with pytest.raises(RateLimited):
        limiter.check(1, None, "2001:db8::ffff:2")
    limiter.check(1, None, "2001:db8:0:1::1")


PROXIES = ("10.0.0.0/8", "::1")


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", "", (), "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", (), "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", PROXIES, "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", PROXIES, "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.2.3.4", PROXIES, "203.0.113.9"),
        ("::1", "203.0.113.9", PROXIES, "203.0.113.9"),
        ("10.0.0.1", "nonsense", PROXIES, "10.0.0.1"),
        ("10.0.0.1", "", PROXIES, "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", PROXIES, "10.0.0.2"),
        ("::ffff:192.0.2.1", "", (), "192.0.2.1"),
        ("2001:DB8::0:1", "", (), "2001:db8::1"),
        ("", "", (), ""),
    ],
)
def test_only_trusted_proxies_say_who_sends(
    remote: str, forwarded: str, trusted: tuple[str, ...], expected: str
) -> None:
    """From the right, and only as far as trusted proxies wrote it: the rest is a claim."""
    assert expected == sender_address(remote, forwarded, trusted)
