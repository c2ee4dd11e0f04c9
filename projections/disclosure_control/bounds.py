"""Between what hidden counts lie of which it is known what some of them make together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from projections.disclosure_control.cells import Key

# Each pass can only narrow what the one before has found, so whatever is found by then is so.
PASSES = 32


class Line(NamedTuple):
    """Hidden counts, none of them below zero, and what they make together."""

    together: int
    counts: Sequence[Key]


def bounds(lines: Sequence[Line], marked: Mapping[Key, int]) -> dict[Key, tuple[int, int]]:
    """The least and the most that each of the counts can be; `marked` are those of which it is said at most what.

    Lines that contradict each other, because a table was rounded, may give a least above the most.
    """
    found: dict[Key, tuple[int, int]] = {}
    for together, counts in lines:
        for one in counts:
            _, most = found.get(one, (0, together))
            found[one] = 0, min(most, together, marked.get(one, together))
    for _ in range(PASSES):
        before = dict(found)
        for together, counts in lines:
            lows, highs = zip(*(found[one] for one in counts), strict=True)
            least, most = together - sum(highs), together - sum(lows)
            for one, low, high in zip(counts, lows, highs, strict=True):
                found[one] = max(low, least + high), min(high, most + low)
        if before == found:
            break
    return found
