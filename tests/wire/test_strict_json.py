"""The JSON reader: any bytes are read or refused in our own words, never with a crash."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_server.errors import BadRequest, InvalidEncoding, InvalidJson
from djangalytics_server.wire import native, strict_json
from djangalytics_server.wire.fields import fault_in
from djangalytics_server.wire.strict_json import Unstorable
from tests import strategies

json_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner)),
    max_leaves=12,
)
fragments = st.lists(
    st.sampled_from(
        (
            *(
                "{",
                "}",
                "[",
                "]",
                ":",
                ",",
                '"',
                "\\",
                "\\ud800",
                "\\u0000",
                " ",
                "é",
                "true",
                "null",
            ),
            *("NaN", "Infinity", "-", "1e999", "0"),
            *('"events"', '"event_name"', '"properties"', '"x"'),
        )
    )
).map("".join)


@given(
    body=st.one_of(
        st.binary(), fragments.map(str.encode), json_like.map(json.dumps).map(str.encode)
    )
)
def test_reading_never_crashes(body: bytes) -> None:
    """Whatever the bytes, the reader answers a value or one of our own errors."""
    for read in (strict_json.read, native.decode_single, native.decode_batch):
        with contextlib.suppress(BadRequest):
            read(body)


@given(value=strategies.properties.drawn(256))
def test_what_fits_reads_back_equal(value: dict[str, Any]) -> None:
    """A JSON value within bounds is read as it was, and written so that it reads the same."""
    assert value == strict_json.read(json.dumps(value).encode())
    assert value == json.loads(strict_json.write(value))


@given(value=json_like)
def test_anything_read_can_be_kept(value: Any) -> None:
    """The text kept of a refused event is ASCII, bounded, and made without a crash."""
    try:
        read = strict_json.read(json.dumps(value).encode())
    except BadRequest:
        return
    kept = strict_json.write_any(read)
    assert kept.isascii()
    assert len(kept) <= strict_json.KEPT_TEXT


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("digits", [19, 20, 21, 4_299])
def test_a_whole_number_is_kept_as_it_was_sent(digits: int, sign: str) -> None:
    """In the text of a refused event it stays a number of as many digits, whoever read it."""
    text = f'{{"n":[{sign}{"9" * digits}]}}'
    for read in (strict_json.read, strict_json.read_carefully):
        assert text == strict_json.write_any(read(text.encode()))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_marked(text: str) -> None:
    """NaN, the infinities and what rounds to them become a mark that bears the text."""
    [read] = strict_json.read(f"[{text}]".encode())
    assert isinstance(read, Unstorable)
    assert text == read.text


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        (2**63 - 1, True),
        (2**63, False),
        (-(2**63), True),
        (-(2**63) - 1, False),
        (10**30, False),
    ],
)
def test_whole_numbers_end_where_64_bits_do(number: int, fits: bool) -> None:
    """The bounds of a signed 64-bit integer are the bounds of a whole number."""
    [read] = strict_json.read(f"[{number}]".encode())
    fault = fault_in({"n": read})
    assert (None if fits else "number_out_of_range") == (fault and fault.code)
    assert fault is None or str(number) in fault


def test_a_number_of_a_million_digits_is_refused_at_once() -> None:
    """Its digits are counted, not computed; what is shown of it is short."""
    [read] = strict_json.read(b"[" + b"9" * 1_000_000 + b"]")
    assert isinstance(read, Unstorable)
    assert len(read.text) <= 41


def test_large_and_small_floats_stay() -> None:
    """Any finite float is read as Python reads it."""
    assert [1e308, 5e-324, -0.0] == strict_json.read(b"[1e308, 5e-324, -0.0]")
    assert -1.0 == math.copysign(1.0, strict_json.read(b"[-0.0]")[0])


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_a_hundred_thousand_brackets_are_refused(bracket: bytes) -> None:
    """Nesting beyond the reader is invalid JSON, not a crash."""
    with pytest.raises(InvalidJson):
        strict_json.read(bracket * 100_000)


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'"\xed\xa0\x80"', b"\xfe\xff\x00{", '{"a":"é"}'.encode("latin-1"), b"\xc0\x80"],
)
def test_only_utf_8_is_read(body: bytes) -> None:
    """Latin-1, UTF-16, encoded surrogates and overlong forms are an encoding error."""
    with pytest.raises(InvalidEncoding):
        strict_json.read(body)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[1,]", b"{'a':1}", b"\xef\xbb\xbf{}", b"01", b"{} {}", b"nan", b"+1"],
)
def test_what_is_not_json_says_where(body: bytes) -> None:
    """The error names the line and the column."""
    with pytest.raises(InvalidJson, match="line 1, column"):
        strict_json.read(body)


def test_deep_values_are_not_kept_whole() -> None:
    """What nests too deeply to be written is kept as a note instead."""
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    assert "nested too deeply" in strict_json.write_any(deep)


def test_only_what_json_gives_is_kept() -> None:
    """A value that never came from JSON is a fault of ours, and is said to be."""
    with pytest.raises(TypeError, match="object does not come from JSON"):
        strict_json.write_any(object())
