"""The rulebook answers as it did when its version was pinned."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, get_args

import msgspec

from ledger.events import DataSetRetired, Event, PersonErased, PolicyPublished
from ledger.events.people import Affiliation
from ledger.events.query import Asking
from projections.acts import Act
from projections.rules.rulebook import VERSION, judge
from projections.standing import Standing
from tests.amending_facts import amended, amendment, debarment_lifted, debarred, expired, renewed, signatures, strangers
from tests.endings import (
    OUT,
    OVER,
    attested,
    closed,
    contained,
    copied,
    declared,
    departed,
    gone,
    held,
    hold_lifted,
    incident,
    incident_closed,
    legal_hold,
    moved_away,
    revoked,
    was_accepted,
)
from tests.facts import ANA, BEN, DATA_SET, EVA, NOON, REQUEST, commitment, person, version_added
from tests.office import first_moment_of, last_moment_of, recorded
from tests.office_acts import approve, approved, authorised, decline, declined, handed_over
from tests.office_facts import (
    ACCEPTS_NO_SUBJECTS,
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    IRB,
    LONG_AGO,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    basis,
    board_ended,
    certified,
    corrected,
    couhes,
    covered,
    designated,
    failed,
    form_changed,
    head_approval,
    in_force,
    irb,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    lifted,
    memorandum,
    received,
    recipient,
    reliance,
    request,
    returned,
    role,
    role_ended,
    signed,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    use_agreement,
    verified,
    waiver,
    wanted,
    withdrawn,
)
from tests.office_requests import complete, ready
from tests.outside import (
    asked,
    changes_asked,
    has_appeared,
    notified,
    passed,
    query_withdrawn,
    retracted,
    reviewed,
    reviewers,
    told,
)
from tests.past_facts import past_release
from tests.rulebook_pins import EVERY_ACT, PINNED, PINNED_ACTS

# By the version of the rulebook: SHA-256 over the rules and their answers to the cases below. When an answer changes,
# VERSION is raised and its line added; a line that stands here is never edited, because judgements were made by it.
FINGERPRINTS = {
    1: "7285cefdb2a5a23c76108f2d1c91892cc5a0611f8023294c241b28347ab61ad5",
    2: "47862d95fe89fff7befc8a0076a7f953c34c45c17fc7f605a294790e1db22e9c",
    3: "480b0ce4fd8ce3256e8f0c9178d841b7d646db1535fff038f68f57031ec3025b",
    4: "b7bae2e76176752a4ff14fc6a4d965cca450873c935bad6fbc5dc0e8ea47ea74",
    5: "35d6885973a47f3794f37019f9d7ec78b98be1a2fbdbc220269179c1393dee98",
    6: "8739347d5a6798af1c23109b2d0ca4ee0f8ce1e4629904befafbb43a97e03dbe",
}


def cases() -> list[Sequence[Event]]:
    """A complete request, without each of its facts, and with each of them changed in the ways that matter."""
    changed: dict[str, list[Event]] = {
        "policy": [ACCEPTS_NO_SUBJECTS, PolicyPublished(time_zone="Asia/Kolkata")],
        "role": [role(person=ANA), role(person=None), role(person=STRANGER)],
        "ana": [person(ANA), person(ANA, institution=commitment(), email=commitment())],
        "request": [
            request(**change)
            for change in (
                {"funded": None},
                {"funded": True},
                {"peer_reviewed": None},
                {"peer_reviewed": True},
                {"head_approval": None},
                {"head_approval": head_approval(ANA)},
                {"head_approval": head_approval(DIRECTOR)},
                {"researcher_heads_department": True},
                {"researcher_heads_department": True, "head_approval": head_approval(HEAD, "dean")},
                {"researcher_is_student": True},
                {"researcher_is_student": True, "sponsor": STRANGER},
                {"sponsor": DIRECTOR},
                {"datasets": ()},
                {"datasets": (wanted("de-identified"),)},
                {"personnel": (BEN,)},
                {"personnel": (ANA, BEN, DIRECTOR)},
                {"study_group": ()},
                {"study_group": (ANA,)},
                {"study_group": (ANA, BEN, STRANGER)},
                {"purposes": ()},
                {"description": None},
                {"researcher": EVA},
            )
        ],
        "ana_affiliation": [affiliation(ANA, "outside"), affiliation(ANA, "in doubt", NOWHERE)],
        "ben_affiliation": [
            affiliation(BEN, where, whose)
            for where in ("home", "outside", "in doubt")
            for whose in (None, ELSEWHERE, NOWHERE)
        ],
        "couhes": [couhes(**change) for change in boards()],
        "irb": [irb(**change) for change in boards()],
        "reliance": [reliance(on=on) for on in (TODAY, TOMORROW)],
        "law": [
            law(consistent=False),
            law(basis("home")),
            law(basis("outside")),
            law(*(basis(who, basis="34 CFR 99.31(b)") for who in ("home", "outside"))),
            law(*(basis(who, form="de-identified") for who in ("home", "outside"))),
        ],
    }
    later: list[Sequence[Event]] = [
        [],
        [returned()],
        [withdrawn()],
        [approved().event],
        [declined().event],
        [returned(), request()],
        [returned(), request(), law()],
        [withdrawn(), law()],
        [suspended(ANA)],
        [suspended(BEN, REQUEST), lifted(BEN)],
        [suspended(BEN, REQUEST), lifted(BEN, REQUEST)],
        [role_ended(), role(role="staff", person=None)],
        *[[board_ended(which, on)] for which in (COUHES, IRB) for on in (YESTERDAY, TODAY, TOMORROW)],
        [board_ended(COUHES, YESTERDAY), board_ended(COUHES, TOMORROW)],
        [reliance(on=TOMORROW)],
        [PersonErased(person=ANA, details=(), last_copy_lapses=TODAY)],
    ]
    return [
        *(complete(**{name: None}) for name in complete_names()),
        *(complete(**{name: fact}) for name, facts in changed.items() for fact in facts),
        *([*complete(), *facts] for facts in later),
    ]


def boards() -> list[dict[str, Any]]:
    return [
        *({"outcome": outcome} for outcome in ("exempt", "not human subjects", "pending")),
        *({"on": on} for on in (TODAY, TOMORROW)),
        *({"expires": on} for on in (None, YESTERDAY, TODAY)),
        *({"covers": covers} for covers in ((), (ANA,), (BEN,), (ANA, BEN))),
        *({"organisation": organisation} for organisation in (None, ELSEWHERE, NOWHERE)),
    ]


def complete_names() -> list[str]:
    return [
        "policy",
        "role",
        "ana",
        "ben",
        "request",
        "ana_affiliation",
        "ben_affiliation",
        "couhes",
        "irb",
        "reliance",
        "law",
    ]


def cases_of_releases() -> list[Sequence[Event]]:
    """The same of a request that can be released, and of what happens to it then."""
    changed: dict[str, list[Event]] = {
        "policy": [PolicyPublished(key_test_required=False, agreement_months=1, training_months=1)],
        "role": [role(person=ANA)],
        "request": [
            request(study_group=(ANA, BEN, STRANGER), personnel=(ANA, BEN, STRANGER)),
            request(datasets=(wanted("de-identified"), wanted())),
        ],
        "ben_affiliation": [affiliation(BEN, where, whose) for where in WHERES for whose in (None, ELSEWHERE, NOWHERE)],
        "ben_certified": [certified(BEN, TODAY), certified(BEN, LONG_AGO, TODAY), certified(BEN, LONG_AGO, None)],
        "mou": [memorandum(recipients=(recipient(BEN),)), memorandum(datasets=(covered("de-identified"),))],
        "dua": [use_agreement(recipients=(recipient(BEN),), otherwise=commitment()), use_agreement(kind="MOU")],
        "mou_office": [signed(memorandum(), "office", who) for who in (ANA, HEAD)],
        "mou_researcher": [signed(memorandum(), "researcher", BEN)],
        "dua_official": [
            msgspec.structs.replace(signed(use_agreement(), "authorised official", HEAD), **change)
            for change in ({"organisation": NOWHERE}, {"text": commitment(9)}, {"attested_by": None})
        ],
        "dua_executed": [in_force(DUA, *days) for days in ((TODAY, TODAY), (TOMORROW, FAR_OFF), (LONG_AGO, YESTERDAY))],
        "contact": [designated(BEN), designated(STRANGER)],
        "key": [key_filed(expires=NOON), key_filed(expires=None, names_address=False), key_filed(person=BEN)],
        "key_confirmed": [key_confirmed(settles_address=True)],
        "test": [trial_failed(), trial_passed("post")],
        "version": [version_added("2")],
    }
    later: list[Sequence[Event]] = [
        [],
        [authorised().event],
        [authorised().event, failed()],
        [authorised().event, handed_over().event],
        [authorised().event, handed_over().event, received()],
        [authorised().event, key_filed(key="K-2"), key_confirmed("K-2"), trial_passed(key="K-2")],
        [authorised().event, use_agreement(agreement="A-3"), in_force("A-3"), terminated(DUA)],
        [authorised().event, law(basis("home", basis="34 CFR 99.30"), basis("outside"))],
        *[[authorised().event, terminated(MOU, on)] for on in (YESTERDAY, TODAY, TOMORROW)],
        *[[authorised().event, key_revoked(on)] for on in (YESTERDAY, TODAY, TOMORROW)],
        *[[authorised().event, one] for one in (form_changed(), DataSetRetired(dataset=DATA_SET), key_rejected())],
        [past_release(), past_release(person=BEN)],
        [debarred(ANA, TODAY)],
        [debarred(BEN, TOMORROW), debarment_lifted(BEN)],
        strangers(),
        amended(),
        [*strangers(), amendment(), *signatures(amendment())],
        [renewed()],
        [expired()],
        *[[trial_failed(), waiver(rule, expires=TODAY)] for rule in ("key-tested", "citi-training")],
        *[[authorised().event, handed_over().event, *facts] for facts in from_outside()],
        *[[one] for one in (departed(BEN), revoked(BEN), moved_away(BEN), closed().event, departed(ANA))],
        *[[moved_away(BEN, on=on)] for on in (TODAY, TOMORROW)],
        *[[one] for one in (incident(REQUEST), incident(people=(BEN,)), incident(OTHER_REQUEST, people=(BEN,)))],
        *[[legal_hold(**on)] for on in ({"request": REQUEST}, {"dataset": DATA_SET}, {"person": BEN})],
        [legal_hold(request=REQUEST), hold_lifted(request=REQUEST)],
        [incident(REQUEST), contained(REQUEST)],
        [incident(REQUEST), contained(REQUEST), incident_closed(REQUEST)],
        [*OUT, attested()],
        [*OUT, attested(held(), held(BEN)), departed(BEN)],
        [*OUT, attested(exceptions=commitment())],
        [*OUT, attested(by=DIRECTOR), legal_hold(person=ANA)],
        [*OUT, declared(), copied(EVA), gone()],
        [*OUT, *OVER, attested(), was_accepted()],
        [*OUT, *OVER, declared(), attested(), was_accepted()],
    ]
    return [
        *(ready(**{name: None}) for name in ready_names()),
        *(ready(**{name: fact}) for name, facts in changed.items() for fact in facts),
        *([*ready(), *facts] for facts in later),
        *(corrected(ready(), fact) for fact in (couhes(), verified(BEN), trial_passed(), designated(ANA))),
    ]


def from_outside() -> list[Sequence[Event]]:
    """Who asks after a release, and what is published of it."""
    asks: list[Sequence[Event]] = [
        *([asked(kind)] for kind in get_args(Asking)),
        *([asked(datasets=(), by=by)] for by in (None, ANA, BEN)),
        *([asked(), one] for one in (told(), told("to counsel"), query_withdrawn())),
        *([asked(), *facts] for facts in ([], [request(OTHER_REQUEST)], [request(OTHER_REQUEST, researcher=EVA)])),
    ]
    return [
        *asks,
        *([notified(), *facts] for facts in ([], [changes_asked()], [retracted()], [has_appeared()])),
        *([notified(), reviewed(who, cell)] for who in (ANA, STRANGER) for cell in (None, 4, 5)),
        [notified(), reviewed(result="changes needed")],
        [notified(), reviewed(), passed().event, has_appeared()],
        [reviewers(2), notified(), reviewed()],
        [reviewers(2), notified(), reviewed(), waiver("second-reviewer")],
        [reviewers(0), notified(authors=(STRANGER,))],
        *([*OVER, asked(), *facts] for facts in ([], [told()], [told("to counsel")], [query_withdrawn()])),
        *([*OVER, notified(), *facts] for facts in ([], [changes_asked()], [retracted()], [has_appeared()])),
    ]


WHERES: tuple[Affiliation, ...] = ("home", "outside", "in doubt")


def ready_names() -> list[str]:
    return [
        *("request", "couhes", "irb", "law", "ana_certified", "ben_verified", "approved", "mou", "mou_researcher"),
        *("mou_office", "mou_executed", "dua", "dua_researcher", "dua_official", "dua_signatory", "dua_executed"),
        *("contact", "key", "key_confirmed", "trial_sent", "test", "version"),
    ]


def test_the_rules_answer_as_they_did_when_their_version_was_pinned():
    judged: list[tuple[Sequence[Event], Act]] = [
        *((facts, act) for facts in cases() for act in (approve(), decline())),
        *((facts, act) for facts in cases_of_releases() for act in EVERY_ACT),
    ]
    answers = [
        [(one.rule, one.about, one.wanting, one.facts) for one in judge(act, Standing(recorded(facts)), at)]
        for facts, act in judged
        for at in (NOON, last_moment_of(TODAY), first_moment_of(TOMORROW))
    ]
    fingerprint = sha256(repr([PINNED, PINNED_ACTS, answers]).encode()).hexdigest()

    assert len({repr(answer) for answer in answers}) > 300
    assert FINGERPRINTS.get(VERSION) == fingerprint, "raise VERSION, and pin what it answers, when answers change"
    assert max(FINGERPRINTS) == VERSION
    assert len(set(FINGERPRINTS.values())) == len(FINGERPRINTS)
