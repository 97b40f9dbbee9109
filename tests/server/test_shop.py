"""The demo shop: believable people, the same ones every time."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any
from uuid import UUID

import pytest

from djangalytics_server.cli import shop
from djangalytics_server.model.limits import LIMITS

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=timezone.utc)  # a Wednesday afternoon
FIELDS = {"event_name", "timestamp", "insert_id", "distinct_id", "session_id", "source"}
FIELDS |= {"properties"}


@pytest.fixture(scope="module")
def past() -> list[dict[str, Any]]:
    return list(shop.history(now=NOW))


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))


def names(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["event_name"] for event in events)


def stream(seed: int = 1) -> Iterator[tuple[float, dict[str, Any]]]:
    """A live stream whose clock goes on by exactly what the stream asks to wait."""
    clock = [NOW]
    for wait, event in shop.live(rng=random.Random(seed), clock=lambda: clock[0]):
        yield wait, event
        clock[0] += timedelta(seconds=wait)


def test_a_seed_gives_one_history(past):
    """The same moment and seed give the same events, another seed gives others."""
    assert past == list(shop.history(now=NOW))
    other = {event["insert_id"] for event in shop.history(now=NOW, seed=2)}
    assert set() == other & {event["insert_id"] for event in past}


def test_the_size_is_that_of_a_small_shop(past):
    """Thirty days hold between twelve and eighteen thousand events, no identifier twice."""
    assert 12_000 <= len(past) <= 18_000
    assert len(past) == len({event["insert_id"] for event in past})


def test_time_goes_forward_and_stops_before_now(past):
    """Events come in time order, from the first midnight of the range to just before now."""
    times = [moment(event) for event in past]
    assert sorted(times) == times
    assert NOW.replace(hour=0, minute=0) - timedelta(days=30) <= times[0]
    assert NOW - timedelta(hours=1) < times[-1] < NOW


@pytest.mark.parametrize("later", [timedelta(hours=5), timedelta(days=3)])
def test_seeding_again_later_adds_only_what_is_new(past, later):
    """Of the time both histories cover, the later one holds no event the earlier one lacks."""
    known = {event["insert_id"] for event in past}
    again = list(shop.history(now=NOW + later))
    new = [event for event in again if event["insert_id"] not in known]
    assert moment(new[0]) >= NOW
    assert len(new) < len(again)


def test_the_shop_lives_in_the_zone_of_now():
    """Under another offset the same people do the same things at the same local time."""
    east = timezone(timedelta(hours=9))
    there = list(shop.history(now=NOW.replace(tzinfo=east), days=3))
    here = list(shop.history(now=NOW, days=3))
    assert [event["insert_id"] for event in here] == [event["insert_id"] for event in there]
    assert moment(here[0]) - moment(there[0]) == timedelta(hours=9)


def test_a_naive_now_is_refused():
    """Without a zone nobody knows when the shop's midnight is."""
    with pytest.raises(ValueError, match="time zone"):
        next(shop.history(now=NOW.replace(tzinfo=None)))


def test_every_event_is_within_the_published_limits(past):
    """The server would accept each event as it stands."""
    for event in past + [event for _, event in islice(stream(), 2_000)]:
        assert event.keys() <= FIELDS
        assert 1 <= len(event["event_name"]) <= LIMITS.event_name_length
        assert UUID(event["insert_id"]).version == 7
        assert len(event["distinct_id"]) <= LIMITS.distinct_id_length
        assert event["source"] in shop.SOURCES
        assert len(event["properties"]) <= LIMITS.properties_keys
        assert len(json.dumps(event, allow_nan=False)) <= LIMITS.event_bytes


def test_the_funnel_narrows(past):
    """Every step on the way to the purchase loses people, and some arrive."""
    seen = names(past)
    steps = ["page_view", "product_viewed", "cart_added", "checkout_started", "purchase"]
    counts = [seen[step] for step in steps]
    assert sorted(counts, reverse=True) == counts
    assert counts[-1] > 0
    assert 0 < seen["refund_requested"] < seen["purchase"]
    assert {"signup", "search", "newsletter_subscribed"} <= seen.keys()


def test_a_purchase_follows_its_checkout(past):
    """Nobody buys without having viewed, carted and checked out earlier in the same visit."""
    done: dict[str, list[str]] = {}
    for event in past:
        if "session_id" in event:
            done.setdefault(event["session_id"], []).append(event["event_name"])
    bought = [visit for visit in done.values() if "purchase" in visit]
    assert bought
    for visit in bought:
        steps = ["page_view", "product_viewed", "cart_added", "checkout_started", "purchase"]
        places = [visit.index(step) for step in steps]
        assert sorted(places) == places


def test_prices_have_cents_and_coupons_are_rare(past):
    """Purchases carry a positive price in whole cents, a currency, items; few carry a coupon."""
    purchases = [event["properties"] for event in past if event["event_name"] == "purchase"]
    for properties in purchases:
        assert properties["price"] > 0
        assert round(properties["price"], 2) == properties["price"]
        assert properties["currency"] == "EUR"
        assert properties["items"] >= 1
    assert 0 < sum("coupon" in properties for properties in purchases) < len(purchases) / 3


def test_nights_are_quieter_than_evenings(past):
    """The hours before dawn see a fraction of what the evening sees."""
    hours = Counter(moment(event).hour for event in past)
    assert sum(hours[h] for h in range(2, 6)) * 5 < sum(hours[h] for h in range(18, 22))


def test_the_weekend_differs(past):
    """Every weekday is there, and a weekend day sees less than a working day."""
    days = Counter(moment(event).weekday() for event in past)
    assert set(range(7)) == set(days)
    assert max(days[5], days[6]) < min(days[day] for day in range(5))


def test_the_shop_grows_gently(past):
    """The last two whole weeks see more than the two before, by less than half."""
    age = Counter((NOW.date() - moment(event).date()).days for event in past)
    recent, before = (sum(age[d] for d in span) for span in (range(1, 15), range(15, 29)))
    assert before < recent < 1.5 * before


def test_people_come_back_and_sign_up_once(past):
    """Many people have several visits, and nobody signs up twice."""
    visits: dict[str, set[str]] = {}
    for event in past:
        visits.setdefault(event["distinct_id"], set()).add(event.get("session_id", ""))
    assert sum(len(sessions) > 1 for sessions in visits.values()) > len(visits) / 5
    signups = [event for event in past if event["event_name"] == "signup"]
    assert len(signups) == len({event["distinct_id"] for event in signups})
    assert {"free", "pro", "team"} == {event["properties"]["plan"] for event in signups}
    assert set(shop.SOURCES) == {event["source"] for event in past}


def test_live_is_gentle_and_repeatable():
    """About one event every one to two seconds, never a long silence, the same for one seed."""
    first = list(islice(stream(), 3_000))
    waits = [wait for wait, _ in first]
    assert 1 <= sum(waits) / len(waits) <= 2
    assert min(waits) >= 0
    assert max(waits) <= 4.5
    assert first == list(islice(stream(), 3_000))
    assert first != list(islice(stream(seed=2), 3_000))


def test_live_goes_on_where_history_ends(past):
    """Live events are stamped from now on, narrow the same way and bring back known people."""
    events = [event for _, event in islice(stream(), 3_000)]
    times = [moment(event) for event in events]
    assert sorted(times) == times
    assert times[0] >= NOW
    seen = names(events)
    assert seen["product_viewed"] > seen["cart_added"] > seen["purchase"] > 0
    known = {event["distinct_id"] for event in past}
    assert sum(event["distinct_id"] in known for event in events) > len(events) / 5
    visits = [event["session_id"] for event in events[:30]]
    assert len(set(visits)) > 5, "visits are interleaved from the start"
