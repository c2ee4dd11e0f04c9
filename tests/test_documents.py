"""Documents come back byte for byte, or not at all and with a reason."""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody import MAX_DOCUMENT_BYTES, Claim, Custody, Document, commit
from ledger.errors import CustodyError, Malformed, Missing, Tampered, TooLarge
from tests.custody_facts import ANA, BEN, OVER_BOTH, PDF, Folder, checked

CONTENT = b"%PDF-1.7 a letter of approval"
PURPOSE = "request.submitted/documents"


def keep(custody: Custody, content: bytes = CONTENT, subject: str = ANA, media_type: str = PDF) -> str:
    return custody.keep_document(subject, "request.submitted", io.BytesIO(content), media_type)


def files(folder: Folder) -> list[Path]:
    return sorted(file for file in (folder.path / "documents").rglob("*") if not file.is_dir())


class Endless:
    """A stream without an end, which counts what is read."""

    def __init__(self) -> None:
        self.read_so_far = 0

    def read(self, size: int, /) -> bytes:
        self.read_so_far += size
        return bytes(size)


class Dribbling:
    """A stream that gives less than it is asked for."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def read(self, size: int, /) -> bytes:
        given, self.rest = self.rest[: min(size, 7)], self.rest[7:]
        return given


@OVER_BOTH
def test_a_document_comes_back_with_what_was_recorded_of_it(custody: Custody):
    assert custody.read_document(keep(custody)) == Document(
        CONTENT, PDF, len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
    )


def test_the_commitment_is_to_the_sha256_of_the_document(custody: Custody):
    commitment = keep(custody)

    opened = custody.reveal(commitment)

    assert (opened.subject, opened.purpose, opened.value) == (ANA, PURPOSE, hashlib.sha256(CONTENT).hexdigest())
    assert commit(opened.salt, opened.purpose, opened.value) == commitment
    custody.check(Claim(commitment, PURPOSE))


def test_any_content_comes_back(custody: Custody):
    @settings(max_examples=25, deadline=None)
    @given(content=st.binary(max_size=2_000))
    def round_trip(content: bytes):
        assert custody.read_document(keep(custody, content)).content == content

    round_trip()


def test_a_document_that_arrives_a_little_at_a_time_is_kept_whole(custody: Custody):
    commitment = custody.keep_document(ANA, "request.submitted", Dribbling(CONTENT), PDF)

    assert custody.read_document(commitment).content == CONTENT


@OVER_BOTH
def test_a_document_as_large_as_may_be_is_kept_and_one_byte_more_is_not(custody: Custody, folder: Folder):
    largest = bytes(MAX_DOCUMENT_BYTES)
    commitment = keep(custody, largest)
    before = {file: file.stat().st_size for file in folder.files()}

    with pytest.raises(TooLarge):
        keep(custody, largest + b"x")

    assert {file: file.stat().st_size for file in folder.files()} == before
    assert custody.read_document(commitment).content == largest


def test_a_stream_without_an_end_is_cut_off(custody: Custody):
    stream = Endless()

    with pytest.raises(TooLarge):
        custody.keep_document(ANA, "request.submitted", stream, PDF)

    assert MAX_DOCUMENT_BYTES < stream.read_so_far <= MAX_DOCUMENT_BYTES + 2**20


def test_a_stream_is_not_read_when_the_media_type_is_none(custody: Custody):
    stream = Endless()

    with pytest.raises(Malformed):
        custody.keep_document(ANA, "request.submitted", stream, "pdf")

    assert stream.read_so_far == 0


@pytest.mark.parametrize(
    "media_type",
    ["application/pdf", "image/svg+xml", "application/vnd.oasis.opendocument.text", f"text/{'x' * 127}"],
)
def test_a_media_type_is_type_and_subtype(custody: Custody, media_type: str):
    assert custody.read_document(keep(custody, media_type=media_type)).media_type == media_type


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "pdf",
        "/pdf",
        "text/",
        "text/plain\n",
        "text/pl\x00ain",
        "text/a/b",
        "text/plain; charset=utf-8",
        "téxt/plain",
        f"text/{'x' * 128}",
    ],
)
def test_what_is_no_media_type_is_malformed_and_nothing_is_kept(custody: Custody, folder: Folder, media_type: str):
    before = folder.contents()

    with pytest.raises(Malformed):
        keep(custody, media_type=media_type)

    assert folder.contents() == before


def test_a_file_lies_at_the_sha256_of_what_is_in_it(custody: Custody, folder: Folder):
    for _ in range(3):
        keep(custody)

    addresses = [file.parent.name + file.name for file in files(folder)]

    assert addresses == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files(folder)]
    assert len(addresses) == 3


@OVER_BOTH
def test_a_document_and_a_text_are_not_mistaken_for_each_other(custody: Custody):
    text = custody.seal(ANA, "person.registered", {"name": "Ana"})["name"]

    with pytest.raises(Malformed, match="stands for a document"):
        custody.unseal(keep(custody))
    with pytest.raises(Malformed, match="stands for a text"):
        custody.read_document(text)


def test_every_flipped_bit_in_a_file_is_found(custody: Custody, folder: Folder):
    commitment = keep(custody)
    (file,) = files(folder)
    genuine = file.read_bytes()

    for bit in range(8 * len(genuine)):
        flipped = bytearray(genuine)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        with pytest.raises(Tampered, match=commitment):
            custody.check(Claim(commitment, PURPOSE))

    file.write_bytes(genuine)
    custody.check(Claim(commitment, PURPOSE))


def _with_nothing(file: Path) -> None:
    file.write_bytes(b"")


def _with_all_but_its_last_byte(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _with_one_byte_more(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\x00")


def _with_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _with_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _with_a_link_to_itself_elsewhere(file: Path) -> None:
    file.symlink_to(file.rename(file.with_name("elsewhere")))


def _with_something_far_too_long(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(40 * MAX_DOCUMENT_BYTES)


def _with_a_file_in_place_of_its_folder(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    file.parent.write_bytes(b"")


@pytest.mark.parametrize(
    ("exchange", "error"),
    [
        (Path.unlink, Missing),
        (_with_nothing, Tampered),
        (_with_all_but_its_last_byte, Tampered),
        (_with_one_byte_more, Tampered),
        (_with_a_folder, Tampered),
        (_with_a_pipe, Tampered),
        (_with_a_link_to_itself_elsewhere, Tampered),
        (_with_something_far_too_long, Tampered),
        (_with_a_file_in_place_of_its_folder, Tampered),
    ],
)
def test_a_file_that_was_exchanged_is_found(
    custody: Custody, folder: Folder, exchange: Callable[[Path], object], error: type[CustodyError]
):
    commitment = keep(custody)
    exchange(files(folder)[0])

    for ask in (custody.read_document, lambda commitment: custody.check(Claim(commitment, PURPOSE))):
        with pytest.raises(error) as caught:
            ask(commitment)
        assert caught.value.commitment == commitment


def test_two_files_that_changed_places_are_found(custody: Custody, folder: Folder):
    commitments = [keep(custody, subject=subject) for subject in (ANA, BEN)]
    first, second = files(folder)
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])

    assert [type(result) for result in checked(custody, ((c, PURPOSE) for c in commitments))] == [Tampered] * 2


def test_what_lies_among_the_documents_and_is_none_is_found(custody: Custody, folder: Folder):
    keep(custody)
    assert custody.strays() == []
    (file,) = files(folder)
    strays = [file.with_name("f" * 62), file.with_name("note"), folder.path / "documents" / "note"]
    for stray in strays:
        stray.write_bytes(b"")

    assert custody.strays() == sorted(strays)
