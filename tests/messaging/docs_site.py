"""The module `mysite` of a process of its own, with one block of docs/queues.md in it."""

import sys
from types import ModuleType

import django

from tests.docs.blocks import ROOT, blocks


def load(word, **changes):
    """Run the block that has this word in it, with these changes."""
    django.setup()
    module = sys.modules["mysite"] = ModuleType("mysite")
    [block] = [block for block in blocks(ROOT / "docs/queues.md", "python") if f"_with_{word}" in block.text]
    text = block.text
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    exec(compile(text, "queues.md", "exec"), vars(module))
    return module
