"""Requests that can be approved or released; a test names the fact that it replaces or leaves out."""

from ledger.events import Event, PolicyPublished, RequestApproved
from tests.facts import ANA, BEN, REQUEST, data_set, person, version_added
from tests.office_facts import (
    DIRECTOR,
    DUA,
    ELSEWHERE,
    HEAD,
    MOU,
    NOWHERE,
    OFFICE_ZONE,
    STRANGER,
    TYPIST,
    WITH_ALL_DETAILS,
    affiliation,
    certified,
    couhes,
    designated,
    in_force,
    irb,
    key_confirmed,
    key_filed,
    law,
    memorandum,
    organisation,
    reliance,
    request,
    role,
    signed,
    trial_passed,
    trial_sent,
    use_agreement,
    verified,
)


def complete(**changes: Event | None) -> list[Event]:
    """A request that can be approved, of ANA from here and BEN from elsewhere, all its facts in the order of an office.

    A fact under a name is replaced by the one given, and left out for None.
    """
    return _changed(_to_be_approved(), changes)


def ready(**changes: Event | None) -> list[Event]:
    """A request that can be released, approved and under a memorandum for ANA, an agreement for BEN; as `complete`."""
    return _changed(_to_be_approved() | _to_be_released(), changes)


def _changed(facts: dict[str, Event], changes: dict[str, Event | None]) -> list[Event]:
    assert changes.keys() <= facts.keys(), changes.keys() - facts.keys()
    return [fact for fact in (facts | changes).values() if fact is not None]


def _to_be_released() -> dict[str, Event]:
    mou, dua = memorandum(), use_agreement()
    return {
        "ana_certified": certified(ANA),
        "ana_verified": verified(ANA),
        "ben_certified": certified(BEN),
        "ben_verified": verified(BEN),
        "approved": RequestApproved(request=REQUEST),
        "mou": mou,
        "mou_researcher": signed(mou, "researcher", ANA),
        "mou_office": signed(mou, "office", DIRECTOR),
        "mou_executed": in_force(MOU),
        "dua": dua,
        "dua_researcher": signed(dua, "researcher", ANA),
        "dua_official": signed(dua, "authorised official", STRANGER),
        "dua_signatory": signed(dua, "home signatory", HEAD),
        "dua_executed": in_force(DUA),
        "contact": designated(ANA),
        "key": key_filed(),
        "key_confirmed": key_confirmed(),
        "trial_sent": trial_sent(),
        "test": trial_passed(),
        "version": version_added(),
    }


def _to_be_approved() -> dict[str, Event]:
    return {
        "policy": PolicyPublished(time_zone=OFFICE_ZONE),
        "the_director": person(DIRECTOR),
        "role": role(),
        "typist": role(principal=TYPIST, person=None, role="staff"),
        "admin": role(principal="staff:admin", person=None, role="admin"),
        "elsewhere": organisation(ELSEWHERE),
        "nowhere": organisation(NOWHERE),
        "data_set": data_set(),
        "ana": person(ANA, **WITH_ALL_DETAILS),
        "ben": person(BEN),
        "head": person(HEAD),
        "stranger": person(STRANGER),
        "request": request(),
        "ana_affiliation": affiliation(ANA, "home"),
        "ben_affiliation": affiliation(BEN, "outside", ELSEWHERE),
        "couhes": couhes(),
        "irb": irb(),
        "reliance": reliance(),
        "law": law(),
    }
