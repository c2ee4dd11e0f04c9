"""Calling the command line, and an office that does everything by it, stage by stage, with real keys."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from api.cli import main
from api.register import register_of
from ledger.codec import Recorded
from ledger.home import create_home, open_home
from ledger.home.moving import Elsewhere, move_home
from tests.facts import NOON, Clock
from tests.keys import Keyring
from tests.stores import PATIENCE

PROGRAM = Path(sys.executable).with_name("dua-ledger")
EXAMPLES = Path(__file__).parents[1] / "api" / "packets" / "examples"
DATA = b"user_id,grade\n1,0.93\n2,0.41\n"
TEXT = b"Memorandum on learner data, between Rosa Quill and the office.\n"


class Outcome(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def dua_ledger(
    *arguments: object,
    home: Path | None = None,
    answer: str = "",
    clock: Callable[[], datetime] | None = None,
    **environment: str,
) -> Outcome:
    """Call a command in this process; by the machine's clock, unless it is handed another."""
    given = [*map(str, arguments), *([] if home is None else ["--home", str(home)])]
    result = CliRunner().invoke(
        main, given, input=answer, env=environment, obj=clock, prog_name="dua-ledger", catch_exceptions=False
    )
    return Outcome(result.exit_code, result.stdout, result.stderr)


# The program, with a clock that stands still.
_STOPPED = """
import sys
from api.cli import main
from tests.facts import noon
main(sys.argv[1:], prog_name="dua-ledger", obj=noon)
"""
STOPPED_PROGRAM = [sys.executable, "-c", _STOPPED]


def program(*arguments: object, **environment: str) -> Outcome:
    """Call a command in a process of its own."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        env=os.environ | environment,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


class Office:
    """An office with a ledger home. What is in braces in a line is the name of a file of the office's folder."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder, self.clock = folder, clock

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def __call__(self, line: str, *more: object, answer: str = "", actor: str = "staff:1") -> Outcome:
        """Type a line, as the director if as nobody else."""
        return dua_ledger(
            *self.words(line), *more, home=self.home, answer=answer, clock=self.clock, DUA_LEDGER_ACTOR=actor
        )

    def make(self) -> None:
        """Make its home."""
        create_home(self.home, "log.example.com", actor="staff:1", via="command line", clock=self.clock)

    def grant_first_role(self) -> None:
        """Have a director, of whom nobody can know yet who they are."""
        granted = self("grant-role staff:1 director --from 2026-01-01")
        assert (granted.code, granted.err.startswith("WARNING: nobody knows which person staff:1 is")) == (0, True)

    def words(self, line: str) -> list[str]:
        return [word.replace("{", f"{self.folder}/").replace("}", "") for word in shlex.split(line)]

    def done(self, *lines: str) -> Outcome:
        """Type lines of which nothing goes wrong; gives what came of the last."""
        outcomes = [self._done(line) for line in lines]
        return outcomes[-1]

    def _done(self, line: str) -> Outcome:
        outcome = self(line)
        assert (outcome.code, outcome.err) == (0, ""), (line, outcome)
        return outcome

    def put(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def person(self, address: str) -> str:
        with open_home(self.home, self.clock) as home:
            found = register_of(home.ledger, home.custody).person(address)
        assert found is not None
        return found

    def facts(self, type_: str = "") -> list[Recorded]:
        """All facts, or those of a type."""
        with open_home(self.home, self.clock) as home:
            return [fact for fact in home.ledger.facts() if type_ in ("", fact.type)]

    def kept(self) -> list[Any]:
        with open_home(self.home, self.clock) as home:
            return list(home.custody.commitments())

    def opened(self, commitment: str | None) -> str:
        """A text that custody keeps."""
        with open_home(self.home, self.clock) as home:
            return home.custody.unseal(commitment or "")

    def moved_to(self, url: str | None) -> None:
        """Have its home keep everything in a PostgreSQL database from now on, if in any."""
        if url is None:
            return
        old = self.home.rename(self.folder / "old")
        move_home(old, self.home, Elsewhere(url), check=lambda home: None, progress=lambda count, entries: entries)

    def copied(self, folder: Path) -> "Office":
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Office(folder, self.clock)

    @contextmanager
    def nothing_happens(self) -> Iterator[None]:
        """No fact is recorded, and nothing more is kept."""
        before = (len(self.facts()), self.kept())
        yield
        assert (len(self.facts()), self.kept()) == before


ROSA, TOM, IRA = "rosa.quill@example.edu", "tom.abara@example.edu", "ira.stein@example.edu"
# The head of their department.
INES = "ines.calder@example.edu"
HOUR_AGO = NOON - timedelta(hours=1)


class Stages:
    """An office at each stage of a request, made once and copied for whoever wants it."""

    def __init__(self, folder: Path, ring: Keyring) -> None:
        self._folder, self._ring = folder, ring
        self.tom, self.rosa = ring.owner(f"Tom Abara <{TOM}>"), ring.owner(f"Rosa Quill <{ROSA}>")
        self._made: dict[str, Office] = {}

    @property
    def hour_ago(self) -> datetime:
        return HOUR_AGO

    def at(self, stage: str) -> Office:
        """The office itself, for what changes nothing."""
        if stage not in self._made:
            names = list(STAGES)
            before = names.index(stage) - 1
            folder = self._folder / stage
            office = self.at(names[before]).copied(folder) if before >= 0 else Office(folder, Clock(NOON))
            STAGES[stage](office, self)
            self._made[stage] = office
        return self._made[stage]


def _open(office: Office, stages: Stages) -> None:
    office.folder.mkdir(parents=True)
    office.make()
    office.put("pc.csv", DATA)
    office.put("mou.txt", TEXT)
    office.put("letter.txt", b"Dear office,\n")
    office.put("scan.pdf", b"%PDF-1.4 ink")
    office.put("tom.asc", stages.tom.public())
    office.put("rosa.asc", stages.rosa.public())
    office.put("rosa.sig", stages.rosa.sign(TEXT, HOUR_AGO))
    office.grant_first_role()
    office.done(
        f"register-person 'Ira Stein' --email {IRA}",
        "register-organisation 'Lakeside College'",
        "register-dataset D-6.002x-pc --course-run course-v1:MITx+6.002x+2012_Spring --kind person-course",
        "register-dataset D-6.002x-forum --course-run course-v1:MITx+6.002x+2012_Spring --kind forum",
        "add-version D-6.002x-pc 1 --form identified --file {pc.csv}",
    )


def _submit(office: Office, stages: Stages) -> None:
    office.done(f"submit {EXAMPLES / 'mit-researcher'}")


def _approve(office: Office, stages: Stages) -> None:
    office.done(
        f"verify-training {ROSA}",
        f"verify-training {TOM}",
        LAW,
        "approve R-2026-0001",
    )


def _issue(office: Office, stages: Stages) -> None:
    office.done(
        f"issue R-2026-0001 --kind MOU --template 'MOU 2014-08' --template-approved-by {IRA} --text {{mou.txt}}"
    )


def _execute(office: Office, stages: Stages) -> None:
    sign = "sign A-2026-0001-1 --signer"
    office.done(
        f"{sign} {ROSA} --as researcher --signature {{rosa.sig}} --key {{rosa.asc}} --attested-by {IRA}",
        f"{sign} {IRA} --as office --scan {{scan.pdf}} --text {{mou.txt}} --on 2026-11-21 --attested-by {INES}",
        "execute A-2026-0001-1",
    )


def _test_key(office: Office, stages: Stages) -> None:
    office.done(
        "reject-key R-2026-0001 --reason 'from another laptop'",
        "file-key R-2026-0001 {tom.asc}",
        f"confirm-key R-2026-0001 {stages.tom.fingerprint} --to {IRA} --by phone",
        "test-key R-2026-0001 --channel sftp-drop --to {nonce.asc}",
    )
    answer = stages.tom.decrypt((office.folder / "nonce.asc").read_bytes()).decode()
    office.done(f"test-key R-2026-0001 --channel sftp-drop --answer {answer}")


SEND = f"release R-2026-0001 --data D-6.002x-pc={{pc.csv}} --channel sftp-drop --extracted-by {IRA}"
RELEASE = f"{SEND} --to {{package.gpg}}"
LAW = "determine R-2026-0001 --consistent --basis D-6.002x-pc identified home '34 CFR 99.31(a)(1)(i)'"


def _release(office: Office, stages: Stages) -> None:
    office.done(f"{RELEASE} --learners 2")


STAGES: dict[str, Callable[[Office, Stages], None]] = {
    "opened": _open,
    "submitted": _submit,
    "approved": _approve,
    "issued": _issue,
    "executed": _execute,
    "key tested": _test_key,
    "released": _release,
}
