"""Charts of how something grows: lines over powers of ten on both axes, as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, log10
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, BESIDE, BELOW = 460, 300, 64, 40, 130, 44
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


class Panel(NamedTuple):
    """Lines of seconds by number of entries, under a title."""

    title: str
    lines: Mapping[str, Sequence[tuple[int, float]]]


def chart(panels: Sequence[Panel]) -> str:
    """The panels side by side."""
    each = LEFT + WIDTH + BESIDE
    inside = "\n".join(
        f'<g transform="translate({number * each},0)">\n' + "\n".join(_panel(panel)) + "\n</g>"
        for number, panel in enumerate(panels)
    )
    size = f"0 0 {each * len(panels)} {TOP + HEIGHT + BELOW}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )


def _panel(panel: Panel) -> Iterator[str]:
    points = [point for line in panel.lines.values() for point in line]
    across = _Axis([size for size, _ in points], LEFT, LEFT + WIDTH)
    up = _Axis([seconds for _, seconds in points], TOP + HEIGHT, TOP)
    yield f'<text x="{LEFT}" y="{TOP - 16}" font-weight="bold">{escape(panel.title)}</text>'
    for power in up.powers:
        y = up.place(10.0**power)
        yield f'<path d="M{LEFT} {y:.1f}H{LEFT + WIDTH}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_time(10.0**power)}</text>'
    for power in across.powers:
        x = across.place(10.0**power)
        yield f'<path d="M{x:.1f} {TOP}V{TOP + HEIGHT}" stroke="#dddddd"/>'
        yield f'<text x="{x:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{10**power:,}</text>'
    yield f'<text x="{LEFT + WIDTH}" y="{TOP + HEIGHT + 36}" text-anchor="end">entries in the log</text>'
    below = 0.0
    ends = sorted(panel.lines.items(), key=lambda named: named[1][-1][1], reverse=True)
    for (name, line), colour in zip(ends, COLOURS, strict=False):
        places = [(across.place(size), up.place(seconds)) for size, seconds in line]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        # Names do not cover one another where lines end close together.
        below = max(places[-1][1] + 4, below + 15)
        last = f"{name} {_time(line[-1][1])}"
        yield f'<text x="{places[-1][0] + 8:.1f}" y="{below:.1f}" fill="{colour}">{escape(last)}</text>'


class _Axis:
    """Powers of ten between two places, around some numbers."""

    def __init__(self, numbers: Sequence[float], begin: float, end: float) -> None:
        low, high = floor(log10(min(numbers))), ceil(log10(max(numbers)))
        self.powers = range(low, max(high, low + 1) + 1)
        self._begin, self._each = begin, (end - begin) / (len(self.powers) - 1)

    def place(self, number: float) -> float:
        return self._begin + (log10(number) - self.powers[0]) * self._each


def _time(seconds: float) -> str:
    size, unit = next((pair for pair in UNITS if seconds >= pair[0] * 0.9999), UNITS[-1])
    return f"{seconds / size:,.3g} {unit}" if seconds / size < 1000 else f"{seconds / size:,.0f} {unit}"
