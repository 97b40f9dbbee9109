"""`python -m tests.bench.dashboard`: from navigation to the first painted chart, and the bundle.

Each round is a new visitor (nothing cached) of `djangalytics-server demo` in headless Chromium.
Painted is when the first frame with a chart's marks in it has been handed to the compositor.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

import djangalytics_server
from tests.browser import chromium, servers
from tests.browser.board import Board
from tests.browser.visit import Visit
from tests.helpers import RunningServer

BUNDLE = Path(djangalytics_server.__file__).parent / "dashboard" / "static"

# The page's own clock starts with the navigation. Two frames later the first has been painted.
_WATCH = """
window.painted = null;
const drawn = () => [...document.querySelectorAll(
  ".recharts-line-curve, .recharts-bar-rectangle path, .recharts-pie-sector path",
)].some((mark) => { const box = mark.getBoundingClientRect(); return box.width * box.height > 0; });
const watch = new MutationObserver(() => {
  if (!drawn()) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
});
watch.observe(document, { childList: true, subtree: true, attributes: true });
"""
_FIRST_CONTENT = """() =>
  performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime).at(0)"""


def first_visit(browser: Browser, server: RunningServer) -> tuple[float, float]:
    """Milliseconds until the first content and until the first chart were painted."""
    visit = Visit(browser)
    visit.context.add_init_script(_WATCH)
    page = visit.open(server)
    Board(page).drawn()
    painted = None
    while painted is None:
        painted = page.evaluate("window.painted")
    content = page.evaluate(_FIRST_CONTENT)
    visit.close()
    return float(content), float(painted)


def print_bundle() -> None:
    """Each file's size, plain and gzipped."""
    total = 0
    for file in sorted(BUNDLE.iterdir()):
        packed = len(gzip.compress(file.read_bytes(), 9))
        total += packed
        print(f"  {file.name:<14}{file.stat().st_size:>9,} bytes{packed:>9,} gzipped")
    print(f"  {'in all':<14}{'':>15}{total:>9,} gzipped ({total / 1_024:.1f} KB)")


def main() -> None:
    """Print the medians of the visits, and the sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.demo(Path(folder)) as server,
        chromium.launched() as browser,
    ):
        print(f"{asked.rounds} first visits, load average {os.getloadavg()[0]:.1f}")
        times = [first_visit(browser, server) for _ in range(asked.rounds)]
    columns = zip(*times, strict=True)
    for words, column in zip(("first content", "first chart"), columns, strict=True):
        low, high = min(column), max(column)
        median = statistics.median(column)
        print(f"  {words:<14} median {median:>6.0f} ms   from {low:.0f} to {high:.0f}")
    print("bundle")
    print_bundle()


if __name__ == "__main__":
    main()
