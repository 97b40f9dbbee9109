"""Each bench keeps its own section of the page of figures."""

from __future__ import annotations

from pathlib import Path

from tests.bench.page import keep_section


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    """First the beginning, then a section; each again, and neither touches the other."""
    page = tmp_path / "page.md"
    keep_section(page, ["# Figures", "", "one"])
    keep_section(page, ["## The SDK", "", "two"])
    keep_section(page, ["## Others", "", "three"])
    assert "# Figures\n\none\n\n## The SDK\n\ntwo\n\n## Others\n\nthree\n" == page.read_text()
    keep_section(page, ["## The SDK", "", "2"])
    keep_section(page, ["# Figures", "", "1"])
    assert "# Figures\n\n1\n\n## The SDK\n\n2\n\n## Others\n\nthree\n" == page.read_text()


def test_a_section_may_come_before_the_beginning(tmp_path: Path) -> None:
    """Whichever bench runs first, the heading of the page stands first."""
    page = tmp_path / "page.md"
    keep_section(page, ["## The SDK", "", "two"])
    keep_section(page, ["# Figures", "", "one"])
    assert "# Figures\n\none\n\n## The SDK\n\ntwo\n" == page.read_text()
