"""The fenced blocks of a Markdown page."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)


@dataclass
class Block:
    """One fenced block. `place` is its file and line."""

    place: str
    language: str
    text: str


def blocks(page, *languages):
    """Return the blocks of this page, of all languages or of these."""
    source = page.read_text()
    found = [
        Block(
            place=f"{page.name}:{source.count(chr(10), 0, match.start()) + 1}",
            language=match["language"],
            text=textwrap.dedent(match["text"]),
        )
        for match in FENCE.finditer(source)
    ]
    return [block for block in found if not languages or block.language in languages]
