"""What tests are made of: within its bounds, of every kind, and the simplest when bytes run out."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import find, settings

from tests import recipes, strategies, strategies_filters

MANY = 4_000


def made(recipe: recipes.Recipe[Any], size: int = 200) -> list[Any]:
    """What it makes of as many random strings of bytes."""
    chance = Random(5)
    return [recipe.make(iter(chance.randbytes(size))) for _ in range(MANY)]


@pytest.mark.parametrize(
    ("recipe", "simplest"),
    [
        (recipes.integers(-5, 5), 0),
        (recipes.integers(), 0),
        (recipes.floats(), 0.0),
        (recipes.text(), ""),
        (recipes.lists(recipes.booleans(), min_size=2, max_size=9), [False, False]),
        (recipes.one_of(recipes.none(), recipes.text()), None),
        (recipes.integers(-9, 9).filter(lambda number: number > 3), 4),
    ],
)
def test_nothing_gives_the_simplest(recipe: recipes.Recipe[Any], simplest: Any) -> None:
    """Zeros and no bytes at all are the same."""
    assert [simplest] * 2 == [recipe.make(iter(source)) for source in (b"", bytes(99))]


@pytest.mark.parametrize(
    ("recipe", "fits", "kinds"),
    [
        (
            recipes.integers(-3, 10**6),
            lambda number: -3 <= number <= 10**6,
            [lambda n: n == -3, lambda n: n == 10**6, lambda n: n == 0, lambda n: n > 500_000],
        ),
        (recipes.integers(), lambda _: True, [lambda n: n > 2**100, lambda n: -300 < n < 0]),
        (recipes.floats(), math.isfinite, [lambda f: f % 1 > 0, lambda f: abs(f) > 1e200]),
        (recipes.floats(-2, 2), lambda f: -2 <= f <= 2, [lambda f: f == -1, lambda f: f > 1]),
        (
            recipes.characters(exclude_categories=("Cs", "Cc")),
            lambda c: unicodedata.category(c) not in ("Cs", "Cc"),
            [str.isascii, lambda c: ord(c) > 0x10000, lambda c: not c.isprintable()],
        ),
        (recipes.characters(), lambda c: not 0xD800 <= ord(c) < 0xE000, [lambda c: c == "\0"]),
        (
            recipes.lists(recipes.none(), min_size=1, max_size=25),
            lambda items: 1 <= len(items) <= 25,
            [lambda items: len(items) == 1, lambda items: len(items) > 15],
        ),
        (strategies_filters.filters, lambda _: True, [lambda f: "Not(" in repr(f)]),
        (strategies.moments, lambda moment: moment >= 0, [lambda moment: moment == 0]),
    ],
)
def test_all_kinds_within_the_bounds(
    recipe: recipes.Recipe[Any], fits: Callable[[Any], bool], kinds: list[Callable[[Any], bool]]
) -> None:
    """None that does not belong, and some of each kind that matters."""
    values = made(recipe)
    assert all(map(fits, values))
    assert [True] * len(kinds) == [any(map(kind, values)) for kind in kinds]


def test_a_failing_example_comes_out_small() -> None:
    """Hypothesis shrinks the bytes: of a list with a large number in it little more is left."""
    several = recipes.lists(recipes.integers(0, 10**9), max_size=8).drawn(100)
    quickly = settings(max_examples=2_000, database=None, derandomize=True)
    found = find(several, lambda numbers: max(numbers, default=0) > 1_000, settings=quickly)
    assert len(found) <= 2
    assert sum(found) < 2_000
