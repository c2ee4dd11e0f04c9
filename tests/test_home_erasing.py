"""Erasing somebody from a ledger home is recorded and done, and completed by a second call."""

from pathlib import Path
from typing import Any

import pytest

from ledger.custody import Erasure
from ledger.errors import Malformed
from ledger.events import PersonErased, PersonRegistered
from ledger.home import Home, erase_person, open_home
from tests.facts import ANA, BEN, erased, noon
from tests.homes import LAPSES, home, register

__all__ = ["home"]


def test_erasing_records_who_and_what_and_destroys_it(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu")
        register(opened, BEN, name="Ben Ejemplo")

        erasure = erase(opened, ANA)

        assert erasure == Erasure(salts=2, keys=1, values=2, documents=0)
        assert [one.event for one in opened.ledger.facts(after=3)] == [erased(ANA, (), LAPSES)]
        assert [kept.subject for kept in opened.custody.commitments()] == [f"person:{BEN}"]


def test_erasing_some_details_leaves_the_others(home: Path):
    with open_home(home, noon) as opened:
        sealed = register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu", phone="+1 617")

        erasure = erase(opened, ANA, ("email", "phone"))

        assert erasure == Erasure(salts=2, keys=0, values=2, documents=0)
        assert [one.event for one in opened.ledger.facts(after=2)] == [erased(ANA, ("email", "phone"), LAPSES)]
        assert opened.custody.unseal(sealed["name"]) == "Ana Ejemplo"


def test_erasing_again_completes_what_was_cut_off_and_records_nothing_twice(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo")
        assert erase(opened, ANA) == Erasure(salts=1, keys=1, values=1, documents=0)
        assert erase(opened, ANA) == Erasure()

        assert [one.type for one in opened.ledger.facts(after=2)] == ["person.erased.v1"]


def test_erasing_what_was_sealed_after_an_erasure_is_recorded_too(home: Path):
    with open_home(home, noon) as opened:
        for _ in range(2):
            register(opened, ANA, name="Ana Ejemplo")
            assert erase(opened, ANA) == Erasure(salts=1, keys=1, values=1, documents=0)

        assert [type(one.event) for one in opened.ledger.facts(after=1)] == 2 * [PersonRegistered, PersonErased]


def test_erasing_more_than_before_is_recorded_too(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu")
        erase(opened, ANA, ("email",))
        erase(opened, ANA)

        assert [one.event for one in opened.ledger.facts(after=2)] == [
            erased(ANA, ("email",), LAPSES),
            erased(ANA, (), LAPSES),
        ]


@pytest.mark.parametrize("who", [BEN, "p-1", "", "p-\n", "\ud800", 300 * "a"], ids=ascii)
def test_somebody_whom_the_log_does_not_know_cannot_be_erased(home: Path, who):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo")

        with pytest.raises(Malformed) as refusal:
            erase(opened, who)

        assert refusal.value.what == "person"
        assert opened.ledger.store.head().position == 2
        assert len(list(opened.custody.commitments())) == 1


def erase(home: Home, who: str, details: tuple[Any, ...] = ()) -> Erasure:
    return erase_person(home, who, details, last_copy_lapses=LAPSES, actor="staff:1", via="command line")
