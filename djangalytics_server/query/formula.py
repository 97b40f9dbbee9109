"""Arithmetic over series: read by a small parser of our own, and worked out number by number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, cast

from djangalytics_server.model.trends import Expression, Figure, Operation, Reference, Value

MOST_PARTS = 100
"""How many numbers, names, signs and brackets a formula may have."""

_PART = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z]+)|([-+*/()]))", re.ASCII)
_Sign = Literal["+", "-", "*", "/"]


class Unreadable(Exception):
    """What is wrong with a formula, as a sentence."""


def read(text: str, series: int) -> Expression:
    """The expression a text says over so many series, named A, B, C …; raises Unreadable."""
    parts = _parts(text.rstrip())
    reader = _Reader(parts, series)
    found = reader.sum()
    if reader.at < len(parts):
        raise Unreadable(f"{parts[reader.at]!r} stands where a sign or the end should.")
    return found


def _parts(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise Unreadable(f"{text[at:].lstrip()[:1]!r} has no meaning in a formula.")
        found.append(part.group(part.lastindex or 0))
        at = part.end()
    if len(found) > MOST_PARTS:
        raise Unreadable(f"A formula has at most {MOST_PARTS} parts.")
    return found


class _Reader:
    """Reads by descent: a sum of products of numbers, series, brackets and what is negated."""

    def __init__(self, parts: list[str], series: int) -> None:
        self.parts, self.series, self.at = parts, series, 0

    def sum(self) -> Expression:
        found = self._product()
        while self._next() in ("+", "-"):
            sign = cast("_Sign", self._take())
            found = Operation(sign, found, self._product())
        return found

    def _product(self) -> Expression:
        found = self._single()
        while self._next() in ("*", "/"):
            sign = cast("_Sign", self._take())
            found = Operation(sign, found, self._single())
        return found

    def _single(self) -> Expression:
        part = self._take()
        if part == "-":
            return Operation("-", Figure(0.0), self._single())
        if part == "(":
            found = self.sum()
            if self._take() != ")":
                raise Unreadable("A bracket is not closed.")
            return found
        if part[0].isdigit():
            return Figure(float(part))
        place = ord(part) - ord("A") if len(part) == 1 else -1
        if not 0 <= place < self.series:
            last = chr(ord("A") + self.series - 1)
            raise Unreadable(f"{part[:20]!r} is no number and no series; those are A to {last}.")
        return Reference(place)

    def _next(self) -> str:
        return self.parts[self.at] if self.at < len(self.parts) else ""

    def _take(self) -> str:
        part = self._next()
        if not part:
            raise Unreadable("The formula ends too early.")
        self.at += 1
        return part


def work_out(expression: Expression, values: Sequence[Value]) -> Value:
    """The formula's value; None where a series has none, by zero, and out of all bounds."""
    try:
        found = _worked_out(expression, values)
    except (ZeroDivisionError, OverflowError):
        return None
    return found if found is not None and math.isfinite(found) else None


def _worked_out(expression: Expression, values: Sequence[Value]) -> float | None:
    if isinstance(expression, Figure):
        return expression.value
    if isinstance(expression, Reference):
        value = values[expression.place]
        return None if value is None else float(value)
    left, right = _worked_out(expression.left, values), _worked_out(expression.right, values)
    if left is None or right is None:
        return None
    if expression.sign == "+":
        return left + right
    if expression.sign == "-":
        return left - right
    return left * right if expression.sign == "*" else left / right
