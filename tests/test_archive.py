"""The archive of a bundle: any unzip opens it, and no bit of it can change."""

import io
import zipfile

import pytest

from ledger.errors import Malformed, TooLarge
from ledger.evidence import archive
from ledger.evidence.archive import read_archive, write_archive

MEMBERS = {
    "HOWTO.txt": b"Read this.\n",
    "entries/1": b"one",
    "entries/10": b"",
    "proofs/1.tlog-proof": bytes(range(256)),
}


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as another program writes it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how) as other:
        for name, content in members:
            other.writestr(name, content)
    return written.getvalue()


@pytest.mark.parametrize("members", [MEMBERS, {}, {"a": b""}], ids=["some", "none", "one that is empty"])
def test_what_was_written_is_read(members: dict[str, bytes]):
    if members:
        assert read_archive(write_archive(members)) == members
    else:
        with pytest.raises(Malformed):
            read_archive(write_archive(members))


def test_the_same_members_give_the_same_bytes_in_whatever_order_they_come():
    assert write_archive(dict(reversed(MEMBERS.items()))) == write_archive(MEMBERS)


def test_other_programs_open_it():
    with zipfile.ZipFile(io.BytesIO(write_archive(MEMBERS))) as opened:
        assert opened.testzip() is None
        assert {one.filename: opened.read(one) for one in opened.infolist()} == MEMBERS
        assert {one.external_attr >> 16 for one in opened.infolist()} == {0o100644}
        assert {one.date_time for one in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_every_flipped_bit_is_found():
    raw = write_archive(MEMBERS)
    for place in range(len(raw)):
        for bit in range(8):
            with pytest.raises(Malformed):
                read_archive(raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :])


def test_whatever_is_cut_off_added_or_put_before_is_found():
    raw = write_archive(MEMBERS)
    for other in [*(raw[:length] for length in range(len(raw))), raw + b"\0", b"\0" + raw, raw + raw]:
        with pytest.raises(Malformed):
            read_archive(other)


@pytest.mark.parametrize(
    "raw",
    [
        zipped(("a", b"1")),
        zipped(("a", b"1" * 999), how=zipfile.ZIP_DEFLATED),
        b"no archive",
    ],
    ids=["by another program", "compressed", "text"],
)
def test_an_archive_that_is_written_otherwise_is_refused(raw: bytes):
    with pytest.raises(Malformed):
        read_archive(raw)


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "a/../b", "a//b", "a\\b", "-rf", "a b", "é", "a\n", "a/" * 9])
def test_a_name_that_could_do_harm_is_refused(name: str):
    with pytest.raises(Malformed):
        write_archive({name: b""})
    path = name.encode()
    stand_in = b"x" * len(path)
    with pytest.raises(Malformed):
        read_archive(write_archive({stand_in.decode(): b""}).replace(stand_in, path))


def test_a_file_has_to_have_a_name():
    with pytest.raises(Malformed):
        write_archive({"": b""})


def test_a_file_that_stands_twice_or_out_of_order_is_refused():
    twice = write_archive({"a": b"1", "b": b"1"})
    for other in (twice.replace(b"b", b"a"), twice.replace(b"a", b"c")):
        with pytest.raises(Malformed):
            read_archive(other)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 10)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)

    assert write_archive({"a": bytes(5), "b": bytes(5)})
    for members in ({"a": bytes(11)}, {"a": b"", "b": b"", "c": b""}):
        with pytest.raises(TooLarge):
            write_archive(members)
