"""The gpg program: which it is, and what is said when it or its machine is in trouble."""

import re
import tempfile
from pathlib import Path

import pytest

from ledger.errors import LedgerError, ProgramMissing, StoreFull, Unreachable
from ledger.openpgp import examine_key, gpg_version, seal_nonce, verify_signature
from ledger.openpgp.errors import GnuPGFailed, NotAKey
from tests.keys import Owner
from tests.openpgp_facts import (
    JUNE,
    NOW,
    TEXT,
    ana,
    in_place_of_gpg,
    message,
    names_in,
    nothing_is_left,
    ring,
    signed_by,
)

__all__ = ["ana", "message", "nothing_is_left", "ring"]

pytestmark = pytest.mark.needs("gpg")


def test_the_program_says_which_it_is():
    assert re.fullmatch(r"gpg \(GnuPG\) 2\.\d+\.\d+\S*, libgcrypt \d+\.\d+\.\d+\S*", gpg_version())


def test_without_gpg_it_says_how_to_get_it(ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    key = ana.public()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramMissing, match="apt-get install gnupg") as caught:
        examine_key(key, NOW)
    assert caught.value.program == "gpg"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo cfg:version:1.4.23; exit 0", ProgramMissing),
        ("echo no such thing; exit 0", ProgramMissing),
        ("exit 3", GnuPGFailed),
    ],
)
def test_a_gpg_that_is_too_old_or_broken_is_no_gpg(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, error: type[LedgerError]
):
    key = ana.public()
    in_place_of_gpg(tmp_path, monkeypatch, script)

    with pytest.raises(error):
        examine_key(key, NOW)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("gpg: error writing keyring: No space left on device", StoreFull),
        ("gpg: import from [stdin] failed: Input/output error", GnuPGFailed),
        ('gpg: key 0123: public key "Permission denied" not imported', NotAKey),
    ],
)
def test_a_machine_in_trouble_is_not_taken_for_a_bad_key(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, message: str, error: type[LedgerError]
):
    key = ana.public()
    told = f"cat > /dev/null; echo '{message}' >&2; exit 2"
    in_place_of_gpg(tmp_path, monkeypatch, f'case " $* " in *" --import "*) {told} ;; esac')

    with pytest.raises(error):
        examine_key(key, NOW)


def test_the_folder_for_temporary_files_may_have_a_long_path(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    assert ana.decrypt(seal_nonce("nonce", ana.public(), NOW)) == b"nonce"
    assert verify_signature(TEXT, ana.sign(TEXT, JUNE), ana.public(), NOW) == signed_by(ana)
    assert names_in(folder) == []


def test_without_a_folder_for_temporary_files_it_says_so(ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    key = ana.public()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with pytest.raises(Unreachable):
        examine_key(key, NOW)
