"""Rules of releases: what goes out (C1.3), and who lets it out."""

import pytest

from ledger.events import DataSetRetired
from ledger.events.catalogue import DataSetVersionAdded
from ledger.events.release import Version
from projections.acts import AuthoriseRelease
from tests.facts import ANA, BEN, DATA_SET, REQUEST, data_set, version_added
from tests.office import given, refused
from tests.office_acts import authorise, authorised, chosen, hand_over, handed_over, issue, waive
from tests.office_facts import (
    DIRECTOR,
    RELEASE,
    STRANGER,
    THE_DIRECTOR,
    designated,
    form_changed,
    head_approval,
    key_filed,
    memorandum,
    request,
    role,
    suspended,
)
from tests.office_requests import ready
from tests.release_facts import NO_PLACE, OTHER_SET, before, done, each_act


@each_act
def test_what_is_ready_is_released(act):
    given(before(act)).when(act).then(done(act))


def test_all_that_is_wanting_for_a_release_is_told_at_once():
    bare = ready(
        **dict.fromkeys(
            ["ana_certified", "mou_executed", "dua_executed", "contact", "key", "key_confirmed", "version"]
        ),
        **dict.fromkeys(["couhes", "trial_sent", "test", "approved"]),
    )
    given(bare, suspended(BEN)).when(authorise()).then(
        refused("approved-request", about=[REQUEST]),
        refused("couhes", about=[ANA]),
        refused("nobody-suspended", about=[BEN]),
        refused("citi-training", about=[ANA]),
        refused("named-recipients", NO_PLACE, NO_PLACE, about=[ANA, BEN]),
        refused("contact-named", about=[REQUEST]),
        refused("version-on-offer", "version 1", about=[DATA_SET]),
    )


# C1.3: what goes out.


@each_act
def test_what_is_retired_is_released_no_more(act):
    retired = DataSetRetired(dataset=DATA_SET)
    given(before(act), retired).when(act).then(
        refused(
            "version-on-offer",
            "a place in the catalogue: it is retired",
            about=[DATA_SET],
            shown_by=[data_set(), version_added(), retired],
        )
    )


def test_a_version_is_in_the_catalogue():
    given(ready()).when(authorise(chosen("2"))).then(
        refused("version-on-offer", "version 2", about=[DATA_SET], shown_by=[data_set()])
    )
    later = DataSetVersionAdded(dataset=DATA_SET, label="2", form="identified", digest=64 * "8")
    given(ready(), later).when(authorise(chosen("2"))).then(
        authorised(versions=(Version(dataset=DATA_SET, label="2", form="identified"),))
    )


def test_what_nobody_asked_for_is_not_released():
    given(ready(), OTHER_SET).when(authorise(chosen(), chosen(dataset="D-other"))).then(
        refused("version-on-offer", "a request for it, identified", about=["D-other"], shown_by=[request(), *OTHER_SET])
    )


def test_something_is_released():
    act = AuthoriseRelease(principal=THE_DIRECTOR, request=REQUEST, release=RELEASE, channel="sftp-drop", versions=())
    given(ready()).when(act).then(refused("version-on-offer", "something to release", about=[REQUEST]))


def test_a_version_is_in_the_form_that_was_asked_for_as_it_was_last_found():
    found = form_changed("de-identified")
    given(ready(), found).when(authorise()).then(
        refused(
            "version-on-offer",
            "a request for it, de-identified",
            about=[DATA_SET],
            shown_by=[request(), data_set(), version_added(), found],
        )
    )
    given(ready(), found, form_changed("identified")).when(authorise()).then(authorised())
    given(ready(), form_changed("de-identified", "2")).when(authorise()).then(authorised())


# Who decides.


@each_act
@pytest.mark.parametrize("who", [ANA, BEN])
def test_who_receives_data_does_not_release_them(act, who):
    given(before(act, role=role(person=who))).when(act).then(refused("separate-duties", about=[who]))


@pytest.mark.parametrize("act", [issue(memorandum(agreement="A-2")), waive()], ids=lambda act: act.name)
def test_who_plays_a_part_neither_issues_nor_waives(act):
    for part in ({"sponsor": DIRECTOR}, {"head_approval": head_approval(DIRECTOR)}):
        changed = request(**part)
        given(ready(request=changed)).when(act).then(
            refused("separate-duties", about=[DIRECTOR], shown_by=[role(), changed])
        )


def test_the_contact_plays_a_part_also_when_not_in_the_study_group():
    facts = ready(contact=designated(DIRECTOR), key=key_filed(person=DIRECTOR))
    given(facts).when(authorise()).then(
        refused("contact-named", about=[DIRECTOR]), refused("separate-duties", about=[DIRECTOR])
    )


# Policy: whoever gets the data does not extract them.


@pytest.mark.parametrize("who", [ANA, BEN], ids=["the contact", "a recipient"])
def test_nobody_who_gets_data_extracts_them(who: str):
    given(ready(), authorised()).when(hand_over(extracted_by=who)).then(
        refused("separate-duties", "somebody else to extract the data", about=[who], shown_by=[request()])
    )


def test_somebody_apart_from_the_request_extracts_the_data():
    given(ready(), authorised()).when(hand_over(extracted_by=STRANGER)).then(handed_over())
