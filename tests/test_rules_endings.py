"""The rules for what comes after a release: holds, incidents, departures, destruction, the end of a request."""

import pytest
from msgspec.structs import replace

from ledger.events import Event
from projections.acts import Act
from tests.endings import (
    ATTESTATION,
    HOLD,
    INCIDENT,
    OUT,
    OVER,
    accept,
    accepted,
    attested,
    close,
    close_incident,
    closed,
    contained,
    copied,
    declared,
    departed,
    destroyed,
    gone,
    held,
    hold_lifted,
    incident,
    incident_closed,
    incident_is_closed,
    legal_hold,
    moved_away,
    restored,
    revoked,
    write_off,
    written_off,
)
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, data_set, person
from tests.office import Done, given, malformed, refused
from tests.office_acts import (
    ANAS,
    approve,
    approved,
    authorise,
    authorised,
    erase,
    execute,
    executed,
    given_up,
    hand_over,
    handed_over,
    let_in,
    permitted,
)
from tests.office_facts import (
    DIRECTOR,
    DUA,
    ELSEWHERE,
    LONG_AGO,
    MOU,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    basis,
    designated,
    failed,
    in_force,
    recipient,
    request,
    returned,
    role,
    terminated,
    use_agreement,
    withdrawn,
)
from tests.office_requests import complete, ready
from tests.outside import (
    PUBLICATION,
    QUERY,
    asked,
    changes_asked,
    has_appeared,
    notified,
    query_withdrawn,
    retracted,
    told,
)

# No open incident, no hold.

GOVERNED: list[tuple[list[Event], Act, Done]] = [
    (complete(), approve(), approved()),
    (ready(mou_executed=None), execute(), executed()),
    (ready(), authorise(), authorised()),
    ([*ready(), authorised().event], hand_over(), handed_over()),
    (ready(), let_in(), permitted()),
]
governed = pytest.mark.parametrize(("facts", "act", "done"), GOVERNED, ids=[act.name for _, act, _ in GOVERNED])


@governed
def test_an_open_incident_holds_whatever_is_decided_on_its_request(facts, act, done):
    happened = [incident(REQUEST), contained(REQUEST)]
    given(facts, happened[:1]).when(act).then(refused("no-open-incident", about=[INCIDENT], shown_by=happened[:1]))
    given(facts, happened).when(act).then(refused("no-open-incident", about=[INCIDENT], shown_by=happened))
    given(facts, happened, incident_closed(REQUEST)).when(act).then(done)


@governed
def test_an_incident_of_another_request_holds_nothing(facts, act, done):
    given(facts, incident(OTHER_REQUEST, people=(ANA,), datasets=(DATA_SET,))).when(act).then(done)


@pytest.mark.parametrize("about", [{"people": (ANA,)}, {"datasets": (DATA_SET,)}], ids=["people", "data sets"])
@governed
def test_an_incident_of_no_known_request_holds_what_its_people_and_data_sets_take_part_in(facts, act, done, about):
    given(facts, incident(**about)).when(act).then(refused("no-open-incident", about=[INCIDENT]))
    given(facts, incident(people=(STRANGER,), datasets=("D-other",))).when(act).then(done)


@pytest.mark.parametrize(
    "on", [{"request": REQUEST}, {"dataset": DATA_SET}, {"person": ANA}], ids=lambda on: next(iter(on))
)
@governed
def test_a_legal_hold_stops_whatever_would_go_out(facts, act, done, on):
    given(facts, legal_hold(**on)).when(act).then(refused("no-hold", about=[HOLD], shown_by=[legal_hold(**on)]))
    given(facts, legal_hold(**on), hold_lifted(**on)).when(act).then(done)


@pytest.mark.parametrize(
    "on", [{"request": OTHER_REQUEST}, {"dataset": "D-other"}, {"person": STRANGER}], ids=lambda on: next(iter(on))
)
@governed
def test_a_legal_hold_on_something_else_stops_nothing(facts, act, done, on):
    given(facts, legal_hold(**on)).when(act).then(done)


# Who has left, whose right was revoked, who moved.


@pytest.mark.parametrize("ended", [departed, revoked], ids=lambda ended: ended.__name__)
def test_whoever_left_is_let_in_no_more_from_that_day_on(ended):
    given(ready(), ended(BEN, TODAY)).when(let_in(BEN)).then(
        refused("named-recipients", "a right that has not ended", about=[BEN], shown_by=[ended(BEN, TODAY)])
    )
    given(ready(), ended(BEN, TODAY)).when(let_in(ANA)).then(permitted(ANA))


@pytest.mark.parametrize("ended", [departed, revoked], ids=lambda ended: ended.__name__)
def test_data_go_to_those_who_are_still_there(ended):
    given(ready(), ended(BEN)).when(authorise()).then(authorised(parties=(ANAS,), bases=(basis("home"),)))


@pytest.mark.parametrize("ended", [departed, revoked], ids=lambda ended: ended.__name__)
def test_a_contact_who_left_gets_no_release(ended):
    given(ready(), ended(ANA)).when(authorise()).then(
        refused("contact-named", "a place in the study group", about=[ANA], shown_by=[designated(ANA)])
    )


def test_a_right_that_was_restored_is_what_agreements_give():
    given(ready(), revoked(BEN), restored(BEN)).when(let_in(BEN)).then(permitted(BEN, DUA))
    given(ready(), revoked(BEN), restored(BEN), terminated(DUA)).when(let_in(BEN)).then(
        refused("named-recipients", about=[BEN])
    )


def test_restoring_a_right_brings_nobody_back_who_left():
    given(ready(), departed(BEN), revoked(BEN), restored(BEN)).when(let_in(BEN)).then(
        refused("named-recipients", about=[BEN], shown_by=[departed(BEN)])
    )


def test_whoever_is_named_when_the_request_comes_in_again_takes_part_again_but_has_no_right_that_was_revoked():
    again = [returned(), request()]
    given(complete(), departed(BEN), again).when(approve()).then(refused("law-determined", about=[None]))
    given(complete(law=None), departed(BEN), again, *complete()[-1:]).when(approve()).then(approved())


def test_for_whom_somebody_acts_who_moved_is_in_doubt_until_it_is_found_out():
    given(ready(), moved_away(ANA)).when(let_in(ANA)).then(
        refused("named-recipients", about=[ANA]),
        refused("irb-and-couhes", about=[ANA]),
    )
    given(ready(), moved_away(ANA), affiliation(ANA, "home")).when(let_in(ANA)).then(permitted(ANA))


def test_in_doubt_it_takes_both_agreements_and_both_boards():
    both = use_agreement(recipients=(recipient(BEN, ELSEWHERE), recipient(ANA, ELSEWHERE)))
    given(ready(dua=both), moved_away(ANA)).when(let_in(ANA)).then(refused("irb-and-couhes", about=[ANA]))


# Destruction.


def test_an_attestation_of_what_is_held_is_accepted():
    given(ready(), OUT, attested()).when(accept()).then(accepted())


def test_a_presumed_holder_attests_too():
    bens = held(BEN)
    given(ready(), OUT, attested(held(), bens)).when(accept()).then(accepted([held(), bens]))


def test_there_has_to_be_an_attestation():
    given(ready(), OUT).when(accept()).then(refused("attestation-sound", "the attestation", about=[ATTESTATION]))


def test_an_attestation_is_accepted_once():
    given(ready(), OUT, destroyed()).when(accept()).then(
        refused("attestation-sound", "an attestation that is still to be accepted", about=[ATTESTATION]),
        refused("held-still", about=[ANA]),
    )


@pytest.mark.parametrize(
    "what", [held(STRANGER), held(ANA, label="2"), held(ANA, dataset="D-other")], ids=["who", "version", "data set"]
)
def test_nothing_is_destroyed_that_nobody_holds(what):
    given(ready(), data_set("D-other"), OUT, attested(held(), what)).when(accept()).then(
        refused("held-still", f"a holding of {what.dataset} version {what.label}", about=[what.person])
    )


def test_what_came_after_the_attestation_is_not_covered_by_it():
    given(ready(), attested(), OUT).when(accept()).then(refused("held-still", about=[ANA]))


def test_who_has_no_copy_by_the_groups_own_word_has_none_to_destroy():
    given(ready(), OUT, declared(), attested(held(BEN))).when(accept()).then(refused("held-still", about=[BEN]))
    given(ready(), OUT, declared(), copied(BEN), attested(held(BEN))).when(accept()).then(accepted([held(BEN)]))


def test_exceptions_are_accepted_for_a_reason_only():
    with_exceptions = attested(exceptions=64 * "1")
    given(ready(), OUT, with_exceptions).when(accept()).then(
        refused("attestation-sound", "a reason in spite of the exceptions", about=[ATTESTATION])
    )
    given(ready(), OUT, with_exceptions).when(accept(reason=64 * "2")).then(accepted(reason=64 * "2"))


def test_no_copies_of_what_is_held_are_accepted_for_a_reason_only():
    of_none = attested(copies=0)
    given(ready(), OUT, of_none).when(accept()).then(
        refused("attestation-sound", "a reason in spite of no copies", about=[ATTESTATION], shown_by=[of_none])
    )
    given(ready(), OUT, of_none).when(accept(reason=64 * "2")).then(accepted(reason=64 * "2"))


def test_whoever_left_attests_alone():
    given(ready(), OUT, departed(BEN), attested(held(), held(BEN))).when(accept()).then(
        refused("attestation-sound", "an attestation of their own", about=[BEN])
    )
    given(ready(), OUT, departed(BEN), attested(held(BEN), by=BEN)).when(accept()).then(accepted([held(BEN)]))


def test_nobody_accepts_what_they_attested():
    given(ready(), OUT, attested(by=DIRECTOR)).when(accept()).then(
        refused("independent-decision", about=[DIRECTOR], shown_by=[role()])
    )


def test_whoever_plays_a_part_in_the_request_accepts_and_writes_off_nothing():
    own = ready(role=role(person=ANA))
    given(own, OUT, attested()).when(accept()).then(refused("separate-duties", about=[ANA]))
    given(own, OUT).when(write_off()).then(refused("separate-duties", about=[ANA]))


@pytest.mark.parametrize(
    "on", [{"request": REQUEST}, {"dataset": DATA_SET}, {"person": ANA}], ids=lambda on: next(iter(on))
)
def test_nothing_under_a_legal_hold_is_destroyed(on):
    given(ready(), OUT, attested(), legal_hold(**on)).when(accept()).then(refused("no-hold", about=[HOLD]))
    given(ready(), OUT, attested(), legal_hold(**on), hold_lifted(**on)).when(accept()).then(accepted())


def test_a_hold_on_who_destroys_nothing_stops_no_destruction():
    given(ready(), OUT, attested(), legal_hold(person=BEN)).when(accept()).then(accepted())


def test_what_is_held_is_written_off_once():
    given(ready(), OUT).when(write_off()).then(written_off())
    given(ready(), OUT, gone()).when(write_off()).then(refused("held-still", about=[ANA]))
    given(ready(), OUT, destroyed()).when(write_off()).then(refused("held-still", about=[ANA]))


def test_nobody_writes_off_what_they_hold_themselves():
    given(ready(), OUT, copied(DIRECTOR)).when(write_off(DIRECTOR)).then(
        refused("independent-decision", about=[DIRECTOR])
    )


def test_whoever_is_written_off_is_known():
    given(ready(), OUT).when(write_off(EVA)).then(malformed("person", EVA))


def test_what_was_written_off_and_comes_again_is_held_again():
    given(ready(), OUT, gone(), copied(ANA, BEN)).when(write_off()).then(written_off())


# The end of a request.

ENDED: list[Event] = [*OUT, *OVER]
DESTROYED = destroyed(held(), held(BEN))


def test_a_request_is_closed_once_everything_is_destroyed():
    given(ready(), ENDED, DESTROYED).when(close()).then(closed())


def test_a_request_under_which_nothing_went_out_is_closed_when_its_agreements_are_over():
    given(ready(), OVER).when(close()).then(closed())


def test_a_request_is_not_closed_over_an_open_holding():
    given(ready(), ENDED).when(close()).then(
        refused("no-open-holding", about=[ANA, BEN], shown_by=OUT[-1:]),
    )
    given(ready(), ENDED, attested(held(), held(BEN))).when(close()).then(
        refused("no-open-holding", about=[ANA, BEN], shown_by=[OUT[-1], attested(held(), held(BEN))])
    )


@pytest.mark.parametrize("ended", [departed, revoked], ids=lambda ended: ended.__name__)
def test_who_left_or_lost_their_right_since_receipt_keeps_a_request_open_too(ended):
    given(ready(), ENDED, ended(BEN, YESTERDAY), destroyed()).when(close()).then(
        refused("no-open-holding", about=[BEN])
    )


def test_whoever_is_presumed_to_hold_something_keeps_a_request_open_until_the_group_declares_its_copies():
    given(ready(), ENDED, destroyed()).when(close()).then(refused("no-open-holding", about=[BEN]))
    given(ready(), ENDED, destroyed(), declared()).when(close()).then(closed())
    given(ready(), ENDED, copied(BEN), destroyed(), declared()).when(close()).then(
        refused("no-open-holding", about=[BEN])
    )


def test_what_went_out_after_the_declaration_is_presumed_again():
    second = [authorised(release="L-2").event, handed_over(release="L-2").event]
    arrived = replace(OUT[-1], release="L-2")
    given(ready(), OUT, declared(), second, arrived, OVER, destroyed()).when(close()).then(
        refused("no-open-holding", about=[BEN])
    )


def test_what_was_written_off_keeps_no_request_open():
    given(ready(), ENDED, gone(ANA), gone(BEN)).when(close()).then(closed())


def test_what_was_handed_over_and_not_received_is_held_as_far_as_is_known():
    given(ready(), OUT[:2], OVER).when(close()).then(refused("no-open-holding", about=[ANA]))
    given(ready(), OUT[:2], failed("delivery"), OVER).when(close()).then(closed())


def test_a_release_that_is_under_way_keeps_a_request_open():
    given(ready(), OUT[:1], OVER).when(close()).then(
        refused("request-ended", "a release that came to an end", about=["L-1"], shown_by=OUT[:1])
    )
    given(ready(), OUT[:1], failed(), OVER).when(close()).then(closed())


def test_a_request_is_closed_on_the_day_after_the_last_of_its_agreements():
    still = ready(mou_executed=in_force(MOU, LONG_AGO, TODAY), dua_executed=in_force(DUA, LONG_AGO, YESTERDAY))
    over = ready(mou_executed=in_force(MOU, LONG_AGO, YESTERDAY), dua_executed=in_force(DUA, LONG_AGO, YESTERDAY))
    given(still).when(close()).then(refused("request-ended", "an agreement that is over", about=[MOU]))
    given(over).when(close()).then(closed())
    given(ready(), terminated(MOU), terminated(DUA, TOMORROW)).when(close()).then(refused("request-ended", about=[DUA]))


def test_an_agreement_that_nobody_put_in_force_keeps_no_request_open():
    given(ready(mou_executed=None, dua_executed=None)).when(close()).then(closed())


@pytest.mark.parametrize("facts", [complete(), [*complete(), withdrawn()]], ids=["law determined", "withdrawn"])
def test_what_was_never_approved_is_not_closed(facts):
    given(facts).when(close()).then(refused("request-ended", about=[REQUEST]))


def test_a_request_is_closed_once_and_nothing_is_released_under_it_any_more():
    facts = [*ready(), *OVER, closed().event]
    given(facts).when(close()).then(refused("request-ended", about=[REQUEST], shown_by=[closed().event]))
    given(ready(), closed().event).when(authorise()).then(refused("approved-request", about=[REQUEST]))


def test_a_request_is_not_closed_while_an_incident_or_a_hold_is_on_it():
    given(ready(), OVER, incident(REQUEST)).when(close()).then(refused("no-open-incident", about=[INCIDENT]))
    given(ready(), OVER, legal_hold(request=REQUEST)).when(close()).then(refused("no-hold", about=[HOLD]))


@pytest.mark.parametrize(
    ("since", "is_open"),
    [([], True), ([told("to counsel")], True), ([told()], False), ([query_withdrawn()], False)],
    ids=["open", "with counsel", "answered", "withdrawn"],
)
def test_a_request_is_not_closed_over_an_open_query_about_it(since: list[Event], is_open: bool):
    shown = [asked(), *since]
    refusal = refused("no-open-query", "an answer", about=[QUERY], shown_by=shown)
    given(ready(), OVER, asked(), *since).when(close()).then(refusal if is_open else closed())


def test_a_query_about_another_request_keeps_none_open():
    given(ready(), OVER, request(OTHER_REQUEST), asked(request=OTHER_REQUEST)).when(close()).then(closed())


@pytest.mark.parametrize(
    ("since", "is_open"),
    [([], True), ([changes_asked()], False), ([retracted()], False), ([has_appeared()], False)],
    ids=["under review", "sent back", "withdrawn", "appeared"],
)
def test_a_request_is_not_closed_while_a_publication_of_it_is_under_review(since: list[Event], is_open: bool):
    refusal = refused("no-open-publication", "an end of the review", about=[PUBLICATION], shown_by=[notified()])
    given(ready(), OVER, notified(), *since).when(close()).then(refusal if is_open else closed())


def test_whoever_plays_a_part_in_a_request_does_not_close_it():
    given(ready(role=role(person=ANA)), OVER).when(close()).then(refused("separate-duties", about=[ANA]))


# Incidents.


def test_an_incident_is_closed_when_it_is_contained():
    given(ready(), incident(REQUEST)).when(close_incident()).then(
        refused("incident-contained", "containment", about=[INCIDENT], shown_by=[incident(REQUEST)])
    )
    given(ready(), incident(REQUEST), contained(REQUEST)).when(close_incident()).then(incident_is_closed(REQUEST))


def test_an_incident_is_closed_once():
    facts = [*ready(), incident(REQUEST), contained(REQUEST), incident_closed(REQUEST)]
    given(facts).when(close_incident()).then(
        refused("incident-contained", "an incident that is open", about=[INCIDENT])
    )


def test_what_was_never_reported_is_not_closed():
    given(ready()).when(close_incident()).then(refused("incident-contained", "the incident", about=[INCIDENT]))


def test_an_incident_of_no_request_is_closed_too():
    about = {"people": (STRANGER,)}
    given(ready(), incident(**about), contained(**about)).when(close_incident(None)).then(incident_is_closed(**about))


def test_nobody_closes_an_incident_that_concerns_them():
    about = {"people": (DIRECTOR,)}
    given(ready(), incident(**about), contained(**about)).when(close_incident(None)).then(
        refused("independent-decision", about=[DIRECTOR])
    )


@pytest.mark.parametrize("wish", [close_incident(), close_incident(None), close_incident(OTHER_REQUEST)])
def test_nobody_closes_an_incident_of_a_request_in_which_they_play_a_part(wish):
    """Whichever of the requests that it concerns the wish names, and if it names none."""
    own = request(personnel=(ANA, BEN, DIRECTOR))
    about = (OTHER_REQUEST, REQUEST)
    facts = [*ready(request=own), request(OTHER_REQUEST, researcher=BEN), incident(*about), contained(*about)]
    given(facts).when(wish).then(refused("separate-duties", about=[DIRECTOR]))


# Who may be forgotten.


def test_whoever_holds_data_is_not_forgotten():
    copy = copied(EVA)
    given(ready(), person(EVA), OUT, copy).when(erase(who=EVA)).then(
        refused("erasable", f"an end of the holding of {DATA_SET} version 1", about=[EVA], shown_by=[copy])
    )
    given(ready(), person(EVA), OUT, copy, destroyed(held(EVA))).when(erase(who=EVA)).then(given_up(who=EVA))


def test_whoever_an_open_incident_involves_is_not_forgotten():
    about = {"people": (STRANGER,)}
    given(complete(), incident(**about)).when(erase(who=STRANGER)).then(
        refused("erasable", f"an end of incident {INCIDENT}", about=[STRANGER])
    )
    given(complete(), incident(REQUEST)).when(erase(who=BEN)).then(refused("erasable", about=[BEN]))
    given(complete(), incident(**about), incident_closed(**about)).when(erase(who=STRANGER)).then(
        given_up(who=STRANGER)
    )


@pytest.mark.parametrize(
    "on", [{"request": REQUEST}, {"dataset": DATA_SET}, {"person": BEN}], ids=lambda on: next(iter(on))
)
def test_nothing_of_whoever_a_legal_hold_involves_is_forgotten(on):
    given(complete(), legal_hold(**on)).when(erase("email")).then(
        refused("erasable", f"an end of legal hold {HOLD}", about=[BEN], shown_by=[legal_hold(**on)])
    )
    given(complete(), legal_hold(**on), hold_lifted(**on)).when(erase("email")).then(given_up("email"))


def test_a_copy_that_comes_up_after_all_was_destroyed_keeps_the_request_open():
    given(ready(), ENDED, DESTROYED, copied(BEN)).when(close()).then(refused("no-open-holding", about=[BEN]))
