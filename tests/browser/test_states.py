"""What holds in every state of the page, narrow and wide, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.states import STATES, State
from tests.browser.views import views
from tests.browser.visit import Visit

# What sticks out to the right and is in no box that scrolls or hides it by itself.
_STICKING_OUT = """() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > root.clientWidth + 1);
  return [root.scrollWidth, ...wide.slice(-5).map((each) => each.outerHTML.slice(0, 120))];
}"""

every_state = pytest.mark.parametrize(
    "state", [state for state in STATES if not state.alike], ids=lambda state: state.name
)


@pytest.fixture
def shown(
    state: State, visitor: Callable[..., Visit], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page in that state, which strangers' scripts may be run on: axe's are."""
    server = request.getfixturevalue(state.server)
    visit = visitor(bypass_csp=True, reduced_motion="reduce")
    visit.failures_expected = True
    page = visit.open(server, state.path, state.before)
    state.arrange(page)
    yield page
    visit.context.set_offline(False)


def violations(page: Page) -> list[str]:
    """Axe's serious and critical findings, each with the places where it is."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@every_state
def test_everybody_can_use_it(shown: Page) -> None:
    """Axe finds nothing serious or critical, and nothing scrolls sideways, in any view."""
    for view in views(shown):
        assert (view, []) == (view, shown.evaluate(_STICKING_OUT))
        assert (view, []) == (view, violations(shown))


def test_the_checks_find_what_they_look_for(visit: Visit) -> None:
    """A nameless button, pale text and a wide box are found: the checks above do check."""
    page = visit.context.new_page()
    page.set_content(
        "<main><h1>A page</h1><button></button><p style='color:#ccc;background:#fff'>Pale</p>"
        "<div style='width:3000px'>Wide</div></main>"
    )
    found = {words.split(":")[0] for words in violations(page)}
    assert {"button-name", "color-contrast"} <= found
    assert [] != page.evaluate(_STICKING_OUT)
