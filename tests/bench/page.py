"""The page of figures: each bench keeps its own section of it, and leaves the others' alone."""

from __future__ import annotations

from pathlib import Path


def keep_section(file: Path, lines: list[str]) -> None:
    """Put a section in the place of the one with the same heading, or at the end.

    The first line is its heading; one of ``# `` stands for all before the first ``## ``.
    """
    before = file.read_text() if file.exists() else ""
    sections = [part for part in ("\n" + before).split("\n## ") if part.strip()]
    kept = [
        part.strip() if part.lstrip()[:2] == "# " else f"## {part.strip()}" for part in sections
    ]
    found = [place for place, part in enumerate(kept) if _same(part, lines[0])]
    text = "\n".join(lines)
    if found:
        kept[found[0]] = text
    elif lines[0].startswith("# "):
        kept.insert(0, text)
    else:
        kept.append(text)
    file.write_text("\n\n".join(kept) + "\n")


def _same(part: str, heading: str) -> bool:
    return part.partition("\n")[0] == heading
