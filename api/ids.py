"""Ids for what belongs to a request, numbered as it comes."""

from collections.abc import Collection


def numbered(prefix: str, request: str, taken: Collection[str]) -> str:
    """The next free id of something that belongs to a request, such as `A-2026-0001-2`."""
    stem = f"{prefix}{request[1:]}-"
    return next(stem + str(number) for number in range(1, len(taken) + 2) if stem + str(number) not in taken)
