"""OpenPGP packets as they lie in a file (RFC 4880 section 4), read without unpacking, decrypting or checking anything.

    packet = tag and kind of length, length, body
    tags   = 1 session key, 2 signature, 5 and 7 secret keys, 6 public key, 13 user id, 14 subkey, 18 encrypted data ...

This isn't left to gpg, for two reasons. It unpacks what is compressed before it tells that it is, and a few kilobytes
can unpack for hours. And it reads nothing behind encrypted data that come in parts, as long ones do, so it doesn't list
what is hidden there.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ledger.openpgp.errors import (
    NotAKey,
    NotAPackage,
    NotASignature,
    NotDetached,
    SecretKey,
    SeveralKeys,
    SeveralSignatures,
)

_SESSION_KEY, _SIGNATURE, _PUBLIC_KEY = 1, 2, 6
_SECRET = {5, 7}
# Besides the primary key: signature, marker, trust, user id, subkey, user attribute, padding.
_OF_A_KEY = {2, 10, 12, 13, 14, 17, 21}
# One-pass signature, compressed, old encrypted, literal, encrypted, and GnuPG's own mark of a clear-signed text.
_MESSAGE = {4, 8, 9, 11, 18, 20, 63}
# 20 is GnuPG's own form of 18.
_ENCRYPTED = {18, 20}
_AMISS = -1
_MAX_SESSION_KEY_BYTES = 1024 * 1024


class _Length(NamedTuple):
    """How many octets say how long a packet, or a part of one, is; what they say; whether another part follows."""

    octets: int
    value: int | None
    more: bool = False


def creation_of_only_key(packets: bytes, why: str) -> int:
    """When the only public key in some packets was made, in seconds. Raises unless there is one, and nothing else."""
    found = list(_packets(packets))
    tags = [tag for tag, _ in found]
    if not _SECRET.isdisjoint(tags):
        raise SecretKey
    if tags.count(_PUBLIC_KEY) > 1:
        raise SeveralKeys(tags.count(_PUBLIC_KEY))
    if tags[:1] != [_PUBLIC_KEY] or not _OF_A_KEY.issuperset(tags[1:]):
        raise NotAKey("it holds other things, or is damaged" if tags else why)
    # Version, then four octets of time, in every version of key packets (RFC 4880 section 5.5.2).
    return int.from_bytes(found[0][1][1:5])


def check_detached(packets: bytes, why: str) -> None:
    """Raise unless some packets are one signature over a document."""
    found = []
    for tag, body in _packets(packets):
        if tag in _MESSAGE:
            raise NotDetached
        if tag != _SIGNATURE:
            raise NotASignature("it holds other things, or is damaged")
        found.append(body)
    if not found:
        raise NotASignature(why)
    if len(found) > 1:
        raise SeveralSignatures(len(found))


class Message:
    """An encrypted message in a file, which may be large."""

    def __init__(self, what: Path | str, file: IO[bytes]) -> None:
        self._what, self._file = what, file
        self._size = file.seek(0, os.SEEK_END)

    def session_keys(self) -> list[bytes]:
        """The packets before the data, one for each recipient. Raises `NotAPackage` if there is anything else."""
        found, position = [], 0
        tag, end = self._packet(position)
        while tag == _SESSION_KEY and end <= _MAX_SESSION_KEY_BYTES:
            found.append(self._read(position, end - position))
            position = end
            tag, end = self._packet(position)
        if not found or tag not in _ENCRYPTED:
            raise NotAPackage(self._what, f"a packet with tag {tag} is at byte {position}")
        if end != self._size:
            raise NotAPackage(
                self._what, "it is cut short" if end > self._size else f"more is behind it, at byte {end}"
            )
        return found

    def _packet(self, position: int) -> tuple[int, int]:
        """Tag and end of the packet at a position."""
        octets = self._read(position, 6)
        if not octets:
            raise NotAPackage(self._what, "it is empty, or ends where encrypted data should begin")
        tag, length = _tag_and_length(octets)
        end = self._end(position + 1, length)
        while length.more:
            length = _new_length(self._read(end, 5))
            end = self._end(end, length)
        return tag, end

    def _end(self, position: int, length: _Length) -> int:
        if length.value is None:
            raise NotAPackage(self._what, f"no packet is at byte {position}")
        return position + length.octets + length.value

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)


def _packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of each packet of a key or signature; the tag `_AMISS` where reading on makes no sense.

    A packet in parts, or without a length, belongs to data, so here it is amiss.
    """
    position = 0
    while position < len(content):
        tag, length = _tag_and_length(content[position : position + 6])
        start = position + 1 + length.octets
        end = None if length.value is None or length.more else start + length.value
        yield tag, content[start:end]
        if end is None or end > len(content):
            yield _AMISS, b""
            return
        position = end


def _tag_and_length(octets: bytes) -> tuple[int, _Length]:
    """What the first six octets of a packet say (RFC 4880 section 4.2)."""
    first = octets[0]
    if not first & 0x80:
        return _AMISS, _Length(0, None)
    if first & 0x40:
        return first & 0x3F, _new_length(octets[1:])
    size = 1 << (first & 3)
    value = int.from_bytes(octets[1 : 1 + size]) if size < 8 and len(octets) > size else None
    return first >> 2 & 0x0F, _Length(size, value)


def _new_length(octets: bytes) -> _Length:
    """A length as newer packets and parts have it (RFC 4880 section 4.2.2)."""
    first, size = octets[:1], len(octets)
    if not first:
        return _Length(0, None)
    if first[0] < 192:
        return _Length(1, first[0])
    if first[0] < 224:
        return _Length(2, int.from_bytes(octets[:2]) - (192 << 8) + 192 if size > 1 else None)
    if first[0] < 255:
        return _Length(1, 1 << (first[0] & 0x1F), more=True)
    return _Length(5, int.from_bytes(octets[1:5]) if size > 4 else None)
