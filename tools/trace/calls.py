"""Record which functions of the package a call runs."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

WITHIN_A_FUNCTION = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>"}


class Calls:
    """The functions below a folder that were called, in the order of their first call."""

    def __init__(self, folder: Path) -> None:
        self._prefix = f"{folder}{os.sep}"
        self._depth = 0
        self.depths: dict[CodeType, int] = {}

    @property
    def functions(self) -> int:
        """How many distinct functions were called."""
        return len(self.depths)

    @property
    def files(self) -> int:
        """How many distinct files they are in."""
        return len({code.co_filename for code in self.depths})

    def lines(self) -> list[str]:
        """Return a line for each function, `file:line name`, indented by the depth of its first call."""
        return [f"{'  ' * depth}{self._place(code)} {code.co_qualname}" for code, depth in self.depths.items()]

    def run(self, function: Callable[[], object]) -> None:
        """Call this function and record what it calls. A profiler that was set before goes on afterwards."""
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            function()
        finally:
            sys.setprofile(before)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event not in {"call", "return"} or not self._counts(code):
            return
        if event == "call":
            self.depths.setdefault(code, self._depth)
            self._depth += 1
        else:
            self._depth -= 1

    def _place(self, code: CodeType) -> str:
        return f"{code.co_filename.removeprefix(self._prefix)}:{code.co_firstlineno}"

    def _counts(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self._prefix) and code.co_name not in WITHIN_A_FUNCTION
