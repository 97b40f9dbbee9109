"""The code of a page of the documentation. `python -m tests.pages PAGE` runs its Python.

Blocks run one after another in one module, as a reader types them, with every client recording; a
block that begins with ``# name.py`` is a file of that name and is left to the page's own test.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (\S+\.py)\n")


class Page(NamedTuple):
    """A page's code: Python without a name, files by name, lines for a shell, and other blocks."""

    python: list[str]
    files: dict[str, str]
    shell: list[str]
    others: list[str]


def read(path: Path) -> Page:
    """Find the code of a page; lines that install and export are not among the shell's."""
    page = Page([], {}, [], [])
    for language, code in _BLOCK.findall(path.read_text("utf-8")):
        named = _FILE.match(code)
        if language == "sh":
            lines = code.replace("\\\n", " ").splitlines()
            page.shell.extend(ln for ln in lines if not ln.startswith(("pip install ", "export ")))
        elif language != "python":
            page.others.append(code)
        elif named:
            page.files[named[1]] = code
        else:
            page.python.append(code)
    return page


def main(path: Path) -> None:
    """Run the Python of a page; what it tracks is kept in memory, and what it defines is left."""
    from djangalytics_client.testing import recorded

    for block in read(path).python:
        with recorded() as tracked:
            exec(compile(block, str(path), "exec"), {"__name__": "page"})
            print(f"{len(tracked)} events")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
