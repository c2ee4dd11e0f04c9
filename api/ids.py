"""Ids: numbered as things come, in a request or in a year; and DOIs, which others give."""

import re
from collections.abc import Collection, Iterable

_BEFORE_A_DOI = re.compile(r"(https?://(dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)


def of_year(prefix: str, year: int, taken: Iterable[str]) -> str:
    """The number after the highest of a year, such as `Q-2026-0001`."""
    stem = f"{prefix}-{year}-"
    numbers = (int(one.removeprefix(stem)) for one in taken if one.startswith(stem))
    return f"{stem}{max(numbers, default=0) + 1:04d}"


def doi_in(text: str) -> str:
    """A DOI as events have it, of what people copy from a page: without the address before it, in small letters."""
    return _BEFORE_A_DOI.sub("", text.strip(), count=1).lower()


def numbered(prefix: str, request: str, taken: Collection[str]) -> str:
    """The next free id of something that belongs to a request, such as `A-2026-0001-2`."""
    stem = f"{prefix}{request[1:]}-"
    return next(stem + str(number) for number in range(1, len(taken) + 2) if stem + str(number) not in taken)
