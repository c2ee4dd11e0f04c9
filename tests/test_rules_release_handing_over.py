"""Rules of releases: what may not happen between the authorisation and the hand-over."""

import pytest

from ledger.events import Event
from ledger.events.catalogue import DataSetVersionAdded
from ledger.events.release import Version
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment, version_added
from tests.office import given, refused
from tests.office_acts import authorise, authorised, chosen, hand_over, handed_over, packed
from tests.office_facts import (
    COUHES,
    DUA,
    HEAD,
    MOU,
    OTHER_REQUEST,
    RELEASE,
    TODAY,
    basis,
    board_ended,
    corrected,
    covered,
    designated,
    failed,
    form_changed,
    in_force,
    key_confirmed,
    key_filed,
    key_revoked,
    law,
    memorandum,
    request,
    role,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    use_agreement,
)
from tests.office_requests import ready
from tests.release_facts import AUTHORISED, BOTH_FORMS, bases_for

AGREED_ON_BOTH = {
    "request": BOTH_FORMS,
    "law": law(*bases_for((DATA_SET, "identified"), (DATA_SET, "de-identified"))),
    "mou": memorandum(datasets=(covered(), covered("de-identified"))),
    "dua": use_agreement(datasets=(covered(), covered("de-identified"))),
}


def test_a_release_that_nobody_authorised_is_not_handed_over():
    given(ready()).when(hand_over()).then(refused("release-in-turn", "an authorisation", about=[RELEASE]))
    given(ready(), AUTHORISED).when(hand_over(release="L-2")).then(
        refused("release-in-turn", "an authorisation", about=["L-2"])
    )


def test_a_release_is_authorised_once_in_all_requests():
    given(ready(), AUTHORISED).when(authorise()).then(
        refused("release-in-turn", "a number that is not taken", about=[RELEASE], shown_by=[AUTHORISED])
    )
    elsewhere = authorised(request=OTHER_REQUEST).event
    given(ready(), request(OTHER_REQUEST), elsewhere).when(authorise()).then(
        refused("release-in-turn", "a number that is not taken", about=[RELEASE], shown_by=[elsewhere])
    )
    given(ready(), AUTHORISED).when(authorise(release="L-2")).then(authorised(release="L-2"))


@pytest.mark.parametrize("over", [handed_over().event, failed()], ids=lambda event: event.wire_name)
def test_a_package_goes_out_once(over):
    given(ready(), AUTHORISED, over).when(hand_over()).then(
        refused(
            "release-in-turn",
            "a release that is still to be handed over",
            about=[RELEASE],
            shown_by=[AUTHORISED, over],
        )
    )


def test_a_failure_that_was_recorded_by_mistake_is_none():
    wrong = failed()
    given(corrected([*ready(), AUTHORISED, wrong], wrong)).when(hand_over()).then(handed_over())


def test_a_package_holds_the_versions_that_were_authorised():
    second = DataSetVersionAdded(dataset=DATA_SET, label="2", form="identified", digest=64 * "8")
    wrong = refused("release-in-turn", "the versions that were authorised, in their form", about=[RELEASE])
    facts = [*ready(), second, AUTHORISED]
    given(facts).when(hand_over(packed("2", digest=64 * "8"))).then(wrong)
    given(facts).when(hand_over(packed(), packed("2", digest=64 * "8"))).then(wrong)
    both = (chosen(), chosen("2"))
    versions = tuple(Version(dataset=DATA_SET, label=one.label, form="identified") for one in both)
    given(ready(), second, authorised(versions=versions).event).when(hand_over()).then(wrong)


def test_a_package_holds_the_bytes_of_the_catalogue():
    given(ready(), AUTHORISED).when(hand_over(packed(digest=64 * "0"))).then(
        refused("release-in-turn", "the bytes of version 1", about=[DATA_SET], shown_by=[version_added()])
    )


def test_a_form_that_was_found_to_be_another_needs_another_authorisation():
    """Also where both forms were asked for and agreed on: the record says on which basis the data went."""
    facts = ready(**AGREED_ON_BOTH)
    given(facts, AUTHORISED, form_changed("de-identified")).when(hand_over()).then(
        refused(
            "release-in-turn",
            "the versions that were authorised, in their form",
            "the parties and bases for which it was authorised",
            about=[RELEASE, RELEASE],
        )
    )
    given(ready(), AUTHORISED, form_changed("de-identified")).when(hand_over()).then(
        refused("version-on-offer", about=[DATA_SET]),
        refused("release-in-turn", "the versions that were authorised, in their form", about=[RELEASE]),
    )


def test_a_contact_who_was_replaced_needs_another_authorisation():
    bens = [designated(BEN), key_filed(key="K-2", person=BEN), key_confirmed("K-2"), trial_passed(key="K-2")]
    given(ready(), AUTHORISED, bens).when(hand_over()).then(
        refused("release-in-turn", "the key for which it was authorised", about=[RELEASE], shown_by=[AUTHORISED])
    )
    given(ready(), AUTHORISED, bens, designated(ANA)).when(hand_over()).then(handed_over())


def test_another_key_of_the_same_contact_needs_another_authorisation():
    another = [key_filed(key="K-2"), key_confirmed("K-2"), trial_passed(key="K-2")]
    given(ready(), AUTHORISED, another).when(hand_over()).then(
        refused("release-in-turn", "the key for which it was authorised", about=[RELEASE])
    )


def test_another_agreement_or_basis_needs_another_authorisation():
    """The record of the disclosure says under which agreement and on which basis the data went."""
    wrong = refused("release-in-turn", "the parties and bases for which it was authorised", about=[RELEASE])
    renewed = [terminated(DUA), use_agreement(agreement="A-3"), in_force("A-3")]
    given(ready(), AUTHORISED, renewed).when(hand_over()).then(wrong)
    given(ready(), AUTHORISED, law(basis("home", basis="34 CFR 99.30"), basis("outside"))).when(hand_over()).then(wrong)
    given(ready(), AUTHORISED, law(), use_agreement(agreement="A-3"), in_force("A-3")).when(hand_over()).then(
        handed_over()
    )


@pytest.mark.parametrize(
    ("happened", "rule", "about"),
    [
        (suspended(BEN), "nobody-suspended", BEN),
        (suspended(ANA, REQUEST), "nobody-suspended", ANA),
        (board_ended(COUHES, TODAY), "couhes", ANA),
        (terminated(MOU), "named-recipients", ANA),
        (law(consistent=False), "law-determined", None),
        (key_revoked(), "key-usable", ANA),
        (trial_failed(), "key-tested", ANA),
        (role(person=ANA), "separate-duties", ANA),
    ],
    ids=lambda value: value.wire_name + (getattr(value, "request", "") or "") if isinstance(value, Event) else None,
)
def test_what_happens_before_the_hand_over_holds_it(happened, rule, about):
    given(ready(), AUTHORISED, happened).when(hand_over()).then(refused(rule, about=[about]))


def test_the_package_is_recorded_as_it_was_packed():
    given(ready(), AUTHORISED).when(hand_over(learners=None, key_ids=commitment(5), extracted_by=HEAD)).then(
        handed_over(learners=None, key_ids=commitment(5), extracted_by=HEAD)
    )
