"""Rules of agreements in force: amended, renewed, run out; and of people who are debarred."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.events import Event, LawDetermined
from projections.acts import Act
from projections.standing import Standing
from tests.amending_facts import (
    A_YEAR_ON,
    ADDENDUM,
    AMENDMENT,
    addendum,
    amend,
    amended,
    amendment,
    debarment_lifted,
    debarred,
    expired,
    prolonged,
    renew,
    renewed,
    signatures,
    strangers,
    the_same_again,
)
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, commitment, data_set, person, version_added
from tests.office import Done, first_moment_of, given, last_moment_of, recorded, refused
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    execute,
    executed,
    hand_over,
    issue,
    issued,
    let_in,
    permitted,
)
from tests.office_facts import (
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    LONG_AGO,
    MOU,
    NOWHERE,
    STRANGER,
    TODAY,
    TOMORROW,
    WAIVER,
    YESTERDAY,
    affiliation,
    basis,
    certified,
    couhes,
    covered,
    in_force,
    irb,
    law,
    memorandum,
    recipient,
    request,
    signed,
    suspended,
    terminated,
    use_agreement,
    waiver,
    wanted,
)
from tests.office_requests import complete, ready

OTHER_DATA = "D-6.002x-forum"
SIGNED = [*strangers(), amendment(), *signatures(amendment())]


# Amending: nothing changes until the amendment is executed, and then everything that it says, at once.


def test_an_amendment_of_an_agreement_in_force_is_issued():
    given(ready(), strangers()).when(amend()).then(Done(amendment()))


def test_an_amendment_that_is_only_signed_lets_nobody_in_whom_it_adds():
    given(ready(), SIGNED).when(let_in(STRANGER)).then(
        refused(
            "named-recipients", "a place in an agreement in force", "a place in the study group", about=2 * [STRANGER]
        )
    )
    given(ready(), SIGNED).when(let_in(ANA)).then(permitted())


def test_an_executed_amendment_takes_the_place_of_what_it_amends():
    given(ready(), SIGNED).when(execute(AMENDMENT)).then(executed(AMENDMENT))
    given(ready(), amended()).when(let_in(STRANGER)).then(permitted(STRANGER, AMENDMENT))
    given(ready(), amended()).when(let_in(ANA)).then(permitted(ANA, AMENDMENT))
    given(ready(), amended()).when(let_in(BEN)).then(permitted(BEN, DUA))


def test_on_the_day_before_an_amendment_what_it_amends_still_binds():
    late = last_moment_of(YESTERDAY)
    given(ready(), amended()).when(let_in(ANA), late).then(permitted(ANA, MOU))
    given(ready(), amended()).when(let_in(STRANGER), late).then(
        refused("named-recipients", "a place in an agreement in force", about=[STRANGER])
    )


def test_whom_an_amendment_names_no_longer_is_not_let_in_from_its_first_moment():
    without = amendment(recipients=(recipient(STRANGER),))
    given(ready(), amended(without)).when(let_in(ANA), first_moment_of(TODAY)).then(
        refused("named-recipients", "a place in an agreement in force", "a place in the study group", about=2 * [ANA])
    )


def test_whom_an_amendment_names_no_longer_is_judged_no_longer():
    """The agreement can be renewed for the others, and nobody asks for the training of whoever has left."""
    without = amendment(recipients=(recipient(STRANGER),))
    facts = ready(ana_certified=None, ana_verified=None)
    given(facts, amended(without)).when(renew(agreement=AMENDMENT)).then(prolonged(agreement=AMENDMENT))
    given(facts, amended()).when(renew(agreement=AMENDMENT)).then(refused("citi-training", about=[ANA]))


def test_whoever_is_named_in_another_agreement_stays_in_the_study_group():
    twice = use_agreement(recipients=(recipient(BEN, ELSEWHERE), recipient(ANA, ELSEWHERE)), otherwise=64 * "1")
    without = amendment(recipients=(recipient(STRANGER),))
    given(ready(dua=twice), amended(without)).when(let_in(ANA)).then(
        refused("named-recipients", "a place in an agreement in force", about=[ANA])
    )


def test_an_amendment_that_ends_does_not_revive_what_it_amended():
    given(ready(), amended(), terminated(AMENDMENT, TODAY)).when(let_in(ANA)).then(
        refused("named-recipients", "a place in an agreement in force", about=[ANA])
    )


def test_added_people_are_judged_as_everybody_is_when_the_amendment_is_executed():
    def without(**missing: Event | None) -> list[Event]:
        return [*strangers(**missing), amendment(), *signatures(amendment())]

    given(ready(), without(certified=None, verified=None)).when(execute(AMENDMENT)).then(
        refused("citi-training", about=[STRANGER])
    )
    given(ready(), without(board=None)).when(execute(AMENDMENT)).then(refused("couhes", about=[STRANGER]))
    given(ready(), [*without(), suspended(STRANGER)]).when(execute(AMENDMENT)).then(
        refused("nobody-suspended", about=[STRANGER])
    )


def test_after_an_amendment_everybody_whom_agreements_in_force_name_is_in_the_study_group():
    known = Standing(recorded([*ready(), *amended()])).request(REQUEST)

    assert known.study_group == (ANA, BEN, STRANGER)
    assert [party.agreement for who in known.study_group for party in known.naming(who, TODAY)] == [
        AMENDMENT,
        DUA,
        AMENDMENT,
    ]


def test_data_that_an_amendment_adds_are_asked_for_from_then_on_on_a_legal_basis_of_their_own():
    more = amendment(datasets=(covered(), covered(dataset=OTHER_DATA)))
    facts = [data_set(OTHER_DATA), version_added(dataset=OTHER_DATA), *strangers(), more, *signatures(more)]
    given(ready(), facts).when(execute(AMENDMENT)).then(
        refused("law-determined", about=2 * [OTHER_DATA]),
    )
    given(ready(), facts, _law_for_both()).when(execute(AMENDMENT)).then(executed(AMENDMENT))
    given(ready(), facts, _law_for_both(), in_force(AMENDMENT, TODAY)).when(let_in(dataset=OTHER_DATA)).then(
        permitted(ANA, AMENDMENT, OTHER_DATA)
    )


def _law_for_both() -> LawDetermined:
    return law(*(basis(whom, dataset=one) for whom in ("home", "outside") for one in (DATA_SET, OTHER_DATA)))


def test_data_that_an_amendment_leaves_out_are_covered_no_longer():
    asked = request(datasets=(wanted(), wanted(dataset=OTHER_DATA)))
    both = memorandum(datasets=(covered(), covered(dataset=OTHER_DATA)))
    facts = [*ready(request=asked, mou=both, law=_law_for_both()), data_set(OTHER_DATA)]
    facts += [version_added(dataset=OTHER_DATA)]
    given(facts).when(let_in(dataset=OTHER_DATA)).then(permitted(ANA, MOU, OTHER_DATA))
    given(facts, amended()).when(let_in(dataset=OTHER_DATA)).then(
        refused("named-recipients", f"a place in an agreement about {OTHER_DATA}", about=[ANA])
    )


OUTSIDER = [
    affiliation(STRANGER, "outside", NOWHERE),
    irb(determination="E-nowhere", organisation=NOWHERE, covers=(STRANGER,)),
    couhes(determination="E-home", covers=(STRANGER,)),
    *strangers(affiliation=None, board=None),
]
FOR_AN_OUTSIDER = addendum(kind="DUA", recipients=(recipient(STRANGER, NOWHERE),))
SIGNED_BY_ALL = [
    signed(FOR_AN_OUTSIDER, "researcher", ANA),
    signed(FOR_AN_OUTSIDER, "authorised official", EVA, organisation=NOWHERE),
    signed(FOR_AN_OUTSIDER, "home signatory", HEAD),
]


def test_somebody_from_outside_comes_in_by_an_addendum_of_the_other_kind():
    given(ready(), OUTSIDER).when(amend(FOR_AN_OUTSIDER)).then(Done(FOR_AN_OUTSIDER))
    facts = [*OUTSIDER, person(EVA), FOR_AN_OUTSIDER, *SIGNED_BY_ALL]
    given(ready(), facts).when(execute(ADDENDUM)).then(executed(ADDENDUM))
    by_them = signed(FOR_AN_OUTSIDER, "authorised official", STRANGER, organisation=NOWHERE)
    given(ready(), OUTSIDER, FOR_AN_OUTSIDER, SIGNED_BY_ALL[0], by_them, SIGNED_BY_ALL[2]).when(execute(ADDENDUM)).then(
        refused("agreement-signed", "signature of the authorised official", about=[NOWHERE])
    )
    given(ready(), facts, in_force(ADDENDUM, TODAY)).when(let_in(STRANGER)).then(permitted(STRANGER, ADDENDUM))
    given(ready(), facts, in_force(ADDENDUM, TODAY)).when(let_in(ANA)).then(permitted(ANA, MOU))


@pytest.mark.parametrize("approver", [ANA, BEN, STRANGER])
def test_nobody_whom_an_amendment_is_for_approves_its_template(approver):
    own = amendment(template_approved_by=approver)
    given(ready(), strangers()).when(amend(own)).then(
        refused("template-approved", "somebody else to approve the template", about=[approver])
    )


def test_an_addendum_ends_no_later_than_what_it_is_beside():
    facts = [*ready(mou_executed=in_force(MOU, LONG_AGO, TOMORROW)), *strangers(), addendum(), *signatures(addendum())]
    given(facts).when(execute(ADDENDUM, ends=TOMORROW)).then(executed(ADDENDUM, ends=TOMORROW))
    given(facts).when(execute(ADDENDUM, ends=TOMORROW + timedelta(1))).then(
        refused("amendment-terms", f"an end by {TOMORROW}", about=[ADDENDUM])
    )


def test_an_amendment_takes_effect_at_once_or_not_at_all():
    given(ready(), SIGNED).when(execute(AMENDMENT, starts=TOMORROW)).then(
        refused("amendment-terms", f"a first day by {TODAY}", about=[AMENDMENT])
    )


@pytest.mark.parametrize("ends", [TODAY, FAR_OFF])
def test_what_is_in_force_today_can_be_amended(ends):
    given(ready(mou_executed=in_force(MOU, LONG_AGO, ends)), strangers()).when(amend()).then(Done(amendment()))


@pytest.mark.parametrize(
    "facts",
    [
        ready(mou_executed=in_force(MOU, LONG_AGO, YESTERDAY)),
        ready(mou_executed=None),
        ready(mou_executed=in_force(MOU, TOMORROW, FAR_OFF)),
        [*ready(), terminated(MOU, TODAY)],
        [*ready(), *amended(amendment(agreement="A-mou-3"))],
    ],
    ids=["ended yesterday", "not executed", "not yet in force", "terminated today", "amended already"],
)
def test_what_is_not_in_force_is_not_amended(facts):
    given(facts, strangers()).when(amend()).then(refused("amendment-terms", "an agreement in force", about=[MOU]))


def test_an_amendment_that_was_issued_is_not_executed_once_what_it_amends_has_ended():
    given(ready(), SIGNED, terminated(MOU, TODAY)).when(execute(AMENDMENT)).then(
        refused("amendment-terms", "an agreement in force", about=[MOU])
    )


@pytest.mark.parametrize(
    ("changed", "objections"),
    [
        ({"recipients": ()}, refused("amendment-terms", "recipients", about=[AMENDMENT])),
        ({"datasets": ()}, refused("amendment-terms", "data sets", about=[AMENDMENT])),
        ({"agreement": DUA}, refused("amendment-terms", "a number that is not taken", about=[DUA])),
        (
            {"recipients": (recipient(ANA, ELSEWHERE),)},
            refused("amendment-terms", "the organisation that they act for", about=[ANA]),
        ),
        (
            {"recipients": (recipient(BEN, ELSEWHERE),)},
            refused("amendment-terms", "DUA, or a reason", about=[BEN]),
        ),
        (
            {"kind": "DUA", "otherwise": 64 * "1"},
            refused("amendment-terms", "an amendment that is a MOU, too", about=[MOU]),
        ),
        (
            {"datasets": (covered(dataset=OTHER_DATA),)},
            refused("amendment-terms", "a place in the catalogue", about=[OTHER_DATA]),
        ),
    ],
    ids=["nobody", "nothing", "taken", "for another", "for an outsider", "of another kind", "of unknown data"],
)
def test_an_amendment_names_people_for_whom_they_act_and_data_of_the_catalogue(changed, objections):
    given(ready(), strangers()).when(amend(amendment(**changed))).then(objections)


BESIDE: dict[str, Any] = {"agreement": ADDENDUM, "beside": True}


@pytest.mark.parametrize("same", [the_same_again(), the_same_again(**BESIDE), the_same_again(template="MOU-2027")])
def test_an_amendment_that_changes_nothing_is_refused(same):
    given(ready()).when(amend(same)).then(refused("amendment-terms", "a change", about=[same.agreement]))


@pytest.mark.parametrize(
    "changed",
    [
        {"text": commitment(44)},
        {"recipients": (recipient(ANA), recipient(STRANGER))},
        {"datasets": (covered(), covered("de-identified"))},
    ],
    ids=["words", "people", "data"],
)
def test_an_amendment_of_words_alone_or_of_people_or_data_is_issued(changed):
    changing = the_same_again(**changed)
    given(ready(), strangers()).when(amend(changing)).then(Done(changing))


def test_an_amendment_that_leaves_somebody_out_is_issued():
    both = memorandum(recipients=(recipient(ANA), recipient(STRANGER)))
    leaving_out = the_same_again()
    given(ready(mou=both), strangers()).when(amend(leaving_out)).then(Done(leaving_out))
    beside = the_same_again(**BESIDE)
    given(ready(mou=both), strangers()).when(amend(beside)).then(
        refused("amendment-terms", "a change", about=[ADDENDUM])
    )


def test_with_a_reason_an_amendment_names_somebody_for_whom_its_kind_is_not_usual():
    otherwise = amendment(recipients=(recipient(BEN, ELSEWHERE),), otherwise=64 * "1")
    given(ready(), strangers()).when(amend(otherwise)).then(Done(otherwise))


# Renewing.


def test_an_agreement_is_renewed_on_its_last_day_and_not_on_the_day_after():
    given(ready(mou_executed=in_force(MOU, LONG_AGO, TODAY))).when(renew()).then(prolonged())
    given(ready(mou_executed=in_force(MOU, LONG_AGO, YESTERDAY))).when(renew()).then(
        refused("renewal-in-time", "an agreement in force", about=[MOU])
    )


def test_a_renewed_agreement_binds_up_to_its_new_end():
    facts = [*ready(mou_executed=in_force(MOU, LONG_AGO, YESTERDAY)), renewed(TODAY)]
    given(facts).when(let_in(ANA), last_moment_of(TODAY)).then(permitted())
    given(facts).when(let_in(ANA), first_moment_of(TOMORROW)).then(
        refused("named-recipients", "a place in an agreement in force", about=[ANA])
    )


def test_what_the_calendar_says_has_expired_is_not_renewed_by_a_clock_that_is_behind():
    given(ready(), expired()).when(renew()).then(refused("renewal-in-time", "an agreement in force", about=[MOU]))


def test_a_renewal_is_to_a_later_day():
    given(ready()).when(renew(FAR_OFF)).then(refused("renewal-in-time", f"an end after {FAR_OFF}", about=[MOU]))
    given(ready()).when(renew(FAR_OFF + timedelta(1))).then(prolonged(FAR_OFF + timedelta(1)))


def test_a_renewal_lasts_no_longer_than_policy_has_it_from_its_day_unless_that_is_waived():
    late = A_YEAR_ON + timedelta(1)
    given(ready()).when(renew(late)).then(refused("agreement-term", f"an end by {A_YEAR_ON}", about=[MOU]))
    given(ready(), waiver("agreement-term")).when(renew(late)).then(prolonged(late, waivers=(WAIVER,)))


@pytest.mark.parametrize(
    ("facts", "objections"),
    [
        (ready(ben_certified=certified(BEN, LONG_AGO, YESTERDAY)), refused("citi-training", about=[BEN])),
        (ready(couhes=couhes(expires=YESTERDAY)), refused("couhes", about=[ANA])),
        ([*ready(), suspended(BEN)], refused("nobody-suspended", about=[BEN])),
        ([*ready(), terminated(MOU, TODAY)], refused("renewal-in-time", about=[MOU])),
        ([*ready(), *amended()], refused("renewal-in-time", about=[MOU])),
        ([*ready(), terminated(MOU, TOMORROW)], refused("renewal-in-time", about=[MOU])),
        (ready(mou_executed=None), refused("renewal-in-time", about=[MOU])),
    ],
    ids=["untrained", "no board", "suspended", "terminated", "amended", "to be terminated", "not executed"],
)
def test_a_renewal_is_judged_as_an_execution_is(facts, objections):
    given(facts).when(renew()).then(objections)


def test_an_amendment_can_be_renewed():
    given(ready(), amended()).when(renew(agreement=AMENDMENT)).then(prolonged(agreement=AMENDMENT))


# Debarred.

STEPS: list[tuple[list[Event], Act, Done]] = [
    (complete(), approve(), approved()),
    (ready(mou=None), issue(memorandum()), issued(memorandum())),
    (ready(mou_executed=None), execute(), executed()),
    (ready(), authorise(), authorised()),
    ([*ready(), *strangers()], amend(), Done(amendment())),
    (ready(), renew(), prolonged()),
]
every_step = pytest.mark.parametrize(("facts", "act", "done"), STEPS, ids=[act.name for _, act, _ in STEPS])


@every_step
def test_a_debarred_person_gets_nothing_more_up_to_the_last_day_of_that(facts, act, done):
    given(facts, debarred(BEN, TODAY)).when(act, last_moment_of(TODAY)).then(
        refused("nobody-debarred", "an end of the debarment", about=[BEN], shown_by=[debarred(BEN, TODAY)])
    )
    given(facts, debarred(BEN, YESTERDAY)).when(act).then(done)
    given(facts, debarred(BEN, TOMORROW), debarment_lifted(BEN)).when(act).then(done)


def test_a_debarment_holds_a_hand_over():
    given(ready(), authorised().event, debarred(BEN)).when(hand_over()).then(refused("nobody-debarred", about=[BEN]))


def test_a_debarred_researcher_counts_who_will_have_no_access():
    asked = request(study_group=(BEN,))
    given(complete(request=asked), debarred(ANA)).when(approve()).then(refused("nobody-debarred", about=[ANA]))


def test_of_whom_an_amendment_adds_nobody_is_debarred():
    given(ready(), strangers(), debarred(STRANGER)).when(amend()).then(refused("nobody-debarred", about=[STRANGER]))


def test_a_debarred_person_keeps_what_they_have():
    given(ready(), debarred(ANA, FAR_OFF)).when(let_in(ANA)).then(permitted())


def test_the_longest_of_several_debarments_counts():
    given(complete(), debarred(BEN, TOMORROW), debarred(BEN, YESTERDAY)).when(approve()).then(
        refused("nobody-debarred", about=[BEN], shown_by=[debarred(BEN, TOMORROW)])
    )
