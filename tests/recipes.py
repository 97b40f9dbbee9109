"""What is made up by the thousand: recipes, which read every choice off one string of bytes.

Hypothesis draws the bytes, one draw an example, and shrinks them when a test fails. Asked for each
choice by itself it takes a hundred times as long to make an event up as it takes to read one. The
words are those of ``hypothesis.strategies``. A zero byte makes the simplest choice: the first of
several, the shortest list, the number next to zero; so a failing example still comes out small, and
bytes that run out end what is being made.
"""

from __future__ import annotations

import functools
import math
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

from hypothesis import strategies

T = TypeVar("T")
S = TypeVar("S")
Source = Iterator[int]
"""Bytes as numbers; ``_byte`` reads zeros behind the last one."""

_TRIES = 50


class Recipe(Generic[T]):
    """How to make a value of a source of bytes."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Source], T]) -> None:
        self.make = make

    def map(self, change: Callable[[T], S]) -> Recipe[S]:
        """What this makes, changed."""
        make = self.make
        return Recipe(lambda source: change(make(source)))

    def filter(self, fits: Callable[[T], Any]) -> Recipe[T]:
        """What this makes, made anew until it fits."""
        make = self.make

        def fitting(source: Source) -> T:
            for _ in range(_TRIES):
                made = make(source)
                if fits(made):
                    return made
            for byte in range(256):  # the source has run out: the simplest that fits
                made = make(iter(bytes((byte,)) * 64))
                if fits(made):
                    return made
            raise AssertionError("nothing fits")

        return Recipe(fitting)

    def drawn(self, size: int) -> strategies.SearchStrategy[T]:
        """For ``given``: made of so many bytes that Hypothesis draws."""
        make = self.make
        return strategies.binary(min_size=size, max_size=size).map(lambda data: make(iter(data)))


def _byte(source: Source) -> int:
    return next(source, 0)


def _below(source: Source, count: int) -> int:
    """One of so many numbers from zero on, each as likely as the others."""
    if count <= 256:
        return next(source, 0) * count >> 8
    size = (count.bit_length() + 15) // 8
    return _long(source, size) * count >> 8 * size


def _long(source: Source, size: int) -> int:
    return int.from_bytes([next(source, 0) for _ in range(size)], "big")


def just(value: T) -> Recipe[T]:
    """Always this."""
    return Recipe(lambda _source: value)


def none() -> Recipe[None]:
    """Always None."""
    return just(None)


def sampled_from(options: Sequence[T]) -> Recipe[T]:
    """One of these, as it is."""
    count = len(options)
    return Recipe(lambda source: options[_below(source, count)])


def booleans() -> Recipe[bool]:
    """False or true."""
    return sampled_from((False, True))


def one_of(*recipes: Any) -> Recipe[Any]:
    """What one of these makes."""
    several = recipes[0] if len(recipes) == 1 else recipes
    made = tuple(recipe.make for recipe in several)
    count = len(made)
    return Recipe(lambda source: made[next(source, 0) * count >> 8](source))


def tuples(*recipes: Recipe[Any]) -> Recipe[Any]:
    """One of each."""
    made = [recipe.make for recipe in recipes]
    return Recipe(lambda source: tuple([make(source) for make in made]))


def builds(call: Callable[..., T], *recipes: Recipe[Any], **named: Recipe[Any]) -> Recipe[T]:
    """What a call with one of each gives."""
    made = [recipe.make for recipe in recipes]
    by_name = [(name, recipe.make) for name, recipe in named.items()]
    return Recipe(
        lambda source: call(
            *[make(source) for make in made], **{name: make(source) for name, make in by_name}
        )
    )


def composite(make: Callable[..., T]) -> Callable[..., Recipe[T]]:
    """A function whose first argument makes what a recipe says, as a recipe."""

    @functools.wraps(make)
    def recipe(*given: Any) -> Recipe[T]:
        return Recipe(lambda source: make(lambda part: part.make(source), *given))

    return recipe


@functools.cache
def _lengths(least: int, most: int) -> bytes | tuple[int, ...]:
    """A length for each byte: about five more than the least, or half of what may be; seldom it."""
    mean = min(max(2 * least, least + 5), (least + most) / 2) - least
    ratio = mean / (mean + 1) if most - least > 8 else 1.0
    weights = [ratio**more for more in range(most - least + 1)]
    if len(weights) > 2:
        weights[0] /= 4
    bounds = list(accumulate(weights))
    return tuple(least + bisect_right(bounds, byte / 256 * bounds[-1]) for byte in range(256))


def lists(item: Recipe[T], *, min_size: int = 0, max_size: int) -> Recipe[list[T]]:
    """Several; mostly few where many may be."""
    make, lengths = item.make, _lengths(min_size, max_size)
    return Recipe(lambda source: [make(source) for _ in range(lengths[next(source, 0)])])


def dictionaries(keys: Recipe[S], values: Recipe[T], *, max_size: int) -> Recipe[dict[S, T]]:
    """As ``lists``; of equal keys the last one counts."""
    return lists(tuples(keys, values), max_size=max_size).map(dict)


def recursive(
    leaves: Recipe[T], extend: Callable[[Recipe[Any]], Recipe[Any]], levels: int
) -> Recipe[Any]:
    """Leaves, and what ``extend`` makes of them, so many levels of it at most."""
    made: Recipe[Any] = leaves
    for _ in range(levels):
        made = one_of(leaves, extend(made))
    return made


_WIDE = 256
_SIZES = (1, 1, 1, 2, 2, 4, 8, 8)
"""How many bytes a number is made of that may be large: mostly few."""


def integers(low: int | None = None, high: int | None = None) -> Recipe[int]:
    """Any, or those from ``low`` to ``high``: next to zero, next to either end, or anywhere."""
    if low is None or high is None:
        assert low is None, "bounded on both sides or on none"
        assert high is None, "bounded on both sides or on none"
        return Recipe(_any_integer)
    lowest, highest, count = low, high, high - low + 1
    if count <= _WIDE:
        order = sorted(range(lowest, highest + 1), key=lambda number: (abs(number), number < 0))
        return sampled_from(order)

    def made(source: Source) -> int:
        way = _byte(source)
        if way >= 176:
            return lowest + _below(source, count)
        if way >= 160:
            return highest - _byte(source) % 4
        if way >= 144:
            return lowest + _byte(source) % 4
        number = _any_integer(source)
        return number if lowest <= number <= highest else lowest + abs(number) % count

    return Recipe(made)


def _any_integer(source: Source) -> int:
    way = _byte(source)
    size = 16 if way >= 250 else _SIZES[way >> 1 & 7]
    number = _long(source, size)
    return -number if way & 1 else number


_ODD_FLOATS = (0.0, 0.5, 1.0, -1.0, 1.1, 1.5, -0.0, 1e-5, 9.99, 1 / 3, 1e10, 1e16, 1e300)
_FAR_FLOATS = (2.0**53, 2.0**63, 5e-324, 2.225e-308, 1.7976931348623157e308, -1e300, 1e-300)


def floats(low: float | None = None, high: float | None = None) -> Recipe[float]:
    """Finite ones: round, odd, with few digits, of any bits."""

    def fits(number: float) -> bool:
        return math.isfinite(number) and (low is None or low <= number <= (high or 0.0))

    odd = [number for number in (*_ODD_FLOATS, *_FAR_FLOATS) if fits(number)]

    def made(source: Source) -> float:
        way = _byte(source)
        if way < 64:
            return odd[_below(source, len(odd))]
        number = (
            float(_any_integer(source))
            if way < 112
            else _any_integer(source) / 10 ** (_byte(source) >> 5)
            if way < 176
            else float(struct.unpack(">d", _long(source, 8).to_bytes(8, "big"))[0])
        )
        return number if fits(number) else odd[way % len(odd)]

    return Recipe(made)


_ASCII = "abcxyzABCXYZ0189 _-.,:;'\"\\/<>{}[]()%$#@!?&*+=|~^`"
_CONTROL = "\t\n\r\x00\x01\x0b\x1b\x1f\x7f\x80\x85\x9f"
_ODD = (
    "éßñüİıſÅΩжאب中한ｱ٣१²½Ⅷ①\xa0\xad\u0300\u034f\u200b\u200d\u200e\u2028\u2029\u202e\u2060\ufeff"
    "\ufffd\ufffe\uffff\ue000\ufdd0\U0001f6d2\U0001f468\U0001f3fd\U00010000\U000e0001\U0010ffff"
)


def characters(
    *, exclude_categories: Sequence[str] = ("Cs",), exclude_characters: str = ""
) -> Recipe[str]:
    """Half of them ASCII, some odd ones, and any at all; none of the excluded categories."""

    def fits(character: str) -> bool:
        return (
            unicodedata.category(character) not in exclude_categories
            and character not in exclude_characters
        )

    ascii_, odd = ([c for c in pool if fits(c)] for pool in (_ASCII, _CONTROL + _ODD))
    latin = [c for c in map(chr, range(0x180)) if fits(c)]

    def made(source: Source) -> str:
        way = _byte(source)
        if way < 128:
            return ascii_[_below(source, len(ascii_))]
        if way < 160:
            return latin[_below(source, len(latin))]
        if way < 208:
            return odd[_below(source, len(odd))]
        any_ = chr(_below(source, 0x10000 if way < 232 else 0x110000))
        return any_ if fits(any_) else odd[way % len(odd)]

    return Recipe(made)


_ANY = characters()


def text(letters: Recipe[str] = _ANY, *, min_size: int = 0, max_size: int = 20) -> Recipe[str]:
    """So many of these characters."""
    return lists(letters, min_size=min_size, max_size=max_size).map("".join)


def binary(*, max_size: int = 20) -> Recipe[bytes]:
    """So many bytes, of any value."""
    return lists(sampled_from(range(256)), max_size=max_size).map(bytes)
