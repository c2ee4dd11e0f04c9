"""What the tests of OpenPGP begin with: two people with keys, a text, and a look into what gpg makes."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ledger.openpgp import SignatureFacts, seal_nonce
from tests.keys import Keyring, Owner, keyring

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MARCH, JUNE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = b"1. The recipients are named.\r\n2. Every request goes through IR.  \nSigned: Ana\n"


@pytest.fixture(scope="session")
def ring() -> Iterator[Keyring]:
    with keyring() as ring:
        yield ring


@pytest.fixture
def ana(ring: Keyring) -> Owner:
    return ring.kept("Ana")


@pytest.fixture
def ben(ring: Keyring) -> Owner:
    return ring.kept("Ben")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does: no temporary file is left, and no process that works in the folder for them."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []
    assert processes_about(temporary) == []


def processes_about(folder: Path) -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes())
        except OSError:  # it has just ended
            continue
    return [line for line in found if os.fsencode(folder) in line and b"dua-gpg" in line]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def packets(binary: bytes) -> list[bytes]:
    """Each packet of a key or signature, by what gpg says of where it starts and how long it is."""
    with TemporaryDirectory() as home:
        command = ["gpg", "--homedir", home, "--list-packets"]
        listing = subprocess.run(command, input=binary, capture_output=True, check=True).stdout
    places = [
        tuple(map(int, place)) for place in re.findall(rb"^# off=(\d+) .* hlen=(\d+) plen=(\d+)", listing, re.MULTILINE)
    ]
    return [binary[start : start + head + body] for start, head, body in places]


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4) + body


def flipped(content: bytes, bit: int) -> bytes:
    altered = bytearray(content)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


def signed_by(owner: Owner, **others: Any) -> SignatureFacts:
    usual: dict[str, Any] = {
        "signing_key": owner.fingerprint,
        "signed_at": JUNE,
        "expires": None,
        "digest": "SHA256",
        "text_mode": False,
    }
    return SignatureFacts(key=owner.fingerprint, **{**usual, **others})


def dearmored(owner: Owner, armored: bytes) -> bytes:
    return owner.ring.gpg("--dearmor", stdin=armored)


def in_place_of_gpg(folder: Path, monkeypatch: pytest.MonkeyPatch, *script: str) -> None:
    """Put a shell script before the real gpg, which it finds as "$GPG", with the caller's arguments."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "gpg"
    program.write_text("\n".join(["#!/bin/sh", f"GPG='{shutil.which('gpg')}'", *script, 'exec "$GPG" "$@"', ""]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def message(ana: Owner) -> list[bytes]:
    """The two packets of a message for Ana: the session key for her, and the encrypted data."""
    content = dearmored(ana, seal_nonce("nonce", ana.public(), NOW))
    length = 2 + content[1]
    return [content[:length], content[length:]]
