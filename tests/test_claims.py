"""An e-mail address is one person's, however many give it to somebody at once."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from api.commands.command import Drafting, KeepingNothing, Wish
from api.commands.people import ChangeDetails, RegisterPerson
from api.desk import Circumstances
from api.register import register_of
from ledger.errors import Malformed
from ledger.events import PersonDetailsChanged, PersonRegistered
from ledger.home import open_home
from tests.command_line import STOPPED_PROGRAM, Stages
from tests.facts import ANA, BEN
from tests.http_office import HttpOffice, office
from tests.served import serving
from tests.stores import CAMPAIGN, PATIENCE

__all__ = ["office"]

BY = Circumstances(actor="staff:director", via="command line")
EVA, LEO = "p-" + 32 * "e", "p-" + 32 * "f"
ADDRESS = "somebody@example.edu"
AT_ONCE = 12 if CAMPAIGN else 4


class WhileAnotherDoes(RegisterPerson, frozen=True, kw_only=True):
    """Somebody is registered, and meanwhile, after it was drafted and before it is recorded, somebody else, too."""

    office: Any
    other: Any

    def draft(self, at: Drafting) -> Wish:
        wish = super().draft(at)
        if not isinstance(at.keeping, KeepingNothing):
            self.office.clerk.take(self.other, BY)
        return wish


@pytest.mark.parametrize(
    "other",
    [
        RegisterPerson(person=LEO, name="Leo", email=ADDRESS),
        RegisterPerson(person=LEO, name="Leo", email=ADDRESS.upper()),
        ChangeDetails(person=BEN, email=ADDRESS),
    ],
)
def test_an_address_that_was_given_meanwhile_is_not_given_again(office: HttpOffice, other: Any):
    length = office.length
    with pytest.raises(Malformed) as caught:
        office.clerk.take(WhileAnotherDoes(person=EVA, name="Eva", email=ADDRESS, office=office, other=other), BY)

    assert (caught.value.what, caught.value.value) == ("e-mail address", ADDRESS)
    assert str(caught.value).endswith(f"is that of {other.person} already")
    assert office.length == length + 1
    assert register_of(office.home.ledger, office.home.custody).person(ADDRESS) == other.person


@pytest.mark.parametrize("email", ["leo@example.edu", None])
def test_others_who_are_given_another_address_meanwhile_keep_nobody_from_it(office: HttpOffice, email: str | None):
    other = RegisterPerson(person=LEO, name="Leo", email=email)
    office.clerk.take(WhileAnotherDoes(person=EVA, name="Eva", email=ADDRESS, office=office, other=other), BY)

    known = register_of(office.home.ledger, office.home.custody)
    assert (known.person(ADDRESS), email and known.person(email)) == (EVA, email and LEO)


def test_a_former_address_of_somebody_is_not_given_to_others(office: HttpOffice):
    office.clerk.take(RegisterPerson(person=EVA, name="Eva", email=ADDRESS), BY)
    office.clerk.take(ChangeDetails(person=EVA, email="eva@example.edu"), BY)

    with office.unchanged(), pytest.raises(Malformed):
        office.clerk.take(ChangeDetails(person=ANA, email=ADDRESS), BY)
    office.clerk.take(ChangeDetails(person=EVA, email=ADDRESS), BY)


def test_of_several_processes_at_once_one_gives_the_address(stages: Stages, tmp_path: Path, kept_at: str | None):
    office = stages.at("opened").copied(tmp_path)
    office.moved_to(kept_at)
    before = len(office.facts("person.registered.v1"))
    words = [*STOPPED_PROGRAM, "register-person", "Eva", "--email", ADDRESS, "--home", str(office.home)]
    running = [
        subprocess.Popen([*words, "--actor", "staff:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    came = [(one.communicate(timeout=PATIENCE)[1], one.returncode) for one in running]

    assert sorted(code for _, code in came) == [0, *(AT_ONCE - 1) * [2]]
    assert all("is that of p-" in said for said, code in came if code)
    assert len(office.facts("person.registered.v1")) == before + 1
    with open_home(office.home) as home:
        assert register_of(home.ledger, home.custody).person(ADDRESS) is not None


def test_many_who_are_registered_at_once_all_are(tmp_path: Path):
    """By several workers, of which each finds every other in its way."""
    with serving(tmp_path, 2) as served:
        answers: list[int] = []

        def register(number: int) -> None:
            details = dict.fromkeys(("name", "institution", "department", "address", "phone"), "x")
            body = {**details, "person": f"p-{number:032x}", "email": f"{number}@example.edu"}
            answers.append(served.ask("POST", "/people", body, **{"Idempotency-Key": f"k-{number}"})[0])

        clients = [threading.Thread(target=register, args=(number,)) for number in range(12 * AT_ONCE)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)

        assert answers == 12 * AT_ONCE * [201]
        with open_home(served.home) as home:
            facts = [one.event for one in home.ledger.facts()]
            assert sum(isinstance(one, PersonRegistered | PersonDetailsChanged) for one in facts) == 12 * AT_ONCE
