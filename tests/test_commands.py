"""Commands at the clerk's: from a packet to a package that only the contact opens, with real keys."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from api.commands.access import Access, Opened
from api.commands.agreement import Execute, SignByKey, SignOnPaper, Terminate
from api.commands.catalogue import AddVersion, RegisterDataSet
from api.commands.contact import AnswerKeyTest, ConfirmKey, FileKey, RejectKey, RevokeKey
from api.commands.correction import Correct
from api.commands.ethics import EndDetermination, RecordDetermination, RecordReliance, RequestReliance
from api.commands.governance import GrantRole, Waive
from api.commands.people import Erase, RegisterOrganisation, RegisterPerson, Suspend
from api.commands.release import Fail, Receive
from api.commands.request import Return, Submit, Withdraw
from api.commands.review import Approve
from api.erasing import erase
from api.handing_over import Handling, Release, send_key_test, sources
from api.packets import read_packet
from api.register import register_of
from ledger.errors import AlreadyThere, Malformed
from ledger.events import ActRefused, EthicsDetermined, KeyFiled, ReleaseFailed, ReleaseHandedOver
from ledger.home import create_home, open_home
from ledger.openpgp.errors import OverAnotherText
from tests.facts import NOON, Clock
from tests.keys import Keyring, Owner, keyring
from tests.letters import EXAMPLES
from tests.packet_facts import MIT
from tests.story import (
    AGREEMENT,
    CONTACT,
    COURSE,
    DATA,
    DIRECTOR,
    HEAD,
    REQUEST,
    RESEARCHER,
    SCAN,
    STAFF,
    TODAY,
    Story,
    approved,
    document,
    key_on_file,
    ready,
    signed_and_executed,
    signed_by,
    signing_by_key,
    signing_on_paper,
)

pytestmark = pytest.mark.needs("gpg")


@pytest.fixture(scope="module")
def ring() -> Iterator[Keyring]:
    with keyring() as ring:
        yield ring


@pytest.fixture(scope="module")
def tom(ring: Keyring) -> Owner:
    return ring.owner("Tom Abara <tom.abara@example.edu>")


@pytest.fixture
def story(tmp_path: Path, ring: Keyring) -> Iterator[Story]:
    """A request that came in with everything, in an office with a catalogue."""
    clock = Clock(NOON)
    create_home(tmp_path / "home", "log.example.com", actor="staff:1", via="command line", clock=clock)
    with open_home(tmp_path / "home", clock) as home:
        story = Story(home, clock, ring, tmp_path)
        story.done(
            GrantRole(principal="staff:1", role="director", starts=date(2026, 1, 1)),
            RegisterPerson(person=STAFF, name="Ira Stein"),
            RegisterDataSet(dataset="D-6.002x-pc", course_run=COURSE, kind="person-course"),
            AddVersion(dataset="D-6.002x-pc", label="1", form="identified", digest=sha256(DATA).hexdigest()),
            Submit(packet=read_packet(EXAMPLES / MIT, TODAY, now=NOON)),
        )
        yield story


def test_a_request_goes_from_a_packet_to_a_package_that_its_contact_opens(story, tom):
    ready(story, tom)
    target = story.folder / "package.gpg"

    outcomes = story.release(target)

    assert [outcome.objections for outcome in outcomes] == [(), ()]
    assert b"user_id,grade" in tom.decrypt(target.read_bytes())
    handed_over = story.home.ledger.codec.decode(outcomes[1].entries[0]).event
    assert isinstance(handed_over, ReleaseHandedOver)
    assert handed_over.package.cipher_sha256 == sha256(target.read_bytes()).hexdigest()
    assert [file.digest for file in handed_over.package.files] == [sha256(DATA).hexdigest()]
    story.done(
        Receive(request=REQUEST, release="L-2026-0001-1"),
        Access(person=story.person(RESEARCHER), dataset="D-6.002x-pc"),
        Opened(person=story.person(RESEARCHER), dataset="D-6.002x-pc"),
    )
    assert story.events()[-3:] == ["release.received", "access.permitted", "dataset.opened"]


def test_somebody_unnamed_is_not_let_in_and_that_is_on_record(story, tom):
    ready(story, tom)

    outcome = story.take(Access(person=STAFF, dataset="D-6.002x-pc"))

    assert "named-recipients" in {one.rule for one in outcome.objections}
    assert story.events()[-1] == "act.refused"


def test_a_package_that_is_refused_when_it_is_there_is_destroyed(story, tom):
    ready(story, tom)
    data, target = story.folder / "pc.csv", story.folder / "package.gpg"
    data.write_bytes(DATA)
    found = sources(story.clerk, {"D-6.002x-pc": data})
    release = Release(story.clerk, Handling(REQUEST, "sftp-drop", extracted_by=STAFF), DIRECTOR)
    assert not release.authorise(found).refused
    story.done(Suspend(person=story.person(RESEARCHER)))

    outcome = release.hand_over(found, target)

    assert {one.rule for one in outcome.objections} == {"nobody-suspended"}
    assert sorted(path.name for path in story.folder.iterdir()) == ["home", "nonce.asc", "pc.csv"]
    assert story.events()[-2:] == ["act.refused", "release.failed"]


def test_a_package_that_cannot_be_made_is_on_record_as_a_failure(story, tom):
    ready(story, tom)
    data = story.folder / "pc.csv"
    data.write_bytes(DATA)
    found = sources(story.clerk, {"D-6.002x-pc": data})
    release = Release(story.clerk, Handling(REQUEST, "sftp-drop", extracted_by=STAFF), DIRECTOR)
    release.authorise(found)
    data.unlink()

    with pytest.raises(Exception, match=r"pc\.csv"):
        release.hand_over(found, story.folder / "package.gpg")

    failed = list(story.home.ledger.facts())[-1].event
    assert isinstance(failed, ReleaseFailed)
    assert failed.stage == "packing"
    assert sorted(path.name for path in story.folder.iterdir()) == ["home", "nonce.asc"]


def test_a_file_that_is_no_version_of_its_data_set_is_not_released(story, tom):
    ready(story, tom)
    other = story.folder / "other.csv"
    other.write_bytes(DATA + b"3,1.0\n")

    with pytest.raises(Malformed, match=r"is no version of D-6.002x-pc"):
        sources(story.clerk, {"D-6.002x-pc": other})


def test_a_release_needs_the_test_of_the_key_unless_the_director_waives_it(story, tom):
    signed_and_executed(story, tom)
    key_on_file(story, tom)
    assert [one.rule for one in story.release(story.folder / "package.gpg")[0].objections] == ["key-tested"]

    story.done(Waive(request=REQUEST, rule="key-tested", reason="by courier", expires=TODAY))

    assert [outcome.objections for outcome in story.release(story.folder / "package.gpg")] == [(), ()]


def test_what_is_no_rule_cannot_be_asked_to_be_waived(story, tom):
    ready(story, tom)
    before = story.events()

    with pytest.raises(Malformed, match="rule 'key-testd': is none"):
        story.done(Waive(request=REQUEST, rule="key-testd", reason="by courier", expires=TODAY))

    assert story.events() == before


def test_a_wrong_answer_fails_the_test_of_a_key(story, tom):
    key_on_file(story, tom)
    send_key_test(story.clerk, REQUEST, "sftp-drop", story.folder / "nonce.asc", DIRECTOR)

    story.done(AnswerKeyTest(request=REQUEST, channel="sftp-drop", answer="12345"))

    assert story.events()[-1] == "key-test.failed"


def test_a_fingerprint_that_is_read_out_wrongly_confirms_nothing(story, tom):
    story.done(RejectKey(request=REQUEST, reason="wrong"), FileKey(request=REQUEST, key=document(tom.public())))

    with pytest.raises(Malformed, match="is not that of the key"):
        story.take(ConfirmKey(request=REQUEST, fingerprint=40 * "A", confirmed_to=STAFF, by="phone"))


def test_a_key_is_confirmed_to_nobody_who_takes_part_in_the_request(story, tom):
    story.done(RejectKey(request=REQUEST, reason="wrong"), FileKey(request=REQUEST, key=document(tom.public())))
    before = story.events()

    with pytest.raises(Malformed, match="takes part in request R-2026-0001: somebody of the office has to hear it"):
        story.take(
            ConfirmKey(
                request=REQUEST,
                fingerprint=tom.fingerprint,
                confirmed_to=story.person(RESEARCHER),
                by="phone",
            )
        )
    assert story.events() == before
    story.done(ConfirmKey(request=REQUEST, fingerprint=tom.fingerprint, confirmed_to=STAFF, by="phone"))


def test_a_signature_over_another_text_is_not_taken_and_leaves_nothing(story, tom):
    approved(story)
    rosa = story.ring.kept("Rosa")
    before = (story.events(), list(story.home.custody.commitments()))

    with pytest.raises(OverAnotherText):
        story.take(
            SignByKey(
                request=REQUEST,
                agreement=AGREEMENT,
                signer=story.person(RESEARCHER),
                capacity="researcher",
                signature=document(rosa.sign(b"another text", NOON)),
                key=document(rosa.public()),
                attested_by=STAFF,
            )
        )

    assert (story.events(), list(story.home.custody.commitments())) == before


def test_who_takes_a_signature_is_told_that_the_key_names_another_address(story, tom):
    approved(story)
    strange = signing_by_key(story, story.ring.kept("Rosa"))
    named = signing_by_key(story, story.ring.owner(f"Rosa Quill <{RESEARCHER.title()}>"))
    told = [one.cautions(story.clerk.drafting(DIRECTOR)) for one in (strange, named)]

    assert told == [["no user id of this key has the signer's address: only who attests it says that it is theirs"], ()]
    assert not story.take(strange).refused


def test_a_scan_that_is_attested_to_be_another_text_is_not_taken(story, tom):
    approved(story)

    with pytest.raises(Malformed, match="is not the text of agreement A-2026-0001-1"):
        story.take(
            SignOnPaper(
                request=REQUEST,
                agreement=AGREEMENT,
                signer=STAFF,
                capacity="office",
                on=TODAY,
                document=SCAN,
                text=document(b"another text", "other.txt"),
                attested_by=story.person(HEAD),
            )
        )


def test_what_was_typed_in_wrongly_is_corrected_and_counts_no_longer(story, tom):
    ready(story, tom)
    story.done(Terminate(request=REQUEST, agreement=AGREEMENT, on=TODAY))
    refused = story.release(story.folder / "package.gpg")[0]
    assert {one.rule for one in refused.objections} == {"named-recipients"}
    position = max(fact.position for fact in story.home.ledger.facts() if fact.type == "agreement.terminated.v1")

    story.done(Correct(position=position, reason="another agreement was meant"))

    assert [outcome.objections for outcome in story.release(story.folder / "package.gpg")] == [(), ()]


def test_nothing_is_kept_of_a_command_that_is_not_let_in(story):
    before = list(story.home.custody.commitments())

    with pytest.raises(Malformed):
        story.take(Suspend(person="p-" + 32 * "0", reason="unknown to us"))

    assert list(story.home.custody.commitments()) == before


def test_a_dry_run_says_what_would_object_and_keeps_nothing(story):
    before = (story.events(), list(story.home.custody.commitments()))

    outcome = story.take(Approve(request=REQUEST, conditions="none that matter"), dry_run=True)

    assert [one.rule for one in outcome.objections] == ["law-determined"]
    assert (story.events(), list(story.home.custody.commitments())) == before


def test_a_test_of_a_key_takes_no_files_place(story, tom):
    key_on_file(story, tom)
    taken = story.folder / "nonce.asc"
    taken.write_text("mine")
    before = story.events()

    with pytest.raises(AlreadyThere):
        send_key_test(story.clerk, REQUEST, "sftp-drop", taken, DIRECTOR)

    assert (taken.read_text(), story.events()) == ("mine", before)


def test_who_received_data_keeps_name_and_institution_in_the_record_of_it(story, tom):
    ready(story, tom)
    story.release(story.folder / "package.gpg")
    wish = Erase(person=story.person(CONTACT), details=(), last_copy_lapses=TODAY)

    erased = erase(story.clerk, wish, DIRECTOR)

    assert erased.outcome is not None
    assert [(one.rule, one.wanting) for one in erased.outcome.objections] == [
        ("erasable", "an end of agreement A-2026-0001-1"),
        ("erasable", "an end of the record of disclosure L-2026-0001-1"),
        ("erasable", "an end of the holding of D-6.002x-pc version 1"),
    ]
    assert (erased.destroyed, story.events()[-1]) == (None, "act.refused")
    assert story.person(CONTACT)


def test_an_address_can_go_before_the_name(story, tom):
    ready(story, tom)
    person = story.person(CONTACT)

    erased = erase(story.clerk, Erase(person=person, details=("email",), last_copy_lapses=TODAY), DIRECTOR)

    assert erased.destroyed is not None
    assert (erased.destroyed.values, story.events()[-1]) == (1, "person.erased")
    assert register_of(story.home.ledger, story.home.custody).person(CONTACT) is None


def test_what_is_erased_is_not_erased_again_and_that_is_said_without_another_record(story):
    wish = Erase(person=story.person(CONTACT), details=(), last_copy_lapses=TODAY)
    first = erase(story.clerk, wish, DIRECTOR)
    before = story.events()

    with pytest.raises(Malformed, match="nothing to erase"):
        erase(story.clerk, wish, DIRECTOR)

    assert first.outcome is not None
    assert story.events() == before


def test_a_signature_under_an_agreement_in_force_is_not_taken_back(story, tom):
    signed_and_executed(story, tom)
    position = max(fact.position for fact in story.home.ledger.facts() if fact.type == "agreement.signed.v1")

    with pytest.raises(Malformed, match=f"is a signature under {AGREEMENT}, which is executed: terminate that"):
        story.take(Correct(position=position, reason="forged"))


def test_nobody_signs_what_was_not_written_yet_or_attests_their_own_signature(story, tom):
    approved(story)
    signing = signing_on_paper(story)

    with pytest.raises(Malformed, match=f"is before agreement {AGREEMENT} was issued, on {TODAY}"):
        story.take(msgspec.structs.replace(signing, on=TODAY - timedelta(days=1)))
    with pytest.raises(Malformed, match="is who signed"):
        story.take(msgspec.structs.replace(signing, attested_by=STAFF))
    with pytest.raises(Malformed, match=f"asks in request {REQUEST}"):
        story.take(msgspec.structs.replace(signing, attested_by=story.person(RESEARCHER)))
    with pytest.raises(Malformed, match=f"is in the study group of request {REQUEST}"):
        story.take(msgspec.structs.replace(signing, attested_by=story.person(CONTACT)))


def test_an_agreement_is_not_in_force_before_it_was_signed(story, tom):
    approved(story)
    signed_by(story, story.ring.kept("Rosa"))

    outcome = story.take(Execute(request=REQUEST, agreement=AGREEMENT, starts=date(2020, 1, 1)))

    assert {one.rule for one in outcome.objections} == {"agreement-signed"}
    assert outcome.objections[0].wanting == f"a first day not before {TODAY}, when the researcher signed"


def test_a_key_that_was_given_up_is_filed_by_its_owner_no_more(story, tom):
    key_on_file(story, tom)
    story.done(RevokeKey(request=REQUEST, why="compromised"))

    with pytest.raises(Malformed, match="is the same, and was given up by its owner"):
        story.take(FileKey(request=REQUEST, key=document(tom.public())))


def test_a_key_is_given_up_in_every_request_in_which_it_was_filed(story, tom):
    story.done(
        Submit(packet=read_packet(EXAMPLES / MIT, TODAY, now=NOON)),
        FileKey(request=REQUEST, key=document(tom.public())),
        FileKey(request="R-2026-0002", key=document(tom.public())),
        RevokeKey(request=REQUEST, why="lost"),
    )

    given_up = [fact.event for fact in story.home.ledger.facts() if fact.type == "key.revoked.v1"]
    assert [(one.key, one.request) for one in given_up] == [
        ("K-2026-0001-2", REQUEST),
        ("K-2026-0002-2", "R-2026-0002"),
    ]


def test_a_key_can_be_filed_after_the_contacts_address_was_erased(story, tom):
    erase(story.clerk, Erase(person=story.person(CONTACT), details=("email",), last_copy_lapses=TODAY), DIRECTOR)

    story.done(FileKey(request=REQUEST, key=document(tom.public())))

    filed = list(story.home.ledger.facts())[-1].event
    assert isinstance(filed, KeyFiled)
    assert not filed.names_address


def test_nothing_is_received_before_it_was_handed_over_or_fails_after_it_was_received(story, tom):
    ready(story, tom)
    story.release(story.folder / "package.gpg")
    receipt = Receive(request=REQUEST, release="L-2026-0001-1", on=TODAY - timedelta(days=1))

    with pytest.raises(Malformed, match=f"is before it was handed over, on {TODAY}"):
        story.take(receipt)
    story.done(msgspec.structs.replace(receipt, on=TODAY))
    with pytest.raises(Malformed, match="was received, as entry"):
        story.take(Fail(request=REQUEST, release="L-2026-0001-1", stage="delivery"))


def test_who_is_not_let_in_is_told_what_is_in_the_way_where_least_is(story, tom):
    ready(story, tom)
    story.done(
        Submit(packet=read_packet(EXAMPLES / MIT, TODAY, now=NOON)),
        Withdraw(request="R-2026-0002"),
        Suspend(person=story.person(RESEARCHER)),
    )

    outcome = story.take(Access(person=story.person(RESEARCHER), dataset="D-6.002x-pc"))

    refused = story.home.ledger.codec.decode(outcome.entries[0]).event
    assert isinstance(refused, ActRefused)
    assert (refused.request, [one.rule for one in outcome.objections]) == (REQUEST, ["nobody-suspended"])


def test_a_board_does_not_rely_on_its_own_determination(story):
    (own,) = (one for one in story.home.ledger.facts() if one.type == "ethics.determined.v1")
    assert isinstance(own.event, EthicsDetermined)

    with pytest.raises(Malformed, match="is the home board's own"):
        story.take(RecordReliance(request=REQUEST, determination=own.event.determination, on=TODAY))


def test_a_board_is_not_asked_to_rely_on_its_own_determination(story):
    (own,) = (one for one in story.home.ledger.facts() if one.type == "ethics.determined.v1")
    assert isinstance(own.event, EthicsDetermined)

    with pytest.raises(Malformed, match="is the home board's own"):
        story.take(RequestReliance(request=REQUEST, determination=own.event.determination))


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (RecordReliance(request=REQUEST, determination="E-2", on=TODAY), f"is relied on, from {TODAY}"),
        (EndDetermination(request=REQUEST, determination="E-2", how="lapsed", on=TODAY), f"has ended, on {TODAY}"),
    ],
)
def test_a_board_is_not_asked_to_rely_on_what_it_relies_on_or_what_has_ended(story, came, why):
    asked = RequestReliance(request=REQUEST, determination="E-2")
    found = RecordDetermination(
        determination="E-2", request=REQUEST, protocol="LC-1", outcome="exempt", organisation="O-2", on=TODAY
    )
    story.done(RegisterOrganisation(organisation="O-2", name="Lakeside College"), found, asked, came)

    with pytest.raises(Malformed, match=why):
        story.take(asked)


def test_a_packet_does_not_bring_back_a_key_that_was_given_up(story):
    packet = read_packet(EXAMPLES / MIT, TODAY, now=NOON)
    assert story.events().count("key.filed") == 1

    story.done(Return(request=REQUEST, items=("C1.2",)), Submit(packet=packet, request=REQUEST))
    assert story.events().count("key.filed") == 1
    story.done(Submit(packet=packet))
    assert story.events().count("key.filed") == 2
    story.done(RevokeKey(request=REQUEST, why="compromised"), Submit(packet=packet))

    assert story.events().count("key.filed") == 2
    assert story.events().count("key.revoked") == 2
