"""Names that a server remembers: never one that was changed, and never one of somebody who was erased."""

from datetime import date

from api.commands.people import ChangeDetails, Erase, RegisterPerson
from api.erasing import erase
from api.http.remembered import RememberedNames
from ledger.home import erase_person
from tests.facts import ANA
from tests.http_office import BY, HttpOffice, office

__all__ = ["office"]

DAY = date(2026, 12, 31)
NOBODY = "p-" + 32 * "7"


def test_a_name_is_looked_up_once(office: HttpOffice, monkeypatch):
    names = RememberedNames(office.home.ledger, office.home.custody)
    assert names.by(office.length)(ANA) == "Ana Ejemplo"
    monkeypatch.setattr("api.http.remembered.names_in", None)

    assert names.by(office.length)(ANA) == "Ana Ejemplo"


def test_a_name_that_changes_is_another_at_once(office: HttpOffice):
    names = RememberedNames(office.home.ledger, office.home.custody)
    assert names.by(office.length)(ANA) == "Ana Ejemplo"
    office.clerk.take(ChangeDetails(person=ANA, name="Ana Muestra"), BY)

    assert names.by(office.length)(ANA) == "Ana Muestra"


def test_who_was_erased_is_not_remembered_from_before_or_between_the_record_and_the_end(office: HttpOffice):
    """A name that was read once it is on record that it goes, and before it is gone, is not kept either."""
    names = RememberedNames(office.home.ledger, office.home.custody)
    assert names.by(office.length)(ANA) == "Ana Ejemplo"
    outcome = office.clerk.take(Erase(person=ANA, details=("name",), last_copy_lapses=DAY), BY)
    if outcome.refused:
        # An open request needs her name: the record is made without asking the rules.
        erase_person(office.home, ANA, ("name",), last_copy_lapses=DAY, actor=BY.actor, via=BY.via)
    else:
        assert names.by(office.length)(ANA) == "Ana Ejemplo"
        erase(office.clerk, Erase(person=ANA, details=("name",), last_copy_lapses=DAY), BY)

    assert names.by(office.length)(ANA) == f"an erased person ({ANA[:10]}…)"
    later = RememberedNames(office.home.ledger, office.home.custody)
    assert later.by(office.length)(ANA) == f"an erased person ({ANA[:10]}…)"


def test_who_is_not_known_yet_is_their_id_until_they_are(office: HttpOffice):
    names = RememberedNames(office.home.ledger, office.home.custody)
    assert names.by(office.length)(NOBODY) == NOBODY
    office.clerk.take(RegisterPerson(person=NOBODY, name="Nora Nadie"), BY)

    assert names.by(office.length)(NOBODY) == "Nora Nadie"
