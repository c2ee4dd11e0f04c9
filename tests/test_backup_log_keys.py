"""A log whose keys changed is put back, or carried on by a new one, with what its keys can show and no more."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.note import VerifierKey
from ledger.evidence.logkeys import log_keys
from ledger.home import open_log, read_log_keys
from tests.backups import NEW, Ledger, furnished, ledger
from tests.command_line import Outcome, dua_ledger
from tests.facts import noon
from tests.signing import ORIGIN, append, sign, verified
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


def test_what_a_later_key_of_the_old_log_has_signed_is_held_against_what_was_carried_on(ledger: Ledger):
    by_first, by_both, by_second, later = (ledger.folder / name for name in ("first", "both", "second", "later"))
    by_first.write_bytes(sign(ledger.home).raw)
    done("rotate-key", home=ledger.home)
    by_both.write_bytes(sign(ledger.home).raw)
    first, second = keys_of(ledger.home)
    done("retire-key", first, home=ledger.home)
    by_second.write_bytes(sign(ledger.home).raw)
    ledger.backed_up()
    append(ledger.home)
    later.write_bytes(sign(ledger.home).raw)
    assert ledger.begun_anew().code == 0
    own = ["--vkey", *keys_of(ledger.again)]

    def code(*files: Path, vkeys: Sequence[str] = ()) -> int:
        given = [word for file in files for word in ("--checkpoint", str(file))]
        return verified(ledger.again, *given, *vkeys)[0]

    assert [code(one) for one in (by_first, by_both, by_second, later)] == [0, 0, 0, 11]
    assert code(by_second, vkeys=[*own, "--vkey", second]) == 0
    assert code(by_second, vkeys=[*own, "--vkey", first]) == 12
    assert code(by_both, by_second, vkeys=[*own, "--vkey", first]) == 0
    assert code(by_both, later, vkeys=[*own, "--vkey", first]) == 11


def test_what_a_key_of_the_old_log_signed_before_it_was_one_shows_nothing(ledger: Ledger):
    early = ledger.folder / "early"
    done("rotate-key", home=ledger.home)
    early.write_bytes(sign_checkpoint(Checkpoint(ORIGIN, SIZE, bytes(32)), [read_log_keys(ledger.home)[0]]))
    assert ledger.backed_up().begun_anew().code == 0

    assert verified(ledger.again, "--checkpoint", str(early))[0] == 12
