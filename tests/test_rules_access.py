"""Rules of access and of waivers: who is let in, and which rule is excepted for how long."""

from typing import get_args

import pytest

from ledger.events import DataSetRetired, Event
from ledger.events.governance import Role
from projections.acts import Act
from projections.rules import waivable
from projections.rules.rulebook import RULEBOOK
from tests.amending_facts import amend, amendment, prolonged, renew, strangers
from tests.endings import (
    OUT,
    OVER,
    accept,
    accepted,
    attested,
    close,
    close_incident,
    closed,
    contained,
    incident,
    incident_is_closed,
    write_off,
    written_off,
)
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment, data_set, version_added
from tests.office import Done, Objections, first_moment_of, given, last_moment_of, not_entitled, refused
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    decline,
    declined,
    erase,
    execute,
    executed,
    given_up,
    hand_over,
    handed_over,
    issue,
    issued,
    let_in,
    permitted,
    waive,
    waived,
)
from tests.office_facts import (
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    IRB,
    MOU,
    OTHER_REQUEST,
    SERVER,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    WAIVER,
    YESTERDAY,
    affiliation,
    basis,
    board_ended,
    certified,
    corrected,
    couhes,
    covered,
    designated,
    form_changed,
    head_approval,
    in_force,
    irb,
    key_confirmed,
    key_filed,
    law,
    memorandum,
    recipient,
    reliance,
    request,
    returned,
    role,
    suspended,
    terminated,
    trial_passed,
    use_agreement,
    verified,
    waiver,
    wanted,
    withdrawn,
)
from tests.office_requests import complete, ready
from tests.outside import answer, answered, let_appear, passed, reviewed, under_review, with_query

A_SERVER = role(principal=SERVER, person=None, role="data server")
NO_PLACE = "a place in an agreement in force"
EVERYBODY = request(personnel=(ANA, BEN, STRANGER), study_group=(ANA, BEN, STRANGER))
STRANGERS = [
    affiliation(STRANGER, "outside", ELSEWHERE),
    irb(determination="E-2", covers=(STRANGER,)),
    reliance(determination="E-2"),
    certified(STRANGER),
    verified(STRANGER),
]


# Who is let in.


@pytest.mark.parametrize(("who", "agreement"), [(ANA, MOU), (BEN, DUA)])
def test_whoever_is_named_in_an_agreement_in_force_is_let_in_under_it(who, agreement):
    given(ready()).when(let_in(who)).then(permitted(who, agreement))


def test_nobody_is_let_in_before_an_agreement_is_in_force():
    given(complete(), version_added(), certified(ANA), verified(ANA)).when(let_in()).then(
        refused("named-recipients", NO_PLACE, about=[ANA])
    )


def test_access_is_judged_for_the_person_alone():
    """What is wanting for others in the group holds them, and not her."""
    facts = ready(irb=None, reliance=None, ben_certified=None, dua_executed=None, contact=None, key=None)
    given(facts, suspended(BEN)).when(let_in(ANA)).then(permitted())
    given(facts, suspended(BEN)).when(let_in(BEN)).then(
        refused("named-recipients", about=[BEN]),
        refused("irb-and-couhes", about=[BEN, BEN]),
        refused("citi-training", about=[BEN]),
        refused("nobody-suspended", about=[BEN]),
    )


@pytest.mark.parametrize("who", [STRANGER, HEAD])
def test_somebody_who_is_named_nowhere_is_not_let_in(who):
    given(ready()).when(let_in(who)).then(
        refused("named-recipients", NO_PLACE, "a place in the study group", about=[who, who]),
        refused("couhes", about=[who]),
        refused("irb-and-couhes", about=[who, who]),
        refused("citi-training", about=[who]),
    )


@pytest.mark.parametrize("under", [REQUEST, None])
def test_somebody_whom_the_ledger_does_not_know_is_not_let_in(under):
    asks = let_in(None, request=under, account=commitment())
    given(ready()).when(asks).then(refused("named-recipients", about=[None]))
    given(ready(), waiver("named-recipients")).when(asks).then(refused("named-recipients", about=[None]))


def test_somebody_of_an_organisation_that_is_named_is_not_let_in_for_that():
    given(ready(request=EVERYBODY), STRANGERS).when(let_in(STRANGER)).then(
        refused("named-recipients", NO_PLACE, about=[STRANGER])
    )
    both = use_agreement(recipients=(recipient(BEN, ELSEWHERE), recipient(STRANGER, ELSEWHERE)))
    given(ready(request=EVERYBODY, dua=both), STRANGERS).when(let_in(STRANGER)).then(permitted(STRANGER, DUA))


def test_somebody_who_is_named_and_not_in_the_study_group_is_not_let_in():
    both = use_agreement(recipients=(recipient(BEN, ELSEWHERE), recipient(STRANGER, ELSEWHERE)))
    given(ready(dua=both), STRANGERS).when(let_in(STRANGER)).then(
        refused("named-recipients", "a place in the study group", about=[STRANGER], shown_by=[request()])
    )


def test_a_data_set_that_was_not_asked_for_is_not_opened():
    covering = memorandum(datasets=(covered(), covered(dataset="D-other")))
    given(ready(mou=covering), data_set("D-other")).when(let_in(dataset="D-other")).then(
        refused("named-recipients", "a request for it", about=["D-other"], shown_by=[request()])
    )


def test_a_data_set_that_the_agreement_is_not_about_is_not_opened():
    both = request(datasets=(wanted(), wanted(dataset="D-other")))
    bases = [basis(who, dataset=one) for one in (DATA_SET, "D-other") for who in ("home", "outside")]
    facts = [*ready(request=both, law=law(*bases)), data_set("D-other"), version_added(dataset="D-other")]
    given(facts).when(let_in(dataset="D-other")).then(
        refused("named-recipients", "a place in an agreement about D-other", about=[ANA])
    )
    given(facts).when(let_in()).then(permitted())
    other = [memorandum(agreement="A-3", datasets=(covered(dataset="D-other"),)), in_force("A-3")]
    given(facts, other).when(let_in(dataset="D-other")).then(permitted(ANA, "A-3", "D-other"))


FREELY = [basis(who, basis="34 CFR 99.31(b)", form="de-identified") for who in ("home", "outside")]
DE_IDENTIFIED: dict[str, Event] = {
    "request": request(datasets=(wanted("de-identified"),)),
    "law": law(*FREELY),
    "mou": memorandum(datasets=(covered("de-identified"),)),
}
BOTH_FORMS = (wanted("de-identified"), wanted())


def test_identified_data_are_not_opened_on_what_is_said_of_de_identified_data():
    given(ready(**DE_IDENTIFIED)).when(let_in()).then(
        refused(
            "named-recipients",
            "a request for it, identified",
            about=[DATA_SET],
            shown_by=[data_set(), DE_IDENTIFIED["request"], version_added()],
        )
    )
    given(ready(**DE_IDENTIFIED), version_added("2"), form_changed(label="2")).when(let_in()).then(permitted())


def test_what_was_found_to_be_identified_after_all_is_not_opened_as_de_identified():
    facts = [*ready(**DE_IDENTIFIED), form_changed()]
    given(facts).when(let_in()).then(permitted())
    given(facts, form_changed("identified")).when(let_in()).then(
        refused("named-recipients", "a request for it, identified", about=[DATA_SET])
    )


def test_de_identified_data_are_not_opened_on_what_is_said_of_identified_data():
    given(ready(), form_changed()).when(let_in()).then(
        refused("named-recipients", "a request for it, de-identified", about=[DATA_SET])
    )


def test_a_data_set_without_a_version_is_not_opened():
    given(ready(version=None)).when(let_in()).then(refused("named-recipients", "a version of it", about=[DATA_SET]))


def test_of_two_forms_asked_for_that_counts_in_which_there_is_a_version():
    first = memorandum(datasets=(covered("de-identified"),))
    facts = ready(request=request(datasets=BOTH_FORMS), mou=first)
    given(facts).when(let_in()).then(refused("named-recipients", about=[ANA]))
    given(facts, form_changed()).when(let_in()).then(refused("law-determined", about=[DATA_SET]))
    given(facts, law(*FREELY), form_changed()).when(let_in()).then(permitted())


def test_whoever_is_named_for_both_forms_is_let_in_under_the_agreement_about_identified_data():
    first = memorandum(datasets=(covered("de-identified"),))
    facts = ready(request=request(datasets=BOTH_FORMS), mou=first, law=law(*FREELY, basis("home"), basis("outside")))
    second = [memorandum(agreement="A-3"), in_force("A-3")]
    given(facts, second).when(let_in()).then(permitted(ANA, "A-3"))
    given(facts, second, version_added("2"), form_changed(label="2")).when(let_in()).then(permitted(ANA, "A-3"))
    given(facts, second, form_changed()).when(let_in()).then(permitted(ANA, MOU))


def test_a_data_set_that_is_released_no_more_is_opened_still():
    given(ready(), DataSetRetired(dataset=DATA_SET)).when(let_in()).then(permitted())


@pytest.mark.parametrize(
    ("happened", "rule", "shown_by"),
    [
        (terminated(MOU), "named-recipients", None),
        (board_ended(COUHES, TODAY), "couhes", None),
        (law(consistent=False), "law-determined", [law(consistent=False)]),
        (suspended(ANA), "nobody-suspended", [suspended(ANA)]),
        (suspended(ANA, REQUEST), "nobody-suspended", [suspended(ANA, REQUEST)]),
    ],
    ids=["terminated", "ethics", "law", "suspended", "suspended in this"],
)
def test_access_is_judged_each_time(happened, rule, shown_by):
    given(ready(), permitted().event, happened).when(let_in()).then(
        refused(rule, about=[None if rule == "law-determined" else ANA], shown_by=shown_by)
    )


def test_access_ends_with_the_last_day_of_the_agreement():
    facts = ready(mou_executed=in_force(MOU, ends=TODAY))
    given(facts).when(let_in(), at=last_moment_of(TODAY)).then(permitted())
    given(facts).when(let_in(), at=first_moment_of(TOMORROW)).then(refused("named-recipients", NO_PLACE, about=[ANA]))


def test_without_a_request_nobody_is_let_in():
    given(ready()).when(let_in(request=None)).then(
        refused("named-recipients", NO_PLACE, about=[ANA]),
        refused("couhes", about=[ANA]),
        refused("irb-and-couhes", about=[ANA, ANA]),
    )


def test_a_person_is_let_in_under_the_request_that_names_them_and_no_other():
    given(ready(), request(OTHER_REQUEST)).when(let_in(request=OTHER_REQUEST)).then(
        refused("named-recipients", NO_PLACE, about=[ANA]),
        refused("couhes", about=[ANA]),
        refused("irb-and-couhes", about=[ANA, ANA]),
        refused("law-determined", "legal determination"),
    )


# What may be waived.

WAIVABLE = {"key-tested", "key-address", "agreement-term", "second-reviewer"}
NEVER = ["couhes", "irb-and-couhes", "citi-training", "law-determined", "agreement-signed", "named-recipients"]
NEVER += ["own-way", "about-data", "publication-reviewed", "smallest-cell"]
LET = "a rule that can be waived: that is agreement-term, key-address, key-tested, second-reviewer"


@pytest.mark.parametrize("id_", sorted({one.id for rules in RULEBOOK.values() for one in rules if one.waivable}))
def test_these_rules_can_be_waived(id_):
    given(ready()).when(waive(id_)).then(waived(id_))


@pytest.mark.parametrize("id_", sorted({one.id for rules in RULEBOOK.values() for one in rules if not one.waivable}))
def test_no_other_rule_is_ever_waived(id_):
    given(ready()).when(waive(id_)).then(refused("waivable", LET, about=[id_]))


def test_what_says_that_it_can_be_waived_is_what_can_be_waived():
    found = {one.id for rules in RULEBOOK.values() for one in rules if one.waivable}

    assert found == WAIVABLE == set(waivable.WAIVABLE)
    assert found.isdisjoint(NEVER)


@pytest.mark.parametrize("id_", ["no-such-rule", "C1.4", "K1"])
def test_what_is_no_rule_is_not_waived(id_):
    given(ready()).when(waive(id_)).then(refused("waivable", LET, about=[id_]))


@pytest.mark.parametrize(
    ("fact", "rule", "about"),
    [
        ({"couhes": None}, "couhes", ANA),
        ({"reliance": None}, "irb-and-couhes", BEN),
        ({"ben_certified": None}, "citi-training", BEN),
        ({"law": None}, "law-determined", None),
        ({"dua_executed": None}, "named-recipients", BEN),
        ({"key_confirmed": None}, "key-confirmed", ANA),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_waiver_that_stands_in_the_log_all_the_same_excepts_nothing_from_what_protects_learners(fact, rule, about):
    given(ready(**fact), waiver(rule, expires=FAR_OFF)).when(authorise()).then(refused(rule, about=[about]))


@pytest.mark.parametrize(("expires", "over"), [(YESTERDAY, True), (TODAY, False), (TOMORROW, False)])
def test_a_waiver_has_a_last_day_that_is_not_over(expires, over):
    expected = refused("waivable", "a last day that is not over", about=[WAIVER]) if over else waived(expires=expires)
    for moment in (first_moment_of(TODAY), last_moment_of(TODAY)):
        given(ready()).when(waive(expires=expires), at=moment).then(expected)


def test_the_number_of_a_waiver_is_given_once_in_all_requests():
    given(ready(), waiver()).when(waive("key-address")).then(
        refused("waivable", "a number that is not taken", about=[WAIVER], shown_by=[waiver()])
    )
    elsewhere = waiver(request=OTHER_REQUEST)
    given(ready(), request(OTHER_REQUEST), elsewhere).when(waive()).then(
        refused("waivable", "a number that is not taken", about=[WAIVER], shown_by=[elsewhere])
    )


@pytest.mark.parametrize("held", get_args(Role))
def test_only_a_director_waives(held):
    expected = waived() if held in ("director", "acting director") else not_entitled(THE_DIRECTOR)
    given(ready(role=role(role=held))).when(waive()).then(expected)


@pytest.mark.parametrize(
    "part",
    [
        request(sponsor=DIRECTOR),
        request(head_approval=head_approval(DIRECTOR)),
        request(personnel=(ANA, BEN, DIRECTOR)),
    ],
    ids=["sponsor", "head", "personnel"],
)
def test_nobody_waives_for_themself(part):
    given(ready(request=part)).when(waive()).then(refused("separate-duties", about=[DIRECTOR]))


# A waiver in force.

UNTESTED = ready(test=None)
NOT_TESTED = refused("key-tested", about=[ANA])
UNDER_IT = {"waivers": (WAIVER,)}


@pytest.mark.parametrize("act", [authorise(), hand_over()], ids=lambda act: act.name)
def test_a_waiver_is_in_force_up_to_its_last_day_and_its_use_is_recorded(act):
    facts = [*UNTESTED, waiver(expires=TODAY), *([authorised().event] if act == hand_over() else [])]
    done = authorised(**UNDER_IT) if act == authorise() else handed_over(**UNDER_IT)
    given(facts).when(act).then(done)
    given(facts).when(act, at=last_moment_of(TODAY)).then(done)
    given(facts).when(act, at=first_moment_of(TOMORROW)).then(NOT_TESTED)


def test_a_waiver_that_was_not_needed_was_not_used():
    given(ready(), waiver()).when(authorise()).then(authorised())


def test_a_waiver_excepts_from_its_own_rule_alone():
    given(UNTESTED, waiver("key-address")).when(authorise()).then(NOT_TESTED)
    given(ready(test=None, key_confirmed=None), waiver()).when(authorise()).then(refused("key-confirmed", about=[ANA]))


def test_two_rules_take_two_waivers():
    nameless = ready(test=None, key=key_filed(names_address=False))
    address = waiver("key-address", waiver="W-2")
    given(nameless, waiver()).when(authorise()).then(refused("key-address", about=[ANA]))
    given(nameless, address).when(authorise()).then(NOT_TESTED)
    given(nameless, waiver(), address).when(authorise()).then(authorised(waivers=("W-2", WAIVER)))


def test_a_waiver_is_of_one_request():
    given(UNTESTED, request(OTHER_REQUEST), waiver(request=OTHER_REQUEST)).when(authorise()).then(NOT_TESTED)


def test_a_waiver_in_force_counts_beside_one_that_is_over():
    both = [waiver(expires=YESTERDAY), waiver(waiver="W-2", expires=TODAY)]
    given(UNTESTED, both).when(authorise()).then(authorised(waivers=("W-2",)))


def test_a_waiver_of_what_was_not_needed_any_more_is_not_recorded_at_the_hand_over():
    facts = [*UNTESTED, waiver(), authorised(**UNDER_IT).event, trial_passed()]
    given(facts).when(hand_over()).then(handed_over())


# Who may wish what.

EVERY_ACT: list[tuple[list[Event], Act, Done]] = [
    (complete(), approve(), approved()),
    (complete(), decline(), declined()),
    (ready(mou=None), issue(memorandum()), issued(memorandum())),
    (ready(mou_executed=None), execute(), executed()),
    (ready(), authorise(), authorised()),
    ([*ready(), authorised().event], hand_over(), handed_over()),
    (ready(), let_in(), permitted()),
    (ready(), waive(), waived()),
    (complete(), erase(), given_up()),
    (with_query(), answer(), answered()),
    (under_review(reviewed()), let_appear(), passed()),
    ([*ready(), *strangers()], amend(), Done(amendment())),
    (ready(), renew(), prolonged()),
    ([*ready(), *OUT, attested()], accept(), accepted()),
    ([*ready(), *OUT], write_off(), written_off()),
    ([*ready(), *OVER], close(), closed()),
    ([*ready(), incident(REQUEST), contained(REQUEST)], close_incident(), incident_is_closed(REQUEST)),
]
DIRECTORS_ALONE = {"grant-waiver", "erase-details", "write-off", "close-incident"}
MAY_WISH = {
    "director": {act.name for _, act, _ in EVERY_ACT},
    "acting director": {act.name for _, act, _ in EVERY_ACT},
    "alternate": {act.name for _, act, _ in EVERY_ACT} - DIRECTORS_ALONE,
    "staff": {act.name for _, act, _ in EVERY_ACT} - DIRECTORS_ALONE,
    "auditor": set(),
    "researcher": set(),
    "compliance": set(),
    "admin": {"erase-details"},
    "data server": {"let-in"},
}


@pytest.mark.parametrize("held", get_args(Role))
@pytest.mark.parametrize(("facts", "act", "done"), EVERY_ACT, ids=[act.name for _, act, _ in EVERY_ACT])
def test_who_may_wish_what(facts, act, done, held):
    with_role = [role(role=held) if fact == role() else fact for fact in facts]
    given(with_role).when(act).then(done if act.name in MAY_WISH[held] else not_entitled(THE_DIRECTOR))


def test_every_act_has_its_place_in_the_table():
    assert {type(act) for _, act, _ in EVERY_ACT} == set(RULEBOOK)


# What was recorded, and is not so.

CORRECTIONS: list[tuple[Event, Act, Objections]] = [
    (couhes(), authorise(), refused("couhes", about=[ANA])),
    (irb(), authorise(), refused("irb-and-couhes", about=[BEN, BEN])),
    (reliance(), authorise(), refused("irb-and-couhes", about=[BEN])),
    (law(), authorise(), refused("law-determined")),
    (certified(BEN), let_in(BEN), refused("citi-training", about=[BEN])),
    (verified(BEN), let_in(BEN), refused("citi-training", about=[BEN])),
    (designated(ANA), authorise(), refused("contact-named", about=[REQUEST])),
    (key_confirmed(), authorise(), refused("key-confirmed", about=[ANA])),
    (trial_passed(), authorise(), refused("key-tested", about=[ANA])),
]


@pytest.mark.parametrize(("wrong", "act", "held"), CORRECTIONS)
def test_a_corrected_fact_counts_no_longer_and_a_corrected_correction_revives_it(wrong, act, held):
    done = {authorise(): authorised(), let_in(BEN): permitted(BEN, DUA)}[act]
    once = corrected(ready(), wrong)
    twice = corrected(once, once[-1])
    thrice = corrected(twice, twice[-1])
    given(ready()).when(act).then(done)
    given(once).when(act).then(held)
    given(twice).when(act).then(done)
    given(thrice).when(act).then(held)


def test_what_is_so_instead_stands_beside_the_correction():
    facts = corrected(ready(), couhes())
    given(facts, couhes(determination="E-right")).when(authorise()).then(authorised())


def test_the_fact_before_the_corrected_one_counts_again():
    facts = [*ready(), affiliation(BEN, "home")]
    given(facts).when(let_in(BEN)).then(refused("named-recipients", about=[BEN]), refused("couhes", about=[BEN]))
    given(corrected(facts, affiliation(BEN, "home"))).when(let_in(BEN)).then(permitted(BEN, DUA))


@pytest.mark.parametrize("gone", [returned(), withdrawn()], ids=lambda event: event.wire_name)
def test_a_request_that_went_away_by_mistake_is_before_the_office_again(gone):
    facts = [*complete(), gone]
    given(facts).when(approve()).then(refused("open-request", about=[REQUEST]))
    given(corrected(facts, gone)).when(approve()).then(approved())


def test_a_corrected_end_of_a_determination_ends_nothing():
    ended = board_ended(IRB, YESTERDAY)
    given(corrected([*ready(), ended], ended)).when(authorise()).then(authorised())


def test_an_objection_does_not_show_what_was_corrected():
    given(corrected(ready(), couhes())).when(let_in()).then(
        refused("couhes", about=[ANA], shown_by=[affiliation(ANA, "home")])
    )
