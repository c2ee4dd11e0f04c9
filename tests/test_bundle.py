"""Audit bundles: what is in them and what must not be, what is found in altered ones, and what stock tools say."""

import io
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.bundling import bundle_about, bundle_of_range, facts_about, selection_about
from api.commands.catalogue import RegisterDataSet
from api.commands.contact import ConfirmKey, FileKey, RejectKey
from api.commands.governance import GrantRole
from api.commands.incident import ReportIncident
from api.commands.people import RegisterPerson, Suspend
from api.commands.request import Submit
from api.commands.review import Approve, Determine
from api.handing_over import send_key_test
from api.packets import read_packet
from ledger.boundary import about
from ledger.chain.checkpoint import parse_witness_key
from ledger.chain.entry import parse_entry
from ledger.chain.note import VerifierKey
from ledger.custody import DOCUMENTS, Opened, member_of
from ledger.errors import LedgerError, Malformed
from ledger.events import ActRefused, AgreementSigned, RoleGranted
from ledger.evidence.archive import read_archive, write_archive
from ledger.evidence.bundle import HOWTO, SUMS, SUMS_SIGNATURE, Kind, Page, Selection, make_bundle, sums_of
from ledger.evidence.bundle_check import HISTORY, LEFT_OUT, MADE_UP, TWO_HISTORIES, check_bundle
from ledger.evidence.howto import Place, how_to, places_of
from ledger.evidence.logkeys import log_key
from ledger.evidence.manifest import Manifest, Signature, read_manifest, signatures_in, write_manifest
from ledger.evidence.report import Report, Verdict
from ledger.home import Home, create_home, erase_person, open_home, read_log_key
from projections.acts import act_from
from projections.judgement import judge_now
from tests.facts import NOON, Clock, fact
from tests.keys import keyring
from tests.letters import EXAMPLES
from tests.packet_facts import MIT, OUTSIDE
from tests.signing import new_home, signed_home
from tests.stores import CAMPAIGN, PATIENCE
from tests.story import (
    BASIS,
    COURSE,
    DIRECTOR,
    ISSUING,
    REQUEST,
    RESEARCHER,
    STAFF,
    TEXT,
    TODAY,
    Story,
    document,
    signing_by_key,
)

pytestmark = pytest.mark.needs("gpg")

ALL: tuple[Kind, ...] = ("details", "texts", "documents")
TAG, OTHER = f"request:{REQUEST}", "request:R-2026-0002"
HOLDS, ALTERED, UNVERIFIED = Verdict.HOLDS, Verdict.ALTERED, Verdict.UNVERIFIED
STRANGER = "p-" + 32 * "7"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """An office that nothing more happens in."""
    with office_in(tmp_path_factory.mktemp("office")) as story:
        yield story


@pytest.fixture
def busy_office(tmp_path: Path) -> Iterator[Story]:
    """One in which a test goes on."""
    with office_in(tmp_path) as story:
        yield story


@contextmanager
def office_in(folder: Path) -> Iterator[Story]:
    """Two requests: one with an agreement that was signed; one of other people, which is refused."""
    clock = Clock(NOON)
    create_home(folder / "home", "log.example.com", actor="staff:1", via="command line", clock=clock)
    with keyring() as ring, open_home(folder / "home", clock) as home:
        story = Story(home, clock, ring, folder)
        story.done(
            GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)),
            RegisterPerson(person=STAFF, name="Ira Stein"),
            RegisterPerson(person=STRANGER, name="Zacharias Unconcerned", email="zacharias@example.edu"),
            GrantRole(principal="staff:2", role="staff", starts=date(2026, 1, 1), person=STRANGER),
            *(
                RegisterDataSet(dataset=dataset, course_run=COURSE, kind="person-course")
                for dataset in ("D-6.002x-pc", "D-6.002x-forum")
            ),
            Submit(packet=read_packet(EXAMPLES / MIT, TODAY, now=NOON)),
            Submit(packet=read_packet(EXAMPLES / OUTSIDE, TODAY, now=NOON)),
            Suspend(person=STRANGER, reason="nobody's business"),
        )
        assert story.take(Approve(request="R-2026-0002")).refused
        assert story.take(Approve(request=REQUEST)).refused
        carry_on(story)
        yield story


def carry_on(story: Story) -> None:
    """Approve the first request, have its agreement signed, and test its contact's key."""
    story.done(
        Determine(request=REQUEST, consistent=True, bases=(BASIS,)),
        Approve(request=REQUEST, conditions="only on office machines"),
        ISSUING,
        signing_by_key(story, story.ring.kept("Rosa")),
    )


@dataclass
class Made:
    """A bundle, with ways to alter it."""

    raw: bytes
    home: Home

    @property
    def members(self) -> dict[str, bytes]:
        return read_archive(self.raw)

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.members["manifest.json"])

    @property
    def key(self) -> VerifierKey:
        return log_key(self.home.ledger.store)

    def with_members(self, **members: bytes | None) -> bytes:
        """The bundle with these files in the place of others, as an archive, and nothing else made to fit."""
        changed = self.members | {name: content for name, content in members.items() if content is not None}
        return write_archive({name: content for name, content in changed.items() if members.get(name, b"") is not None})

    def signed_anew(self, **members: bytes | None) -> bytes:
        """The same, with page and list of files made to fit, and signed: only the ledger's operator can do that."""
        changed = read_archive(self.with_members(**members))
        if HOWTO in changed and HOWTO not in members:
            changed[HOWTO] = page_for(changed)
        sums = sums_of({name: content for name, content in changed.items() if name not in {SUMS, SUMS_SIGNATURE}})
        return write_archive(changed | {SUMS: sums, SUMS_SIGNATURE: read_log_key(self.home.path).sign(sums)})

    def with_manifest(self, **changes: Any) -> bytes:
        changed = msgspec.structs.replace(self.manifest, **changes)
        return self.signed_anew(**{"manifest.json": write_manifest(changed)})


def page_for(members: Mapping[str, bytes]) -> bytes:
    """The page that says how to check a bundle with these files; as it is, where none follows from them."""
    try:
        manifest = read_manifest(members["manifest.json"])
        entries = [parse_entry(members[f"entries/{one}"]) for one in sorted({*manifest.entries, *manifest.basis})]
        witnesses = list(map(parse_witness_key, members.get("witnesses", b"").decode().split()))
        cosigned = places_of(members["checkpoint"], witnesses)
        return how_to(manifest, list(signatures_in(entries, manifest.documents)), cosigned).encode()
    except (LedgerError, KeyError, msgspec.DecodeError, UnicodeDecodeError):
        return members[HOWTO]


def made_of(office: Story, opening: tuple[Kind, ...] = ALL, tag: str = TAG) -> Made:
    signed = office.home.notary.checkpoint()
    ledger = office.home.ledger
    selection = selection_about(ledger, tag, facts_about(ledger, tag, signed.size))
    return Made(bundle_from(office.home, selection, opening), office.home)


def bundle_from(home: Home, selection: Selection, opening: tuple[Kind, ...]) -> bytes:
    signed, key = home.notary.checkpoint(), [read_log_key(home.path)]
    page = Page("history.html", "<p>What happened.</p>")
    return make_bundle(home.ledger.store, signed, home.custody, key, selection, opening, page)


@pytest.fixture(scope="module")
def made(office: Story) -> Made:
    return made_of(office)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle of two entries."""
    with open_home(signed_home(tmp_path_factory.mktemp("small") / "home", 5), lambda: NOON) as home:
        return bundle_of_range(home, 3, 4)


def found_in(raw: bytes, *keys: VerifierKey) -> tuple[Verdict, list[str]]:
    report = check_bundle(raw, keys)
    return report.verdict, [str(finding) for finding in report.findings]


# What is in it.


def test_a_bundle_holds_by_a_key_that_somebody_had_and_says_what_it_cannot_show(made: Made):
    signed = made.home.notary.checkpoint()

    assert signed.size == made.manifest.size
    assert check_bundle(made.raw, [made.key]) == Report(
        signed.size, signed.root.hex(), (), (LEFT_OUT, HISTORY, TWO_HISTORIES)
    )
    assert check_bundle(made.raw) == Report(
        signed.size, signed.root.hex(), (), (MADE_UP, LEFT_OUT, HISTORY, TWO_HISTORIES)
    )


def test_the_same_is_made_again_byte_for_byte(office: Story, made: Made):
    assert made_of(office).raw == made.raw


def test_the_entries_of_a_request_are_all_there_byte_for_byte(made: Made):
    entries = {entry.position: entry for entry in made.home.ledger.store.scan()}
    manifest = made.manifest

    assert list(manifest.entries) == [position for position, entry in entries.items() if TAG in entry.header.tags]
    for position in (*manifest.entries, *manifest.basis):
        assert made.members[f"entries/{position}"] == entries[position].raw
    assert 1 in manifest.basis


def test_what_a_decision_rested_on_is_there_and_what_is_somebody_elses_is_not(office: Story, made: Made):
    facts = {fact.position: fact for fact in office.home.ledger.facts()}
    inside = {facts[position].type: facts[position] for position in made.manifest.basis}
    outside = [facts[position] for position in made.manifest.left_out]

    assert set(inside) >= {
        "ledger.opened.v2",
        "role.granted.v1",
        "person.registered.v1",
        "dataset.registered.v1",
        "training.certified.v1",
    }
    assert [fact.event.principal for fact in outside if isinstance(fact.event, RoleGranted)] == ["staff:2"]
    present = {position for position in facts if f"entries/{position}" in made.members}
    for position in present:
        assert not [tag for tag in facts[position].tags if tag in {OTHER, f"person:{STRANGER}"}]


def test_what_each_decision_looked_at_is_there_to_judge_it_again_but_for_what_is_left_out(office: Story, made: Made):
    ledger, manifest = office.home.ledger, made.manifest
    facts = {one.position: one for one in ledger.facts()}
    judged = [facts[position] for position in manifest.entries if facts[position].judged]

    assert [one.type for one in judged] == ["act.refused.v1", "request.approved.v1", "agreement.issued.v1"]
    for decision in judged:
        assert decision.judged is not None
        read = judge_now(ledger, act_from(decision.judged.command), decision.recorded_at).reading.facts
        before = {one.position for one in read if one.position <= decision.judged.read_to}
        assert before <= {*manifest.entries, *manifest.basis, *manifest.left_out}
        for objection in decision.event.objections if isinstance(decision.event, ActRefused) else ():
            assert {*objection.facts} <= {*manifest.entries, *manifest.basis}


def test_what_a_decision_looked_at_of_other_requests_and_people_stays_out_with_all_that_is_theirs(busy_office: Story):
    rosa = busy_office.person(RESEARCHER)
    concerned = [((TAG,), (rosa,)), ((), (rosa,)), ((OTHER,), (rosa,)), ((), (rosa, STRANGER))]
    before = busy_office.home.ledger.store.length()
    for tags, people in concerned:
        requests = tuple(tag.removeprefix("request:") for tag in tags)
        lost = ReportIncident(
            what="lost device", discovered=NOON, requests=requests, people=people, account="in a tram"
        )
        busy_office.done(lost)
    assert busy_office.take(Approve(request=REQUEST)).refused
    this, here, another, strange = range(before + 1, before + 5)

    made = made_of(busy_office)
    assert this in made.manifest.entries
    assert here in made.manifest.basis
    assert {another, strange} <= {*made.manifest.left_out}
    assert not {f"entries/{position}" for position in (another, strange)} & made.members.keys()
    assert b"in a tram" not in made.raw


def test_what_is_kept_for_somebody_else_is_not_even_looked_for(busy_office: Story):
    """Of an entry that is in a bundle: whether their details are still there is nothing of this bundle's either."""
    home, person = busy_office.home, "p-" + 32 * "8"
    busy_office.done(RegisterPerson(person=person, name="Yolanda Elsewhere", phone="617 000"))
    position = home.ledger.store.length()
    erase_person(home, person, ("phone",), last_copy_lapses=TODAY, actor="staff:1", via="command line")

    def opened(*subjects: str) -> tuple[list[str], list[str]]:
        about = f"entries:{position}-{position}"
        selection = Selection(about=about, entries=(position,), subjects=frozenset(subjects))
        manifest = Made(bundle_from(home, selection, ALL), home).manifest
        return [text.value for text in manifest.texts], [gone.member for gone in manifest.not_kept]

    assert opened(TAG, f"person:{STAFF}") == ([], [])
    assert opened(TAG, f"person:{person}") == (["Yolanda Elsewhere"], ["phone"])


def test_a_document_that_is_kept_for_somebody_else_is_not_opened_where_the_event_does_not_say_whose(
    busy_office: Story,
):
    home = busy_office.home
    content = b"%PDF-1.7 of another request"
    kept = home.custody.keep_document(OTHER, "role.granted", io.BytesIO(content), "application/pdf")
    granted = RoleGranted(principal="staff:1", person=None, role="staff", starts=TODAY, ends=None)
    assert not granted.sealed_for
    home.ledger.append([fact(granted, documents=(kept,))])
    position = home.ledger.store.length()

    def opened(*subjects: str) -> list[bytes]:
        about = f"entries:{position}-{position}"
        selection = Selection(about=about, entries=(position,), subjects=frozenset(subjects))
        made = Made(bundle_from(home, selection, ALL), home)
        return [made.members[document.file] for document in made.manifest.documents]

    assert opened(TAG) == []
    assert opened(OTHER) == [content]


def test_a_bundle_has_the_agreement_with_its_signature_and_key(made: Made):
    (issued,) = [name for name in made.members if name.endswith("-text.txt")]
    (signature,) = [
        name for name in made.members if name.endswith("-document.asc") and b"SIGNATURE" in made.members[name]
    ]

    assert made.members[issued] == TEXT.content
    assert b"PUBLIC KEY" in made.members[signature.replace("-document", "-key")]


def secrets_of(home: Home, whose: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Whatever custody keeps of these: texts, documents, and the salts of both, with what it is."""
    for kept in home.custody.commitments():
        if whose(kept.subject):
            opened: Opened = home.custody.reveal(kept.commitment)
            yield kept.purpose, opened.salt.hex().encode()
            yield kept.purpose, opened.salt
            if member_of(kept.purpose) == DOCUMENTS:
                yield kept.purpose, home.custody.read_document(kept.commitment).content
            else:
                yield kept.purpose, opened.value.encode()


def test_a_bundle_with_everything_holds_no_byte_of_what_is_somebody_elses(office: Story, made: Made):
    signed = office.home.notary.checkpoint()
    mine = selection_about(office.home.ledger, TAG, facts_about(office.home.ledger, TAG, signed.size)).subjects
    others = list(secrets_of(office.home, lambda subject: subject not in mine))
    shared = {value for _, value in secrets_of(office.home, mine.__contains__)}

    assert {"person.registered/name", "request.submitted/documents", "ethics.determined/documents"} <= dict(
        others
    ).keys()
    assert b"Zacharias Unconcerned" in dict.fromkeys(value for _, value in others)
    everything = b"\n".join(made.members.values())
    assert [purpose for purpose, value in others if value in everything and value not in shared] == []


def test_nothing_is_opened_unless_it_is_asked_for(office: Story):
    made = made_of(office, ())
    everything = b"\n".join(made.members.values())
    told = {purpose for purpose, value in secrets_of(office.home, lambda _: True) if value in everything}

    assert told == set()
    assert (made.manifest.texts, made.manifest.documents, made.manifest.not_kept) == ((), (), ())
    assert found_in(made.raw) == (HOLDS, [])


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_is_opened_by_itself(office: Story, made: Made, kind: Kind):
    manifest = made_of(office, (kind,)).manifest

    def is_personal(purpose: str) -> bool:
        return purpose.startswith(("person.", "organisation.", "key.filed"))

    wanted = [text for text in made.manifest.texts if is_personal(text.purpose) == (kind == "details")]
    assert list(manifest.texts) == ([] if kind == "documents" else wanted)
    assert manifest.documents == (made.manifest.documents if kind == "documents" else ())


def test_the_nonce_of_a_key_test_is_never_opened(busy_office: Story):
    tom = busy_office.ring.kept("Tom")
    busy_office.done(
        RejectKey(request=REQUEST, reason="from another laptop"),
        FileKey(request=REQUEST, key=document(tom.public())),
        ConfirmKey(request=REQUEST, fingerprint=tom.fingerprint, confirmed_to=STAFF, by="phone", settles_address=True),
    )
    test = busy_office.folder / "nonce.asc"
    send_key_test(busy_office.clerk, REQUEST, "sftp-drop", test, DIRECTOR)
    nonce = tom.decrypt(test.read_bytes()).strip()

    made = made_of(busy_office)
    assert any(b"key-test.sent.v1" in content for content in made.members.values())
    assert nonce not in made.raw
    assert found_in(made.raw) == (HOLDS, [])


def test_a_bundle_about_a_person_opens_what_is_theirs_alone(office: Story):
    person = office.person(RESEARCHER)
    made = made_of(office, tag=f"person:{person}")
    facts = {fact.position: fact for fact in office.home.ledger.facts()}
    everything = b"\n".join(made.members.values())

    assert all(f"person:{person}" in facts[position].tags for position in made.manifest.entries)
    assert made.manifest.basis == (1,)
    assert {"Rosa Quill", RESEARCHER} <= {text.value for text in made.manifest.texts}
    others = list(secrets_of(office.home, lambda subject: subject != f"person:{person}"))
    mine = {value for _, value in secrets_of(office.home, lambda subject: subject == f"person:{person}")}
    assert [purpose for purpose, value in others if value in everything and value not in mine] == []
    assert found_in(made.raw) == (HOLDS, [])


def test_a_range_holds_its_entries_and_opens_nothing(office: Story):
    made = Made(bundle_of_range(office.home, 3, 9), office.home)
    everything = b"\n".join(made.members.values())

    assert (made.manifest.about, made.manifest.entries, made.manifest.basis) == (
        "entries:3-9",
        (3, 4, 5, 6, 7, 8, 9),
        (1,),
    )
    assert not [purpose for purpose, value in secrets_of(office.home, lambda _: True) if value in everything]
    assert found_in(made.raw) == (HOLDS, [])


@pytest.mark.parametrize("between", [(0, 1), (2, 1), (1, 10_000)])
def test_there_is_no_bundle_of_entries_that_are_not_there(office: Story, between: tuple[int, int]):
    with pytest.raises(Malformed):
        bundle_of_range(office.home, *between)


@pytest.mark.parametrize("tag", ["request:R-2026-0009", f"person:p-{32 * '0'}", "dataset:D-none", "request:\n"])
def test_there_is_no_bundle_about_what_nobody_knows(office: Story, tag: str):
    with pytest.raises(Malformed):
        bundle_about(office.home, tag, ())


def test_what_was_erased_is_said_to_be_gone_and_the_rest_holds(tmp_path: Path):
    clock = Clock(NOON)
    create_home(tmp_path / "home", "log.example.com", actor="staff:1", via="command line", clock=clock)
    with open_home(tmp_path / "home", clock) as home, keyring() as ring:
        Story(home, clock, ring, tmp_path).done(RegisterPerson(person=STAFF, name="Ira Stein", phone="617 000"))
        erase_person(home, STAFF, ("phone",), last_copy_lapses=TODAY, actor="staff:1", via="command line")
        raw = bundle_about(home, f"person:{STAFF}", ALL)

    manifest = read_manifest(read_archive(raw)["manifest.json"])
    assert [text.value for text in manifest.texts] == ["Ira Stein"]
    assert [(gone.position, gone.member) for gone in manifest.not_kept] == [(2, "phone")]
    assert (b"617 000" in raw, found_in(raw)) == (False, (HOLDS, []))


# What was altered.


def test_every_flipped_bit_of_the_archive_is_found(small: bytes):
    for place in range(len(small)):
        for bit in range(8) if CAMPAIGN else (place % 8,):
            assert check_bundle(flipped(small, place, bit)).verdict == ALTERED


def test_every_altered_byte_of_every_file_is_found_also_when_the_archive_is_written_anew(small: bytes):
    members = read_archive(small)
    for name, content in members.items():
        # Every byte of the archive as it is was altered already.
        for place in range(0, len(content), 1 if CAMPAIGN else 23):
            for bit in range(8) if CAMPAIGN else (place % 8,):
                altered = write_archive(members | {name: flipped(content, place, bit)})
                assert check_bundle(altered).verdict == ALTERED, (name, place, bit)


def test_a_file_that_was_altered_with_its_sum_is_found_by_who_signed_the_list(made: Made):
    for name, content in made.members.items():
        if name in {SUMS, SUMS_SIGNATURE}:
            continue
        forged = read_archive(made.signed_anew(**{name: flipped(content, len(content) // 2, 0)}))
        forged[SUMS_SIGNATURE] = made.members[SUMS_SIGNATURE]
        assert check_bundle(write_archive(forged), [made.key]).verdict == ALTERED, name


def test_every_file_is_needed_and_no_other_belongs_there(made: Made):
    for name in made.members:
        assert check_bundle(made.with_members(**{name: None})).verdict == ALTERED, name
        if name not in {SUMS, SUMS_SIGNATURE}:
            assert check_bundle(made.signed_anew(**{name: None})).verdict == ALTERED, name
    for name in ("entries/999", "documents/more.txt", "history.txt", "more"):
        assert check_bundle(made.signed_anew(**{name: b"more"})).verdict == ALTERED, name


def test_an_operator_who_signs_again_what_they_altered_is_found_by_what_was_committed_to(made: Made):
    """Each of these was signed with the ledger's own key."""
    manifest, members = made.manifest, made.members
    first, second = manifest.entries[:2]
    text, filed = manifest.texts[0], manifest.documents[0]
    replaced = partial(msgspec.structs.replace, text)
    entry = members[f"entries/{first}"]
    forged = {
        "an entry": made.signed_anew(**{f"entries/{first}": entry.replace(b'"via":"', b'"via":"a ')}),
        "another entry in its place": made.signed_anew(**{f"entries/{first}": members[f"entries/{second}"]}),
        "another proof": made.signed_anew(**{f"proofs/{first}.tlog-proof": members[f"proofs/{second}.tlog-proof"]}),
        "both of another": made.signed_anew(
            **{
                f"entries/{first}": members[f"entries/{second}"],
                f"proofs/{first}.tlog-proof": members[f"proofs/{second}.tlog-proof"],
            }
        ),
        "the checkpoint": made.signed_anew(checkpoint=members["checkpoint"].replace(b"\n", b"\n1", 1)),
        "a document": made.signed_anew(**{filed.file: members[filed.file] + b" "}),
        "a text": made.with_manifest(texts=(replaced(value=text.value + " "), *manifest.texts[1:])),
        "a salt": made.with_manifest(texts=(replaced(salt=64 * "0"), *manifest.texts[1:])),
        "its member": made.with_manifest(texts=(replaced(member="email"), *manifest.texts[1:])),
        "its position": made.with_manifest(texts=(replaced(position=1), *manifest.texts[1:])),
        "a position that is not here": made.with_manifest(texts=(replaced(position=10**6), *manifest.texts[1:])),
        "what it is about": made.with_manifest(about=OTHER),
        "which are about it": made.with_manifest(entries=manifest.entries[1:], basis=(*manifest.basis, first)),
        "an entry twice": made.with_manifest(entries=(first, *manifest.entries)),
        "an entry that is left out of the list": made.with_manifest(entries=manifest.entries[1:]),
        "the size": made.with_manifest(size=manifest.size + 1),
        "the origin": made.with_manifest(origin="log.example.org"),
        "the key for openssl": made.signed_anew(**{"log-key.pem": members["log-key.pem"].replace(b"KEY", b"key")}),
        "a range without its entries": made.with_manifest(about="entries:1-999999999999"),
        "a manifest that is none": made.signed_anew(**{"manifest.json": b"{}\n"}),
        "the page that says how to check it": made.signed_anew(**{"HOWTO.txt": b"Run: echo All is fine\n"}),
        "a line of that page": made.signed_anew(
            **{"HOWTO.txt": members["HOWTO.txt"].replace(b"sha256sum --quiet --strict -c SHA256SUMS && ", b"")}
        ),
        "a key that is none": made.signed_anew(vkey=b"log.example.com+00000000+AQ==\n"),
    }
    assert {what: check_bundle(raw, [made.key]).verdict for what, raw in forged.items()} == dict.fromkeys(
        forged, ALTERED
    )


def test_the_page_that_says_how_to_check_a_bundle_belongs_to_its_format(made: Made):
    """With other words in it, bundles that were made before would be found to be altered."""
    manifest = msgspec.structs.replace(made.manifest, about=TAG)
    page = how_to(manifest, [Signature(9, "text.txt", "by.asc", "key.asc")], [Place("audit.example.edu/w", 6, 1)])

    assert (manifest.format, sha256(page.encode()).hexdigest()) == (
        "dua-ledger-bundle/v1",
        "dba72b70467a80c1de94f5418712e7ca56d63db7dee36f0a135c008420a74ee5",
    )


def test_a_bundle_that_was_made_up_holds_for_its_own_key_only(made: Made, tmp_path: Path):
    with open_home(new_home(tmp_path / "home"), lambda: NOON) as home:
        forged = bundle_of_range(home, 1, 1)

    assert check_bundle(forged).verdict == HOLDS
    verdict, (finding,) = found_in(forged, made.key)
    assert (verdict, finding.partition(",")[0]) == (UNVERIFIED, "log: the bundle's key")
    assert check_bundle(forged[:-1], [made.key]).verdict == ALTERED


def test_one_of_several_keys_is_enough(made: Made):
    stranger = VerifierKey("log.example.com", b"\x01", bytes(32))

    assert found_in(made.raw, stranger, made.key) == (HOLDS, [])
    assert check_bundle(made.raw, [stranger]).verdict == UNVERIFIED
    assert check_bundle(made.with_members(**{"HOWTO.txt": b"Trust me."}), [stranger]).verdict == ALTERED


def test_a_signature_is_checked_again_and_without_gpg_that_is_said(made: Made, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    verdict, (finding,) = found_in(made.raw)

    assert verdict == UNVERIFIED
    assert "its signature was not checked: the program gpg is needed" in finding


def test_an_agreement_whose_signature_was_never_good_is_found(busy_office: Story):
    """As if the office had recorded one that it did not check."""
    rosa, home = busy_office.ring.kept("Rosa"), busy_office.home
    signed = next(home.ledger.facts([about(AgreementSigned)])).event
    assert isinstance(signed, AgreementSigned)
    for signature, fingerprint in (
        (rosa.sign(b"something else", NOON), rosa.fingerprint),
        (rosa.sign(TEXT.content, NOON), 40 * "A"),
    ):
        kept = tuple(
            home.custody.keep_document(TAG, "agreement.signed", io.BytesIO(content), "application/pgp-keys")
            for content in (signature, rosa.public())
        )
        sealed = home.custody.seal(TAG, "agreement.signed", {"fingerprint": fingerprint})
        again = msgspec.structs.replace(signed, document=kept[0], key=kept[1], **sealed)
        home.ledger.append([fact(again, documents=kept)])
    verdict, findings = found_in(made_of(busy_office).raw)

    assert verdict == ALTERED
    assert [finding.split(": ")[1] for finding in findings] == [
        "its signature does not hold",
        f"it was signed by {rosa.fingerprint}, and names another key",
    ]


# What other programs say.


@pytest.fixture
def unpacked(made: Made, tmp_path: Path) -> Path:
    (tmp_path / "bundle.zip").write_bytes(made.raw)
    subprocess.run(["unzip", "-q", "bundle.zip", "-d", "bundle"], cwd=tmp_path, check=True)
    return tmp_path / "bundle"


def typed(folder: Path) -> list[str]:
    """What the commands of the page say when somebody types them."""
    lines = (folder / "HOWTO.txt").read_text(encoding="utf-8").splitlines()
    script = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    done = subprocess.run(
        ["sh"],
        input=script.encode(),
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | {"LC_ALL": "C"},
    )
    return (done.stdout + done.stderr).decode().splitlines()


VERIFIED = "Signature Verified Successfully"


@pytest.mark.needs("openssl")
@pytest.mark.needs("unzip")
def test_stock_tools_find_that_all_holds_by_the_page_in_the_bundle(made: Made, unpacked: Path):
    said = typed(unpacked)
    manifest = made.manifest
    positions = sorted({*manifest.entries, *manifest.basis})

    assert said[:4] == ["All files are as listed", VERIFIED, "Same key", VERIFIED]
    assert [line for line in said if "ledger" in line] == [f"Entry {one} stands in the ledger" for one in positions]
    assert [line for line in said if "committed" in line.lower()] == [
        f"Entry {one.position} {one.member} is as committed" for one in (*manifest.texts, *manifest.documents)
    ]
    assert len([line for line in said if line.startswith("gpg: Good signature")]) == 1


@pytest.mark.needs("openssl")
@pytest.mark.needs("unzip")
def test_stock_tools_find_what_was_altered(made: Made, unpacked: Path):
    first, text = made.manifest.entries[0], made.manifest.texts[0]
    (agreement,) = unpacked.glob("documents/*-text.txt")
    for file in (unpacked / f"entries/{first}", agreement, unpacked / "checkpoint"):
        file.write_bytes(file.read_bytes().replace(b"e", b"a", 1))
    manifest = (unpacked / "manifest.json").read_text(encoding="utf-8")
    (unpacked / "manifest.json").write_text(manifest.replace(text.salt, 64 * "0"), encoding="utf-8")
    said = typed(unpacked)

    assert said.count(VERIFIED) == 1
    assert "All files are as listed" not in said
    assert f"Entry {first} DOES NOT STAND IN THE LEDGER" in said
    assert f"Entry {text.position} {text.member} IS NOT AS COMMITTED" in said
    assert [line for line in said if "BAD signature" in line]
    assert not [line for line in said if "Good signature" in line]


def flipped(value: bytes, place: int, bit: int) -> bytes:
    return value[:place] + bytes([value[place] ^ 1 << bit]) + value[place + 1 :]
