"""Facts and objections told in words: with names, in the words of the office, without holes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.names import unnamed
from api.telling import MIT, Words, circumstances, objected, shown_by, told, words_of
from ledger.codec import Recorded
from ledger.events import (
    DECLARED,
    ActRefused,
    AffiliationDetermined,
    AgreementIssued,
    EthicsDetermined,
    Event,
    KeyConfirmed,
    KeyFiled,
    PolicyPublished,
    RelianceElected,
    RelianceRequested,
)
from ledger.events.agreement import Covered, Recipient
from ledger.events.governance import Objected
from projections.rules.rule import Objection
from tests.event_strategies import events, examples
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, submitted

NAMES = {ANA: "Ana Ejemplo", BEN: "Ben Okafor", "O-lakeside": "Lakeside College"}
ELSEWHERE = words_of(
    PolicyPublished(
        institution="Hillside College",
        office="Data Office",
        board="IRB-1",
        memorandum="Memo",
        external_agreement="Licence",
        time_zone="Asia/Tokyo",
    )
)
AGREEMENT = "A-2026-0001-1"


def names(id_: str) -> str:
    return NAMES.get(id_, id_)


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.wire_type())
@pytest.mark.campaign
@examples(12)
@given(data=st.data())
def test_every_event_is_told_in_one_sentence_without_holes(kind: type[Event], data: st.DataObject):
    event = data.draw(events(kind))
    sentence = told(event, unnamed)

    assert sentence.endswith(".")
    assert sentence[0].isupper() or not sentence[0].isalpha() or sentence.split()[0] in str(event)
    assert "None" not in sentence


# The office's own words.


def issued(kind: Any) -> AgreementIssued:
    return AgreementIssued(
        agreement=AGREEMENT,
        request=REQUEST,
        kind=kind,
        template="T-1",
        template_approved_by=BEN,
        text=commitment(),
        recipients=(
            Recipient(person=ANA, organisation=None),
            Recipient(person=BEN, organisation="O-lakeside"),
        ),
        datasets=(Covered(dataset=DATA_SET, form="identified"),),
    )


def determined(organisation: str | None) -> EthicsDetermined:
    return EthicsDetermined(
        determination="E-1",
        request=REQUEST,
        organisation=organisation,
        protocol="7",
        outcome="approved",
        on=NOON.date(),
        expires=None,
        covers=(ANA,),
        document=None,
    )


NAMED = (
    f"Ana Ejemplo, Ben Okafor for Lakeside College and {DATA_SET} (identified); Ben Okafor had approved the template."
)


@pytest.mark.parametrize(
    ("event", "words", "sentence"),
    [
        (issued("MOU"), MIT, f"MOU {AGREEMENT}, from template T-1, was issued: it names {NAMED}"),
        (issued("DUA"), MIT, f"DUA {AGREEMENT}, from template T-1, was issued: it names {NAMED}"),
        (issued("MOU"), ELSEWHERE, f"Memo {AGREEMENT}, from template T-1, was issued: it names {NAMED}"),
        (issued("DUA"), ELSEWHERE, f"Licence {AGREEMENT}, from template T-1, was issued: it names {NAMED}"),
        (
            determined(None),
            MIT,
            "On protocol 7, COUHES found: approved, from 2026-11-21, for Ana Ejemplo (determination E-1).",
        ),
        (
            determined(None),
            ELSEWHERE,
            "On protocol 7, IRB-1 found: approved, from 2026-11-21, for Ana Ejemplo (determination E-1).",
        ),
        (
            determined("O-lakeside"),
            ELSEWHERE,
            (
                "On protocol 7, the board of Lakeside College found: approved, from 2026-11-21, for Ana Ejemplo "
                "(determination E-1)."
            ),
        ),
        (
            RelianceRequested(request=REQUEST, determination="E-1", on=NOON.date()),
            ELSEWHERE,
            "IRB-1 was asked on 2026-11-21 to rely on determination E-1.",
        ),
        (
            RelianceRequested(request=REQUEST, determination="E-1", on=None),
            MIT,
            "COUHES was asked to rely on determination E-1.",
        ),
        (
            RelianceElected(request=REQUEST, determination="E-1", on=NOON.date(), document=None),
            ELSEWHERE,
            "IRB-1 elected on 2026-11-21 to rely on determination E-1.",
        ),
        (
            AffiliationDetermined(request=REQUEST, person=ANA, affiliation="home", organisation=None),
            ELSEWHERE,
            "Ana Ejemplo takes part as somebody of Hillside College.",
        ),
        (
            PolicyPublished(institution="Hillside College", office="Data Office"),
            MIT,
            "A policy of Hillside College Data Office was published.",
        ),
        # 2026-11-21 in UTC, and already the day after in Tokyo.
        (
            KeyFiled(
                key="K-1",
                request=REQUEST,
                person=ANA,
                fingerprint=commitment(),
                document=commitment(),
                made=NOON,
                expires=datetime(2026, 11, 21, 18, tzinfo=UTC),
                names_address=False,
            ),
            ELSEWHERE,
            (
                "Ana Ejemplo filed key K-1; nothing can be encrypted for it from 2026-11-22; "
                "it does not name their address."
            ),
        ),
    ],
)
def test_things_are_called_what_the_office_calls_them(event: Event, words: Words, sentence: str):
    assert told(event, names, words) == sentence


@pytest.mark.parametrize(
    ("by", "how"),
    [("phone", "by phone"), ("video", "by video"), ("in person", "in person"), ("letter", "by letter")],
)
def test_a_confirmation_says_how_and_to_whom(by: Any, how: str):
    event = KeyConfirmed(key="K-1", request=REQUEST, confirmed_to=BEN, by=by, on=NOON.date())

    assert told(event, names) == f"Key K-1 was confirmed {how} to Ben Okafor on 2026-11-21."


@pytest.mark.parametrize(
    ("act", "person", "dataset", "wished"),
    [
        ("approve-request", None, None, "To approve the request"),
        ("authorise-release", None, None, "To authorise the release"),
        ("hand-over-release", None, None, "To hand over the release"),
        ("grant-waiver", None, None, "To grant the waiver"),
        ("let-in", ANA, DATA_SET, f"To let Ana Ejemplo in to {DATA_SET}"),
        ("let-in", None, DATA_SET, f"To let somebody whom nobody knows in to {DATA_SET}"),
    ],
)
def test_a_refusal_says_what_was_wished_for_and_why_not(act, person, dataset, wished):
    event = ActRefused(
        act=act,
        request=REQUEST,
        person=person,
        dataset=dataset,
        objections=(Objected(rule="citi-training", about=BEN, wanting="current CITI training", facts=()),),
    )

    assert told(event, names) == f"{wished} was refused. citi-training (C1.6): Ben Okafor has no current CITI training."


# Circumstances.


def fact(event: Event, **changes: Any) -> Recorded:
    rest: dict[str, Any] = {
        "position": 7,
        "recorded_at": NOON,
        "type": event.wire_type(),
        "tags": tuple(sorted(event.tags())),
        "event": event,
        "actor": "staff:1",
        "via": "command line",
        "on_behalf_of": None,
        "cause": None,
        "documents": (),
        "occurred_at": NOON,
        "precision": "instant",
        "judged": None,
    }
    return Recorded(**(rest | changes))


@pytest.mark.parametrize(
    ("changes", "words", "said"),
    [
        ({}, MIT, "recorded by staff:1"),
        ({"on_behalf_of": ANA}, MIT, "recorded by staff:1, on behalf of Ana Ejemplo"),
        ({"documents": (commitment(),)}, MIT, "recorded by staff:1, shown by 1 document"),
        ({"documents": (commitment(), commitment(2))}, MIT, "recorded by staff:1, shown by 2 documents"),
        (
            {"occurred_at": datetime(2026, 11, 20, 5, tzinfo=UTC), "precision": "day"},
            MIT,
            "recorded by staff:1, happened on 2026-11-20",
        ),
        (
            {"occurred_at": datetime(2026, 11, 1, 4, tzinfo=UTC), "precision": "month"},
            MIT,
            "recorded by staff:1, happened in 2026-11",
        ),
        (
            {"occurred_at": datetime(2026, 11, 1, 4, tzinfo=UTC), "precision": "not-later-than"},
            MIT,
            "recorded by staff:1, happened not later than 2026-11-01",
        ),
        # Noon in UTC is the same day in New York; 22:00 the day before is, too, and in Tokyo neither is the day before.
        ({"occurred_at": datetime(2026, 11, 21, 5, tzinfo=UTC)}, MIT, "recorded by staff:1"),
        (
            {"occurred_at": datetime(2026, 11, 21, 4, 59, tzinfo=UTC)},
            MIT,
            "recorded by staff:1, happened on 2026-11-20",
        ),
        ({"occurred_at": datetime(2026, 11, 20, 15, tzinfo=UTC)}, ELSEWHERE, "recorded by staff:1"),
    ],
)
def test_circumstances_are_told_by_the_calendar_of_the_office(changes: Any, words: Words, said: str):
    assert circumstances(fact(submitted(), **changes), names, words) == said


# Objections.


@pytest.mark.parametrize(
    ("rule", "about", "wanting", "sentence"),
    [
        (
            "open-request",
            REQUEST,
            "an open request: it is approved",
            "R-2026-0001 is approved, and only what is before the office is decided",
        ),
        (
            "approved-request",
            REQUEST,
            "an approved request: it is submitted",
            "R-2026-0001 is submitted, and has to be approved first",
        ),
        ("data-and-group", None, "data sets", "the request names no data sets"),
        ("data-and-group", DATA_SET, "form", f"it is not said in which form {DATA_SET} is wanted"),
        ("data-and-group", None, "study group", "the request names no study group"),
        ("funding-and-review", None, "source of funding", "the request gives no source of funding"),
        (
            "funding-and-review",
            ANA,
            "approval by the department head or equivalent",
            "the request of Ana Ejemplo has no approval by the department head or equivalent",
        ),
        (
            "funding-and-review",
            ANA,
            "approval by somebody else than the researcher",
            "Ana Ejemplo approved their own request",
        ),
        (
            "funding-and-review",
            BEN,
            "approval by the dean or the next above, of a head's own request",
            "Ben Okafor approved a head's own request, which takes the dean or the next above",
        ),
        ("researcher-known", ANA, "address", "the address of Ana Ejemplo is not known"),
        ("couhes", ANA, "home board's determination", "Ana Ejemplo has no determination of COUHES"),
        ("couhes", ANA, "home board's letter", "Ana Ejemplo has no letter of COUHES"),
        (
            "irb-and-couhes",
            BEN,
            "home board's determination or reliance",
            "Ben Okafor has neither a determination nor the reliance of COUHES",
        ),
        (
            "law-determined",
            None,
            "consistency with the law",
            "the disclosure was found not to be consistent with the law",
        ),
        (
            "law-determined",
            DATA_SET,
            "legal basis for outside recipients",
            f"{DATA_SET} has no legal basis for outside recipients",
        ),
        (
            "agreement-signed",
            AGREEMENT,
            "signature of the home signatory",
            f"{AGREEMENT} is not signed by the home signatory",
        ),
        (
            "agreement-signed",
            "O-lakeside",
            "signature of the authorised official",
            "the authorised official of Lakeside College has not signed",
        ),
        ("agreement-term", AGREEMENT, "an end by 2027-11-21", f"{AGREEMENT} may not go on after 2027-11-21"),
        (
            "agreement-terms",
            ANA,
            "MOU and DUA, or a reason",
            "Ana Ejemplo needs MOU and DUA, or there has to be a reason",
        ),
        (
            "agreement-terms",
            ANA,
            "the organisation that they act for",
            "Ana Ejemplo is not named for the organisation that they act for",
        ),
        (
            "agreement-terms",
            DATA_SET,
            "a request for it, identified",
            f"the request does not ask for {DATA_SET}, identified",
        ),
        ("named-recipients", DATA_SET, "a request for it", f"the request does not ask for {DATA_SET}"),
        (
            "named-recipients",
            ANA,
            f"a place in an agreement about {DATA_SET}",
            f"no agreement in force names Ana Ejemplo for {DATA_SET}",
        ),
        ("key-tested", ANA, "a test of the key by courier", "the key of Ana Ejemplo has not passed a test by courier"),
        (
            "key-address",
            ANA,
            "the contact's address in the key, or that it is settled",
            "the key of Ana Ejemplo does not name their address, nor was that settled",
        ),
        (
            "release-in-turn",
            "L-1",
            "the key for which it was authorised",
            "L-1 does not keep to the key for which it was authorised",
        ),
        (
            "separate-duties",
            ANA,
            "somebody else to decide",
            "Ana Ejemplo plays a part in the request, so somebody else has to decide",
        ),
        (
            "waivable",
            "couhes",
            "a rule that can be waived: that is key-address, key-tested",
            "couhes is never waived, only key-address, key-tested",
        ),
        ("erasable", ANA, "an end of agreement A-1", "agreement A-1, which names Ana Ejemplo, has not ended"),
        (
            "erasable",
            ANA,
            "an end of the record of disclosure L-1",
            "Ana Ejemplo is in the record of disclosure L-1, which has to be kept",
        ),
        ("a-rule-of-later", ANA, "a thing of later", "Ana Ejemplo needs a thing of later"),
    ],
)
def test_objections_are_sentences(rule: str, about: str | None, wanting: str, sentence: str):
    assert objected(Objection(rule, about, wanting), names).partition(": ")[2] == sentence


def test_an_objection_begins_with_its_rule_and_the_source_of_that():
    said = [objected(Objection(rule, ANA, "home board's letter"), names) for rule in ("couhes", "a-rule-of-later")]

    assert said == [
        "couhes (C1.4): Ana Ejemplo has no letter of COUHES",
        "a-rule-of-later: Ana Ejemplo has no letter of COUHES",
    ]


def test_objections_call_things_what_the_office_calls_them():
    said = [
        objected(Objection(rule, ANA, wanting), names, ELSEWHERE)
        for rule, wanting in [("couhes", "home board's letter"), ("agreement-terms", "MOU and DUA, or a reason")]
    ]

    assert said == [
        "couhes (C1.4): Ana Ejemplo has no letter of IRB-1",
        "agreement-terms (C2, K1): Ana Ejemplo needs Memo and Licence, or there has to be a reason",
    ]


@pytest.mark.parametrize(("facts", "shown"), [((), ""), ((7,), " [entry 7]"), ((7, 12), " [entries 7, 12]")])
def test_an_objection_names_the_entries_that_show_it(facts: tuple[int, ...], shown: str):
    assert shown_by(Objection("couhes", ANA, "home board's letter", facts)) == shown
