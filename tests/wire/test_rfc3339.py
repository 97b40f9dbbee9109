"""RFC 3339 times to microseconds and back."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from djangalytics_server.model import rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)

aware = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
        lambda minutes: timezone(timedelta(minutes=minutes))
    ),
)


@given(moment=aware)
def test_a_time_in_any_zone_is_the_same_instant(moment: datetime) -> None:
    """Any offset to the minute is read as the standard library means it."""
    assert (moment - EPOCH) // MICROSECOND == rfc3339.parse(moment.isoformat())


@given(moment=st.integers(-(10**16), 10**17))
@example(moment=0)
@example(moment=-1)
def test_what_is_rendered_parses_back(moment: int) -> None:
    """render and parse are each other's inverse, to the microsecond."""
    text = rfc3339.render(moment)
    assert moment == rfc3339.parse(text)
    assert text.endswith("Z")
    assert 27 == len(text)


@given(moment=st.integers(0, 10**16), offset=st.integers(-86_000, 86_000))
def test_local_times_name_the_same_second(moment: int, offset: int) -> None:
    """A local rendering parses to its second, even where the offset is not whole minutes."""
    assert moment // 10**6 * 10**6 == rfc3339.parse(rfc3339.render_local(moment, offset))


@given(text=st.one_of(st.text(), st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Zz-]*\Z")))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    """Nothing but ValueError leaves the parser."""
    with contextlib.suppress(ValueError):
        assert isinstance(rfc3339.parse(text), int)


@given(text=st.from_regex(rfc3339.PATTERN.replace("^", r"\A").replace("$", r"\Z")))
def test_the_published_pattern_is_all_readable(text: str) -> None:
    """Whatever fits the pattern of the OpenAPI document is a time, but for the year nought."""
    if not text.startswith("0000"):
        assert isinstance(rfc3339.parse(text), int)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-22T18:49:34", "2026-11-22T18:49:34Z"),
        ("2026-11-22 18:49:34z", "2026-11-22T18:49:34Z"),
        ("2026-11-22t18:49:34.5Z", "2026-11-22T18:49:34.500000Z"),
        ("2026-11-22T18:49:34.123456789Z", "2026-11-22T18:49:34.123456Z"),
        ("2026-11-22T18:49:34-00:00", "2026-11-22T18:49:34Z"),
        ("2026-11-22T18:49:34+05:45", "2026-11-22T13:04:34Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_forms_of_the_same_instant(text: str, same: str) -> None:
    """No zone is UTC; a leap second is the next minute; digits beyond microseconds are cut."""
    assert rfc3339.parse(same) == rfc3339.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T18:49Z",
        "2026-11-22T18:49:34.Z",
        "2026-11-22T18:49:34,5Z",
        "2026-11-22T18:49:34+0100",
        "2026-11-22T18:49:34+1:00",
        "2026-11-22T18:49:34+24:00",
        "2026-11-22T18:49:34+01:60",
        "2026-11-22T24:00:00Z",
        "2026-11-22T18:60:00Z",
        "2026-11-22T18:49:61Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
        "-2026-01-01T00:00:00Z",
        "2026-W47-7T00:00:00Z",
        "٢٠٢٦-11-22T18:49:34Z",
        " 2026-11-22T18:49:34Z",
        "2026-11-22T18:49:34Z\n",
        "1790000000",
    ],
)
def test_what_is_no_rfc_3339_time(text: str) -> None:
    """Dates that never were, other standards, other digits, white space: all refused."""
    with pytest.raises(ValueError):
        rfc3339.parse(text)
