"""Charts of how something grows, as SVG: lines over powers of ten; how many times as much it is, is drawn evenly."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, log10
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, BESIDE, BELOW = 270, 250, 62, 40, 190, 56
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555")
SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
TIMES = ((1.0, ""),)
BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


class Panel(NamedTuple):
    """Lines of something by number of entries, under a title; its units, the largest first."""

    title: str
    lines: Mapping[str, Sequence[tuple[int, float]]]
    units: Sequence[tuple[float, str]]


def chart(rows: Sequence[Sequence[Panel]]) -> str:
    """Rows of panels."""
    across, down = LEFT + WIDTH + BESIDE, TOP + HEIGHT + BELOW
    inside = "\n".join(
        f'<g transform="translate({column * across},{row * down})">\n' + "\n".join(_panel(panel)) + "\n</g>"
        for row, panels in enumerate(rows)
        for column, panel in enumerate(panels)
    )
    size = f"0 0 {across * max(map(len, rows))} {down * len(rows)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )


def _panel(panel: Panel) -> Iterator[str]:
    points = [point for line in panel.lines.values() for point in line]
    across = _Powers([size for size, _ in points], LEFT, LEFT + WIDTH)
    up = (_Even if panel.units == TIMES else _Powers)([value for _, value in points], TOP + HEIGHT, TOP)
    yield f'<text x="{LEFT}" y="{TOP - 16}" font-weight="bold">{escape(panel.title)}</text>'
    for value in up.marks:
        y = up.place(value)
        yield f'<path d="M{LEFT} {y:.1f}H{LEFT + WIDTH}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_told(value, panel.units)}</text>'
    for size in across.marks:
        x = across.place(size)
        yield f'<path d="M{x:.1f} {TOP}V{TOP + HEIGHT}" stroke="#dddddd"/>'
        yield f'<text x="{x:.1f}" y="{TOP + HEIGHT + 22}" text-anchor="middle">{size:,.0f}</text>'
    yield f'<text x="{LEFT + WIDTH}" y="{TOP + HEIGHT + 40}" text-anchor="end">entries in the log</text>'
    below = 0.0
    coloured = zip(panel.lines.items(), COLOURS, strict=False)
    for (name, line), colour in sorted(coloured, key=lambda one: one[0][1][-1][1], reverse=True):
        places = [(across.place(size), up.place(value)) for size, value in line]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        # Names do not cover one another where lines end close together.
        below = max(places[-1][1] + 4, below + 15)
        last = f"{name} {_told(line[-1][1], panel.units)}"
        yield f'<text x="{places[-1][0] + 8:.1f}" y="{below:.1f}" fill="{colour}">{escape(last)}</text>'


class _Powers:
    """An axis between two places, over the powers of ten around some numbers."""

    def __init__(self, numbers: Sequence[float], begin: float, end: float) -> None:
        low, high = floor(log10(min(numbers))), ceil(log10(max(numbers)))
        powers = range(low, max(high, low + 1) + 1)
        self.marks = [10.0**power for power in powers]
        self._begin, self._each, self._low = begin, (end - begin) / (len(powers) - 1), low

    def place(self, number: float) -> float:
        return self._begin + (log10(number) - self._low) * self._each


class _Even:
    """An axis between two places, from nothing to beyond some numbers in halves."""

    def __init__(self, numbers: Sequence[float], begin: float, end: float) -> None:
        self.marks = [half / 2 for half in range(ceil(2 * max(*numbers, 2.0)) + 1)]
        self._begin, self._each = begin, (end - begin) / self.marks[-1]

    def place(self, number: float) -> float:
        return self._begin + number * self._each


def _told(value: float, units: Sequence[tuple[float, str]]) -> str:
    size, unit = next((pair for pair in units if value >= pair[0] * 0.9999), units[-1])
    number = f"{value / size:,.3g}" if value / size < 1000 else f"{value / size:,.0f}"
    return f"{number} {unit}".rstrip()
