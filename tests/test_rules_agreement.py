"""Rules of agreements: whom one names, who signs it, when it is in force, and who has to be trained before."""

from datetime import date, timedelta

import msgspec
import pytest

from ledger.events import PolicyPublished, TrainingCertified, TrainingVerified
from tests.facts import ANA, BEN, EVA, REQUEST, commitment, person
from tests.office import Done, Objections, first_moment_of, given, last_moment_of, refused
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    declined,
    execute,
    executed,
    hand_over,
    handed_over,
    issue,
    issued,
    let_in,
    permitted,
)
from tests.office_facts import (
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    LONG_AGO,
    MOU,
    NOWHERE,
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    WAIVER,
    WITH_ALL_DETAILS,
    YESTERDAY,
    affiliation,
    certified,
    corrected,
    couhes,
    covered,
    failed,
    in_force,
    irb,
    law,
    lifted,
    memorandum,
    recipient,
    reliance,
    request,
    returned,
    role,
    signed,
    suspended,
    terminated,
    use_agreement,
    verified,
    waiver,
    wanted,
    withdrawn,
)
from tests.office_requests import complete, ready

BOTH = request(datasets=(wanted(), wanted("de-identified")))
EVERYBODY = request(personnel=(ANA, BEN, STRANGER), study_group=(ANA, BEN, STRANGER))
UNSIGNED = ready(mou_executed=None, dua_executed=None)
ONE_YEAR = date(2027, 11, 21)


# An approved request comes first.


def test_an_agreement_is_issued_on_an_approved_request():
    given(ready(mou=None)).when(issue(memorandum())).then(issued(memorandum()))
    given(ready(dua=None)).when(issue(use_agreement())).then(issued(use_agreement()))


@pytest.mark.parametrize("act", [issue(memorandum(agreement="A-2")), execute()], ids=lambda act: act.name)
@pytest.mark.parametrize(
    ("moved", "state"),
    [
        ([], "law determined"),
        ([returned()], "returned"),
        ([withdrawn()], "withdrawn"),
        ([declined().event], "declined"),
        ([returned(), request(), law()], "law determined"),
    ],
    ids=["open", "returned", "withdrawn", "declined", "in again"],
)
def test_nothing_is_agreed_on_a_request_that_is_not_approved(act, moved, state):
    facts = [fact for fact in UNSIGNED if fact != approved().event]
    given(facts, moved).when(act).then(
        refused("approved-request", f"an approved request: it is {state}", about=[REQUEST])
    )


def test_a_request_that_was_approved_stays_so_whatever_has_come_of_it():
    for later in ([authorised().event], [authorised().event, failed()], [authorised().event, handed_over().event]):
        given(ready(), later).when(issue(memorandum(agreement="A-2"))).then(issued(memorandum(agreement="A-2")))


# K1: whom an agreement names.


@pytest.mark.parametrize(
    ("where", "whose", "usual"),
    [
        ("home", None, {memorandum: None}),
        ("outside", ELSEWHERE, {use_agreement: ELSEWHERE}),
        ("in doubt", ELSEWHERE, {memorandum: None, use_agreement: ELSEWHERE}),
    ],
    ids=["home", "outside", "in doubt"],
)
@pytest.mark.parametrize("kind", [memorandum, use_agreement], ids=["MOU", "DUA"])
@pytest.mark.parametrize("named_for", [None, ELSEWHERE, NOWHERE])
def test_a_person_is_named_for_whom_they_act_in_the_agreement_that_is_usual(where, whose, usual, kind, named_for):
    agreement = kind(agreement="A-2", recipients=(recipient(BEN, named_for),))
    facts = ready(ben_affiliation=affiliation(BEN, where, whose))
    expected: Done | Objections
    if kind in usual and usual[kind] == named_for:
        expected = issued(agreement)
    elif named_for in usual.values():
        kinds = {"home": "MOU", "outside": "DUA", "in doubt": "MOU and DUA"}[where]
        expected = refused("agreement-terms", f"{kinds}, or a reason", about=[BEN])
    else:
        expected = refused("agreement-terms", "the organisation that they act for", about=[BEN])
    given(facts).when(issue(agreement)).then(expected)


@pytest.mark.parametrize(
    ("agreement", "where"),
    [
        (memorandum(agreement="A-2", recipients=(recipient(BEN, ELSEWHERE),), otherwise=commitment(9)), ELSEWHERE),
        (use_agreement(agreement="A-2", recipients=(recipient(ANA),), otherwise=commitment(9)), None),
    ],
    ids=["MOU for somebody else", "DUA for our own"],
)
def test_with_a_reason_the_other_kind_of_agreement_names_them(agreement, where):
    given(ready()).when(issue(agreement)).then(issued(agreement))


def test_no_reason_makes_a_person_act_for_another_organisation():
    for organisation in (None, NOWHERE):
        agreement = use_agreement(agreement="A-2", recipients=(recipient(BEN, organisation),), otherwise=commitment(9))
        given(ready()).when(issue(agreement)).then(
            refused("agreement-terms", "the organisation that they act for", about=[BEN])
        )


@pytest.mark.parametrize("where", ["outside", "in doubt"])
@pytest.mark.parametrize("otherwise", [None, commitment(9)], ids=["as usual", "with a reason"])
def test_whose_organisation_is_not_known_is_named_in_no_use_agreement(where, otherwise):
    """Else the home institution would stand for an organisation that nobody knows."""
    found = affiliation(BEN, where)
    agreement = use_agreement(agreement="A-2", recipients=(recipient(BEN, ELSEWHERE),), otherwise=otherwise)
    given(ready(ben_affiliation=found)).when(issue(agreement)).then(
        refused("agreement-terms", "the organisation that they act for", about=[BEN], shown_by=[request(), found])
    )


def test_an_agreement_names_nobody_outside_of_the_study_group():
    outside = (recipient(ANA), recipient(STRANGER), recipient(HEAD))
    both = memorandum(agreement="A-2", recipients=outside, template_approved_by=DIRECTOR)
    given(ready()).when(issue(both)).then(
        refused("agreement-terms", *2 * ["a place in the study group"], about=[STRANGER, HEAD], shown_by=[request()])
    )


@pytest.mark.parametrize("approver", [ANA, BEN])
def test_nobody_of_the_study_group_approves_the_template(approver: str):
    own = use_agreement(agreement="A-2", template_approved_by=approver)
    given(ready(request=EVERYBODY)).when(issue(own)).then(
        refused("template-approved", "somebody else to approve the template", about=[approver], shown_by=[EVERYBODY])
    )


def test_an_agreement_names_somebody():
    given(ready()).when(issue(memorandum(agreement="A-2", recipients=()))).then(
        refused("agreement-terms", "recipients", about=["A-2"], shown_by=[request()])
    )


def test_an_agreement_need_not_name_everybody():
    facts, for_one = ready(request=EVERYBODY), memorandum(agreement="A-2", template_approved_by=HEAD)
    given(facts).when(issue(for_one)).then(issued(for_one))


@pytest.mark.parametrize(
    ("datasets", "held"),
    [
        ((covered("de-identified"),), ["a request for it, de-identified"]),
        ((covered(), covered("de-identified")), ["a request for it, de-identified"]),
        ((covered(dataset="D-other"),), ["a request for it, identified"]),
    ],
    ids=["another form", "one of them", "another"],
)
def test_an_agreement_is_about_what_was_asked_for(datasets, held):
    given(ready()).when(issue(memorandum(agreement="A-2", datasets=datasets))).then(
        refused("agreement-terms", *held, about=[datasets[-1].dataset], shown_by=[request()])
    )


def test_an_agreement_is_about_something():
    given(ready()).when(issue(memorandum(agreement="A-2", datasets=()))).then(
        refused("agreement-terms", "data sets", about=["A-2"])
    )


def test_the_number_of_an_agreement_is_given_once_in_all_requests():
    given(ready()).when(issue(memorandum())).then(
        refused("agreement-terms", "a number that is not taken", about=[MOU], shown_by=[memorandum()])
    )
    elsewhere = memorandum(agreement="A-2", request=OTHER_REQUEST)
    given(ready(), request(OTHER_REQUEST), elsewhere).when(issue(memorandum(agreement="A-2"))).then(
        refused("agreement-terms", "a number that is not taken", about=["A-2"], shown_by=[elsewhere])
    )


def test_nobody_suspended_is_sent_an_agreement():
    given(ready(), suspended(BEN)).when(issue(memorandum(agreement="A-2"))).then(
        refused("nobody-suspended", about=[BEN])
    )


# C2: who signs.


@pytest.mark.parametrize("agreement", [MOU, DUA])
def test_what_everybody_has_signed_is_put_in_force(agreement):
    given(UNSIGNED).when(execute(agreement)).then(executed(agreement))


@pytest.mark.parametrize(
    ("agreement", "missing", "capacity", "about"),
    [
        (MOU, "mou_researcher", "researcher", MOU),
        (MOU, "mou_office", "office", MOU),
        (DUA, "dua_researcher", "researcher", DUA),
        (DUA, "dua_official", "authorised official", ELSEWHERE),
        (DUA, "dua_signatory", "home signatory", DUA),
    ],
)
def test_an_agreement_takes_effect_when_it_is_signed_in_every_capacity(agreement, missing, capacity, about):
    facts = ready(mou_executed=None, dua_executed=None, **{missing: None})
    given(facts).when(execute(agreement)).then(
        refused("agreement-signed", f"signature of the {capacity}", about=[about])
    )


def test_an_unsigned_agreement_lacks_every_signature():
    facts = ready(dua_executed=None, dua_researcher=None, dua_official=None, dua_signatory=None)
    given(facts).when(execute(DUA)).then(
        refused(
            "agreement-signed",
            "signature of the researcher",
            "signature of the authorised official",
            "signature of the home signatory",
            about=[DUA, ELSEWHERE, DUA],
            shown_by=[use_agreement()],
        )
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"text": commitment(99)},
        {"agreement": MOU},
        {"capacity": "home signatory"},
        {"organisation": NOWHERE},
        {"organisation": None},
        {"attested_by": None},
        {"evidence": "e-signature", "attested_by": None},
        {"evidence": "openpgp"},
        {"evidence": "openpgp", "key": commitment(8)},
        {"evidence": "openpgp", "fingerprint": commitment(8)},
        {"signer": ANA},
    ],
    ids=repr,
)
def test_a_signature_that_is_not_of_this_text_for_that_organisation_or_not_shown_is_none(changes):
    right = signed(use_agreement(), "authorised official", STRANGER)
    facts = ready(dua_executed=None, dua_official=msgspec.structs.replace(right, **changes))
    given(facts).when(execute(DUA)).then(
        refused("agreement-signed", "signature of the authorised official", about=[ELSEWHERE])
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"evidence": "e-signature"},
        {"evidence": "openpgp", "attested_by": None, "key": commitment(7), "fingerprint": commitment(8)},
    ],
    ids=["scan", "e-signature", "OpenPGP"],
)
def test_each_kind_of_evidence_shows_a_signature(changes):
    facts = ready(dua_executed=None, dua_official=signed(use_agreement(), "authorised official", STRANGER, **changes))
    given(facts).when(execute(DUA)).then(executed(DUA))


def test_nobody_but_the_researcher_signs_as_the_researcher():
    facts = ready(mou_executed=None, mou_researcher=signed(memorandum(), "researcher", BEN))
    given(facts).when(execute()).then(refused("agreement-signed", "signature of the researcher", about=[MOU]))


@pytest.mark.parametrize(("agreement", "capacity"), [(MOU, "office"), (DUA, "home signatory")])
def test_the_researcher_signs_in_no_other_capacity(agreement, capacity):
    own = {
        "mou_office": signed(memorandum(), "office", ANA),
        "dua_signatory": signed(use_agreement(), "home signatory", ANA),
    }
    given(ready(mou_executed=None, dua_executed=None, **own)).when(execute(agreement)).then(
        refused("agreement-signed", f"signature of the {capacity}", about=[agreement])
    )


@pytest.mark.parametrize("who", [ANA, BEN])
def test_nobody_who_gets_the_data_signs_for_their_institution(who):
    official = signed(use_agreement(), "authorised official", who)
    given(ready(dua_executed=None, dua_official=official)).when(execute(DUA)).then(
        refused("agreement-signed", "signature of the authorised official", about=[ELSEWHERE])
    )


def test_nobody_of_the_office_signs_for_another_institution():
    facts = ready(
        dua_executed=None, dua_official=signed(use_agreement(), "authorised official", STRANGER, on=YESTERDAY)
    )
    hers = {"principal": "staff:7", "person": STRANGER}
    given(facts, role(**hers, role="staff", starts=TODAY)).when(execute(DUA)).then(executed(DUA))
    given(facts, role(**hers, role="researcher")).when(execute(DUA)).then(executed(DUA))
    given(facts, role(**hers, role="staff", starts=YESTERDAY, ends=YESTERDAY)).when(execute(DUA)).then(
        refused("agreement-signed", "signature of the authorised official", about=[ELSEWHERE])
    )


def test_nobody_signs_an_agreement_for_both_sides():
    facts = ready(dua_executed=None, dua_signatory=signed(use_agreement(), "home signatory", STRANGER))
    wanting = ["signature of the authorised official", "signature of the home signatory"]
    given(facts).when(execute(DUA)).then(refused("agreement-signed", *wanting, about=[ELSEWHERE, DUA]))
    others = [signed(use_agreement(), "home signatory", HEAD), signed(use_agreement(), "authorised official", EVA)]
    given(facts, person(EVA), others).when(execute(DUA)).then(executed(DUA))


def test_the_head_of_the_department_signs_for_the_home_institution_alone_and_only_for_a_researcher_of_it():
    by_head = signed(memorandum(), "office", HEAD)
    given(ready(mou_executed=None, mou_office=by_head)).when(execute()).then(
        refused("agreement-signed", "signature of the office", about=[MOU])
    )
    theirs = request(researcher=BEN)
    signatures = {
        "ben": person(BEN, **WITH_ALL_DETAILS),
        "dua_researcher": signed(use_agreement(), "researcher", BEN),
    }
    facts = ready(request=theirs, dua_executed=None, **signatures)
    given(facts).when(execute(DUA)).then(refused("agreement-signed", "signature of the home signatory", about=[DUA]))
    given(facts, signed(use_agreement(), "home signatory", DIRECTOR)).when(execute(DUA)).then(executed(DUA))


def test_a_right_signature_beside_a_wrong_one_is_enough():
    wrong = signed(memorandum(), "office", DIRECTOR, text=commitment(99))
    given(ready(mou_executed=None), wrong).when(execute()).then(executed())


def test_an_official_signs_for_each_organisation():
    both = use_agreement(recipients=(recipient(BEN, ELSEWHERE), recipient(STRANGER, NOWHERE)))
    official = signed(both, "authorised official", EVA)
    facts = ready(request=EVERYBODY, dua=both, dua_official=official, dua_executed=None)
    strangers = [
        person(EVA),
        affiliation(STRANGER, "outside", NOWHERE),
        irb(determination="E-2", organisation=NOWHERE, covers=(STRANGER,)),
        reliance(determination="E-2"),
        certified(STRANGER),
        verified(STRANGER),
    ]
    given(facts, strangers).when(execute(DUA)).then(
        refused("agreement-signed", "signature of the authorised official", about=[NOWHERE])
    )
    for_nowhere = signed(both, "authorised official", EVA, organisation=NOWHERE)
    given(facts, strangers, for_nowhere).when(execute(DUA)).then(executed(DUA))


def test_policy_says_in_which_capacities_an_agreement_is_signed():
    policy = PolicyPublished(time_zone=OFFICE_ZONE, memorandum_capacities=("researcher", "home signatory"))
    facts = ready(policy=policy, mou_executed=None, mou_office=None)
    given(facts).when(execute()).then(refused("agreement-signed", "signature of the home signatory", about=[MOU]))
    given(facts, signed(memorandum(), "home signatory", HEAD)).when(execute()).then(executed())


def test_an_agreement_that_was_never_issued_is_not_put_in_force():
    given(ready()).when(execute("A-2")).then(refused("agreement-signed", "the agreement", about=["A-2"]))


def test_an_agreement_of_another_request_is_not_put_in_force_here():
    given(ready(), request(OTHER_REQUEST), memorandum(agreement="A-2", request=OTHER_REQUEST)).when(
        execute("A-2")
    ).then(refused("agreement-signed", "the agreement", about=["A-2"]))


@pytest.mark.parametrize(
    "ended", [in_force(MOU), terminated(MOU), terminated(MOU, TOMORROW)], ids=["executed", "ended", "will end"]
)
def test_an_agreement_is_put_in_force_once_and_not_after_its_end(ended):
    given(UNSIGNED, ended).when(execute()).then(
        refused("agreement-signed", "an agreement that is neither executed nor ended", about=[MOU])
    )


def test_a_signature_that_was_recorded_by_mistake_is_none():
    office = signed(memorandum(), "office", DIRECTOR)
    given(corrected(UNSIGNED, office)).when(execute()).then(
        refused("agreement-signed", "signature of the office", about=[MOU])
    )
    right = signed(memorandum(), "office", STRANGER)
    given(corrected(UNSIGNED, office), right).when(execute()).then(executed())


# Policy: how long an agreement lasts.


@pytest.mark.parametrize("starts", [TODAY, LONG_AGO])
def test_an_agreement_lasts_as_long_as_policy_has_it_and_no_day_longer(starts):
    last = starts.replace(year=starts.year + 1)
    given(UNSIGNED).when(execute(starts=starts, ends=last)).then(executed(MOU, starts, last))
    policy = ready()[0]
    given(UNSIGNED).when(execute(starts=starts, ends=last + timedelta(days=1))).then(
        refused("agreement-term", f"an end by {last}", about=[MOU], shown_by=[policy])
    )


def test_policy_may_have_agreements_last_longer():
    policy = PolicyPublished(time_zone=OFFICE_ZONE, agreement_months=24)
    facts = ready(policy=policy, mou_executed=None)
    given(facts).when(execute(ends=date(2028, 11, 21))).then(executed(ends=date(2028, 11, 21)))
    given(facts).when(execute(ends=date(2028, 11, 22))).then(refused("agreement-term", about=[MOU]))


def test_the_director_may_waive_how_long_an_agreement_lasts():
    late = date(2030, 1, 1)
    given(UNSIGNED, waiver("agreement-term")).when(execute(ends=late)).then(executed(ends=late, waivers=(WAIVER,)))


# Everything is judged again before an agreement is put in force.


@pytest.mark.parametrize(
    ("change", "rule", "about"),
    [
        ({"ana": person(ANA)}, "researcher-known", 4 * [ANA]),
        ({"request": request(researcher_is_student=True)}, "student-sponsor", [ANA]),
        ({"request": request(funded=None)}, "funding-and-review", [None]),
        ({"request": request(personnel=(ANA,))}, "data-and-group", [BEN]),
        ({"couhes": None}, "couhes", [ANA]),
        ({"reliance": None}, "irb-and-couhes", [BEN]),
        ({"request": request(purposes=())}, "purpose-described", [None]),
        ({"law": law(consistent=False)}, "law-determined", [None]),
        ({"ben_certified": None, "ben_verified": None}, "citi-training", [BEN]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("act", [execute(), authorise(), hand_over()], ids=lambda act: act.name)
def test_all_that_was_judged_for_the_approval_is_judged_again(act, change, rule, about):
    facts = ready(**change)
    if act == execute():
        facts.remove(in_force(MOU))
    if act == hand_over():
        facts.append(authorised().event)
    given(facts).when(act).then(refused(rule, about=about))


@pytest.mark.parametrize("act", [execute(), authorise()], ids=lambda act: act.name)
def test_nothing_goes_on_while_somebody_is_suspended(act):
    facts = [*(UNSIGNED if act == execute() else ready()), suspended(BEN, REQUEST)]
    given(facts).when(act).then(refused("nobody-suspended", about=[BEN]))
    given(facts, lifted(BEN, REQUEST)).when(act).then(executed() if act == execute() else authorised())


# C1.6: training.


@pytest.mark.parametrize("act", [execute(), authorise(), let_in(BEN)], ids=lambda act: act.name)
@pytest.mark.parametrize(
    ("certificate", "first", "last"),
    [
        (certified(BEN, TODAY), TODAY, FAR_OFF),
        (certified(BEN, LONG_AGO, TODAY), LONG_AGO, TODAY),
        (certified(BEN, date(2023, 12, 1), None), date(2023, 12, 1), date(2026, 12, 1)),
        (certified(BEN, date(2023, 12, 1), date(2027, 1, 15)), date(2023, 12, 1), FAR_OFF),
    ],
    ids=["from today", "until today", "as policy has it", "printed"],
)
def test_training_covers_from_its_first_day_to_its_last(act, certificate, first, last):
    facts = ready(ben_certified=certificate, **({"mou_executed": None} if act == execute() else {}))
    done = {execute(): executed(), authorise(): authorised(), let_in(BEN): permitted(BEN, DUA)}[act]
    untrained = refused("citi-training", "current CITI training", about=[BEN], shown_by=[certificate])
    for inside in {max(first, TODAY), last}:
        given(facts).when(act, at=last_moment_of(inside)).then(done)
    if first > LONG_AGO:
        given(facts).when(act, at=last_moment_of(first - timedelta(days=1))).then(untrained)
    if last < FAR_OFF:
        given(facts).when(act, at=first_moment_of(last + timedelta(days=1))).then(untrained)


@pytest.mark.parametrize("who", [ANA, BEN])
def test_everybody_in_the_study_group_is_trained(who):
    name = {ANA: "ana", BEN: "ben"}[who]
    given(ready(**{f"{name}_certified": None})).when(authorise()).then(
        refused("citi-training", "current CITI training", about=[who], shown_by=[])
    )


def test_a_certificate_that_nobody_verified_is_not_enough():
    given(ready(ben_verified=None)).when(authorise()).then(
        refused("citi-training", "verification of the CITI certificate", about=[BEN], shown_by=[certified(BEN)])
    )


def test_that_another_certificate_was_verified_is_not_enough():
    other = TrainingVerified(person=BEN, certificate=commitment(99))
    given(ready(ben_verified=other)).when(authorise()).then(refused("citi-training", about=[BEN]))


def test_a_verified_certificate_is_enough_beside_a_longer_one_that_is_not():
    longer = TrainingCertified(person=BEN, completed=TODAY, expires=date(2030, 1, 1), document=commitment(99))
    given(ready(), longer).when(authorise()).then(authorised())


def test_training_is_asked_for_whatever_the_ethics_boards_said():
    exempt = {"couhes": couhes(outcome="exempt"), "irb": irb(outcome="exempt")}
    given(ready(**exempt, ana_certified=None, ben_certified=None)).when(authorise()).then(
        refused("citi-training", about=[ANA, BEN])
    )


def test_training_is_not_asked_for_before_the_approval():
    given(complete()).when(approve()).then(approved())


def test_a_certificate_or_its_verification_that_was_recorded_by_mistake_is_none():
    for wrong, wanting in (
        (certified(BEN), "current CITI training"),
        (verified(BEN), "verification of the CITI certificate"),
    ):
        given(corrected(ready(), wrong)).when(authorise()).then(refused("citi-training", wanting, about=[BEN]))
