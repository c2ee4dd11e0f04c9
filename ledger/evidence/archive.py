"""A zip archive whose bytes follow from its members, so that no bit of it can change unnoticed.

Members are stored, not compressed, in the order of their names, without extra fields or comments, each dated 1980-01-01
with mode 0644; there is no Zip64. Any unzip opens it (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16).
"""

import re
import struct
from collections.abc import Iterator, Mapping
from itertools import pairwise
from zlib import crc32

from ledger.errors import Malformed, TooLarge

MAX_ARCHIVE_BYTES = 2**30
MAX_MEMBERS = 2**16 - 1

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _MADE_BY_UNIX = 10, 3 << 8 | 10
_MIDNIGHT, _FIRST_DAY = 0, 1 << 5 | 1
_MODE = 0o100644 << 16
# No part of a path can lead elsewhere, or be taken for an option.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}")


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """The archive with these members. Raises `Malformed` for a name that is none, `TooLarge` above 1 GiB."""
    if len(members) > MAX_MEMBERS:
        raise TooLarge("members of an archive", len(members), MAX_MEMBERS)
    size = sum(map(len, members.values()))
    if size > MAX_ARCHIVE_BYTES:
        raise TooLarge("archive", size, MAX_ARCHIVE_BYTES)
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name in sorted(members):
        content, path = members[name], _checked(name).encode()
        described = (_MIDNIGHT, _FIRST_DAY, crc32(content), len(content), len(content), len(path), 0)
        local = _LOCAL.pack(_LOCAL_MARK, _VERSION, 0, 0, *described) + path
        parts += [local, content]
        directory.append(
            _CENTRAL.pack(_CENTRAL_MARK, _MADE_BY_UNIX, _VERSION, 0, 0, *described, 0, 0, 0, _MODE, offset) + path
        )
        offset += len(local) + len(content)
    listed = b"".join(directory)
    end = _END.pack(_END_MARK, 0, 0, len(directory), len(directory), len(listed), offset, 0)
    return b"".join([*parts, listed, end])


def read_archive(raw: bytes) -> dict[str, bytes]:
    """The members of an archive. Raises `Malformed` unless `write_archive` would write exactly these bytes for them."""
    if len(raw) > 2 * MAX_ARCHIVE_BYTES:
        raise TooLarge("archive", len(raw), 2 * MAX_ARCHIVE_BYTES)
    try:
        found = list(_members(raw))
        for (before, _), (name, _) in pairwise(found):
            if name <= before:
                raise Malformed("archive", name, "is out of order, or there twice")
        members = dict(found)
        again = write_archive(members)
    except (struct.error, UnicodeDecodeError) as error:
        raise Malformed("archive", raw[:4], "is no bundle, or was cut off") from error
    if again != raw:
        raise Malformed("archive", raw[:4], "is not as a bundle is written: a header of a file in it was altered")
    return members


def _members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """What stands between headers, as they say; that they are right is found out by writing them again."""
    offset = 0
    while raw.startswith(_LOCAL_MARK, offset):
        *_, size, path_length, _ = _LOCAL.unpack_from(raw, offset)
        path_at = offset + _LOCAL.size
        content_at = path_at + path_length
        offset = content_at + size
        yield raw[path_at:content_at].decode(), raw[content_at:offset]
    if not offset:
        raise Malformed("archive", raw[:4], "is no bundle")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed("name in an archive", name, "is not words of letters, digits, dots and dashes")
    return name
