"""The code that the type checkers take also does what it says."""

from __future__ import annotations

from tests.typed import application


def test_the_typed_application_runs() -> None:
    """Every call of it works, and tracks what it names."""
    expected = ["$identify", *["signup"] * 4, "decorated", "invoked"]
    assert [*expected, "bought", "signup", "signup"] == application.everything()
