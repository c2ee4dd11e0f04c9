"""The definitions of RFC 6962 (2.1), written down as they stand there: an oracle for the tree."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256


def split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH of section 2.1, over leaf hashes."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return entries[0]
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2; PROOF(m, D) is SUBPROOF(m, D, true)."""
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], known), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


@cache
def inclusion_turns(index: int, size: int) -> tuple[str, ...]:
    """On which side each hash of an inclusion proof stands, by the definition in RFC 6962 section 2.1.1."""
    if size == 1:
        return ()
    k = split(size)
    if index < k:
        return (*inclusion_turns(index, k), "right")
    return (*inclusion_turns(index - k, size - k), "left")


@cache
def consistency_turns(old_size: int, size: int, known: bool = True) -> tuple[str, ...]:
    """Whether the start is known, and the side of each further hash, by the definition in RFC 6962 section 2.1.2."""
    if old_size == size:
        return ("known" if known else "given",)
    k = split(size)
    if old_size <= k:
        return (*consistency_turns(old_size, k, known), "right")
    return (*consistency_turns(old_size - k, size - k, False), "left")
