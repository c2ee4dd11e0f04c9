"""The key-encryption key can be changed: then all opens by the new one, and nothing by the old, whoever was cut off."""

import os
import signal
from pathlib import Path
from pkgutil import resolve_name
from typing import NoReturn

import pytest

from api.cli.verifying import verify_home
from ledger.custody import Custody
from ledger.custody.keyfile import coming
from ledger.custody.rewrapping import rewrap
from ledger.errors import NotALedger, Tampered
from ledger.home import entering, join_home, open_home
from tests.command_line import dua_ledger
from tests.custody_facts import ANA, BEN, OVER_BOTH, Folder, a_person_and_a_document, checked
from tests.facts import noon
from tests.stores import CAMPAIGN, PATIENCE
from tests.tampering import furnish, make_home_with_everything
from tests.writers import forking

KEY = "keys/key-encryption-key"
# Keys of subjects, salts, and secrets.
COUNT = 2 + 6 + 3


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy server takes to notice that a connection was closed."""
    monkeypatch.setattr(entering, "SECONDS", PATIENCE)


@pytest.fixture
def claims(custody: Custody) -> list[tuple[str, str]]:
    return [*a_person_and_a_document(custody, ANA), *a_person_and_a_document(custody, BEN)]


def changed(folder: Folder) -> int:
    return rewrap(folder.places.keys, folder.places.key_encryption_key)


@OVER_BOTH
def test_everything_opens_by_the_new_key_and_nothing_of_the_old_is_left(
    folder: Folder, custody: Custody, claims: list[tuple[str, str]]
):
    file = folder.places.key_encryption_key
    old, secret = file.read_bytes(), custody.secret("people")
    traces = folder.run("keys.db", "SELECT wrapped FROM salts UNION SELECT wrapped FROM subject_keys")
    assert changed(folder) == COUNT

    assert file.read_bytes() != old
    assert not coming(file).exists()
    assert folder.found([trace for (trace,) in traces if isinstance(trace, bytes)]) == []
    with folder.open() as opened:
        assert checked(opened, claims) == [None] * len(claims)
        assert opened.secret("people") == secret
        assert opened.erase(ANA).keys == 1
    file.write_bytes(old)
    with pytest.raises(NotALedger, match="is not the key-encryption key of"):
        folder.open()


@OVER_BOTH
def test_who_opened_it_before_seals_nothing_that_nobody_could_open_and_takes_nothing_for_altered(
    folder: Folder, custody: Custody
):
    sealed = custody.seal(BEN, "person.registered", {"name": "Ben"})
    changed(folder)

    with pytest.raises(NotALedger, match="has another key-encryption key by now"):
        custody.unseal(sealed["name"])
    with pytest.raises(NotALedger, match="has another key-encryption key by now"):
        custody.seal(ANA, "person.registered", {"name": "Ana"})
    assert len(folder.run("keys.db", "SELECT commitment FROM salts")) == 1


@OVER_BOTH
def test_where_something_does_not_open_nothing_is_changed(
    folder: Folder, custody: Custody, claims: list[tuple[str, str]]
):
    (commitment, _), *others = claims
    folder.run("keys.db", "UPDATE salts SET purpose = 'another' WHERE commitment = ?", bytes.fromhex(commitment))
    before = folder.places.key_encryption_key.read_bytes()
    with pytest.raises(Tampered, match=commitment):
        changed(folder)

    assert folder.places.key_encryption_key.read_bytes() == before
    with folder.open() as opened:
        assert checked(opened, others) == [None] * len(others)
    folder.run("keys.db", "DELETE FROM salts WHERE commitment = ?", bytes.fromhex(commitment))
    assert changed(folder) == COUNT - 1


STEPS = [
    "keystore.KeyStore.rewrap",
    "keystore.KeyStore._rewrapped",
    "rewrapping.put_in_force",
    "keystore.KeyStore.purge",
]


@pytest.mark.campaign
@OVER_BOTH
@pytest.mark.parametrize("step", STEPS if CAMPAIGN else STEPS[2:3])
def test_who_was_killed_has_changed_it_or_not_and_everything_opens(
    folder: Folder, custody: Custody, claims: list[tuple[str, str]], step: str
):
    killed = forking().Process(target=change_until, args=(step, folder))
    killed.start()
    killed.join(PATIENCE)
    assert killed.exitcode == -signal.SIGKILL

    for _ in range(2):
        with folder.open() as opened:
            assert checked(opened, claims) == [None] * len(claims)
        assert changed(folder) == COUNT
    assert not coming(folder.places.key_encryption_key).exists()


def change_until(step: str, folder: Folder) -> None:
    """Change the key, and be killed where a step would begin."""
    place, _, name = step.rpartition(".")
    setattr(resolve_name(f"ledger.custody.{place}"), name, die)
    changed(folder)


def die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_the_command_changes_the_key_of_a_home_in_which_nobody_works(tmp_path: Path):
    home = furnish(tmp_path / "home").path
    old = (home / KEY).read_bytes()
    with open_home(home):
        refused = dua_ledger("rewrap-keys", home=home)
    assert (refused.code, "is in use: stop its service first" in refused.err) == (1, True)
    assert (home / KEY).read_bytes() == old

    done = dua_ledger("rewrap-keys", home=home)
    assert (done.code, done.lines[0].startswith("Wrapped anew: 21 keys")) == (0, True), done
    assert (home / KEY).read_bytes() != old
    assert verify_home(home).findings == ()


@pytest.mark.needs("initdb")
def test_other_homes_of_an_office_open_nothing_until_they_have_the_new_key(
    service_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second = tmp_path / "first", tmp_path / "second"
    make_home_with_everything(first, service_url)
    join_home(second, service_url, first / "keys")
    with monkeypatch.context() as hurried, open_home(second, noon):
        hurried.setattr(entering, "SECONDS", 0)
        refused = dua_ledger("rewrap-keys", home=first)
    assert (refused.code, "is in use by" in refused.err) == (1, True)

    assert dua_ledger("rewrap-keys", home=first).code == 0
    with pytest.raises(NotALedger, match="is not the key-encryption key of"), open_home(second, noon):
        pass
    (second / KEY).write_bytes((first / KEY).read_bytes())
    assert (verify_home(first).findings, verify_home(second).findings) == ((), ())
