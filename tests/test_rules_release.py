"""Rules of releases: to whom data go, under what, for which key, by which channel, and what may happen in between."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.events import AgreementExecuted, DataSetRetired, Event, PolicyPublished
from ledger.events.catalogue import DataSetVersionAdded
from ledger.events.release import Party, Version
from ledger.events.review import Basis
from projections.acts import Act, AuthoriseRelease
from tests.facts import (
    ANA,
    BEN,
    DATA_SET,
    NOON,
    REQUEST,
    commitment,
    data_set,
    version_added,
)
from tests.office import (
    ANAS,
    BENS,
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    KEY_EXPIRES,
    LONG_AGO,
    MOU,
    NOWHERE,
    OFFICE_ZONE,
    OTHER_REQUEST,
    RELEASE,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Done,
    Objections,
    affiliation,
    authorise,
    authorised,
    basis,
    board_ended,
    certified,
    chosen,
    corrected,
    couhes,
    covered,
    designated,
    failed,
    first_moment_of,
    form_changed,
    given,
    hand_over,
    handed_over,
    head_approval,
    in_force,
    irb,
    issue,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    last_moment_of,
    law,
    memorandum,
    packed,
    ready,
    recipient,
    refused,
    reliance,
    request,
    role,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    trial_sent,
    use_agreement,
    verified,
    waive,
    wanted,
)

AUTHORISED = authorised().event
ACTS = [authorise(), hand_over()]
each_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
BOTH_FORMS = request(datasets=(wanted(), wanted("de-identified")))
TWO_SETS = request(datasets=(wanted(), wanted(dataset="D-other")))
NO_PLACE = "a place in an agreement in force"
OTHER_SET = [data_set("D-other"), version_added(dataset="D-other")]


def before(act: Act, **changes: Event | None) -> list[Event]:
    """A request that is ready for this act."""
    return [*ready(**changes), *([AUTHORISED] if act == hand_over() else [])]


def done(act: Act, **changes: Any) -> Done:
    return authorised(**changes) if act == authorise() else handed_over(**changes)


def bases_for(*things: tuple[str, str]) -> list[Basis]:
    """A basis to disclose each of these data sets, in its form, to anybody."""
    return [basis(who, dataset=dataset, form=form) for dataset, form in things for who in ("home", "outside")]


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


# C2, K1: named in an agreement in force.


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


# Between the authorisation and the hand-over.

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
