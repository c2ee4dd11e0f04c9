"""An office whose people do everything with real keys, one command after the other, from a packet to a release."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from api.commands import Clerk, Command, Document
from api.commands.agreement import Execute, Issue, SignByKey, SignOnPaper
from api.commands.contact import AnswerKeyTest, ConfirmKey, FileKey, RejectKey
from api.commands.review import Approve, Determine
from api.commands.training import VerifyTraining
from api.desk import Circumstances, Outcome
from api.handing_over import Handling, Release, send_key_test, sources
from api.register import register_of
from ledger.events.review import Basis
from ledger.home import Home
from tests.facts import NOON, Clock
from tests.keys import Keyring, Owner

TODAY = date(2026, 11, 21)
DIRECTOR = Circumstances(actor="staff:1", via="command line")
COURSE = "course-v1:MITx+6.002x+2012_Spring"
DATA = b"user_id,grade\n1,0.93\n2,0.41\n"
REQUEST, AGREEMENT = "R-2026-0001", "A-2026-0001-1"
TEXT = Document("mou.txt", b"MOU on learner data, between Rosa Quill and the office.\n", "text/plain")
SCAN = Document("scan.pdf", b"%PDF-1.4 ink", "application/pdf")
CONTACT, RESEARCHER, STAFF = "tom.abara@example.edu", "rosa.quill@example.edu", "p-" + 32 * "9"
HEAD = "ines.calder@example.edu"
BASIS = Basis(dataset="D-6.002x-pc", form="identified", recipients="home", basis="34 CFR 99.31(a)(1)(i)")
ISSUING = Issue(request=REQUEST, kind="MOU", template="MOU 2014-08", template_approved_by=STAFF, text=TEXT)


class Story:
    """An office with a ledger home, its people by their addresses."""

    def __init__(self, home: Home, clock: Clock, ring: Keyring, folder: Path) -> None:
        self.home, self.clock, self.ring, self.folder = home, clock, ring, folder
        self.clerk = Clerk(home, clock)

    def take(self, command: Command, **others: Any) -> Outcome:
        return self.clerk.take(command, DIRECTOR, **others)

    def done(self, *commands: Command) -> None:
        for command in commands:
            outcome = self.take(command)
            assert not outcome.refused, outcome.objections

    def person(self, address: str) -> str:
        found = register_of(self.home.ledger, self.home.custody).person(address)
        assert found is not None
        return found

    def events(self) -> list[str]:
        return [fact.event.wire_name for fact in self.home.ledger.facts()]

    def release(self, target: Path) -> list[Outcome]:
        data = self.folder / "pc.csv"
        data.write_bytes(DATA)
        how = Handling(REQUEST, "sftp-drop", extracted_by=STAFF, learners=2)
        found = sources(self.clerk, {"D-6.002x-pc": data})
        release = Release(self.clerk, how, DIRECTOR)
        outcomes = [release.authorise(found)]
        if not outcomes[0].refused:
            outcomes.append(release.hand_over(found, target))
        return outcomes


def document(content: bytes, name: str = "file", media_type: str = "application/pgp-keys") -> Document:
    return Document(name, content, media_type)


def approved(story: Story) -> None:
    story.done(
        VerifyTraining(person=story.person(RESEARCHER)),
        VerifyTraining(person=story.person(CONTACT)),
        Determine(request=REQUEST, consistent=True, bases=(BASIS,)),
        Approve(request=REQUEST),
        ISSUING,
    )


def signed_and_executed(story: Story, tom: Owner) -> None:
    approved(story)
    signed_by(story, story.ring.kept("Rosa"))
    story.done(Execute(request=REQUEST, agreement=AGREEMENT))


def signed_by(story: Story, rosa: Owner) -> None:
    story.done(signing_by_key(story, rosa), signing_on_paper(story))


def signing_by_key(story: Story, rosa: Owner) -> SignByKey:
    return SignByKey(
        request=REQUEST,
        agreement=AGREEMENT,
        signer=story.person(RESEARCHER),
        capacity="researcher",
        signature=document(rosa.sign(TEXT.content, NOON - timedelta(hours=1))),
        key=document(rosa.public()),
        attested_by=STAFF,
    )


def signing_on_paper(story: Story) -> SignOnPaper:
    return SignOnPaper(
        request=REQUEST,
        agreement=AGREEMENT,
        signer=STAFF,
        capacity="office",
        on=TODAY,
        document=SCAN,
        text=TEXT,
        attested_by=story.person(HEAD),
    )


def key_on_file(story: Story, tom: Owner) -> None:
    story.done(
        RejectKey(request=REQUEST, reason="from another laptop"),
        FileKey(request=REQUEST, key=document(tom.public())),
        ConfirmKey(request=REQUEST, fingerprint=tom.fingerprint.lower(), confirmed_to=STAFF, by="phone"),
    )


def key_tested(story: Story, tom: Owner) -> None:
    target = story.folder / "nonce.asc"
    send_key_test(story.clerk, REQUEST, "sftp-drop", target, DIRECTOR)
    answer = tom.decrypt(target.read_bytes()).decode()
    story.done(AnswerKeyTest(request=REQUEST, channel="sftp-drop", answer=answer))


def ready(story: Story, tom: Owner) -> None:
    signed_and_executed(story, tom)
    key_on_file(story, tom)
    key_tested(story, tom)
