"""The rulebook: whole, pure, and pinned with the answers that it gives."""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import projections.rules
import projections.standing
from ledger.events import DataSetRetired, Event, PersonErased, PolicyPublished
from ledger.events.people import Affiliation
from ledger.events.query import Asking
from projections import acts
from projections.acts import Act, act_from, as_command
from projections.rules.rule import Objection, Rule
from projections.rules.rulebook import RULEBOOK, VERSION, judge, rule
from projections.standing import Standing
from tests.amending_facts import (
    AMENDMENT,
    addendum,
    amend,
    amended,
    amendment,
    debarment_lifted,
    debarred,
    expired,
    renew,
    renewed,
    signatures,
    strangers,
)
from tests.endings import (
    OUT,
    OVER,
    accept,
    attested,
    close,
    close_incident,
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
    write_off,
)
from tests.facts import ANA, BEN, DATA_SET, EVA, NOON, REQUEST, commitment, person, version_added
from tests.office import (
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
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    approve,
    approved,
    authorise,
    authorised,
    basis,
    board_ended,
    certified,
    complete,
    corrected,
    couhes,
    covered,
    decline,
    declined,
    designated,
    erase,
    execute,
    failed,
    first_moment_of,
    form_changed,
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
    let_in,
    lifted,
    memorandum,
    packed,
    ready,
    received,
    recipient,
    recorded,
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
    waive,
    waiver,
    wanted,
    withdrawn,
)
from tests.outside import (
    answer,
    asked,
    changes_asked,
    has_appeared,
    let_appear,
    notified,
    passed,
    query_withdrawn,
    retracted,
    reviewed,
    reviewers,
    told,
)
from tests.past_facts import past_release

ACCEPTS_NO_SUBJECTS = PolicyPublished(time_zone=OFFICE_ZONE, accepts_not_human_subjects=True)
NO_RULES = {"rule", "rulebook", "ethics"}  # what else is in the package
SOURCES = {
    "C1",
    "C1.1",
    "C1.2",
    "C1.3",
    "C1.4",
    "C1.5",
    "C1.6",
    "C1.7",
    "C2",
    "C3",
    "K1",
    "K2",
    "K3",
    "S1",
    "S2",
    "S3",
    "policy",
    "34 CFR 99.32",
}
# What rules are called stands in logs, in the judgements and in the refusals.
PINNED = [
    ("open-request", "C1", "the request is before the office", False),
    (
        "researcher-known",
        "C1.1",
        "the researcher's name, institution, department, address and contact are known",
        False,
    ),
    ("student-sponsor", "policy", "a student names a faculty sponsor", False),
    ("funding-and-review", "C1.2", "funding, peer review and the department's approval are stated", False),
    ("data-and-group", "C1.3", "the data sets with their form and everybody who needs access are listed", False),
    ("couhes", "C1.4", "researchers of the home institution have its board's approval or exemption", False),
    (
        "irb-and-couhes",
        "C1.5",
        "other researchers have their own board's approval or exemption, and the home board's or its reliance",
        False,
    ),
    ("purpose-described", "C1.7", "the research is described, and serves teaching or scholarship on it", False),
    ("law-determined", "C1.7, S1", "the disclosure is consistent with the law, on a basis for each data set", False),
    ("nobody-suspended", "policy", "nobody in the study group is suspended", False),
    ("nobody-debarred", "policy", "debarred people take part in no new request", False),
    ("no-hold", "policy", "no legal hold is on the request, its people or its data sets", False),
    ("no-open-incident", "policy", "no incident is open on the request", False),
    (
        "separate-duties",
        "policy",
        "who decides plays no part in the request, and who extracts does not get the data",
        False,
    ),
    ("approved-request", "C1", "the request was approved", False),
    ("agreement-terms", "C2, K1", "an agreement names the study group and what was asked for", False),
    ("template-approved", "C2", "nobody approves the terms of an agreement for themselves", False),
    ("citi-training", "C1.6", "everybody in the study group has current CITI training", False),
    ("agreement-signed", "C2", "the agreement was signed in every capacity required", False),
    ("agreement-term", "policy", "an agreement lasts no longer than policy has it", True),
    (
        "amendment-terms",
        "C2, K1",
        "an amendment is of an agreement in force, and names people for whom they act",
        False,
    ),
    ("named-recipients", "C2, K1", "data go to nobody who is not named in an agreement in force", False),
    ("contact-named", "C3", "one member of the study group is the point of contact", False),
    ("key-usable", "C3", "the contact has a key that can be encrypted for", False),
    ("key-confirmed", "C3", "the key was confirmed by a second channel", False),
    ("key-address", "C3", "the key names the contact's address, or that is settled", True),
    ("key-tested", "C3", "key and transfer were tested by the channel of the release", True),
    ("version-on-offer", "C1.3", "what is released is on offer, in the form that was asked for", False),
    ("release-in-turn", "C3", "a package goes out once, as it was authorised", False),
    ("waivable", "policy", "the rule is one that can be waived, for a time", False),
    (
        "erasable",
        "34 CFR 99.32",
        "name and institution stay while an agreement or a disclosure record needs them",
        False,
    ),
    ("open-query", "K2", "a query is answered once", False),
    ("about-data", "K2", "what is asked of data is not passed off as a matter of methods", False),
    ("own-way", "K2", "a third party gets data through a request or addendum of its own", False),
    ("public-data", "S2", "public data are what was passed and has appeared, never records", False),
    ("aggregate-only", "S2", "the office answers with an aggregate that has no small cell", False),
    ("publication-in-turn", "K3", "what is passed comes of a release, and is under review", False),
    ("publication-reviewed", "K3", "somebody apart from the work found it fit to be published", False),
    ("second-reviewer", "policy", "as many people have reviewed it as policy has it", True),
    ("smallest-cell", "K3, S3", "no cell of it counts fewer learners than policy has it", False),
    ("renewal-in-time", "C2", "an agreement is renewed while it is in force, to a later day", False),
    ("attestation-sound", "policy", "an attestation is whole, and that of who left stands alone", False),
    ("held-still", "K1", "what is destroyed, or written off, is held", False),
    ("independent-decision", "policy", "who decides has no part in what is decided on", False),
    ("request-ended", "C2", "all agreements of the request are over, and no release is under way", False),
    ("no-open-holding", "K1", "nobody holds anything under the request any more", False),
    ("no-open-query", "K2", "no query about the request waits for an answer", False),
    ("no-open-publication", "K3", "no publication of the request is under review", False),
    ("incident-contained", "policy", "an incident is contained before it is closed", False),
]
PINNED_FOR_A_RELEASE = [
    "approved-request",
    "researcher-known",
    "student-sponsor",
    "funding-and-review",
    "data-and-group",
    "couhes",
    "irb-and-couhes",
    "purpose-described",
    "law-determined",
    "nobody-suspended",
    "nobody-debarred",
    "no-hold",
    "no-open-incident",
    "citi-training",
    "named-recipients",
    "contact-named",
    "key-usable",
    "key-confirmed",
    "key-address",
    "key-tested",
    "version-on-offer",
    "release-in-turn",
    "separate-duties",
]
PINNED_ACTS = {
    "approve-request": [
        "open-request",
        "researcher-known",
        "student-sponsor",
        "funding-and-review",
        "data-and-group",
        "couhes",
        "irb-and-couhes",
        "purpose-described",
        "law-determined",
        "nobody-suspended",
        "nobody-debarred",
        "no-hold",
        "no-open-incident",
        "separate-duties",
    ],
    "decline-request": ["open-request", "separate-duties"],
    "issue-agreement": [
        "approved-request",
        "agreement-terms",
        "template-approved",
        "nobody-suspended",
        "nobody-debarred",
        "separate-duties",
    ],
    "execute-agreement": [
        "approved-request",
        "researcher-known",
        "student-sponsor",
        "funding-and-review",
        "data-and-group",
        "couhes",
        "irb-and-couhes",
        "purpose-described",
        "law-determined",
        "nobody-suspended",
        "nobody-debarred",
        "no-hold",
        "no-open-incident",
        "citi-training",
        "agreement-signed",
        "agreement-term",
        "amendment-terms",
        "separate-duties",
    ],
    "authorise-release": PINNED_FOR_A_RELEASE,
    "hand-over-release": PINNED_FOR_A_RELEASE,
    "let-in": [
        "named-recipients",
        "couhes",
        "irb-and-couhes",
        "citi-training",
        "law-determined",
        "nobody-suspended",
        "no-hold",
        "no-open-incident",
    ],
    "grant-waiver": ["waivable", "separate-duties"],
    "erase-details": ["erasable"],
    "answer-query": [
        "open-query",
        "about-data",
        "own-way",
        "public-data",
        "aggregate-only",
        "separate-duties",
    ],
    "pass-publication": [
        "publication-in-turn",
        "publication-reviewed",
        "second-reviewer",
        "smallest-cell",
        "nobody-suspended",
        "separate-duties",
    ],
    "amend-agreement": [
        "approved-request",
        "amendment-terms",
        "template-approved",
        "nobody-suspended",
        "nobody-debarred",
        "separate-duties",
    ],
    "renew-agreement": [
        "approved-request",
        "researcher-known",
        "student-sponsor",
        "funding-and-review",
        "data-and-group",
        "couhes",
        "irb-and-couhes",
        "purpose-described",
        "law-determined",
        "nobody-suspended",
        "nobody-debarred",
        "no-hold",
        "no-open-incident",
        "citi-training",
        "renewal-in-time",
        "agreement-term",
        "separate-duties",
    ],
    "accept-attestation": ["attestation-sound", "held-still", "no-hold", "independent-decision", "separate-duties"],
    "write-off": ["held-still", "independent-decision", "separate-duties"],
    "close-request": [
        "request-ended",
        "no-open-holding",
        "no-open-query",
        "no-open-publication",
        "no-open-incident",
        "no-hold",
        "separate-duties",
    ],
    "close-incident": ["incident-contained", "independent-decision", "separate-duties"],
}
# By the version of the rulebook: SHA-256 over the rules and their answers to the cases below. When an answer changes,
# VERSION is raised and its line added; a line that stands here is never edited, because judgements were made by it.
FINGERPRINTS = {
    1: "7285cefdb2a5a23c76108f2d1c91892cc5a0611f8023294c241b28347ab61ad5",
    2: "47862d95fe89fff7befc8a0076a7f953c34c45c17fc7f605a294790e1db22e9c",
    3: "480b0ce4fd8ce3256e8f0c9178d841b7d646db1535fff038f68f57031ec3025b",
}

RULE_MODULES = sorted({module.name for module in pkgutil.iter_modules(projections.rules.__path__)} - NO_RULES)
every_rule_file = pytest.mark.parametrize("name", RULE_MODULES)


def rule_in(name: str) -> tuple[Rule[Any], str]:
    """The rule in a file, and the first words of that file."""
    module = importlib.import_module(f"projections.rules.{name}")
    found: Rule[Any] = module.RULE
    return found, module.__doc__ or ""


def all_rules() -> dict[str, Rule[Any]]:
    return {one.id: one for rules in RULEBOOK.values() for one in rules}


def test_every_rule_has_the_id_the_source_and_the_sentence_that_were_pinned():
    assert [(one.id, one.source, one.sentence, one.waivable) for one in all_rules().values()] == PINNED


def test_every_act_is_judged_by_the_rules_that_were_pinned():
    assert {act_name(act): [one.id for one in rules] for act, rules in RULEBOOK.items()} == PINNED_ACTS


def act_name(act: type[Act]) -> str:
    return str(act.__struct_config__.tag)


def test_every_act_that_can_be_read_back_has_rules_and_roles():
    declared = {act for act in vars(acts).values() if isinstance(act, type) and issubclass(act, Act)}

    assert set(RULEBOOK) == declared - {Act, acts.Releasing, acts.Ending} == set(acts.AnyAct.__args__)
    assert all(RULEBOOK[act] and act.roles for act in RULEBOOK)


EVERY_ACT: list[Act] = [
    *(approve(), decline(), approve(conditions=commitment())),
    *(issue(memorandum()), issue(use_agreement(otherwise=commitment()))),
    *(execute(), execute(DUA)),
    *(authorise(), authorise(channel="post"), authorise(release="L-2")),
    *(hand_over(), hand_over(packed(digest=64 * "9")), hand_over(release="L-2")),
    *(let_in(), let_in(BEN), let_in(STRANGER), let_in(request=None)),
    *(waive(), waive("citi-training"), waive("agreement-term")),
    *(erase(), erase("email"), erase("name", who=ANA)),
    *(answer("own request", request=OTHER_REQUEST), answer("addendum", agreement=MOU), answer("public data suffice")),
    *(answer("not about data"), answer("office verifies", smallest_cell=4), answer(), let_appear()),
    *(amend(), amend(addendum()), execute(AMENDMENT), renew()),
    *(accept(), accept(reason=commitment()), write_off(), write_off(BEN), close(), close_incident()),
]


@pytest.mark.parametrize("act", EVERY_ACT, ids=lambda act: act.name + sha256(repr(act).encode()).hexdigest()[:4])
def test_an_act_is_read_back_from_a_judgement_as_it_was(act):
    assert act_from(as_command(act)) == act


@every_rule_file
def test_every_file_holds_one_rule_that_is_in_the_rulebook(name):
    found, _ = rule_in(name)

    assert rule(found.id) is found
    assert [one.id for one in all_rules().values()].count(found.id) == 1


def test_every_rule_has_a_file_of_its_own():
    assert {rule_in(name)[0].id for name in RULE_MODULES} == set(all_rules())
    assert len(RULE_MODULES) == len(all_rules())


@every_rule_file
def test_a_file_begins_with_the_source_of_its_rule_and_says_it_in_one_sentence(name):
    found, said = rule_in(name)
    source, _, sentence = said.partition(": ")

    assert source.casefold() == found.source.casefold()
    assert set(found.source.split(", ")) <= SOURCES
    assert sentence.endswith(".")
    assert sentence.count(".") - sentence.count("C1.") == 1
    assert "\n" not in said


@every_rule_file
def test_every_rule_is_seen_to_object_in_the_tests_of_the_rules(name):
    files = sorted(Path(__file__).parent.glob("test_rules*.py"))

    assert rule_in(name)[0].id in {word for file in files for word in words_in(file, "refused")}


def words_in(file: Path, function: str) -> list[str]:
    """The first word in each call of a function in a file."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    return [
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == function and isinstance(call.args[0], ast.Constant)
    ]


def test_a_rule_is_found_by_its_id_alone():
    assert rule("couhes").sentence == "researchers of the home institution have its board's approval or exemption"
    with pytest.raises(KeyError):
        rule("no-such-rule")


def test_an_objection_names_each_fact_once_in_order_and_leaves_out_what_is_not_there():
    assert rule("couhes").objection("a board", ANA, [5, None, 3, 5, 0]) == Objection("couhes", ANA, "a board", (3, 5))


# Rules and standings are pure.

PURE = sorted(
    file
    for package in (projections.rules, projections.standing)
    for file in Path(package.__file__ or "").parent.glob("*.py")
)
# What they may import: what is pure itself, or only names types. A time zone is read once, and does not change.
MAY_IMPORT = {
    "calendar",
    "collections",
    "collections.abc",
    "copy",
    "datetime",
    "enum",
    "functools",
    "ledger.codec",
    "ledger.events",
    "ledger.events.agreement",
    "ledger.events.catalogue",
    "ledger.events.governance",
    "ledger.events.holding",
    "ledger.events.ids",
    "ledger.events.people",
    "ledger.events.release",
    "ledger.events.request",
    "ledger.events.review",
    "msgspec",
    "typing",
    "zoneinfo",
}
ASKED = {"now", "today", "utcnow", "time", "open", "input", "random", "getenv", "environ", "localtime", "uuid4"}


@pytest.mark.parametrize("file", PURE, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_rules_and_standings_import_nothing_that_asks_a_clock_a_store_or_chance(file):
    imported = {
        name
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert {name for name in imported if not name.startswith("projections.")} <= MAY_IMPORT
    assert {name for name in imported if name.startswith("projections.")} <= {
        "projections.acts",
        *(name for name in sys.modules if name.startswith(("projections.rules", "projections.standing"))),
    }


@pytest.mark.parametrize("file", PURE, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_rules_and_standings_call_nothing_that_answers_otherwise_the_next_time(file):
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }

    assert called.isdisjoint(ASKED)


# The answers of this version.


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
