"""What becomes of a packet at the desk, with a real ledger and custody."""

from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given

from api.cli.verifying import verify_home
from api.desk import Circumstances, Desk
from api.packets import Office, Packet, Register, Rejected, as_reports, read_packet
from api.register import register_of
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import (
    AffiliationDetermined,
    DataSetRegistered,
    DeterminationEnded,
    EthicsDetermined,
    KeyFiled,
    LawDetermined,
    OrganisationRegistered,
    PersonDetailsChanged,
    PersonRegistered,
    RelianceElected,
    RelianceRequested,
    RequestReturned,
    RequestSubmitted,
    RoleGranted,
)
from ledger.events.review import Basis
from ledger.evidence.report import Verdict
from ledger.home import Home, create_home, erase_person, open_home
from projections.acts import ApproveRequest
from projections.standing import Standing
from tests.facts import NOON, noon
from tests.keys import keyring
from tests.letters import EXAMPLES, LETTERS, pdf
from tests.packet_facts import AS_SHIPPED, MIT, MIXED, OUTSIDE, TODAY, Folder, anything, broken_tables, folder

__all__ = ["folder"]

REQUEST = "R-2026-0001"
ZONE = ZoneInfo("America/New_York")
BY_MAIL = Circumstances(actor="staff:1", via="command line")
COURSE = "course-v1:MITx+6.002x+2012_Spring"
DATA_SETS = ("D-6.002x-pc", "D-6.002x-forum")


@pytest.fixture
def home(tmp_path: Path):
    path = tmp_path / "home"
    create_home(path, "log.example.com", actor="staff:1", via="command line", clock=noon)
    with open_home(path, noon) as home:
        director = RoleGranted(principal="staff:1", person=None, role="director", starts=TODAY, ends=None)
        desk(home).report(director, BY_MAIL)
        for data_set in DATA_SETS:
            desk(home).report(DataSetRegistered(dataset=data_set, course_run=COURSE, kind="other"), BY_MAIL)
        yield home


def desk(home: Home) -> Desk:
    return Desk(home.ledger, noon)


def office(home: Home, **known) -> Office:
    standing = Standing(home.ledger.facts())
    return Office(custody=home.custody, zone=ZONE, known=Register(**known), standing=standing)


def submit(home: Home, packet: Packet, request: str = REQUEST, **known):
    reports = as_reports(packet, request, BY_MAIL, office(home, **known))
    desk(home).report_together(reports)
    return [event for event, _ in reports]


def objections(home: Home) -> set[tuple[str, str | None, str]]:
    wish = ApproveRequest(principal="staff:1", request=REQUEST)
    return {(one.rule, one.about, one.wanting) for one in desk(home).objections(wish, BY_MAIL)}


def names(home: Home) -> dict[str, str]:
    """The people of the log by the name that custody keeps."""
    registered = (fact.event for fact in home.ledger.facts() if isinstance(fact.event, PersonRegistered))
    return {home.custody.unseal(event.name): event.person for event in registered if event.name}


UNDETERMINED = ("law-determined", None, "legal determination")


def test_the_complete_packet_lacks_only_what_the_office_adds_and_is_then_approved(home):
    submit(home, read_packet(EXAMPLES / MIT, TODAY))
    assert objections(home) == {UNDETERMINED}

    basis = Basis(dataset="D-6.002x-pc", form="identified", recipients="home", basis="34 CFR 99.31(a)(1)(i)")
    desk(home).report(LawDetermined(request=REQUEST, consistent=True, bases=(basis,)), BY_MAIL)
    outcome = desk(home).act(ApproveRequest(principal="staff:1", request=REQUEST), BY_MAIL)

    assert not outcome.refused


def test_the_packet_with_pending_reliance_lacks_the_reliance_person_by_person(home):
    submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY))

    who = names(home)
    wanting = "home board's determination or reliance"
    assert objections(home) == {
        UNDETERMINED,
        ("irb-and-couhes", who["Noor Vance"], wanting),
        ("irb-and-couhes", who["Mateo Reyes"], wanting),
    }


def test_the_mixed_packet_lacks_what_it_leaves_open(home):
    submit(home, read_packet(EXAMPLES / MIXED, TODAY))

    who = names(home)
    assert objections(home) == {
        UNDETERMINED,
        ("funding-and-review", None, "peer review, and by whom"),
        ("data-and-group", "D-6.002x-forum", "form"),
        ("irb-and-couhes", who["Jun Okada"], "determination of their own institution's board"),
    }


def test_every_word_of_a_packet_comes_back_from_custody(home):
    packet = read_packet(EXAMPLES / MIXED, TODAY)

    events = submit(home, packet)

    assert [(event.wire_name, opened(home, event)) for event in events] == [
        ("organisation.registered", {"name": "Northern Polytechnic"}),
        ("organisation.registered", {"name": "Lakeside College"}),
        *(("person.registered", details(person)) for person in packet.form.people),
        (
            "request.submitted",
            {"funding": "Example Foundation, grant EF-4471", "description": packet.form.research.description},
        ),
        *(3 * [("person.affiliation-determined", {})]),
        ("ethics.determined", {}),
        ("ethics.determined", {}),
        ("ethics.reliance-elected", {}),
        ("ethics.determined", {}),
        *(3 * [("training.certified", {})]),
        ("contact.designated", {}),
    ]


def opened(home: Home, event) -> dict[str, str]:
    return {member: home.custody.unseal(commitment) for member, commitment in event.sealed().items()}


def details(person) -> dict[str, str]:
    said = {name: getattr(person, name) for name in ("name", "institution", "department", "address", "email", "phone")}
    return {name: value for name, value in said.items() if value is not None}


def test_every_document_of_a_packet_comes_back_from_custody_beside_what_it_shows(home):
    submit(home, read_packet(EXAMPLES / MIXED, TODAY))

    kept = [
        (fact.event.wire_name, fact.occurred_at, fact.precision, home.custody.read_document(document).content)
        for fact in home.ledger.facts()
        for document in fact.documents
    ]

    def dated(wire_name: str, day: date, name: str):
        midnight = datetime.combine(day, time(), ZONE).astimezone(UTC)
        return wire_name, midnight, "day", (EXAMPLES / MIXED / name).read_bytes()

    assert kept == [
        ("request.submitted", NOON, "instant", (EXAMPLES / MIXED / "letters/dean.txt").read_bytes()),
        dated("ethics.determined", date(2025, 8, 25), "letters/couhes-approval.pdf"),
        dated("ethics.determined", date(2025, 9, 15), "letters/irb-exemption.pdf"),
        dated("ethics.reliance-elected", date(2025, 10, 20), "letters/couhes-reliance.pdf"),
        dated("training.certified", date(2025, 5, 19), "certificates/lindqvist.pdf"),
        dated("training.certified", date(2022, 2, 1), "certificates/okada.pdf"),
        dated("training.certified", date(2025, 6, 2), "certificates/serrano.pdf"),
    ]


def test_the_standing_of_a_request_has_all_that_its_packet_says(home):
    submit(home, read_packet(EXAMPLES / MIXED, TODAY))

    standing, who = Standing(home.ledger.facts()), names(home)
    request = standing.request(REQUEST)
    assert request.submitted is not None
    said = request.submitted.event
    hanna, jun, amal, dean = (who[name] for name in ("Hanna Lindqvist", "Jun Okada", "Amal Serrano", "Miriam Oyelaran"))
    assert (said.researcher, said.sponsor, said.researcher_heads_department) == (hanna, None, True)
    assert (said.funded, said.peer_reviewed, said.reviewers) == (True, None, None)
    assert said.head_approval is not None
    assert (said.head_approval.by, said.head_approval.capacity) == (dean, "dean")
    assert [(one.dataset, one.form) for one in said.datasets] == [
        ("D-6.002x-pc", "identified"),
        ("D-6.002x-forum", None),
    ]
    assert said.personnel == said.study_group == (hanna, jun, amal)
    assert {person: known.event.affiliation for person, known in request.affiliations.items()} == {
        hanna: "home",
        jun: "in doubt",
        amal: "outside",
    }
    assert [
        (one.known.event.protocol, one.known.event.outcome, one.known.event.covers, one.reliance is not None)
        for one in request.determinations.values()
    ] == [
        ("2508001702", "approved", (hanna, jun), False),
        ("LC-25-0288", "exempt", (amal,), True),
        ("NP 2025/118", "pending", (jun,), False),
    ]
    assert [standing.person(one).training_on(TODAY, 36) is not None for one in (hanna, jun, amal)] == [
        True,
        False,
        True,
    ]
    assert [
        (one.event.completed, one.event.expires) for who in (hanna, amal) for one in standing.person(who).trainings
    ] == [
        (date(2025, 5, 19), date(2028, 5, 18)),
        (date(2025, 6, 2), None),
    ]
    assert {fact.on_behalf_of for fact in home.ledger.facts(after=4)} == {hanna}


@pytest.mark.parametrize("example", AS_SHIPPED)
def test_nothing_of_a_packet_can_be_read_in_the_log_and_all_of_it_verifies(example, home):
    packet = read_packet(EXAMPLES / example, TODAY)

    submit(home, packet)

    log = b"".join(file.read_bytes() for file in home.path.glob("log.db*"))
    assert [text for text in words(packet) if text.encode() in log] == []
    assert REQUEST.encode() in log
    assert verify_home(home.path).verdict is Verdict.HOLDS


def words(packet: Packet) -> set[str]:
    """Whatever names a person or says something in sentences, whole and in parts."""
    form = packet.form
    texts = {value for person in form.people for value in details(person).values()}
    texts |= {form.funding.source or "", form.peer_review.by or "", form.research.description or ""}
    texts |= {line for text in texts for line in text.splitlines()} | {
        part for text in texts for part in text.split("@")
    }
    texts |= set(packet.documents) | {document.sha256 for document in packet.documents.values()}
    return {text for text in texts if len(text) > 4}


def test_whoever_is_erased_takes_their_certificate_along_and_all_verifies(home):
    submit(home, read_packet(EXAMPLES / MIT, TODAY))
    tom = names(home)["Tom Abara"]

    erasure = erase_person(home, tom, (), last_copy_lapses=TODAY, actor="staff:1", via="command line")

    assert (erasure.values, erasure.documents) == (3, 1)
    assert verify_home(home.path).verdict is Verdict.HOLDS


def test_details_that_became_known_after_an_erasure_can_be_erased_again(home):
    submit(home, read_packet(EXAMPLES / MIT, TODAY))
    tom = names(home)["Tom Abara"]
    erase_person(home, tom, (), last_copy_lapses=TODAY, actor="staff:1", via="command line")
    phone = home.custody.seal(f"person:{tom}", "person.details-changed", {"phone": "+1 617 555 0102"})
    desk(home).report(PersonDetailsChanged(person=tom, **phone), BY_MAIL)

    erase_person(home, tom, (), last_copy_lapses=TODAY, actor="staff:1", via="command line")

    assert verify_home(home.path).verdict is Verdict.HOLDS


def test_what_says_too_little_to_be_recorded_waits(home, tmp_path):
    folder = Folder(tmp_path / "packet", MIXED)
    for field in (
        "ethics[1].expires",
        "ethics[2].covers",
        "ethics[3].protocol",
        "people[1].citi_expires",
        "people[3].citi_completed",
        "head_approval.capacity",
        "data_sets[2].id",
        "people[2].affiliation",
        "people[4].name",
    ):
        folder.put(field)
    (folder.path / "certificates/okada.pdf").unlink()

    events = submit(home, folder.read())

    assert [event.wire_name for event in events[6:]] == [
        "request.submitted",
        *(2 * ["person.affiliation-determined"]),
        "contact.designated",
    ]
    assert events[5].sealed().keys() == {"institution", "email"}
    assert (events[6].head_approval, len(events[6].datasets)) == (None, 1)


@pytest.mark.parametrize("field", ["board", "protocol", "covers", "outcome"])
def test_a_pending_determination_waits_for_whatever_makes_it_one(field, home, tmp_path):
    folder = Folder(tmp_path / "packet", MIXED)
    folder.put(f"ethics[3].{field}")

    determined = [event.protocol for event in submit(home, folder.read()) if isinstance(event, EthicsDetermined)]

    assert determined == ["2508001702", "LC-25-0288"]


def test_who_is_from_the_home_institution_acts_for_no_other(home, tmp_path):
    folder = Folder(tmp_path / "packet", MIXED)
    folder.put("people[1].institution", "Lakeside College")

    found = [event for event in submit(home, folder.read()) if isinstance(event, AffiliationDetermined)]

    assert [(one.affiliation, one.organisation is None) for one in found] == [
        ("home", True),
        ("in doubt", False),
        ("outside", False),
    ]


def test_no_funding_and_no_review_are_answers(home, folder):
    folder.put("peer_review", {"reviewed": False})

    (submitted,) = [event for event in submit(home, folder.read()) if isinstance(event, RequestSubmitted)]

    assert (submitted.funded, submitted.funding) == (False, None)
    assert (submitted.peer_reviewed, submitted.reviewers) == (False, None)
    assert objections(home) == {UNDETERMINED}


def test_a_student_is_said_to_be_one_with_their_sponsor(home):
    (submitted,) = [
        event for event in submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY)) if isinstance(event, RequestSubmitted)
    ]

    assert (submitted.researcher_is_student, submitted.sponsor) == (True, names(home)["Greta Holm"])
    assert submitted.personnel == tuple(names(home)[name] for name in ("Noor Vance", "Mateo Reyes", "Greta Holm"))
    assert submitted.study_group == tuple(names(home)[name] for name in ("Noor Vance", "Mateo Reyes"))


def test_a_determination_for_all_personnel_names_nobody(home):
    events = submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY))

    assert [event.covers for event in events if event.wire_name == "ethics.determined"] == [()]


def test_a_proposal_may_be_a_document(home):
    (submitted,) = [
        event
        for event in submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY))
        if event.wire_name == "request.submitted"
    ]

    assert submitted.description is None
    assert home.custody.read_document(submitted.description_document).content == pdf(
        LETTERS["outside-with-reliance/proposal.pdf"]
    )


def known_to(home: Home, packet: Packet) -> dict[str, Any]:
    """What the office knows of the people of a packet that came in."""
    held = {names(home)[person.name or ""]: details(person) for person in packet.form.people}
    return {"person": {said["email"].lower(): id_ for id_, said in held.items()}.get, "details": held.__getitem__}


def give_back(home: Home) -> None:
    desk(home).report(RequestReturned(request=REQUEST, items=("C1.3",)), BY_MAIL)


def test_of_a_packet_that_comes_back_only_what_is_new_is_told(home, folder):
    submit(home, folder.read())
    known, who = known_to(home, folder.read()), names(home)
    give_back(home)
    table = folder.table()
    table["people"][1] |= {"email": "Tom.Abara@Example.edu", "phone": "+1 617 555 0102", "institution": "MIT"}
    table["people"][2] |= {"part": "study group", "affiliation": "home", "institution": "Massachusetts Institute"}
    table["ethics"].append(table["ethics"][0] | {"covers": ["ines.calder@example.edu"]})
    folder.write(table)

    events = submit(home, folder.read(), **known)

    assert [(event.wire_name, getattr(event, "person", None), set(opened(home, event))) for event in events] == [
        ("person.details-changed", who["Tom Abara"], {"phone", "institution"}),
        ("person.details-changed", who["Ines Calder"], {"institution"}),
        ("request.submitted", None, {"reviewers", "description"}),
        ("person.affiliation-determined", who["Ines Calder"], set()),
        ("ethics.determined", None, set()),
    ]
    assert names(home) == who


def test_a_determination_that_has_ended_does_not_begin_again_with_a_packet_that_comes_back(home):
    packet = read_packet(EXAMPLES / MIT, TODAY)
    (determined,) = [event for event in submit(home, packet) if isinstance(event, EthicsDetermined)]
    ended = DeterminationEnded(determination=determined.determination, request=REQUEST, how="suspended", on=TODAY)
    desk(home).report(ended, BY_MAIL)
    known = known_to(home, packet)
    give_back(home)

    submit(home, packet, **known)

    assert {(rule, wanting) for rule, _, wanting in objections(home)} == {
        ("law-determined", "legal determination"),
        ("couhes", "home board's determination"),
    }


@pytest.mark.parametrize("what", ["reliance_document", "document"])
def test_a_letter_that_was_missing_is_told_when_it_comes(what, home, tmp_path):
    folder = Folder(tmp_path / "packet", MIXED)
    letter = folder.table()["ethics"][1][what]
    folder.put(f"ethics[2].{what}")
    submit(home, folder.read())
    known = known_to(home, folder.read()) | {"organisation": organisations(home).get}
    give_back(home)
    folder.put(f"ethics[2].{what}", letter)

    events = submit(home, folder.read(), **known)

    told = {
        "document": ["ethics.determined", "ethics.reliance-elected"],
        "reliance_document": ["ethics.reliance-elected"],
    }
    assert [event.wire_name for event in events] == ["request.submitted", *told[what]]


def coming_back(home: Home, folder: Folder) -> dict[str, Any]:
    """Whom the office knows when it has given a packet back."""
    known = known_to(home, folder.read()) | {"organisation": organisations(home).get}
    give_back(home)
    return known


def test_pending_reliance_is_asked_for_on_the_determination_once(home, tmp_path):
    folder = Folder(tmp_path / "packet", OUTSIDE)
    events = submit(home, folder.read())
    (determined,) = [event for event in events if isinstance(event, EthicsDetermined)]
    known = coming_back(home, folder)

    again = submit(home, folder.read(), **known)

    requested = RelianceRequested(request=REQUEST, determination=determined.determination, on=None)
    assert [event for event in events if isinstance(event, RelianceRequested)] == [requested]
    assert [event.wire_name for event in again] == ["request.submitted"]


@pytest.mark.parametrize("answered", [True, False])
def test_pending_reliance_is_not_asked_for_once_it_was_answered_or_rests_on_nothing(answered, home, tmp_path):
    folder = Folder(tmp_path / "packet", OUTSIDE)
    folder.put("ethics[1].reliance", "none")
    (determined,) = [event for event in submit(home, folder.read()) if isinstance(event, EthicsDetermined)]
    about: dict[str, Any] = {"request": REQUEST, "determination": determined.determination, "on": TODAY}
    came = RelianceElected(**about, document=None) if answered else DeterminationEnded(**about, how="lapsed")
    desk(home).report(came, BY_MAIL)
    known = coming_back(home, folder)
    folder.put("ethics[1].reliance", "pending")

    assert [event.wire_name for event in submit(home, folder.read(), **known)] == ["request.submitted"]


def test_reliance_is_asked_for_once_whether_the_letter_of_the_determination_came_or_not(home, tmp_path):
    folder = Folder(tmp_path / "packet", OUTSIDE)
    letter = folder.table()["ethics"][0]["document"]
    folder.put("ethics[1].document")
    submit(home, folder.read())
    known = coming_back(home, folder)
    folder.put("ethics[1].document", letter)

    events = submit(home, folder.read(), **known)

    assert [event.wire_name for event in events] == ["request.submitted", "ethics.determined"]


def test_reliance_on_what_was_pending_is_asked_for_again_on_what_was_decided(home, tmp_path):
    folder = Folder(tmp_path / "packet", OUTSIDE)
    decided = folder.table()
    pending = decided | {"ethics": [decided["ethics"][0] | {"outcome": "pending"}]}
    for field in ("on", "expires", "document"):
        del pending["ethics"][0][field]
    folder.write(pending)
    first = submit(home, folder.read())
    known = coming_back(home, folder)
    folder.write(decided)

    events = submit(home, folder.read(), **known)

    told = ["ethics.determined", "ethics.reliance-requested"]
    assert [[one.wire_name for one in some if one.wire_name in told] for some in (first, events)] == [told, told]


def test_reliance_that_comes_later_is_on_the_determination_that_is_known(home, tmp_path):
    folder = Folder(tmp_path / "packet", OUTSIDE)
    submit(home, folder.read())
    known = known_to(home, folder.read()) | {"organisation": organisations(home).get}
    give_back(home)
    table = folder.table()
    letter = "irb-approval.pdf"
    table["ethics"][0] |= {"reliance": "elected", "reliance_on": date(2026, 11, 20), "reliance_document": letter}
    folder.write(table)

    events = submit(home, folder.read(), **known)

    assert [event.wire_name for event in events] == ["request.submitted", "ethics.reliance-elected"]
    assert objections(home) == {UNDETERMINED}


def organisations(home: Home) -> dict[str, str]:
    registered = (fact.event for fact in home.ledger.facts() if isinstance(fact.event, OrganisationRegistered))
    return {home.custody.unseal(event.name).lower(): event.organisation for event in registered}


def test_two_addresses_of_one_person_are_no_two_people(home):
    before = list(home.custody.commitments())

    with pytest.raises(Malformed, match="two addresses in it are those of one person"):
        submit(home, read_packet(EXAMPLES / MIT, TODAY), person=lambda address: "p-" + 32 * "0")

    assert list(home.custody.commitments()) == before


def test_an_organisation_that_is_known_is_not_registered_again(home):
    submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY))
    known = organisations(home)

    again = submit(home, read_packet(EXAMPLES / OUTSIDE, TODAY), "R-2026-0002", organisation=known.get)

    named = [(event.wire_name, id_) for event in again if (id_ := getattr(event, "organisation", None))]
    college = known["lakeside college"]
    assert named == [*(3 * [("person.affiliation-determined", college)]), ("ethics.determined", college)]


def test_letters_that_came_with_a_packet_stand_beside_the_request_alone(home):
    letter = home.custody.keep_document(
        f"request:{REQUEST}", "request.submitted", BytesIO(b"Dear office"), "text/plain"
    )
    circumstances = msgspec.structs.replace(BY_MAIL, documents=(letter,), on_behalf_of="p-" + 32 * "0")

    reports = as_reports(read_packet(EXAMPLES / MIT, TODAY), REQUEST, circumstances, office(home))

    assert {event.wire_name for event, around in reports if letter in around.documents} == {"request.submitted"}
    assert {around.on_behalf_of for _, around in reports} == {"p-" + 32 * "0"}


def test_a_malformed_packet_is_rejected_and_leaves_nothing_in_custody(home, folder):
    folder.put("people[3].email", "ines")
    before = list(home.custody.commitments())

    with pytest.raises(Rejected) as rejected:
        submit(home, folder.read())

    assert [problem.field for problem in rejected.value.problems] == ["head_approval.by", "people[3].email"]
    assert list(home.custody.commitments()) == before


@pytest.mark.parametrize("change", ["other bytes", "gone", "a link"])
def test_a_document_that_changed_after_the_check_is_not_taken(change, home, folder):
    packet = folder.read()
    file = folder.path / "citi-abara.pdf"
    content = file.read_bytes()
    file.unlink()
    if change == "other bytes":
        file.write_bytes(content + b"\n")
    if change == "a link":
        (folder.path / "elsewhere.pdf").write_bytes(content)
        file.symlink_to("elsewhere.pdf")

    with pytest.raises(Malformed, match=r"citi-abara\.pdf"):
        submit(home, packet)

    assert home.ledger.store.head().position == 4


def test_the_same_packet_has_the_same_digest_and_another_has_another(folder):
    before = folder.read().digest
    assert folder.read().digest == before

    (folder.path / "citi-abara.pdf").write_bytes(pdf(["another"]))
    assert folder.read().digest != before


@pytest.mark.campaign
@anything(15, full=1_000)
@given(broken_tables(["take away"]))
def test_what_is_not_malformed_can_always_be_recorded(home, folder, table):
    folder.write(table)
    packet = folder.read(catalogue=DATA_SETS)
    assume(not packet.rejected)

    submit(home, packet, f"R-2026-{home.ledger.store.head().position:04}")


@pytest.mark.needs("gpg")
def test_the_key_of_a_packet_is_filed_for_its_contact_once(home):
    packet = read_packet(EXAMPLES / MIXED, TODAY, now=NOON)
    asked = office(home)

    def reports(standing: Standing) -> list[str]:
        known = msgspec.structs.replace(
            asked,
            now=NOON,
            is_new_key=lambda person, fingerprint: not list(home.ledger.facts([about(KeyFiled)])),
            standing=standing,
            known=register_of(home.ledger, home.custody),
        )
        told = as_reports(packet, REQUEST, BY_MAIL, known)
        desk(home).report_together(told)
        return [event.wire_name for event, _ in told]

    assert reports(Standing())[-2:] == ["contact.designated", "key.filed"]
    filed = list(home.ledger.facts())[-1].event
    assert isinstance(filed, KeyFiled)
    assert (filed.person, filed.names_address) == (names(home)["Amal Serrano"], True)
    assert len(home.custody.unseal(filed.fingerprint)) == 40
    desk(home).report(RequestReturned(request=REQUEST, items=("C1.2",)), BY_MAIL)
    assert "key.filed" not in reports(Standing(home.ledger.facts()))


@pytest.mark.needs("gpg")
def test_a_key_of_no_use_is_listed_as_missing_and_not_filed(folder):
    with keyring() as ring:
        before = NOON - timedelta(days=1)
        expired = ring.owner("Tom Abara <tom.abara@example.edu>", until=before)
        signing = ring.owner("Tom Abara <tom.abara@example.edu>", encryption="")
        revoked = ring.owner("Tom Abara <tom.abara@example.edu>")
        revoked.revoke(before)
        both = ring.owner("Tom <tom@example.org>", "Tom Abara <tom.abara@example.edu>")
        lapsed = ring.owner("Tom Abara <tom.abara@example.edu>", encryption="")
        lapsed.add_subkey("cv25519", "encrypt", before - timedelta(days=1), before)
        keys = {"expired": expired, "signing": signing, "lapsed": lapsed, "revoked": revoked, "both": both}
        packets = {}
        for name, owner in keys.items():
            (folder.path / "abara.asc").write_bytes(owner.public())
            packets[name] = folder.read(now=NOON)

    said = {name: [str(one) for one in packet.problems] for name, packet in packets.items()}
    assert {name: (packet.key is None, packet.rejected) for name, packet in packets.items()} == {
        "expired": (True, False),
        "signing": (True, False),
        "lapsed": (True, False),
        "revoked": (True, False),
        "both": (False, False),
    }
    assert all("C3" in said[name][0] and "cannot be encrypted for" in said[name][0] for name in keys if name != "both")
    assert {name: said[name][0].rpartition(": ")[2] for name in keys if name != "both"} == {
        "expired": f"it expired at {before.isoformat()}",
        "signing": "nothing in it is for that",
        "lapsed": "what is in it for that is no longer good",
        "revoked": "it is revoked",
    }
