"""The one test that is here without a browser too: it says so, in one line, for all of them."""

from __future__ import annotations

import pytest

from tests.browser import chromium


def test_chromium_is_here(request: pytest.FixtureRequest) -> None:
    """Chromium starts and is driven; where it is missing, the line says how to get it."""
    reason = chromium.missing()
    if reason is not None and chromium.required():
        pytest.fail(reason, pytrace=False)
    if reason is not None:
        pytest.skip(reason)
    browser = request.getfixturevalue("browser")
    with browser.new_context() as context:
        assert 2 == context.new_page().evaluate("1 + 1")
