"""Who is told what: it follows from the log, in plain words, to everybody concerned and nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from api.desk import Circumstances
from api.notices.calling import CALLING
from api.notices.outbox import message_id
from ledger.events import (
    AgreementExpired,
    DataSetOpened,
    DestructionRequired,
    Event,
    ReminderFellDue,
    RequestClosed,
    RequestDeclined,
    RequestSubmitted,
)
from tests.endings import copied, finding_assigned, gone, incident
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.noticing import ANAS, BENS, OFFICES, ORIGIN, REMINDER, Place, by_email, place, refused_release, sent, smtp
from tests.office_acts import approved
from tests.office_facts import (
    DUA,
    FAR_OFF,
    MOU,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    correction,
    in_force,
    returned,
    use_agreement,
    withdrawn,
)
from tests.outside import asked, changes_asked, has_appeared, notified, passed, reviewed, told
from tests.smtp_server import Smtp

__all__ = ["place", "smtp"]


def test_what_was_sent_is_recorded_once_with_the_person_and_no_address(place: Place, smtp: Smtp):
    place.told(REMINDER)
    position = place.home.ledger.store.length()

    assert [one.what for one in place.send()] == ["sent", "sent"]
    assert place.send() == []
    assert place.recorded() == [sent(position, "reminder", who) for who in (ANA, BEN)]
    assert (smtp.to(), smtp.connections) == ([ANAS, BENS], 1)


def test_a_message_says_whom_it_is_from_and_that_nobody_wrote_it_by_hand(place: Place, smtp: Smtp):
    place.told(REMINDER)
    position = place.home.ledger.store.length()
    place.send(limit=1)
    (message,) = smtp.received

    assert message["From"] == "Institutional Research <ir@example.edu>"
    assert message["Subject"] == f"Request {REQUEST}: agreement ends on {FAR_OFF}"
    assert message["Message-ID"] == message_id(ORIGIN, position, "e-mail", ANA)
    assert message["Message-ID"].endswith("@log.example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert text.startswith("Dear Ana Ejemplo,")
    assert f"Agreement {MOU} of request {REQUEST} ends on {FAR_OFF}, in 54 days." in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 78


def of_ben(kind: Any, dataset: str | None = None) -> ReminderFellDue:
    return ReminderFellDue(kind=kind, what="1", day=FAR_OFF, days=30, whom=(BEN,), request=REQUEST, dataset=dataset)


EVERYTHING: list[tuple[Event, list[str], str]] = [
    (returned(), [ANAS], "Dear Ana Ejemplo, Your request R-2026-0001 comes back to you, for these items: C1.2."),
    (approved().event, [ANAS], "was approved"),
    (RequestDeclined(request=REQUEST, reason=commitment()), [ANAS], "was declined"),
    (refused_release(), [ANAS], "Ben Beispiel has no current CITI training"),
    (REMINDER, [ANAS, BENS], "ends on"),
    (of_ben("ethics determination expires"), [BENS, ANAS], "approval by the ethics board"),
    (of_ben("key expires"), [BENS, ANAS], "OpenPGP key of Ben Beispiel"),
    (of_ben("destruction due", DATA_SET), [OFFICES, ANAS], "to be destroyed by"),
    (of_ben("destruction overdue", DATA_SET), [OFFICES, ANAS], "That is overdue."),
    (
        ReminderFellDue(kind="training expires", what=BEN, day=FAR_OFF, days=30, whom=(BEN,)),
        [BENS],
        "training of Ben Beispiel expires",
    ),
    (AgreementExpired(agreement=MOU, request=REQUEST, on=TODAY), [ANAS], "nobody may use the data"),
    (
        DestructionRequired(request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=FAR_OFF),
        [OFFICES],
        "No agreement ever gave them a right to it",
    ),
    (DataSetOpened(dataset=DATA_SET, label="1", person=BEN, request=None), [OFFICES], "Ben Beispiel opened"),
    (copied(STRANGER), [OFFICES], "Somebody should look at entry"),
    (incident(REQUEST, after=timedelta(days=2)), [OFFICES], "Somebody should look at entry"),
    (gone(BEN), [OFFICES], "Somebody should look at entry"),
    (has_appeared(), [OFFICES], "appeared on"),
    (finding_assigned(1, "late incident"), [OFFICES], "theirs to deal with"),
    (asked(by=BEN), [OFFICES, BENS], "It waits for an answer"),
    (told(), [], ""),
    (changes_asked(), [ANAS], "It is not to appear as it is"),
    (passed().event, [ANAS], "nothing against it that it appears"),
]


@pytest.mark.parametrize(
    ("event", "whom", "says"),
    [
        (
            DestructionRequired(request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=FAR_OFF),
            [BENS],
            "destroy all copies, backups included",
        ),
        (of_ben("destruction due", DATA_SET), [BENS, ANAS], "to be destroyed by"),
        (of_ben("destruction overdue", DATA_SET), [BENS, ANAS], "That is overdue."),
    ],
)
def test_who_once_had_a_right_to_what_they_hold_is_asked_to_destroy_it(
    place: Place, smtp: Smtp, event: Event, whom: list[str], says: str
):
    place.told(use_agreement(), in_force(DUA), event)
    place.send()
    assert sorted(smtp.to()) == sorted(whom)
    assert all(says in " ".join(message.get_content().split()) for message in smtp.received)


def test_every_event_that_calls_for_a_notice_has_its_place_in_the_table():
    assert {type(event) for event, _, _ in EVERYTHING} | {RequestSubmitted} == set(CALLING)


@pytest.mark.parametrize(("event", "whom", "says"), EVERYTHING, ids=lambda one: getattr(one, "wire_name", None))
def test_everybody_concerned_is_told_in_plain_words(place: Place, smtp: Smtp, event: Event, whom: list[str], says: str):
    place.told(event)
    assert {one.what for one in place.send()} == ({"sent"} if whom else set())

    assert sorted(smtp.to()) == sorted(whom)
    for message in smtp.received:
        text = " ".join(message.get_content().split())
        assert says in text
        assert str(message["Subject"])
        assert "None" not in text + str(message["Subject"])
        assert commitment() not in message.as_string()


def test_what_is_missing_is_told_when_a_request_comes_in_as_it_stands_when_it_is_sent(place: Place, smtp: Smtp):
    by_email(place, smtp, since=TODAY)
    assert ("request received", ANA) in place.waiting()
    place.send()

    letters = [one.get_content() for one in smtp.received if str(one["Subject"]) == f"Request {REQUEST}: received"]
    assert ["a certificate of current CITI human-subjects training" in " ".join(one.split()) for one in letters] == [
        True
    ]


def test_nobody_is_told_of_what_was_recorded_before_notices_began_nor_of_what_was_imported(place: Place, smtp: Smtp):
    assert place.waiting() == []
    imported = Circumstances(actor=THE_DIRECTOR, via="import")
    place.home.ledger.append([imported.fact(REMINDER)])

    assert (place.waiting(), place.send(), smtp.received) == ([], [], [])


def test_nobody_is_told_what_was_taken_back_or_asked_for_what_is_withdrawn(place: Place, smtp: Smtp):
    place.told(returned())
    place.told(correction(place.home.ledger.store.length(), returned()))
    assert place.waiting() == []
    place.told(returned(), withdrawn())
    assert [one.what for one in place.send()] == ["moot"]
    assert (smtp.received, place.waiting()) == ([], [])


def test_what_nobody_is_asked_for_any_more_holds_up_nothing_else(place: Place, smtp: Smtp):
    place.told(returned(), RequestClosed(request=REQUEST), finding_assigned(1, "written off"))

    assert [one.what for one in place.send()] == ["moot", "sent"]
    assert (smtp.to(), place.waiting()) == ([OFFICES], [])


def test_an_access_that_an_agreement_covers_is_no_finding(place: Place, smtp: Smtp):
    opened = DataSetOpened(dataset=DATA_SET, label="1", person=BEN, request=None)
    place.told(opened)
    place.send()
    place.told(use_agreement(), in_force(DUA), opened)

    assert (smtp.to(), place.waiting()) == ([OFFICES], [])


def test_who_asked_who_was_asked_and_who_referred_are_told_the_answer_and_not_that_it_went_to_counsel(
    place: Place, smtp: Smtp
):
    place.told(asked(by=BEN, asked=ANA, referred_by=ANA))
    place.send()
    smtp.received.clear()
    place.told(told("to counsel"))
    assert place.waiting() == []
    place.told(told("refused"))
    place.send()

    assert sorted(smtp.to()) == [ANAS, BENS]
    assert all("was answered: no." in " ".join(one.get_content().split()) for one in smtp.received)


@pytest.mark.parametrize("decision", [changes_asked(), passed().event], ids=lambda one: one.wire_name)
def test_the_authors_and_the_researcher_are_told_what_became_of_a_publication(
    place: Place, smtp: Smtp, decision: Event
):
    place.told(notified(authors=(BEN,)), decision)
    place.send()
    assert sorted(smtp.to()) == [ANAS, BENS]


def test_what_is_as_it_should_be_is_no_finding_to_anybody(place: Place, smtp: Smtp):
    place.told(incident(REQUEST), notified(), reviewed(), passed().event, has_appeared())
    assert {kind for kind, _ in place.waiting()} == {"publication passed"}
