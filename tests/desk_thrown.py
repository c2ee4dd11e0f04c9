"""What may be thrown at a desk up to a release: reports and acts, sense and nonsense, and what may come between."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from ledger.events import (
    ActRefused,
    AffiliationDetermined,
    AgreementSigned,
    AgreementTerminated,
    ContactDesignated,
    DataSetOpened,
    DeterminationEnded,
    EthicsDetermined,
    FactCorrected,
    LawDetermined,
    PersonDetailsChanged,
    PersonSuspended,
    PolicyPublished,
    RelianceElected,
    RelianceRequested,
    RequestDeclined,
    RequestReturned,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
)
from ledger.events.catalogue import DataSetVersionAdded
from ledger.events.governance import Role
from ledger.events.request import RequestSubmitted
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment, opened, person
from tests.office_acts import (
    approve,
    approved,
    authorise,
    authorised,
    chosen,
    decline,
    execute,
    hand_over,
    handed_over,
    issue,
    let_in,
    packed,
    waive,
    waived,
)
from tests.office_facts import (
    CHANNEL,
    COUHES,
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    IRB,
    KEY,
    MOU,
    NOWHERE,
    OTHER_REQUEST,
    RELEASE,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    affiliation,
    board_ended,
    covered,
    designated,
    failed,
    form_changed,
    head_approval,
    key_confirmed,
    key_filed,
    key_rejected,
    key_revoked,
    law,
    lifted,
    memorandum,
    received,
    recipient,
    request,
    returned,
    suspended,
    terminated,
    trial_failed,
    trial_passed,
    trial_sent,
    use_agreement,
    wanted,
    withdrawn,
)
from tests.office_requests import complete, ready

NOBODY = "p-" + 32 * "0"

people = st.sampled_from([ANA, ANA, ANA, BEN, BEN, BEN, STRANGER, HEAD, DIRECTOR, NOBODY])
groups = st.lists(st.sampled_from([ANA, BEN, ANA, BEN, STRANGER]), max_size=3).map(tuple)
organisations = st.sampled_from([None, None, ELSEWHERE, ELSEWHERE, NOWHERE])
requests = st.sampled_from([REQUEST, REQUEST, OTHER_REQUEST, "R-2026-0099"])
determinations = st.sampled_from([COUHES, COUHES, IRB, IRB, "E-1", "E-2"])
agreements = st.sampled_from([MOU, MOU, DUA, DUA, "A-3"])
keys = st.sampled_from([KEY, KEY, KEY, "K-2"])
releases = st.sampled_from([RELEASE, RELEASE, "L-2"])
channels = st.sampled_from([CHANNEL, CHANNEL, CHANNEL, "post"])
hours = st.sampled_from([0, 1, 5, 13, 24, 60])
mostly = st.sampled_from([True, True, True, False])
past = st.integers(-8, 2).map(lambda number: TODAY + timedelta(days=number))
days = st.integers(-4, 12).map(lambda number: TODAY + timedelta(days=number))
principals = st.sampled_from([THE_DIRECTOR, THE_DIRECTOR, "staff:2", "staff:nobody"])
data_sets = st.sampled_from([DATA_SET, DATA_SET, DATA_SET, "D-unknown"])
forms = st.sampled_from(["identified", "de-identified"])
labels = st.sampled_from(["1", "1", "2"])
sealed = st.sampled_from([None, commitment()])
good = ready()
of_a_request = [fact for fact in complete() if "request" in fact.__struct_fields__]
of_a_release = [fact for fact in good if "request" in fact.__struct_fields__]


def among(things: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Any of these things, however long they are when written out."""
    return st.integers(0, len(things) - 1).map(lambda place: things[place])


def struct(kind: Any, **members: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **members)


submissions = st.fixed_dictionaries(
    {},
    optional={
        "researcher": people,
        "researcher_is_student": st.booleans(),
        "sponsor": st.none() | people,
        "researcher_heads_department": st.booleans(),
        "funded": st.sampled_from([None, False, True]),
        "funding": sealed,
        "peer_reviewed": st.sampled_from([None, False, True]),
        "reviewers": sealed,
        "head_approval": st.sampled_from([None, head_approval(), head_approval(ANA), head_approval(HEAD, "dean")]),
        "datasets": st.sampled_from([(), (wanted(),), (wanted("de-identified"),), (wanted(dataset="D-unknown"),)]),
        "personnel": groups,
        "study_group": groups,
        "purposes": st.sampled_from([(), ("improving teaching and curriculum",)]),
        "description": sealed,
    },
)


def submission(request: str, changes: dict[str, Any]) -> RequestSubmitted:
    """A submission that is complete but for a few things: else hardly any would be."""
    complete_one = next(fact for fact in good if isinstance(fact, RequestSubmitted))
    few = dict(list(changes.items())[:2])
    return msgspec.structs.replace(complete_one, request=request, **few)


def policy(accepts: bool, tests: bool, zone: str) -> PolicyPublished:
    return PolicyPublished(accepts_not_human_subjects=accepts, key_test_required=tests, time_zone=zone)


def lawful(request: str, consistent: bool, ways: set[tuple[str, str, str, str]]) -> LawDetermined:
    bases = [dict(zip(("dataset", "form", "recipients", "basis"), way, strict=True)) for way in sorted(ways)]
    return msgspec.convert({"request": request, "consistent": consistent, "bases": bases}, LawDetermined)


usual = [(DATA_SET, form, to, "34 CFR 99.30") for form in ("identified", "de-identified") for to in ("home", "outside")]
ways = st.sampled_from([set(usual), set(usual), set(usual[:2]), set(usual[2:])]) | st.sets(
    st.tuples(
        data_sets, forms, st.sampled_from(["home", "outside"]), st.sampled_from(["34 CFR 99.31(b)", "34 CFR 99.30"])
    ),
    max_size=3,
)
boards = struct(
    EthicsDetermined,
    determination=determinations,
    request=requests,
    organisation=organisations,
    protocol=st.just("1211-01"),
    outcome=st.sampled_from(["approved", "approved", "exempt", "not human subjects", "pending"]),
    on=past,
    expires=st.none() | days,
    covers=st.just(()) | groups,
    document=sealed,
)
laws = st.builds(lawful, requests, st.sampled_from([True, True, True, False]), ways)
about_requests = st.one_of(
    st.builds(submission, requests, submissions),
    struct(RequestReturned, request=requests, items=st.just(("C1.2",))),
    struct(RequestWithdrawn, request=requests),
    struct(
        AffiliationDetermined,
        request=requests,
        person=people,
        affiliation=st.sampled_from(["home", "outside", "in doubt"]),
        organisation=organisations,
    ),
    boards,
    struct(RelianceRequested, request=requests, determination=determinations, on=st.none() | past),
    struct(RelianceElected, request=requests, determination=determinations, on=past, document=sealed),
    struct(
        DeterminationEnded,
        request=requests,
        determination=determinations,
        how=st.sampled_from(["suspended", "lapsed"]),
        on=past,
    ),
    laws,
)
about_people = st.one_of(
    struct(person, who=people, **dict.fromkeys(("institution", "email"), sealed)),
    struct(PersonDetailsChanged, person=people, **dict.fromkeys(("address", "phone", "department"), sealed)),
    struct(PersonSuspended, person=people, request=st.none() | requests),
    struct(SuspensionLifted, person=people, request=st.none() | requests),
    struct(
        TrainingCertified,
        person=people,
        completed=past,
        expires=st.none() | days,
        document=st.sampled_from([commitment(31), commitment(32)]),
    ),
    struct(TrainingVerified, person=people, certificate=st.sampled_from([commitment(31), commitment(32)])),
    struct(
        RoleGranted,
        principal=principals,
        person=st.none() | people,
        role=st.sampled_from(get_args(Role)),
        starts=past,
        ends=st.none() | days,
    ),
    struct(RoleEnded, principal=principals, role=st.sampled_from(get_args(Role))),
    st.builds(policy, st.booleans(), mostly, st.sampled_from(["America/New_York"] * 4 + ["Middle/Earth"])),
)
signatures = struct(
    AgreementSigned,
    agreement=agreements,
    request=requests,
    text=st.sampled_from([commitment(41), commitment(42)]),
    signer=people,
    capacity=st.sampled_from(["researcher", "office", "authorised official", "home signatory"]),
    organisation=organisations,
    on=past,
    evidence=st.sampled_from(["openpgp", "scan", "e-signature"]),
    document=st.just(commitment(43)),
    key=sealed,
    fingerprint=sealed,
    attested_by=st.none() | people,
)
about_releases = st.one_of(
    signatures,
    struct(AgreementTerminated, agreement=agreements, request=requests, on=days),
    struct(ContactDesignated, request=requests, person=people),
    struct(
        key_filed,
        key=keys,
        request=requests,
        person=people,
        expires=st.none() | days.map(lambda day: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)),
        names_address=mostly,
    ),
    st.builds(key_confirmed, keys, st.booleans()),
    st.builds(key_rejected, keys),
    st.builds(key_revoked, past, keys),
    st.builds(trial_sent, channels, keys),
    st.builds(trial_passed, channels, keys),
    st.builds(trial_passed, channels, keys),
    st.builds(trial_failed, channels, keys),
    st.builds(failed, st.sampled_from(["packing", "delivery"]), releases),
    st.builds(received, releases),
    struct(DataSetVersionAdded, dataset=data_sets, label=labels, form=forms, digest=st.just(64 * "5")),
    st.builds(form_changed, forms, labels),
    struct(DataSetOpened, dataset=data_sets, label=st.none(), person=st.none() | people, request=st.none() | requests),
)
reports = st.one_of(about_requests, about_people, about_releases)
a_number: Any = 7
mishaps = st.one_of(
    reports,
    st.sampled_from([suspended(ANA, REQUEST), suspended(BEN), lifted(BEN), returned(), withdrawn(), request()]),
    st.builds(board_ended, st.sampled_from([COUHES, IRB]), past),
    laws,
)
likely = among(
    [
        *(suspended(ANA, REQUEST), suspended(BEN), key_rejected(), key_revoked(), key_revoked(), trial_failed()),
        *(terminated(MOU), terminated(DUA), designated(BEN), form_changed(), law(), law(consistent=False)),
        *(board_ended(COUHES, TODAY), board_ended(IRB, TODAY), affiliation(BEN, "home"), failed()),
        *(affiliation(BEN, "in doubt", ELSEWHERE), ANA, BEN),
    ]
)
twist = st.one_of(
    st.tuples(st.just("wanting"), among(of_a_release[len(of_a_request) :])),
    st.tuples(st.sampled_from(["before", "between"]), likely),
    st.tuples(st.sampled_from(["before", "between"]), likely),
    st.tuples(st.sampled_from(["before", "between"]), about_releases),
)
excepted = among(
    [
        [("wanting", trial_passed()), ("before", waive(expires=FAR_OFF))],
        [("between", trial_failed()), ("between", waive(expires=FAR_OFF))],
        [("wanting", key_confirmed()), ("before", waive("key-address", expires=FAR_OFF))],
    ]
)
few_twists = st.one_of(twist.map(lambda one: [one]), st.lists(twist, max_size=2), excepted)
nonsense = st.sampled_from(
    [
        opened(),
        approved().event,
        memorandum(agreement="A-new"),
        authorised().event,
        handed_over().event,
        waived().event,
        RequestDeclined(request=REQUEST, reason=commitment()),
        ActRefused(act="approve-request", request=REQUEST, objections=()),
        person("p-short"),
        person("p-" + 32 * "7", name="Dr No"),
        PersonSuspended(person=a_number, request=None),
        RequestWithdrawn(request="R-1"),
        RequestWithdrawn(request=REQUEST + "\n"),
        PersonDetailsChanged(person=ANA, phone="+1 617 253 1000"),
        FactCorrected(corrected=1, about=()),
        FactCorrected(corrected=0, about=(f"request:{REQUEST}",)),
    ]
)
decisions = st.one_of(
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: decline(principal=who, request=what), principals, requests),
)
papers = st.builds(
    lambda paper, agreement, kind, named, sets, reason, template: msgspec.structs.replace(
        paper,
        agreement=agreement,
        kind=kind or paper.kind,
        recipients=paper.recipients if named is None else named,
        datasets=paper.datasets if sets is None else sets,
        otherwise=reason,
        template_approved_by=template,
    ),
    st.sampled_from([memorandum(), use_agreement()]),
    agreements,
    st.sampled_from([None, None, "MOU", "DUA"]),
    st.none() | st.lists(st.builds(recipient, people, organisations), max_size=2).map(tuple),
    st.sampled_from([None, None, (), (covered("de-identified"),), (covered(), covered("de-identified"))]),
    sealed,
    st.sampled_from([STRANGER, STRANGER, STRANGER, NOBODY]),
)
acts = st.one_of(
    decisions,
    st.builds(issue, papers, principals),
    st.builds(lambda which, who, starts, ends: execute(which, principal=who, starts=starts, ends=ends),
              agreements, principals, days, st.sampled_from([FAR_OFF, FAR_OFF, date(2028, 1, 1)]) | days),
    st.builds(lambda what, who, how, label: authorise(chosen(label), principal=who, release=what, channel=how),
              releases, principals, channels, labels),
    st.builds(lambda what, who, label, digest: hand_over(packed(label, digest=digest), principal=who, release=what),
              releases, principals, labels, st.sampled_from([64 * "5", 64 * "5", 64 * "5", 64 * "0"])),
    st.builds(lambda who, whose, what, under: let_in(who, principal=whose, dataset=what, request=under),
              people, principals, data_sets, st.sampled_from([REQUEST, REQUEST, REQUEST, None])),
    st.builds(lambda what, who, number, until: waive(what, principal=who, waiver=number, expires=until),
              st.sampled_from(["key-tested", "key-address", "agreement-term", "couhes"]),
              principals, st.sampled_from(["W-1", "W-2", "W-3"]), days),
)  # fmt: skip
mad_acts = st.sampled_from(
    [
        *(approve(principal=""), approve(request="R-1"), approve(conditions="none"), decline(reason=None)),
        *(let_in("p-short"), execute("A mou"), authorise(channel="By Post"), waive(reason=None)),
    ]
)
