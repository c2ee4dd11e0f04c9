"""A log whose keys changed is put back, or carried on by a new one, with what its keys can show and no more."""

from pathlib import Path

import pytest

from ledger.chain.note import VerifierKey
from ledger.evidence.logkeys import log_keys
from ledger.home import open_log
from tests.backups import NEW, Ledger, furnished, ledger
from tests.command_line import Outcome, dua_ledger
from tests.facts import noon
from tests.signing import append, sign, verified
from tests.tampering import SIZE

__all__ = ["furnished", "ledger"]

pytestmark = pytest.mark.usefixtures("nothing_from_outside")


def done(*words: object, home: Path) -> Outcome:
    told = dua_ledger(*words, home=home, clock=noon)
    assert (told.code, told.err) == (0, ""), told
    return told


def keys_of(home: Path) -> list[str]:
    """The keys of the log in a home, without the sizes that they are good for."""
    with open_log(home) as store:
        return [str(VerifierKey(key.name, key.type, key.public)) for key in log_keys(store)]


def test_a_new_log_has_none_of_the_keys_of_the_log_that_it_carries_on(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    done("retire-key", keys_of(ledger.home)[0], home=ledger.home)
    outcome = ledger.backed_up().begun_anew()

    assert (outcome.code, outcome.err) == (0, "")
    (key,) = keys_of(ledger.again)
    assert (key.startswith(NEW), key in outcome.out) == (True, True)
    assert verified(ledger.again, "--vkey", key) == (0, [])


def test_the_keys_of_a_new_log_change_as_those_of_any_other_and_it_is_carried_on_again(ledger: Ledger):
    done("rotate-key", home=ledger.home)
    assert ledger.backed_up().begun_anew().code == 0
    done("rotate-key", home=ledger.again)
    first, second = keys_of(ledger.again)
    done("retire-key", first, home=ledger.again)
    append(ledger.again)

    assert sign(ledger.again).size == SIZE + 4
    assert verified(ledger.again, "--vkey", first) == (0, [])
    assert done("vkey", home=ledger.again).out == f"{first}@1-{SIZE + 2}\n{second}@{SIZE + 2}-\n"
    other = Ledger(ledger.folder / "elsewhere")
    other.folder.mkdir()
    ledger.again.rename(other.home)
    third = other.backed_up().restore(*other.opened_by, "--as-new-log", "ir.example.edu/third")
    assert (third.code, len(keys_of(other.again))) == (0, 1)
    assert verified(other.again) == (0, [])
