"""The fewest learners whom a table that somebody handed in singles out, whatever is said of it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import PurePath
from typing import BinaryIO

from api.commands.command import Document
from ledger.errors import Malformed
from projections.disclosure_control import Source, fewest, header_of

# What is named so is a table, or else a mistake.
TABLES = (".csv", ".tsv")


def fewest_in(name: str, content: bytes, smallest: int) -> int | None:
    """Fewer than `smallest`, or None where it singles out nobody. Raises `Malformed` for what is no table."""
    return fewest(Source(name, _opener(content)), smallest)


def fewest_in_any(document: Document, smallest: int) -> int | None:
    """The same of a document that may be no table, such as a letter, of which nobody can tell but people.

    Raises `Malformed` for what is called a table and cannot be read as one.
    """
    is_called_one = PurePath(document.name).suffix.lower() in TABLES
    try:
        # The lines of a letter are no records.
        if is_called_one or len(header_of(Source(document.name, _opener(document.content)))) > 1:
            return fewest_in(document.name, document.content, smallest)
    except Malformed:
        if is_called_one:
            raise
    return None


def _opener(content: bytes) -> Callable[[], BinaryIO]:
    return lambda: BytesIO(content)
