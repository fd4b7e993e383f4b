"""Print results as tables."""

from collections.abc import Iterable, Sequence


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a title and a table. Numbers with a fraction get one decimal and are aligned to the right."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    print(f"\n{title}\n")
    for line in [list(heads), ["-" * width for width in widths], *cells]:
        print("  ".join(_aligned(text, width) for text, width in zip(line, widths, strict=True)).rstrip())


def _text(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _aligned(text: str, width: int) -> str:
    is_number = text.replace(".", "", 1).isdigit()
    return text.rjust(width) if is_number else text.ljust(width)
