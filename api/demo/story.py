"""The story: a request for learner data, from an e-mail to a package that one person can open, and what came after."""

import io
import shlex
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

import api.packets
from api.demo.keys import Owner
from api.demo.serving import Call
from ledger.events import ActRefused, EthicsDetermined, Event, RequestSubmitted
from ledger.home import LOG, open_home
from ledger.log import about
from ledger.storage import utc_now

EXAMPLES = Path(api.packets.__file__).parent / "examples"
COURSE = "course-v1:MITx+6.002x+2012_Spring"
OFFICE_ZONE = "America/New_York"
DIRECTOR, CLERK, SERVER = "staff:1", "staff:2", "server:notebooks"
IRA, PAT, CARL, LENA = (
    "ira.stein@example.edu",
    "pat.moreno@example.edu",
    "carl.weiss@example.edu",
    "lena.roth@example.org",
)
HANNA, JUN, AMAL = "hanna.lindqvist@example.edu", "jun.okada@example.org", "amal.serrano@example.org"
REQUEST = "R-{year}-0001"
DATA = {
    "D-6.002x-pc": ("person-course", "identified", "user_id,viewed,grade\n10041,1,0.93\n10042,1,0.41\n"),
    "D-6.002x-forum": ("forum", "de-identified", "author,thread,posted\na1,17,2012-03-05\nb7,17,2012-03-06\n"),
}
PENDING = (
    ('reliance = "elected"\nreliance_on = 2025-10-20\n', 'reliance = "pending"\n'),
    ('reliance_document = "letters/couhes-reliance.pdf"\n', ""),
)
CHEAT = """
    UPDATE entries SET entry = CAST(replace(entry, '"form":"identified"', '"form":"de-identified"') AS BLOB)
    WHERE instr(entry, CAST('request.submitted' AS BLOB)) AND instr(entry, CAST('"identified"' AS BLOB))
"""
E = TypeVar("E", bound=Event)


class Story:
    """The story, played in a folder of its own; `type_` types a command, under a clock that is handed in."""

    def __init__(self, folder: Path, type_: Callable[[list[str], Callable[[], datetime]], int]) -> None:
        self._folder, self._type = folder, type_
        self.home, self._later = folder / "home", timedelta()
        self._year = utc_now().year
        self._request = REQUEST.format(year=self._year)
        self._hanna, self._amal, self._other = (
            Owner(folder / name, user_id)
            for name, user_id in (
                ("h", f"Hanna Lindqvist <{HANNA}>"),
                ("a", f"Amal Serrano <{AMAL}>"),
                ("o", f"Amal Serrano <{AMAL}>"),
            )
        )

    @property
    def chapters(self) -> tuple[Callable[[], None], ...]:
        """What happens, in order."""
        return (
            self._the_office_opens,
            self._an_email_comes_in,
            self._what_was_missing_arrives,
            self._it_is_approved,
            self._the_agreements_are_signed,
            self._a_wrong_key_and_the_right_one,
            self._the_data_go_out,
            self._who_may_open_them,
            self.time_goes_by,
            self._people_ask,
            self.somebody_cheats,
        )

    @property
    def researcher(self) -> str:
        """The id of whoever asked for the data."""
        return self._all(RequestSubmitted)[0].researcher

    @property
    def calls(self) -> tuple[Call, ...]:
        """Three questions that can be put to the ledger that it leaves, each in a role."""
        lena = {"type": "user", "id": LENA}
        opens = {
            "subject": lena,
            "action": {"name": "open"},
            "resource": {"type": "dataset", "id": next(iter(DATA))},
            "context": {"dry_run": True},
        }
        holders = f"/datasets/{next(iter(DATA))}/holders?form=identified"
        return (
            Call("Compliance: who holds identified data?", "compliance", "GET", holders),
            Call("A data server: may Lena Roth open them?", "data server", "POST", "/access/v1/evaluation", opens),
            Call("The researcher: where is my request?", "researcher", "GET", "/requests?limit=1"),
        )

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those of all keys in it."""
        return tuple(owner.fingerprint for owner in (self._hanna, self._amal, self._other))

    def play(self) -> None:
        """All of it, from the beginning to the end."""
        for chapter in self.chapters:
            chapter()

    def close(self) -> None:
        """End what the people in it have running."""
        for owner in (self._hanna, self._amal, self._other):
            owner.close()

    def _the_office_opens(self) -> None:
        _chapter("The office opens its ledger")
        _say("Ira Stein directs the office, Pat Moreno types. Two data sets of a course run enter the catalogue.")
        self._run("init --origin ir.example.edu/demo", DIRECTOR)
        self._run(f"register-person 'Ira Stein' --email {IRA}", DIRECTOR)
        self._run(f"register-person 'Pat Moreno' --email {PAT}", DIRECTOR)
        self._run(f"grant-role {DIRECTOR} director --from 2026-01-01 --person {IRA}", DIRECTOR)
        self._run(f"grant-role {CLERK} staff --from 2026-01-01 --person {PAT}", DIRECTOR)
        self._run(f"grant-role {SERVER} data-server --from 2026-01-01", DIRECTOR)
        self._run(f"publish-policy --time-zone {OFFICE_ZONE}", DIRECTOR)
        _say(f"What names no actor from here on, Pat types (export DUA_LEDGER_ACTOR={CLERK}).")
        for dataset, (kind, form, content) in DATA.items():
            self._run(f"register-dataset {dataset} --course-run {COURSE} --kind {kind}")
            self._run(f"add-version {dataset} 2026-1 --form {form} --file {self._file(f'{kind}.csv', content)}")

    def _an_email_comes_in(self) -> None:
        _chapter("A request arrives by e-mail, and is not complete")
        _say(
            "Hanna Lindqvist of MIT asks for herself, for Jun Okada, who visits from elsewhere, and for Amal Serrano "
            "of Lakeside College. Pat puts what came into a folder. As she heads her department, the dean approved."
        )
        self._run(f"submit {self._packet('packet')}")
        _say("What is missing goes back to her, as a letter; from then on it is her turn.")
        self._run(f"return {self._request} --item C1.2 --item C1.3 --item C1.6")
        self._run(f"request {self._request} --letter")
        self._run("inbox")

    def _what_was_missing_arrives(self) -> None:
        _chapter("What was missing arrives")
        _say("The packet comes back: peers had reviewed it, and the forum is wanted de-identified.")
        reviewed = '[peer_review]\nreviewed = true\nby = "The panel of the foundation"\n\n[head_approval]'
        wanted = 'id = "D-6.002x-forum"\nform = "de-identified"'
        again = self._packet("packet-again", ("[head_approval]", reviewed), ('id = "D-6.002x-forum"', wanted))
        self._run(f"submit {again} --request {self._request}")
        _say(
            "Jun turns out to act for MIT, and sends the certificate of his new training. The office checks all three."
        )
        self._run(f"affiliation {self._request} {JUN} home")
        ends = (utc_now() + timedelta(days=30)).date()
        certificate = EXAMPLES / "mixed-group" / "certificates" / "okada.pdf"
        self._run(f"certify {JUN} --completed 2025-02-03 --expires {ends} --certificate {certificate}")
        for person in (HANNA, JUN, AMAL):
            self._run(f"verify-training {person}")
        _say("COUHES had elected to rely on Lakeside's board long ago; its letter comes on paper, and late.")
        relied_on = next(one for one in self._all(EthicsDetermined) if one.organisation and one.outcome == "exempt")
        letter = EXAMPLES / "mixed-group" / "letters" / "couhes-reliance.pdf"
        on = "--on 2025-10-20 --occurred-at 2025-10-20"
        self._run(f"reliance {self._request} {relied_on.determination} {on} --letter {letter}")

    def _it_is_approved(self) -> None:
        _chapter("It is approved, once counsel has found a basis")
        self._run(f"approve {self._request}", DIRECTOR)
        _say("The refusal is on record too. Counsel finds a basis for each data set and each side.")
        bases = (
            ("D-6.002x-pc identified home", "34 CFR 99.31(a)(1)(i)"),
            ("D-6.002x-pc identified outside", "34 CFR 99.31(a)(6)"),
            ("D-6.002x-forum de-identified home", "34 CFR 99.31(b)"),
            ("D-6.002x-forum de-identified outside", "34 CFR 99.31(b)"),
        )
        listed = " ".join(f"--basis {what} '{basis}'" for what, basis in bases)
        self._run(f"determine {self._request} --consistent {listed}")
        self._run(f"approve {self._request}", DIRECTOR)

    def _the_agreements_are_signed(self) -> None:
        _chapter("A memorandum for MIT's people, a data use agreement for Amal")
        self._run(f"register-person 'Carl Weiss' --email {CARL}")
        self._run(f"register-person 'Lena Roth' --email {LENA}")
        texts = {
            kind: self._file(f"{kind}.txt", f"{kind} on data of MITx learners, as the template has it.\n")
            for kind in ("MOU", "DUA")
        }
        for kind, text in texts.items():
            template = f"--template '{kind} 2014-08' --template-approved-by {CARL}"
            self._run(f"issue {self._request} --kind {kind} {template} --text {text}", DIRECTOR)
        _say("Hanna signs both by OpenPGP; the others in ink, and Pat attests that the scans show these texts.")
        key = self._hanna.public(self._folder / "hanna.asc")
        for agreement, (kind, text) in zip(self._agreements, texts.items(), strict=True):
            signature = self._hanna.sign(text, self._folder / f"{kind}.sig")
            evidence = f"--signature {signature} --key {key} --attested-by {PAT}"
            self._run(f"sign {agreement} --signer {HANNA} --as researcher {evidence}")
        memorandum, external = self._agreements
        today = utc_now().astimezone(ZoneInfo(OFFICE_ZONE)).date()
        scan = EXAMPLES / "mixed-group" / "letters" / "couhes-approval.pdf"
        for agreement, kind, signer, capacity in (
            (memorandum, "MOU", IRA, "office"),
            (external, "DUA", LENA, "authorised-official --organisation 'Lakeside College'"),
            (external, "DUA", CARL, "home-signatory"),
        ):
            evidence = f"--scan {scan} --text {texts[kind]} --on {today} --attested-by {PAT}"
            self._run(f"sign {agreement} --signer {signer} --as {capacity} {evidence}")
        for agreement in self._agreements:
            self._run(f"execute {agreement}", DIRECTOR)

    def _a_wrong_key_and_the_right_one(self) -> None:
        _chapter("A wrong key, then the right one")
        _say("A key in Amal's name comes by e-mail. On the phone she reads out another fingerprint: it isn't hers.")
        confirmed = f"confirm-key {self._request} {self._amal.fingerprint} --to {IRA} --by phone"
        self._run(f"file-key {self._request} {self._other.public(self._folder / 'from-somebody.asc')}")
        self._run(confirmed)
        self._run(f"reject-key {self._request} --reason 'not the fingerprint that she read out'")
        _say("She sends her own; the fingerprint is right, and what she decrypts comes back by the channel itself.")
        self._run(f"file-key {self._request} {self._amal.public(self._folder / 'amal.asc')}")
        self._run(confirmed)
        nonce = self._folder / "test.asc"
        self._run(f"test-key {self._request} --channel sftp-drop --to {nonce}")
        answer = self._amal.decrypt(nonce).decode()
        _note(f"Amal decrypts it, and reads back {answer}")
        self._run(f"test-key {self._request} --channel sftp-drop --answer {answer}")

    def _the_data_go_out(self) -> None:
        _chapter("The data go out, and Amal alone can open them")
        package = self._folder / "package.gpg"
        self._run(self._release(package), DIRECTOR)
        with tarfile.open(fileobj=io.BytesIO(self._amal.decrypt(package))) as tar:
            _note(f"Amal decrypts it, and finds {', '.join(tar.getnames())}")
        self._run(f"received L{self._request[1:]}-1")

    def _who_may_open_them(self) -> None:
        _chapter("Who may open them on the server")
        self._run(f"access {JUN} D-6.002x-pc", SERVER)
        self._run(f"opened D-6.002x-pc --person {JUN}", SERVER)
        _say("Lena Roth signed for Lakeside College, but she is named nowhere: an organisation alone admits nobody.")
        self._run(f"access {LENA} D-6.002x-pc", SERVER)

    def time_goes_by(self) -> None:
        """From here on it is weeks later."""
        _chapter("Six weeks later")
        self._later = timedelta(days=42)
        _say("Jun's training has run out meanwhile, and that holds the next release.")
        self._run(self._release(self._folder / "again.gpg"), DIRECTOR)

    def _people_ask(self) -> None:
        _chapter("People ask")
        _say("Who holds 6.002x, identified? May Jun go on reading it? What ends within a year?")
        self._run("holders D-6.002x-pc --form identified")
        self._run(f"may {JUN} read D-6.002x-pc")
        self._run("deadlines --within 365")
        _say("The auditor replays the request, and has the last refusal judged again from the log alone.")
        self._run(f"history {self._request}")
        with open_home(self.home) as home:
            refusal = [fact.position for fact in home.ledger.facts([about(ActRefused)])][-1]
        self._run(f"explain {refusal}")
        _say(
            "The auditor takes a signed checkpoint along: whatever is before it can't be rewritten unnoticed any more."
        )
        self._run("checkpoint")
        _say(
            "Amal asks to be forgotten, and can't be: the record of the disclosure keeps who received data. The dean, "
            "who only approved, can: details, salts and keys are destroyed, and everything still verifies."
        )
        dean = next(one.head_approval for one in self._all(RequestSubmitted) if one.head_approval)
        self._run(f"erase {AMAL} --yes", DIRECTOR)
        self._run(f"erase {dean.by} --yes", DIRECTOR)
        self._run("verify --processes 1")

    def somebody_cheats(self) -> None:
        """The last chapter, after which the log is not what it was."""
        _chapter("Somebody cheats")
        _say("Somebody with the database in hand makes the identified data set that was asked for a de-identified one.")
        with sqlite3.connect(self.home / LOG) as database:
            try:
                database.execute(CHEAT)
            except sqlite3.IntegrityError as refusal:
                _note(f"the database refuses: {refusal}")
            _note("so they remove the guard first, and put it back when it is done")
            (guard,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'").fetchone()
            database.execute("DROP TRIGGER entries_never_change")
            database.execute(CHEAT)
            database.execute(guard)
        database.close()
        self._run("verify --processes 1")

    @property
    def _agreements(self) -> tuple[str, str]:
        """The memorandum, and the data use agreement."""
        return f"A{self._request[1:]}-1", f"A{self._request[1:]}-2"

    def _release(self, target: Path) -> str:
        data = " ".join(f"--data {dataset}={self._folder / kind}.csv" for dataset, (kind, _, _) in DATA.items())
        how = f"--channel sftp-drop --extracted-by {IRA} --learners 3"
        return f"release {self._request} {data} {how} --to {target}"

    def _file(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path

    def _packet(self, name: str, *changes: tuple[str, str]) -> Path:
        """The packet of a mixed group, of which the home board's reliance is not known yet, with more of it changed."""
        folder = self._folder / name
        shutil.copytree(EXAMPLES / "mixed-group", folder)
        form = folder / "request.toml"
        text = form.read_text()
        for before, after in (*PENDING, *changes):
            text = text.replace(before, after)
        form.write_text(text)
        return folder

    def _run(self, line: str, actor: str = "") -> None:
        """Type a command, and show what it answers."""
        typed = f"{line} --actor {actor}" if actor else line
        shown = typed.replace(f"{self._folder}/", "").replace(f"{EXAMPLES}/", "")
        click.secho(f"\n$ dua-ledger {shown}", fg="cyan")
        command, *words = shlex.split(typed)
        if not actor and command not in QUESTIONS:
            words += ["--actor", CLERK]
        code = self._type([command, "--home", str(self.home), *words], lambda: utc_now() + self._later)
        if code:
            click.echo(f"(exit code {code})")

    def _all(self, kind: type[E]) -> list[E]:
        """All events of a kind, as they came."""
        with open_home(self.home) as home:
            events = [fact.event for fact in home.ledger.facts([about(kind)])]
        return [event for event in events if isinstance(event, kind)]


QUESTIONS = ("checkpoint", "request", "holders", "inbox", "may", "deadlines", "history", "explain", "verify")


def _chapter(title: str) -> None:
    click.secho(f"\n\n{title}\n{'=' * len(title)}", bold=True)


def _say(text: str) -> None:
    click.echo()
    click.secho(click.wrap_text(text, 100), bold=True)


def _note(text: str) -> None:
    click.echo(f"  ({text})")
