"""The dashboard's built files as they are committed and shipped."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import djangalytics_server
from djangalytics_server.model.trail import ACTIONS

BUNDLE = Path(djangalytics_server.__file__).parent / "dashboard" / "static"
SOURCES = Path(__file__).parents[1] / "djangalytics_server" / "dashboard" / "src"
LARGEST = 250 * 1_024
"""Bytes of everything a first visit loads, gzipped."""


class Named(HTMLParser):
    """What a page names, and what it carries in itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []
        self._within: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses, and attributes that are script or style."""
        self._within = tag if tag in ("script", "style") else None
        if self._within:
            self.inline += ["<style>"] if tag == "style" else []
        for name, value in attrs:
            if name in ("src", "href") and value:
                self.urls.append(value)
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        """Note a script that has a body."""
        if self._within == "script" and data.strip():
            self.inline.append(f"<script>{data.strip()[:40]}")

    def handle_endtag(self, tag: str) -> None:
        """Be outside of scripts and styles again."""
        self._within = None


def page() -> Named:
    """The committed index.html."""
    return Named((BUNDLE / "index.html").read_text("utf-8"))


def test_the_whole_bundle_is_small() -> None:
    """All files together take at most 250 KB gzipped."""
    files = [file for file in BUNDLE.rglob("*") if file.is_file()]
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in files}
    assert sum(sizes.values()) <= LARGEST, sizes


def test_the_page_carries_no_code_of_its_own() -> None:
    """No inline script, style or handler: the policy would refuse to run it."""
    assert [] == page().inline


def test_every_file_the_page_names_is_there() -> None:
    """Each address in index.html is a file of the bundle below /static/."""
    urls = page().urls
    assert {"/static/app.js", "/static/index.css"} <= set(urls)
    missing = [url for url in urls if not (BUNDLE / url.removeprefix("/static/")).is_file()]
    assert [] == missing
    assert all(url.startswith("/static/") for url in urls)


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The style sheet names no font or picture outside the package."""
    styles = "".join(file.read_text("utf-8") for file in BUNDLE.glob("*.css"))
    for words in ("http://", "https://", "@import", "url(//"):
        assert words not in styles


def test_the_page_can_search_for_every_recorded_action() -> None:
    """What the settings offer to search the audit trail for is what the server records."""
    source = SOURCES.joinpath("api", "trail.ts").read_text("utf-8")
    (table,) = re.findall(r"ACTIONS = \[(.*?)\]", source, re.DOTALL)
    assert list(ACTIONS) == re.findall(r'"([a-z_.]+)"', table)
