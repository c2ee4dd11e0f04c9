"""People who could be recognised: how many share the values of some columns (k-anonymity)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from projections.disclosure_control.finding import Finding
from projections.disclosure_control.reading import Row

# So many small groups are told one by one.
TOLD = 1000
_BETWEEN = "\x1f"


class Groups(NamedTuple):
    """How many people share their values with how few: `k` is the size of the smallest group, 0 without any.

    `small` groups have fewer than policy has it, and `single` ones a single person; the first of them are in `told`.
    """

    k: int
    groups: int
    small: int
    single: int
    told: tuple[Finding, ...]


def groups(header: Sequence[str], quasi: Sequence[str], rows: Iterable[Row], smallest: int) -> Groups:
    """The groups of rows that have the same values in these columns; values differ by more than case and spaces."""
    places = [header.index(name) for name in quasi]
    # Of each group its size, and the row of the first: two numbers in one, which a million groups make worth it.
    found: dict[str, int] = {}
    for number, cells in rows:
        key = _BETWEEN.join([cells[place].strip().casefold() for place in places])
        found[key] = found[key] + 1 if key in found else number << 32 | 1
    sizes = [one & 0xFFFFFFFF for one in found.values()]
    small = _small(found, quasi, smallest)
    return Groups(
        k=min(sizes, default=0),
        groups=len(sizes),
        small=sum(size < smallest for size in sizes),
        single=sizes.count(1),
        told=tuple(one for _, one in zip(range(TOLD), small, strict=False)),
    )


def _small(found: dict[str, int], quasi: Sequence[str], smallest: int) -> Iterator[Finding]:
    for key, one in found.items():
        row, size = one >> 32, one & 0xFFFFFFFF
        if size < smallest:
            where = tuple(zip(quasi, key.split(_BETWEEN), strict=True))
            many = f"{size} rows have these values, the first of them this one"
            why = "is the only row with these values: it singles somebody out" if size == 1 else many
            yield Finding("small group", row, ", ".join(quasi), where, size, why)
