"""Rules of releases (C2, K1): everybody who would get data is named in an agreement in force."""

import pytest

from ledger.events import AgreementExecuted
from ledger.events.catalogue import DataSetVersionAdded
from ledger.events.release import Party, Version
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.office import Done, Objections, first_moment_of, given, last_moment_of, refused
from tests.office_acts import ANAS, BENS, authorise, authorised, chosen
from tests.office_facts import (
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    LONG_AGO,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    basis,
    certified,
    corrected,
    couhes,
    covered,
    in_force,
    irb,
    law,
    memorandum,
    recipient,
    reliance,
    request,
    terminated,
    use_agreement,
    verified,
    wanted,
)
from tests.office_requests import ready
from tests.release_facts import NO_PLACE, OTHER_SET, TWO_SETS, bases_for, before, done, each_act


@each_act
@pytest.mark.parametrize(
    ("starts", "ends"), [(TODAY, FAR_OFF), (LONG_AGO, TODAY), (TODAY, TODAY)], ids=["first", "last", "only"]
)
def test_an_agreement_is_in_force_from_its_first_day_to_its_last(act, starts, ends):
    facts = before(act, dua_executed=in_force(DUA, starts, ends))
    for moment in (first_moment_of(TODAY), last_moment_of(TODAY)):
        given(facts).when(act, at=moment).then(done(act))


@each_act
@pytest.mark.parametrize(
    ("starts", "ends"), [(TOMORROW, FAR_OFF), (LONG_AGO, YESTERDAY)], ids=["from tomorrow", "until yesterday"]
)
def test_an_agreement_is_in_force_on_no_other_day(act, starts, ends):
    execution = in_force(DUA, starts, ends)
    for moment in (first_moment_of(TODAY), last_moment_of(TODAY)):
        given(before(act, dua_executed=execution)).when(act, at=moment).then(
            refused("named-recipients", NO_PLACE, about=[BEN])
        )


@each_act
@pytest.mark.parametrize(("on", "ended"), [(YESTERDAY, True), (TODAY, True), (TOMORROW, False)])
def test_an_agreement_that_was_terminated_is_in_force_until_the_day_before(act, on, ended):
    expected = refused("named-recipients", NO_PLACE, about=[BEN]) if ended else done(act)
    given(before(act), terminated(DUA, on)).when(act, at=first_moment_of(TODAY)).then(expected)
    given(before(act), terminated(DUA, on)).when(act, at=last_moment_of(TODAY)).then(expected)


@pytest.mark.parametrize("days", [(YESTERDAY, TOMORROW), (TOMORROW, YESTERDAY)], ids=["early first", "late first"])
def test_an_agreement_does_not_go_on_because_its_end_is_told_again(days):
    given(ready(), [terminated(DUA, day) for day in days]).when(authorise()).then(
        refused("named-recipients", about=[BEN])
    )


def test_an_objection_shows_the_agreements_and_the_affiliation():
    ended = terminated(DUA)
    given(ready(), ended).when(authorise()).then(
        refused(
            "named-recipients",
            NO_PLACE,
            about=[BEN],
            shown_by=[
                affiliation(BEN, "outside", ELSEWHERE),
                *(memorandum(), in_force(MOU)),
                *(use_agreement(), in_force(DUA), ended),
            ],
        )
    )


def test_an_agreement_that_was_signed_and_not_executed_names_nobody():
    given(ready(mou_executed=None)).when(authorise()).then(refused("named-recipients", NO_PLACE, about=[ANA]))


NAMED_BY = {"MOU": memorandum, "DUA": use_agreement}


@pytest.mark.parametrize("otherwise", [None, commitment(9)], ids=["as usual", "with a reason"])
@pytest.mark.parametrize("named_for", [None, ELSEWHERE, NOWHERE])
@pytest.mark.parametrize("kind", ["MOU", "DUA"])
@pytest.mark.parametrize(
    ("where", "whose"),
    [("home", None), ("outside", ELSEWHERE), ("outside", None)],
    ids=["home", "outside", "of an organisation that is not known"],
)
def test_person_and_organisation_are_both_named_in_the_kind_of_agreement_that_is_usual_or_reasoned(
    where, whose, kind, named_for, otherwise
):
    agreement = NAMED_BY[kind](agreement=DUA, recipients=(recipient(BEN, named_for),), otherwise=otherwise)
    facts = ready(
        ben_affiliation=affiliation(BEN, where, whose),
        couhes=couhes(covers=(ANA, BEN)),
        irb=irb(organisation=whose or ELSEWHERE),
        dua=agreement,
    )
    usual = {"home": "MOU", "outside": "DUA"}[where]
    for_whom = named_for == whose and (where, whose) != ("outside", None)
    expected: Done | Objections
    if for_whom and (kind == usual or otherwise is not None):
        bens = Party(person=BEN, organisation=whose, agreement=DUA)
        used = [basis("home")] if where == "home" else [basis("home"), basis("outside")]
        expected = authorised(parties=(ANAS, bens), bases=tuple(used))
    else:
        expected = refused("named-recipients", NO_PLACE, about=[BEN])
    given(facts).when(authorise()).then(expected)


def test_an_organisation_alone_admits_nobody():
    """Somebody else of the same organisation is named, and the organisation signed."""
    facts = ready(
        request=request(personnel=(ANA, BEN, STRANGER), study_group=(ANA, BEN, STRANGER)),
    )
    strangers = [
        affiliation(STRANGER, "outside", ELSEWHERE),
        irb(determination="E-2", covers=(STRANGER,)),
        reliance(determination="E-2"),
        certified(STRANGER),
        verified(STRANGER),
    ]
    given(facts, strangers).when(authorise()).then(refused("named-recipients", NO_PLACE, about=[STRANGER]))


@pytest.mark.parametrize("bens", [affiliation(BEN, "in doubt", ELSEWHERE), None], ids=["in doubt", "not determined"])
@pytest.mark.parametrize("named_in", [(), ("MOU",), ("DUA",), ("MOU", "DUA")], ids=" and ".join)
def test_somebody_in_doubt_is_named_in_both_kinds_of_agreement(bens, named_in):
    facts = ready(
        ben_affiliation=bens,
        couhes=couhes(covers=(ANA, BEN)),
        mou=memorandum(recipients=(recipient(ANA), *((recipient(BEN),) if "MOU" in named_in else ()))),
        dua=use_agreement(recipients=((recipient(BEN, ELSEWHERE),) if "DUA" in named_in else (recipient(HEAD),))),
    )
    as_home, as_outside = Party(person=BEN, organisation=None, agreement=MOU), BENS
    if bens is not None and named_in == ("MOU", "DUA"):
        given(facts).when(authorise()).then(authorised(parties=(ANAS, as_home, as_outside)))
    else:
        given(facts).when(authorise()).then(refused("named-recipients", NO_PLACE, about=[BEN]))


def test_each_data_set_is_under_an_agreement_that_names_everybody():
    facts = ready(request=TWO_SETS, law=law(*bases_for((DATA_SET, "identified"), ("D-other", "identified"))))
    act = authorise(chosen(), chosen(dataset="D-other"))
    given(facts, OTHER_SET).when(act).then(
        refused("named-recipients", *2 * ["a place in an agreement about D-other"], about=[ANA, BEN])
    )


def test_the_record_of_a_disclosure_names_each_agreement_that_covers_a_data_set():
    other = memorandum(agreement="A-3", datasets=(covered(dataset="D-other"),))
    more = [other, in_force("A-3")]
    both = use_agreement(datasets=(covered(), covered(dataset="D-other")))
    bases = bases_for((DATA_SET, "identified"), ("D-other", "identified"))
    facts = ready(request=TWO_SETS, law=law(*bases), dua=both)
    version = Version(dataset=DATA_SET, label="1", form="identified")
    given(facts, OTHER_SET, more).when(authorise(chosen(), chosen(dataset="D-other"))).then(
        authorised(
            versions=(version, Version(dataset="D-other", label="1", form="identified")),
            parties=(ANAS, Party(person=ANA, organisation=None, agreement="A-3"), BENS),
            bases=tuple(bases),
        )
    )
    given(facts, OTHER_SET, more).when(authorise(chosen(dataset="D-other"))).then(
        authorised(
            versions=(Version(dataset="D-other", label="1", form="identified"),),
            parties=(Party(person=ANA, organisation=None, agreement="A-3"), BENS),
            bases=tuple(bases[2:]),
        )
    )


def test_an_agreement_about_the_other_form_is_none_about_this():
    given(ready(dua=use_agreement(datasets=(covered("de-identified"),)))).when(authorise()).then(
        refused("named-recipients", f"a place in an agreement about {DATA_SET}", about=[BEN])
    )


def test_de_identified_data_are_under_all_the_same_rules():
    facts = {
        "request": request(datasets=(wanted("de-identified"),)),
        "law": law(*bases_for((DATA_SET, "de-identified"))),
        "mou": memorandum(datasets=(covered("de-identified"),)),
        "dua": use_agreement(datasets=(covered("de-identified"),)),
        "version": DataSetVersionAdded(dataset=DATA_SET, label="1", form="de-identified", digest=64 * "5"),
    }
    bases = tuple(bases_for((DATA_SET, "de-identified")))
    version = Version(dataset=DATA_SET, label="1", form="de-identified")
    given(ready(**facts)).when(authorise()).then(authorised(versions=(version,), bases=bases))
    given(ready(**facts, dua_executed=None)).when(authorise()).then(refused("named-recipients", about=[BEN]))
    given(ready(**facts, contact=None)).when(authorise()).then(refused("contact-named", about=[REQUEST]))
    given(ready(**facts, couhes=None)).when(authorise()).then(refused("couhes", about=[ANA]))


def test_an_execution_or_a_termination_counts_only_for_its_own_agreement():
    given(ready(), terminated("A-unknown")).when(authorise()).then(authorised())
    given(ready(dua_executed=in_force("A-unknown"))).when(authorise()).then(refused("named-recipients", about=[BEN]))


def test_an_agreement_of_another_request_names_nobody_here():
    theirs = use_agreement(agreement="A-2", request=OTHER_REQUEST)
    in_effect = AgreementExecuted(agreement="A-2", request=OTHER_REQUEST, starts=LONG_AGO, ends=FAR_OFF)
    given(ready(dua_executed=None), request(OTHER_REQUEST), theirs, in_effect).when(authorise()).then(
        refused("named-recipients", about=[BEN])
    )


def test_a_termination_that_was_recorded_by_mistake_ends_nothing():
    ended = terminated(DUA)
    given(corrected([*ready(), ended], ended)).when(authorise()).then(authorised())
