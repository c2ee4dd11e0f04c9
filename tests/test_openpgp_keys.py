"""Keys, with the real gpg: what is found in one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from api.keys import usable_key
from ledger.openpgp import (
    EncryptionSubkey,
    KeyFacts,
    Revocation,
    examine_key,
    recipients_of,
    seal_nonce,
    verify_signature,
)
from ledger.openpgp.errors import ByAnotherKey, NoEncryptionSubkey, OverAnotherText
from tests.keys import COMPROMISED, MADE, NO_REASON, RETIRED, SUPERSEDED, Keyring, Owner
from tests.openpgp_facts import DAY, JUNE, MARCH, NOW, SECOND, TEXT, ana, ben, nothing_is_left, ring

__all__ = ["ana", "ben", "nothing_is_left", "ring"]

pytestmark = pytest.mark.needs("gpg")


def subkey(fingerprint: str, **others: Any) -> EncryptionSubkey:
    usual: dict[str, Any] = {"algorithm": "cv25519", "created": MADE, "expires": None, "revoked": None, "usable": True}
    return EncryptionSubkey(fingerprint=fingerprint, key_id=fingerprint[-16:], **{**usual, **others})


def facts_of(owner: Owner, **others: Any) -> KeyFacts:
    """What is found in an ordinary key, but for what a test is about."""
    usual: dict[str, Any] = {
        "algorithm": "ed25519",
        "created": MADE,
        "expires": None,
        "revoked": None,
        "user_ids": ("Somebody <somebody@example.edu>",),
        "withdrawn": (),
        "encryption_subkeys": tuple(subkey(fingerprint) for fingerprint in owner.subkeys()),
    }
    return KeyFacts(fingerprint=owner.fingerprint, **{**usual, **others})


def test_an_ordinary_key_shows_what_it_is(ring: Keyring):
    owner = ring.owner("Ana <ana@mit.edu>", "Ana <ana@home.example>")

    found = examine_key(owner.public(), NOW)

    assert found == facts_of(owner, user_ids=found.user_ids)
    assert sorted(found.user_ids) == ["Ana <ana@home.example>", "Ana <ana@mit.edu>"]
    assert found.encrypts_for == found.encryption_subkeys[0]


def test_an_rsa_key_shows_what_it_is(ring: Keyring):
    owner = ring.owner(algorithm="rsa2048", encryption="rsa2048")

    assert examine_key(owner.public(), NOW) == facts_of(
        owner, algorithm="rsa2048", encryption_subkeys=(subkey(*owner.subkeys(), algorithm="rsa2048"),)
    )


def test_a_key_is_found_in_whatever_gpg_finds_it_in(ana: Owner):
    armored = ana.public()
    letter = b"Dear IR,\r\n\r\nhere is my key.\r\n\r\n" + armored.replace(b"\n", b"\r\n") + b"\r\nYours, Ana\r\n"

    for form in (ana.binary(), armored.replace(b"\n", b"\r\n"), letter, b"\n\n" + armored + b"\n-- \nAna"):
        assert examine_key(form, NOW) == examine_key(armored, NOW)


@pytest.mark.parametrize(
    ("user_id", "shown"),
    [
        ("Åsa Öberg <asa@mit.edu>", "Åsa Öberg <asa@mit.edu>"),
        ("山田 太郎 <taro@mit.edu>", "山田 太郎 <taro@mit.edu>"),
        ("Ana: <ana@mit.edu>", "Ana: <ana@mit.edu>"),
        ("Ana\n<ana@mit.edu>", r"Ana\n<ana@mit.edu>"),
        ("Ana\r\x1b[2J\x07", r"Ana\r\x1b[2J\x07"),
        (r"Ana \x0a \n \\", r"Ana \\x0a \\n \\\\"),
        ("Ana \u202eude.tim\u2066 <ana@example.com>", r"Ana \u202eude.tim\u2066 <ana@example.com>"),
        ("Ana\u2028\u200b\ufeff\u0085", r"Ana\u2028\u200b\ufeff\x85"),
        ("Ana \udcff\udc80", r"Ana \xff\x80"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_user_id_is_shown_so_that_it_can_do_no_harm(ring: Keyring, user_id: str, shown: str):
    assert examine_key(ring.owner(user_id).public(), NOW).user_ids == (shown,)


@pytest.mark.parametrize("end", ["\n", "Å", "\u0085", "\u2028", "\x0b", "\x1e", "\r"])
def test_a_user_id_cannot_speak_in_the_name_of_gpg(ring: Keyring, ben: Owner, end: str, tmp_path: Path):
    lies = [f"{end}[GNUPG:] {lie} {ben.fingerprint}" for lie in ("IMPORT_OK 1", "VALIDSIG", "GOODSIG", "ENC_TO")]
    rows = [f"{end}{row}" for row in (f"fpr:::::::::{ben.fingerprint}:", "pub:-:255:22:::::::::", "uid", "sub:")]
    owner = ring.owner("".join([*lies, *rows]))
    signature = owner.sign(TEXT, JUNE)

    found = examine_key(owner.public(), NOW)
    assert found == facts_of(owner, user_ids=found.user_ids)
    assert len(found.user_ids) == 1
    assert verify_signature(TEXT, signature, owner.public(), NOW).key == owner.fingerprint
    with pytest.raises(OverAnotherText):
        verify_signature(TEXT + b".", signature, owner.public(), NOW)
    with pytest.raises(ByAnotherKey):
        verify_signature(TEXT, ben.sign(TEXT, JUNE), owner.public(), NOW)
    assert owner.decrypt(seal_nonce("nonce", owner.public(), NOW)) == b"nonce"


def test_a_withdrawn_user_id_no_longer_counts(ring: Keyring):
    owner = ring.owner("Ana <ana@mit.edu>", "Ana <ana@home.example>")
    owner.withdraw_user_id("Ana <ana@mit.edu>", MARCH)

    assert examine_key(owner.public(), NOW) == facts_of(
        owner, user_ids=("Ana <ana@home.example>",), withdrawn=("Ana <ana@mit.edu>",)
    )


def test_a_key_can_be_used_until_the_second_before_it_expires(ring: Keyring):
    owner = ring.owner(until=JUNE)

    def seen(at: datetime) -> KeyFacts:
        return examine_key(owner.public(), at)

    def expected(*, usable: bool) -> KeyFacts:
        only = subkey(*owner.subkeys(), expires=JUNE, usable=usable)
        return facts_of(owner, expires=JUNE, encryption_subkeys=(only,))

    assert [seen(at) for at in (MADE - DAY, MADE - SECOND)] == [expected(usable=False)] * 2
    assert [seen(at) for at in (MADE, JUNE - SECOND)] == [expected(usable=True)] * 2
    assert [seen(at) for at in (JUNE, NOW, NOW.replace(year=2036), NOW.replace(year=2105))] == [
        expected(usable=False)
    ] * 4


def test_a_key_that_is_to_expire_later_than_it_first_said_is_used_longer(ring: Keyring):
    owner = ring.owner(until=JUNE, encryption="")
    owner.expire(MARCH, NOW)
    owner.add_subkey("cv25519", "encrypt", MARCH)

    found = examine_key(owner.public(), NOW - SECOND)

    assert (found.expires, found.encrypts_for) == (NOW, subkey(*owner.subkeys(), created=MARCH))
    assert examine_key(owner.public(), NOW).encrypts_for is None


def test_the_newest_subkey_that_is_usable_is_used(ring: Keyring):
    owner = ring.owner(encryption="")
    owner.add_subkey("ed25519", "sign")
    names = [
        owner.add_subkey("cv25519", "encrypt", MADE + n * DAY, until) for n, until in enumerate([None, None, MARCH])
    ]
    owner.add_subkey("cv25519", "encrypt", MADE + 3 * DAY)
    owner.revoke_subkey(5, MARCH, SUPERSEDED)
    last = owner.subkeys()[-1]

    found = examine_key(owner.public(), JUNE)

    assert found.encryption_subkeys == (
        subkey(names[0]),
        subkey(names[1], created=MADE + DAY),
        subkey(names[2], created=MADE + 2 * DAY, expires=MARCH, usable=False),
        subkey(last, created=MADE + 3 * DAY, revoked=Revocation(MARCH, "superseded", True), usable=False),
    )
    assert found.encrypts_for == subkey(names[1], created=MADE + DAY)
    assert examine_key(owner.public(), MARCH - SECOND).encrypts_for == subkey(
        names[2], created=MADE + 2 * DAY, expires=MARCH
    )


@pytest.mark.parametrize(
    ("until", "expires"),
    [
        ([None, MARCH], None),  # a newer one that expires first
        ([MARCH, None], None),  # an older one that expires first
        ([JUNE, MARCH], JUNE),
        ([MARCH, JUNE], JUNE),
        ([MARCH], MARCH),
    ],
)
def test_a_key_is_good_for_as_long_as_gpg_finds_a_subkey_in_it(
    ring: Keyring, until: list[datetime | None], expires: datetime | None
):
    owner = ring.owner(encryption="")
    for n, end in enumerate(until):
        owner.add_subkey("cv25519", "encrypt", MADE + n * DAY, end)
    key = owner.public()
    # Which subkey is left to gpg.
    whole = ["--trust-model", "always", "--recipient", owner.fingerprint, "--encrypt"]

    assert usable_key(key, MADE + 2 * DAY).expires == expires
    last = NOW if expires is None else expires - SECOND
    for at in (MADE + 2 * DAY, MARCH - SECOND, last):
        sealed = ring.gpg(*whole, at=at, stdin=b"nonce")
        assert owner.decrypt(sealed) == b"nonce"
        taken = ring.gpg("--list-packets", "--list-only", stdin=sealed)
        ours = examine_key(key, at).encrypts_for
        assert ours is not None
        assert ours.key_id.encode() in taken
    if expires is not None:
        with pytest.raises(NoEncryptionSubkey):
            usable_key(key, expires)
        with pytest.raises(AssertionError, match="nusable public key"):
            ring.gpg(*whole, at=expires + SECOND, stdin=b"nonce")


def test_a_key_is_good_for_no_longer_than_its_primary_key(ring: Keyring):
    owner = ring.owner(until=JUNE)
    owner.add_subkey("cv25519", "encrypt", MADE + DAY)

    assert usable_key(owner.public(), MARCH).expires == JUNE


def test_a_key_for_signing_alone_has_nothing_to_encrypt_for(ring: Keyring):
    owner = ring.owner(encryption="")
    owner.add_subkey("ed25519", "sign")

    found = examine_key(owner.public(), NOW)

    assert (found, found.encrypts_for) == (facts_of(owner, encryption_subkeys=()), None)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (NO_REASON, Revocation(JUNE, "no reason given", False)),
        (COMPROMISED, Revocation(JUNE, "compromised", False)),
        (SUPERSEDED, Revocation(JUNE, "superseded", True)),
        (RETIRED, Revocation(JUNE, "retired", True)),
    ],
)
def test_a_revoked_key_says_when_and_why_and_is_never_usable(ring: Keyring, reason: str, shown: Revocation):
    owner = ring.owner()
    owner.revoke(JUNE, reason)

    expected = facts_of(owner, revoked=shown, encryption_subkeys=(subkey(*owner.subkeys(), usable=False),))
    assert [examine_key(owner.public(), at) for at in (MARCH, JUNE, NOW)] == [expected] * 3


def test_what_was_found_is_found_again_whatever_the_machine_is_set_to(
    ana: Owner, ben: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = examine_key(ana.public(), NOW)
    theirs = tmp_path / ".gnupg"
    theirs.mkdir(mode=0o700)
    (theirs / "ben.asc").write_bytes(ben.public())
    options = ["throw-keyids", f"hidden-encrypt-to {ben.fingerprint}", "armor", "list-only", "homedir /nowhere"]
    (theirs / "gpg.conf").write_text("\n".join([*options, f"recipient-file {theirs}/ben.asc"]))
    monkeypatch.setenv("GNUPGHOME", str(theirs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    assert examine_key(ana.public(), NOW.astimezone(timezone(timedelta(hours=-11)))) == found
    sealed = tmp_path / "sealed"
    sealed.write_bytes(seal_nonce("nonce", ana.public(), NOW))
    assert recipients_of(sealed) == (ana.subkeys()[0][-16:],)


def test_questions_can_be_asked_at_the_same_time(ana: Owner, ben: Owner):
    keys = [ana.public(), ben.public()] * 4
    expected = [examine_key(key, NOW) for key in keys]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda key: examine_key(key, NOW), keys)) == expected
