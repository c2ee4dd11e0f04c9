"""Which rules judge which act. `VERSION` is raised whenever a rule would answer differently."""

from datetime import date, datetime
from typing import Any

from ledger.events import WaiverGranted
from projections.acts import (
    AcceptAttestation,
    Act,
    AmendAgreement,
    AnswerQuery,
    ApproveRequest,
    AuthoriseRelease,
    CloseIncident,
    CloseRequest,
    DeclineRequest,
    EraseDetails,
    ExecuteAgreement,
    GrantWaiver,
    HandOverRelease,
    IssueAgreement,
    LetIn,
    PassPublication,
    RenewAgreement,
    WriteOff,
)
from projections.rules import (
    about_data,
    aggregate_only,
    agreement_signed,
    agreement_term,
    agreement_terms,
    amendment_terms,
    approved_request,
    attestation_sound,
    citi_training,
    contact_named,
    data_and_group,
    erasable,
    funding_and_review,
    held_still,
    home_ethics,
    incident_contained,
    independent_decision,
    key_address,
    key_confirmed,
    key_tested,
    key_usable,
    law_determined,
    named_recipients,
    no_hold,
    no_open_holding,
    no_open_incident,
    no_open_publication,
    no_open_query,
    nobody_debarred,
    nobody_suspended,
    open_query,
    open_request,
    outside_ethics,
    own_way,
    public_data,
    publication_in_turn,
    publication_reviewed,
    purpose_described,
    release_in_turn,
    renewal_in_time,
    request_ended,
    researcher_known,
    second_reviewer,
    separate_duties,
    smallest_cell,
    student_sponsored,
    template_approved,
    version_on_offer,
    waivable,
)
from projections.rules.rule import AtTime, Objection, Rule
from projections.standing import Known, Standing

VERSION = 6

# What the rules say of an act for a whole day: what they hold against it, and what finds more at a time of it.
AllDay = tuple[Objection | AtTime[Any], ...]

# What is judged each time, from the approval to the release.
_REQUEST = (
    researcher_known.RULE,
    student_sponsored.RULE,
    funding_and_review.RULE,
    data_and_group.RULE,
    home_ethics.RULE,
    outside_ethics.RULE,
    purpose_described.RULE,
    law_determined.RULE,
    nobody_suspended.RULE,
    nobody_debarred.RULE,
    no_hold.RULE,
    no_open_incident.RULE,
)
_RELEASE = (
    approved_request.RULE,
    *_REQUEST,
    citi_training.RULE,
    named_recipients.RULE,
    contact_named.RULE,
    key_usable.RULE,
    key_confirmed.RULE,
    key_address.RULE,
    key_tested.RULE,
    version_on_offer.RULE,
    release_in_turn.RULE,
    separate_duties.RULE,
)

RULEBOOK: dict[type[Act], tuple[Rule[Any], ...]] = {
    ApproveRequest: (open_request.RULE, *_REQUEST, separate_duties.RULE),
    DeclineRequest: (open_request.RULE, separate_duties.RULE),
    IssueAgreement: (
        approved_request.RULE,
        agreement_terms.RULE,
        template_approved.RULE,
        nobody_suspended.RULE,
        nobody_debarred.RULE,
        separate_duties.RULE,
    ),
    ExecuteAgreement: (
        approved_request.RULE,
        *_REQUEST,
        citi_training.RULE,
        agreement_signed.RULE,
        agreement_term.RULE,
        amendment_terms.RULE,
        separate_duties.RULE,
    ),
    AuthoriseRelease: _RELEASE,
    HandOverRelease: _RELEASE,
    LetIn: (
        named_recipients.RULE,
        home_ethics.RULE,
        outside_ethics.RULE,
        citi_training.RULE,
        law_determined.RULE,
        nobody_suspended.RULE,
        no_hold.RULE,
        no_open_incident.RULE,
    ),
    GrantWaiver: (waivable.RULE, separate_duties.RULE),
    EraseDetails: (erasable.RULE,),
    AnswerQuery: (
        open_query.RULE,
        about_data.RULE,
        own_way.RULE,
        public_data.RULE,
        aggregate_only.RULE,
        separate_duties.RULE,
    ),
    PassPublication: (
        publication_in_turn.RULE,
        publication_reviewed.RULE,
        second_reviewer.RULE,
        smallest_cell.RULE,
        nobody_suspended.RULE,
        separate_duties.RULE,
    ),
    AmendAgreement: (
        approved_request.RULE,
        amendment_terms.RULE,
        template_approved.RULE,
        nobody_suspended.RULE,
        nobody_debarred.RULE,
        separate_duties.RULE,
    ),
    RenewAgreement: (
        approved_request.RULE,
        *_REQUEST,
        citi_training.RULE,
        renewal_in_time.RULE,
        agreement_term.RULE,
        separate_duties.RULE,
    ),
    AcceptAttestation: (
        attestation_sound.RULE,
        held_still.RULE,
        no_hold.RULE,
        independent_decision.RULE,
        separate_duties.RULE,
    ),
    WriteOff: (held_still.RULE, independent_decision.RULE, separate_duties.RULE),
    CloseRequest: (
        request_ended.RULE,
        no_open_holding.RULE,
        no_open_query.RULE,
        no_open_publication.RULE,
        no_open_incident.RULE,
        no_hold.RULE,
        separate_duties.RULE,
    ),
    CloseIncident: (incident_contained.RULE, independent_decision.RULE, separate_duties.RULE),
}


def judge(act: Act, standing: Standing, at: datetime) -> list[Objection]:
    """Everything that the rules hold against an act at a time, and nobody has waived; nothing, when it may be done."""
    return judge_at(judge_day(act, standing, standing.office.day(at)), act, standing, at)


def judge_day(act: Act, standing: Standing, day: date) -> AllDay:
    """What the rules hold against an act all day, whatever the time."""
    waived = {one.event.rule for one in _waivers_on(day, act, standing)}
    said: list[Objection | AtTime[Any]] = []
    for rule in RULEBOOK[type(act)]:
        if rule.id not in waived:
            said += rule.at_time
            for judge in rule.on_day:
                said += judge(act, standing, day)
    return tuple(said)


def judge_at(said: AllDay, act: Act, standing: Standing, at: datetime) -> list[Objection]:
    """Everything that the rules hold against an act at a time, now that it is known what they say all day."""
    found: list[Objection] = []
    for one in said:
        found += [one] if isinstance(one, Objection) else one(act, standing, at)
    return found


def waivers(act: Act, standing: Standing, at: datetime) -> list[Known[WaiverGranted]]:
    """The waivers in force that the act needs: of rules that would object without them."""
    return _waivers_on(standing.office.day(at), act, standing)


def _waivers_on(day: date, act: Act, standing: Standing) -> list[Known[WaiverGranted]]:
    # No rule that can be waived changes within a day.
    request = standing.request(act.request)
    if not request.waivers:
        return []
    found = [(rule, request.waiver(rule.id, day)) for rule in RULEBOOK[type(act)] if rule.waivable]
    return [waiver for rule, waiver in found if waiver and rule.on(act, standing, day)]


def rule(id_: str) -> Rule[Any]:
    """The rule with this id. Raises `KeyError`."""
    return {rule.id: rule for rules in RULEBOOK.values() for rule in rules}[id_]
