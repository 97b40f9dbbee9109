"""The widths and colour schemes that every state of the page is looked at in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = {1440: 900, 390: 844}
"""A desktop's and a telephone's window: width and height in CSS pixels."""

_SETTLED = """async () => {
  const running = () => document.getAnimations().filter(
    (each) => each.effect.getComputedTiming().iterations !== Infinity);
  await Promise.all(running().map((each) => each.finished.catch(() => null)));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def views(page: Page) -> Iterator[str]:
    """Put the page through every width and scheme, settled: `1440-light` and so on.

    The window is as high as the page, since Chromium does not draw rows far below its edge.
    """
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(_SETTLED)
        whole = page.evaluate("document.scrollingElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": whole})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(_SETTLED)
            yield f"{width}-{scheme}"
