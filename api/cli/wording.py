"""How the command line words and shows things, the same everywhere."""

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

import click

from api.cli.layout import folded, room
from api.signing import ALARM

_Thing = TypeVar("_Thing", bound=str)


def counted(number: int, what: str) -> str:
    """`1 entry`, `2 entries`, `1,000 texts`."""
    plural = what[:-1] + "ies" if what.endswith("y") and what[-2] not in "aeiou" else what + "s"
    return f"{number:,} {what if number == 1 else plural}"


def counted_together(numbers: Counter[_Thing]) -> str:
    """`3 texts and 1 document`."""
    return " and ".join(counted(numbers[what], what) for what in sorted(numbers, reverse=True))


def printable(text: str) -> str:
    """The text with whatever could steer a terminal, or turn writing around, spelled out."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


def in_lines(lines: Iterable[str]) -> str:
    """Lines to be printed, in each of which a line end is spelled out: one in a name would look like a line of ours."""
    width = room()
    return "\n".join(folded(printable(line).replace("\n", "\\n"), width) for line in lines)


def warn(sentences: Iterable[str]) -> None:
    """Say on standard error, loudly, what is not as it should be."""
    for sentence in sentences:
        said = in_lines([sentence])
        click.secho(said if said.startswith(ALARM) else f"WARNING: {said}", err=True, fg="red", bold=True)


def bar_over(label: str, length: int) -> Any:
    """A progress bar on standard error, where that is a terminal."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
