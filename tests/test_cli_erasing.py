"""Erasing somebody by the command line."""

import shlex
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ledger.events import PersonErased
from ledger.events.people import Detail
from ledger.home import open_home, open_key_store
from tests.cli_home import DIRECTOR, entries_of, facts_of, with_a_director
from tests.command_line import Outcome, dua_ledger
from tests.facts import ANA, BEN, fact

NO_PERSON = "is neither an id, which is p- and 32 digits or letters from a to f, nor an e-mail address"


def test_erase_asks_first_and_says_what_it_destroyed(tmp_path: Path):
    home = with_a_director(tmp_path)

    told = dua_ledger("erase", ANA, "--actor", DIRECTOR, home=home, answer="y\n")

    event = facts_of(home)[-1]
    lapses = event["event"]["last_copy_lapses"]
    last = entries_of(home)[-1]
    assert told == Outcome(
        0,
        f"What is erased cannot be had back. Erase everything of {ANA}? [y/N]: y\n"
        f"     4  Erased of an erased person ({ANA[:10]}…): everything.\n"
        f"Recorded up to entry 4, leaf {last.leaf.hex()}\n"
        f"Erased everything of {ANA}: 3 texts, 0 documents, 3 salts, 1 key.\n"
        f"The last backup copy of their keys lapses on {lapses}.\n",
        "",
    )
    assert (event["event"]["details"], event["event"]["person"], event["actor"]) == ([], ANA, DIRECTOR)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "nothing", "the end of input"])
def test_erase_does_nothing_without_a_yes(tmp_path: Path, answer: str):
    home = with_a_director(tmp_path)

    told = dua_ledger("erase", "--actor", DIRECTOR, ANA, home=home, answer=answer)

    assert (told.code, told.err.splitlines()[-1]) == (1, "Aborted!")
    assert len(entries_of(home)) == 3
    with open_home(home) as opened:
        assert len(list(opened.custody.commitments())) == 3


def test_erase_takes_only_the_details_that_are_named(tmp_path: Path):
    home = with_a_director(tmp_path)

    told = dua_ledger(
        "erase",
        "--actor",
        DIRECTOR,
        ANA,
        "--detail",
        "phone",
        "--detail",
        "email",
        "--detail",
        "phone",
        "--yes",
        home=home,
    )

    assert told.out.splitlines()[2] == f"Erased email, phone of {ANA}: 2 texts, 0 documents, 2 salts, 0 keys."
    assert facts_of(home)[-1]["event"]["details"] == ["email", "phone"]


def test_what_is_erased_already_is_not_erased_again(tmp_path: Path):
    home = with_a_director(tmp_path)
    dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", home=home)

    again = dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", home=home)

    assert again.code == 2
    assert again.err == f"Error: person '{ANA}': has no details here: nothing to erase\n"
    assert len(entries_of(home)) == 4


@pytest.mark.parametrize(
    ("details", "options"), [((), []), (("email", "phone"), ["--detail", "email", "--detail", "phone"])]
)
def test_who_called_when_an_erasure_was_cut_off_is_told_how_it_is_completed(
    tmp_path: Path, details: tuple[Detail, ...], options: list[str]
):
    home = with_a_director(tmp_path)
    call = ["erase", "ana@example.edu", *options, "--yes", "--actor", DIRECTOR]
    with open_home(home) as opened, closing(open_key_store(home)) as keys:
        # As far as a process comes that is killed then: the record, and the first thing that is destroyed.
        opened.ledger.append([fact(PersonErased(person=ANA, details=details, last_copy_lapses=date(2026, 12, 22)))])
        keys.destroy(f"person:{ANA}", details or None)

    told = dua_ledger(*call, home=home)

    completing = " ".join(["dua-ledger", "erase", ANA, *options])
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "Error: person 'ana@example.edu': is the address of nobody in this ledger. An erasure was cut off, after which "
        f"nobody is found so: complete it by `{completing}`\n"
    )

    done = dua_ledger(*shlex.split(completing)[1:], "--yes", "--actor", DIRECTOR, home=home)

    assert (done.code, done.err, len(entries_of(home))) == (0, "", 4)
    assert dua_ledger(*call, home=home).err == told.err.partition(". An erasure")[0] + "\n"


def test_the_day_on_which_the_last_copy_lapses_is_counted_from_the_erasure(tmp_path: Path):
    home = with_a_director(tmp_path)
    dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", "--backup-days", 90, home=home)

    event = facts_of(home)[-1]
    happened = datetime.fromisoformat(event["occurred_at"])
    lapses = date.fromisoformat(event["event"]["last_copy_lapses"])
    assert timedelta(days=89) <= lapses - happened.date() <= timedelta(days=90)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (BEN, f"person '{BEN}': is not in this ledger"),
        ("ben@example.edu", "person 'ben@example.edu': is the address of nobody in this ledger"),
        ("Ana Ejemplo", f"person 'Ana Ejemplo': {NO_PERSON}"),
        ("p-\x1b", rf"person 'p-\x1b': {NO_PERSON}"),
    ],
)
def test_somebody_who_is_not_known_cannot_be_erased(tmp_path: Path, who: str, why: str):
    assert dua_ledger("erase", "--actor", DIRECTOR, who, "--yes", home=with_a_director(tmp_path)) == Outcome(
        2, "", f"Error: {why}\n"
    )


@pytest.mark.parametrize("options", ["--detail shoe-size", "--backup-days -1", "--backup-days 999999999999", "another"])
def test_erase_refuses_what_makes_no_sense(tmp_path: Path, options: str):
    home = with_a_director(tmp_path)

    wrong = dua_ledger("erase", "--actor", DIRECTOR, ANA, "--yes", *options.split(), home=home)

    assert (wrong.code, wrong.out) == (2, "")
    assert len(entries_of(home)) == 3
