"""Rules of releases (C3): to which contact, for which key, and by a channel that was tested."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.events import PolicyPublished
from tests.facts import ANA, BEN, NOON, REQUEST
from tests.office import first_moment_of, given, last_moment_of, refused
from tests.office_acts import authorise, authorised, hand_over
from tests.office_facts import (
    KEY_EXPIRES,
    OFFICE_ZONE,
    RELEASE,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    corrected,
    designated,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    trial_failed,
    trial_passed,
    trial_sent,
)
from tests.office_requests import ready
from tests.release_facts import before, done, each_act

# C3: the contact.


@each_act
def test_without_a_contact_nothing_goes_out(act):
    expected = [refused("contact-named", "point of contact", about=[REQUEST], shown_by=[])]
    if act == hand_over():
        expected.append(refused("release-in-turn", "the key for which it was authorised", about=[RELEASE]))
    given(before(act, contact=None)).when(act).then(*expected)


def test_a_contact_is_in_the_study_group():
    of_strangers = {"key": key_filed(person=STRANGER), "contact": designated(STRANGER)}
    given(ready(**of_strangers)).when(authorise()).then(
        refused("contact-named", "a place in the study group", about=[STRANGER], shown_by=[designated(STRANGER)])
    )


def test_any_member_of_the_study_group_can_be_the_contact():
    given(ready(contact=designated(BEN), key=key_filed(person=BEN))).when(authorise()).then(authorised(contact=BEN))


def test_whoever_was_the_contact_before_is_it_no_longer():
    bens = [designated(BEN), key_filed(key="K-2", person=BEN), key_confirmed("K-2"), trial_passed(key="K-2")]
    given(ready(), designated(BEN)).when(authorise()).then(refused("key-usable", "OpenPGP key", about=[BEN]))
    given(ready(), bens).when(authorise()).then(authorised(contact=BEN, key="K-2"))
    given(ready(), bens, designated(ANA)).when(authorise()).then(authorised())


def test_a_contact_who_was_named_by_mistake_is_none():
    mistake = designated(BEN)
    given(corrected([*ready(), mistake], mistake)).when(authorise()).then(authorised())
    given(corrected(ready(), designated(ANA))).when(authorise()).then(refused("contact-named", about=[REQUEST]))


# C3: the key.


@each_act
@pytest.mark.parametrize("expires", [KEY_EXPIRES, None], ids=["some day", "never"])
def test_a_key_can_be_used_until_the_second_in_which_it_expires(act, expires):
    key = key_filed(expires=expires)
    moment = datetime(2026, 12, 1, 12, tzinfo=UTC) if expires is None else NOON
    given(before(act, key=key)).when(act, at=moment).then(done(act))


@each_act
@pytest.mark.parametrize(("early", "expired"), [(timedelta(microseconds=1), False), (timedelta(0), True)])
def test_a_key_is_expired_to_the_second(act, early, expired):
    key = key_filed(expires=NOON)
    expected = refused("key-usable", "a key that has not expired", about=[ANA], shown_by=[key])
    given(before(act, key=key)).when(act, at=NOON - early).then(expected if expired else done(act))


@each_act
@pytest.mark.parametrize(("on", "revoked"), [(YESTERDAY, True), (TODAY, True), (TOMORROW, False)])
def test_for_a_key_that_was_revoked_nothing_is_encrypted_from_that_day_on(act, on, revoked):
    revocation = key_revoked(on)
    expected = refused("key-usable", "a key that is not revoked", about=[ANA], shown_by=[key_filed(), revocation])
    for moment in (first_moment_of(TODAY), last_moment_of(TODAY)):
        given(before(act), revocation).when(act, at=moment).then(expected if revoked else done(act))


def test_of_two_revocations_the_earlier_counts():
    given(ready(), key_revoked(TOMORROW), key_revoked(TODAY)).when(authorise()).then(refused("key-usable", about=[ANA]))
    given(ready(), key_revoked(TODAY), key_revoked(TOMORROW)).when(authorise()).then(refused("key-usable", about=[ANA]))


def test_a_key_that_is_both_expired_and_revoked_is_told_to_be_both():
    given(ready(key=key_filed(expires=NOON)), key_revoked()).when(authorise()).then(
        refused("key-usable", "a key that has not expired", "a key that is not revoked", about=[ANA, ANA])
    )


def test_without_a_key_nothing_goes_out():
    given(ready(key=None)).when(authorise()).then(
        refused("key-usable", "OpenPGP key", about=[ANA], shown_by=[designated(ANA)])
    )


def test_a_key_that_was_rejected_is_none_and_the_right_one_is_enough():
    facts = [*ready(), key_rejected()]
    given(facts).when(authorise()).then(
        refused("key-usable", "OpenPGP key", about=[ANA], shown_by=[designated(ANA), key_rejected()])
    )
    right = [key_filed(key="K-2"), key_confirmed("K-2"), trial_passed(key="K-2")]
    given(facts, right).when(authorise()).then(authorised(key="K-2"))


def test_the_key_that_was_filed_last_counts():
    given(ready(), key_filed(key="K-2")).when(authorise()).then(
        refused("key-confirmed", about=[ANA], shown_by=[key_filed(key="K-2")]),
        refused("key-tested", about=[ANA], shown_by=[key_filed(key="K-2")]),
    )


def test_the_key_of_somebody_else_is_not_the_contacts():
    given(ready(key=key_filed(person=BEN))).when(authorise()).then(refused("key-usable", "OpenPGP key", about=[ANA]))


def test_what_is_said_of_another_key_says_nothing_of_this():
    given(ready(), key_rejected("K-2"), key_revoked(key="K-2"), trial_failed(key="K-2")).when(authorise()).then(
        authorised()
    )


@each_act
def test_a_key_is_confirmed_by_a_second_channel(act):
    given(before(act, key_confirmed=None)).when(act).then(
        refused("key-confirmed", "confirmation of the key by a second channel", about=[ANA], shown_by=[key_filed()])
    )


def test_a_confirmation_that_was_recorded_by_mistake_is_none():
    given(corrected(ready(), key_confirmed())).when(authorise()).then(refused("key-confirmed", about=[ANA]))


def test_a_revocation_or_a_rejection_that_was_recorded_by_mistake_is_none():
    for wrong in (key_revoked(), key_rejected()):
        given(corrected([*ready(), wrong], wrong)).when(authorise()).then(authorised())


@each_act
def test_a_key_names_the_contacts_address_or_it_is_settled_that_it_is_theirs(act):
    nameless = key_filed(names_address=False)
    given(before(act, key=nameless)).when(act).then(
        refused(
            "key-address",
            "the contact's address in the key, or that it is settled",
            about=[ANA],
            shown_by=[nameless, key_confirmed()],
        )
    )
    given(before(act, key=nameless, key_confirmed=key_confirmed(settles_address=True))).when(act).then(done(act))
    given(before(act, key=nameless, key_confirmed=None)).when(act).then(
        refused("key-address", about=[ANA], shown_by=[nameless]), refused("key-confirmed", about=[ANA])
    )


# C3: the test.


UNTESTED = "a test of the key by sftp-drop"


@each_act
@pytest.mark.parametrize(
    ("changes", "later", "last"),
    [
        ({"trial_sent": None, "test": None}, [], []),
        ({"test": None}, [], [trial_sent()]),
        ({"test": trial_failed()}, [], [trial_failed()]),
        ({"test": trial_passed("post")}, [], [trial_sent()]),
        ({}, [trial_failed()], [trial_failed()]),
    ],
    ids=["none", "sent", "failed", "by another channel", "passed, then failed"],
)
def test_a_key_is_tested_by_the_channel_of_the_release(act, changes, later, last):
    given(before(act, **changes), later).when(act).then(
        refused("key-tested", UNTESTED, about=[ANA], shown_by=[key_filed(), *last])
    )


@each_act
@pytest.mark.parametrize(
    "later",
    [[trial_failed("post")], [trial_failed(), trial_sent(), trial_passed()], [trial_passed()]],
    ids=["another failed", "failed, then passed", "twice"],
)
def test_the_last_test_by_the_channel_counts(act, later):
    given(before(act), later).when(act).then(done(act))


def test_a_test_that_was_passed_by_one_channel_is_none_of_another():
    given(ready()).when(authorise(channel="post")).then(refused("key-tested", "a test of the key by post", about=[ANA]))
    given(ready(), trial_passed("post")).when(authorise(channel="post")).then(authorised(channel="post"))


def test_policy_may_ask_for_no_test():
    policy = PolicyPublished(time_zone=OFFICE_ZONE, key_test_required=False)
    given(ready(policy=policy, test=None)).when(authorise()).then(authorised())


def test_a_test_that_was_passed_by_mistake_is_none():
    given(corrected(ready(), trial_passed())).when(authorise()).then(refused("key-tested", about=[ANA]))
