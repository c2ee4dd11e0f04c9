"""Documents and keys, as files that somebody alters, removes, swaps or adds: verify finds each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.evidence.report import Report, Verdict
from tests.tampered_homes import findings, home, office_on_a_server
from tests.tampering import SIZE, Operator, outcome

__all__ = ["home", "office_on_a_server"]

DOCUMENT_ATTACKS: dict[str, Callable[[Path], object]] = {
    "a bit of its nonce": lambda file: flip(file, 0),
    "a bit of its middle": lambda file: flip(file, file.stat().st_size // 2),
    "a bit of its end": lambda file: flip(file, file.stat().st_size - 1),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "made longer": lambda file: file.write_bytes(file.read_bytes() + b"\n"),
    "emptied": lambda file: file.write_bytes(b""),
    "removed": lambda file: file.unlink(),
    "renamed": lambda file: file.rename(file.with_name("0" * 62)),
    "replaced by a folder": lambda file: file.rename(file.with_name("elsewhere")).with_name(file.name).mkdir(),
    "replaced by a link to itself elsewhere": lambda file: file.symlink_to(file.rename(file.with_name("elsewhere"))),
}


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 0x10
    file.write_bytes(content)


def documents(home: Operator) -> dict[Path, int]:
    """Every document's file, with the position of the entry that commits to it."""
    commitments = home.commitments()
    return {
        home.document(address): commitments[commitment]
        for commitment, address in home.run("custody.db", "SELECT commitment, document FROM sealed")
        if isinstance(commitment, bytes) and isinstance(address, bytes)
    }


@pytest.mark.parametrize("attack", DOCUMENT_ATTACKS.values(), ids=DOCUMENT_ATTACKS)
def test_an_altered_document_is_found_at_its_entry(home: Operator, attack: Callable[[Path], object]):
    for file, position in documents(home).items():
        pristine = home.contents()
        attack(file)

        assert position in {place for place, _ in findings(home)}
        if file.is_dir():
            file.rmdir()
        home.restore(pristine)


def test_two_documents_that_changed_places_are_found(home: Operator):
    (one, at_one), (other, at_other), *_ = documents(home).items()
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)

    assert {place for place, _ in findings(home)} == {at_one, at_other}


@pytest.mark.parametrize("name", ["letter.pdf", "ab/letter.pdf", "ab/" + "0" * 62, "ab/" + "0" * 62 + ".part"])
def test_a_file_that_somebody_put_among_the_documents_is_found(home: Operator, name: str):
    file = home.path / "documents" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"%PDF")

    assert findings(home) == [(None, f"{file} lies among the documents and belongs to none of them")]


@pytest.mark.parametrize("place", [0, 64, 127])
def test_an_altered_key_encryption_key_is_found(home: Operator, place: int):
    file = home.path / "keys" / "key-encryption-key"
    key = bytearray(file.read_bytes())
    key[place] = ord("0") if key[place] != ord("0") else ord("1")
    file.write_bytes(key)

    assert {position for position, _ in findings(home)} == {None}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("keys/keys.db", Verdict.UNVERIFIED),
        ("keys/key-encryption-key", Verdict.UNVERIFIED),
        ("custody.db", Verdict.ALTERED),
    ],
)
def test_without_a_file_of_custody_the_log_is_verified_and_the_rest_is_not(home: Operator, name: str, verdict: Verdict):
    (home.path / name).unlink()

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.verdict) == (SIZE, verdict)
    assert [finding.position for finding in report.findings] == [None]
    assert name.rpartition("/")[2] in report.findings[0].what


def test_without_its_folder_no_document_is_there(home: Operator):
    at = set(documents(home).values())
    (home.path / "documents").rename(home.path / "elsewhere")
    (home.path / "documents").mkdir()

    assert {position for position, _ in findings(home)} == at
