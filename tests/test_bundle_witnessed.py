"""Audit bundles whose checkpoint witnesses have cosigned: what they show, and what is found in altered ones."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.note import VerifierKey, parse_vkey
from ledger.evidence.archive import read_archive, write_archive
from ledger.evidence.bundle_check import check_bundle
from ledger.evidence.manifest import read_manifest
from ledger.evidence.report import Verdict
from ledger.evidence.witness import Witness
from ledger.home import open_home
from tests.command_line import dua_ledger, program
from tests.facts import noon
from tests.signing import ORIGIN, append, locked, vkey_of
from tests.stores import CAMPAIGN
from tests.test_bundle import VERIFIED, Made, flipped, typed
from tests.test_signing import home, register
from tests.test_signing_witnessed import cosigners, witness
from tests.witnesses import NAME, Served

__all__ = ["home", "witness"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")


@pytest.fixture
def bundle(home: Path, witness: Served, tmp_path: Path) -> Path:
    """A bundle of what was witnessed, made when more was recorded that was not."""
    assert register(home, 1, "--require-witness", 1).err == ""
    append(home)
    told = dua_ledger("bundle", "--range", "2-2", "--to", tmp_path / "bundle.zip", "--actor", "staff:1", home=home)
    assert (told.code, told.err) == (0, "")
    return tmp_path / "bundle.zip"


@pytest.fixture
def made(home: Path, bundle: Path) -> Iterator[Made]:
    with open_home(home, noon) as opened:
        yield Made(bundle.read_bytes(), opened)


def key_of(witness: Served) -> str:
    with Witness(witness.folder) as opened:
        return str(opened.vkey)


def test_a_bundle_has_the_newest_checkpoint_with_the_cosignatures_that_the_house_has(
    home: Path, witness: Served, bundle: Path
):
    members = read_archive(bundle.read_bytes())

    assert read_manifest(members["manifest.json"]).size == 3
    assert members["checkpoint"].startswith(next(one.note for one in locked(home) if one.size == 3))
    assert cosigners(members["checkpoint"], home, witness) == {ORIGIN, NAME}
    assert members["witnesses"].decode() == f"{key_of(witness)}\n"
    assert members["proofs/2.tlog-proof"].endswith(members["checkpoint"])
    assert f"By {NAME}, with line 6 of checkpoint and key 1 of witnesses" in members["HOWTO.txt"].decode()


def test_the_key_of_a_witness_is_checked_where_there_is_no_ledger(home: Path, witness: Served, bundle: Path):
    key, log, stranger = key_of(witness), vkey_of(home), another_witness()
    home.rename(home.with_name("far away"))
    told = program("verify", bundle, "--vkey", log, "--witness-key", key)

    assert (told.code, told.err) == (0, "")
    (remark,) = [line for line in told.out.splitlines() if line.startswith("Remark: ")]
    assert remark.startswith(f"Remark: the checkpoint was cosigned by {NAME} on 20")
    assert "was not given" not in remark
    by_itself = dua_ledger("verify", bundle).out
    assert "by a key that is listed in the bundle, and was not given" in by_itself
    assert ("shows others another history" in told.out, "shows others another history" in by_itself) == (False, True)
    refused = dua_ledger("verify", bundle, "--witness-key", key, "--witness-key", str(stranger))
    assert (refused.code, refused.lines[0]) == (12, f"unverified: {stranger} has not cosigned checkpoint")
    for wrong in ((bundle, "--witness-key", log), ("--witness-key", key)):
        assert dua_ledger("verify", *wrong).code == 2


def another_witness() -> VerifierKey:
    return VerifierKey(NAME, b"\x04", Ed25519PrivateKey.generate().public_key().public_bytes_raw())


def test_a_bundle_that_no_witness_answers_for_has_the_logs_signature_alone(home: Path, witness: Served, tmp_path: Path):
    witness.kill()
    to = tmp_path / "bundle.zip"
    options = ("--range", "1-1", "--to", to, "--actor", "staff:1", "--witness-seconds", 1)
    told = dua_ledger("bundle", *options, home=home)

    assert (told.code, told.err.count("WARNING: ")) == (0, 1)
    assert "witnesses" not in read_archive(to.read_bytes())
    assert dua_ledger("verify", to, "--vkey", vkey_of(home)).code == 0
    assert dua_ledger("verify", to, "--witness-key", key_of(witness)).code == 12


def test_every_altered_byte_of_what_witnesses_gave_is_found(made: Made):
    members = made.members
    for name in ("checkpoint", "witnesses"):
        for place in range(0, len(members[name]), 1 if CAMPAIGN else 7):
            altered = write_archive(members | {name: flipped(members[name], place, place % 8)})
            assert check_bundle(altered).verdict is Verdict.ALTERED, (name, place)


def test_an_operator_who_signs_again_what_they_altered_cannot_make_up_a_witness(made: Made, witness: Served):
    """Each of these was signed with the ledger's own key, the first of them with a proof to fit."""
    members, key = made.members, key_of(witness)
    checkpoint, proof = members["checkpoint"], members["proofs/2.tlog-proof"]
    first = members["proofs/1.tlog-proof"]

    def with_checkpoint(other: bytes, witnesses: bytes | None) -> bytes:
        return made.signed_anew(
            **{
                "checkpoint": other,
                "proofs/1.tlog-proof": first.replace(checkpoint, other),
                "proofs/2.tlog-proof": proof.replace(checkpoint, other),
                "witnesses": witnesses,
            }
        )

    own, cosigned = checkpoint.splitlines(keepends=True)[-2:]
    bare = checkpoint.removesuffix(cosigned)
    # Behind the dash, the name, a key ID and the time.
    place = len(cosigned) - 20
    forged = bare + cosigned[:place] + (b"A" if cosigned[place : place + 1] != b"A" else b"B") + cosigned[place + 1 :]
    stranger = str(another_witness()).encode()
    assert (own[:3], cosigned[:3]) == (2 * ("—".encode(),))
    assert check_bundle(with_checkpoint(bare, None), [made.key]).verdict is Verdict.HOLDS
    altered = {
        "a cosignature that does not hold": with_checkpoint(forged, members["witnesses"]),
        "one that is gone": with_checkpoint(bare, members["witnesses"]),
        "one by nobody who is listed": with_checkpoint(checkpoint, None),
        "a key that has cosigned nothing": made.signed_anew(witnesses=members["witnesses"] + stranger + b"\n"),
        "another key under its name": made.signed_anew(witnesses=stranger + b"\n"),
        "a key twice": made.signed_anew(witnesses=2 * members["witnesses"]),
        "no key": made.signed_anew(witnesses=b""),
        "the log's own": made.signed_anew(witnesses=f"{made.key}\n".encode()),
    }
    assert {what: check_bundle(raw, [made.key]).verdict for what, raw in altered.items()} == dict.fromkeys(
        altered, Verdict.ALTERED
    )
    without = check_bundle(with_checkpoint(bare, None), [made.key], [parse_vkey(key)])
    assert without.verdict is Verdict.UNVERIFIED


@pytest.mark.needs("openssl")
@pytest.mark.needs("unzip")
def test_openssl_checks_the_cosignatures_by_the_page_in_the_bundle(bundle: Path, tmp_path: Path):
    subprocess.run(["unzip", "-q", bundle, "-d", "unpacked"], cwd=tmp_path, check=True)
    said = typed(tmp_path / "unpacked")

    assert said[:5] == ["All files are as listed", VERIFIED, "Same key", VERIFIED, VERIFIED]
    assert said[5].startswith("Cosigned at 1")
    stranger = tmp_path / "unpacked/witnesses"
    stranger.write_text(f"{another_witness()}\n", encoding="utf-8")
    again = typed(tmp_path / "unpacked")
    assert not [line for line in again if line.startswith("Cosigned")]
    assert again.count(VERIFIED) == said.count(VERIFIED) - 1
