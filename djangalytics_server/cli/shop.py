"""A small invented online shop: the events its visitors would have sent, made from a seed.

`history` acts out the past, `live` goes on from there. Both are pure: no I/O, and time and chance
come in as arguments. Every day is drawn from its own seed, so two histories made on different
days agree on the days they share, identifiers included, and seeding twice stores nothing twice.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

SEED = 412
VISITS_PER_DAY = 132  # on an average weekday of the last week
EVENTS_PER_VISIT = 4.2  # measured; sets how often visitors arrive in `live`
COHORT = 64  # numbers set aside for the people who come for the first time on one day
NUMBERS = 100_000  # history's shoppers are numbered below this, those born live above
GROWTH_PER_DAY = 0.007
CURRENCY = "EUR"

#            Mon   Tue   Wed   Thu   Fri   Sat   Sun
WEEK_RHYTHM = (1.00, 1.03, 1.06, 1.08, 0.96, 0.66, 0.78)
# How busy each hour of the shop's day is: lunch and evening peaks, quiet nights, slow weekends.
#               from midnight      6                       noon                    18
WEEKDAY_HOURS = "6 3 2 1 1 3   9 20 34 42 46 58   78 66 50 46 50 58   72 92 98 82 48 20"
WEEKEND_HOURS = "14 8 4 2 1 1   4 9 20 38 56 64   62 58 58 60 62 62   66 74 76 66 44 24"
WEEKDAY_CURVE = tuple(accumulate(int(share) for share in WEEKDAY_HOURS.split()))
WEEKEND_CURVE = tuple(accumulate(int(share) for share in WEEKEND_HOURS.split()))

PRODUCTS = (  # name, shelf, price in cents
    ("Linden notebook", "paper", 1290),
    ("Tidemark planner", "paper", 2450),
    ("Fogbank letter set", "paper", 1875),
    ("Saltgrass envelopes", "paper", 690),
    ("Kestrel fountain pen", "writing", 4800),
    ("Pebble pencil trio", "writing", 595),
    ("Ninefold ink, moss", "writing", 1420),
    ("Hollow brass ruler", "desk", 2180),
    ("Low tide desk lamp", "desk", 7950),
    ("Cork harbour tray", "desk", 3325),
    ("Wren enamel mug", "kitchen", 1640),
    ("Oatfield tea tin", "kitchen", 1185),
)
SEARCHES = (("gift", 5), ("notebook", 2), ("ink", 1), ("lamp", 1), ("left handed pen", 0))
LANDINGS = ("/", "/", "/new", "/paper")
COUPONS = (("WELCOME10", 10), ("LETTERS15", 15), ("TEATIME5", 5))
SOURCES = ("web", "ios", "android", "email", "partner")
SOURCE_WEIGHTS = (46, 20, 18, 10, 6)
REFERRERS = {
    "web": ("direct", "search", "search", "blog", "forum"),
    "ios": ("app",),
    "android": ("app",),
    "email": ("newsletter", "cart-reminder"),
    "partner": ("paper-club", "desk-letter"),
}

Event = dict[str, Any]


class Shopper(NamedTuple):
    """One invented person: where they come from, what they sign up for, how readily they buy."""

    number: int
    source: str
    plan: str | None  # None: never signs up
    zeal: float  # multiplies every chance on the way to a purchase

    @property
    def distinct_id(self) -> str:
        """The name events carry, such as `shopper-0412`."""
        return f"shopper-{self.number:04d}"


class Step(NamedTuple):
    """One thing a visitor does, so many seconds after the visit began."""

    after: float
    name: str
    properties: Event


def history(*, now: datetime, days: int = 30, seed: int = SEED) -> Iterator[Event]:
    """Give the shop's events of the last `days` whole days and of today, in time order.

    `now` needs a zone: it says when the shop's midnight is, and every event lies before it.
    Each event is an event object of the HTTP API. Raises ValueError for a naive `now`.
    """
    shift = now.utcoffset()
    if shift is None:
        raise ValueError("now needs a time zone, such as datetime.now(timezone.utc)")
    end = now.astimezone(timezone.utc)
    today = now.date()
    told: list[tuple[datetime, Event]] = []
    for age in range(days, -1, -1):
        told += _day(today - timedelta(days=age), age, shift, seed)
    told.sort(key=lambda moment_and_event: moment_and_event[0])
    for moment, event in told:
        if moment >= end:
            return
        yield event


def live(
    *,
    rng: random.Random,
    clock: Callable[[], datetime],
    seed: int = SEED,
    every: float = 1.5,
) -> Iterator[tuple[float, Event]]:
    """Give (seconds to wait, event) for ever: the people of `history` go on, and new ones come.

    `every` is about how many seconds lie between two events; no wait is over three times that.
    `clock` gives the present time with its zone; an event's timestamp is that plus its wait.
    Many visits are under way at once, from the first event on.
    """
    queue: list[tuple[float, int, Shopper, _Visit, Step]] = []
    elapsed, arrival, serial = 0.0, -600.0, 0
    newcomers: list[Shopper] = []
    while True:
        while not queue or arrival <= queue[0][0]:
            shopper, first = _live_visitor(rng, clock().date(), newcomers, seed)
            visit = _Visit(shopper, first, rng)
            for step in visit.act():
                serial += 1  # keeps the heap from comparing people when two steps fall together
                if arrival + step.after >= 0:
                    heapq.heappush(queue, (arrival + step.after, serial, shopper, visit, step))
            arrival += rng.expovariate(1 / (every * EVENTS_PER_VISIT))
        due, _, shopper, visit, step = heapq.heappop(queue)
        wait, elapsed = min(due - elapsed, 3 * every), due
        moment = (clock() + timedelta(seconds=wait)).astimezone(timezone.utc)
        yield wait, _event(moment, _uuid7(moment, rng), shopper, visit, step)


def _day(day: date, age: int, shift: timedelta, seed: int) -> list[tuple[datetime, Event]]:
    """Act out one day of the shop's own calendar; `age` is how many days ago it was."""
    rng = random.Random(f"{seed}/{day.toordinal()}")  # noqa: S311 - not a secret
    midnight = datetime.combine(day, time(), timezone.utc)
    # A day loses visits as it ages and never gains any. That is the growth seen from today, and
    # it lets a later history of the same day be a part of the earlier one.
    kept = max(0.35, 1 - GROWTH_PER_DAY * age)
    told, born = [], 0
    for _ in range(round(VISITS_PER_DAY * WEEK_RHYTHM[day.weekday()] * rng.uniform(0.93, 1.07))):
        first = rng.random() < 0.36
        born += first
        shopper = _shopper(_number(day, born) if first else _returning(day, rng), seed)
        start = midnight + timedelta(seconds=_start_of_visit(day, rng))
        visit = _Visit(shopper, first, rng)
        # Everything is drawn before the visit is kept or not: the next one must not depend on it.
        acted = [(start + timedelta(seconds=s.after), rng.getrandbits(74), s) for s in visit.act()]
        if rng.random() >= kept:
            continue
        for wall, bits, step in acted:
            event = _event(wall - shift, _uuid7(wall, bits), shopper, visit, step)
            told.append((wall - shift, event))
    return told


def _start_of_visit(day: date, rng: random.Random) -> float:
    """Draw the second of the day at which a visit begins."""
    curve = WEEKEND_CURVE if day.weekday() >= 5 else WEEKDAY_CURVE
    (hour,) = rng.choices(range(24), cum_weights=curve)
    return (hour + rng.random()) * 3600


def _number(day: date, nth: int) -> int:
    """Give the number of the nth person who comes to the shop for the first time on `day`."""
    return (day.toordinal() * COHORT + nth % COHORT) % NUMBERS


def _returning(day: date, rng: random.Random) -> int:
    """Draw somebody who came before: rather last week than last month, and rather a loyal few."""
    ago = 1 + min(60, int(rng.expovariate(1 / 9)))
    return _number(day - timedelta(days=ago), int(40 * rng.random() ** 2))


def _live_visitor(
    rng: random.Random, today: date, newcomers: list[Shopper], seed: int
) -> tuple[Shopper, bool]:
    """Draw who comes next, and whether it is their first visit."""
    chance = rng.random()
    if chance < 0.36:
        shopper = _shopper(NUMBERS + rng.randrange(9 * NUMBERS), seed)
        newcomers.append(shopper)
        del newcomers[:-200]
        return shopper, True
    if chance < 0.5 and newcomers:
        return rng.choice(newcomers), False
    return _shopper(_returning(today, rng), seed), False


@lru_cache(maxsize=10_000)
def _shopper(number: int, seed: int) -> Shopper:
    """Give the person with this number: the same one wherever and whenever they turn up."""
    rng = random.Random(f"{seed}/shopper/{number}")  # noqa: S311 - not a secret
    (source,) = rng.choices(SOURCES, SOURCE_WEIGHTS)
    (plan,) = rng.choices((None, "free", "pro", "team"), (62, 24, 10, 4))
    zeal = rng.uniform(0.75, 1.1) * {None: 0.85, "free": 1.0, "pro": 1.2, "team": 1.3}[plan]
    return Shopper(number, source, plan, zeal)


class _Visit:
    """One visit being acted out; `act` gives its steps in order."""

    def __init__(self, shopper: Shopper, first: bool, rng: random.Random) -> None:
        self.rng = rng
        self.shopper = shopper
        self.first = first
        self.plan = None if first else shopper.plan  # a first visit has none before its signup
        self.source = shopper.source if rng.random() < 0.8 else rng.choice(SOURCES)
        self.session_id = f"visit-{rng.getrandbits(48):012x}"
        self.after = 0.0
        self.steps: list[Step] = []

    def act(self) -> list[Step]:
        """Let the visitor arrive, look round, perhaps join, perhaps buy."""
        referrer = self.rng.choice(REFERRERS[self.source])
        self._do("page_view", 0, path=self.rng.choice(LANDINGS), referrer=referrer)
        if self._chance(0.24):
            query, results = self.rng.choice(SEARCHES)
            self._do("search", 14, query=query, results=results)
        seen = self._look_round()
        if self.first and self.shopper.plan:
            self.plan = self.shopper.plan
            self._do("signup", 40, referrer=referrer)
        if self._chance(0.035):
            self._do("newsletter_subscribed", 20, placement=self.rng.choice(("footer", "pop-in")))
        if seen and self._chance(0.36 * self.shopper.zeal):
            self._buy(seen)
        return self.steps

    def _look_round(self) -> list[tuple[str, str, int]]:
        """Give the products looked at, perhaps none."""
        seen: list[tuple[str, str, int]] = []
        while len(seen) < 5 and self._chance(0.74 if not seen else 0.52):
            name, shelf, cents = self.rng.choice(PRODUCTS)
            if not seen or self._chance(0.3):
                self._do("page_view", 18, path=f"/{shelf}", referrer="shop")
            self._do("product_viewed", 25, product=name, shelf=shelf, price=cents / 100)
            seen.append((name, shelf, cents))
        return seen

    def _buy(self, seen: list[tuple[str, str, int]]) -> None:
        """Fill the cart; most visitors leave it at one of the steps on the way to the purchase."""
        total = items = 0
        for name, _, cents in self.rng.sample(seen, 1 + (len(seen) > 1 and self._chance(0.3))):
            quantity = self.rng.choice((1, 1, 1, 1, 2, 3))
            total, items = total + cents * quantity, items + quantity
            self._do("cart_added", 22, product=name, quantity=quantity, price=cents / 100)
        if not self._chance(0.6 * self.shopper.zeal):
            return
        self._do("checkout_started", 35, items=items, cart_value=total / 100, currency=CURRENCY)
        if not self._chance(0.68 * self.shopper.zeal):
            return
        order = {"order_id": f"o-{self.rng.getrandbits(32):08x}", "items": items}
        if self._chance(0.16):
            code, per_cent = self.rng.choice(COUPONS)
            order["coupon"] = code
            total -= total * per_cent // 100
        payment = self.rng.choice(("card", "card", "transfer", "wallet"))
        self._do("purchase", 55, price=total / 100, currency=CURRENCY, payment=payment, **order)
        if self._chance(0.045):
            self.after += self.rng.uniform(1, 5) * 86_400
            self._do("refund_requested", 0, price=total / 100, order_id=order["order_id"])

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _do(self, name: str, pause: float, **properties: Any) -> None:
        """Add a step about `pause` seconds after the one before."""
        self.after += pause * self.rng.uniform(0.4, 1.9)
        if self.plan:
            properties["plan"] = self.plan
        self.steps.append(Step(self.after, name, properties))


def _event(moment: datetime, insert_id: str, shopper: Shopper, visit: _Visit, step: Step) -> Event:
    """Write one step as the event object a client would send."""
    event = {
        "event_name": step.name,
        "timestamp": moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        "insert_id": insert_id,
        "distinct_id": shopper.distinct_id,
        "session_id": visit.session_id,
        "source": visit.source,
        "properties": step.properties,
    }
    if step.name == "refund_requested":
        del event["session_id"]  # asked for by letter, days after the visit
    return event


def _uuid7(moment: datetime, chance: random.Random | int) -> str:
    """Write a version 7 UUID: this moment's milliseconds, then 74 bits of chance."""
    bits = chance if isinstance(chance, int) else chance.getrandbits(74)
    number = int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | (bits >> 62) << 64
    text = f"{number | 0b10 << 62 | bits & (1 << 62) - 1:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
