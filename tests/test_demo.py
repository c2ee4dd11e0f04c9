"""The story that the demonstration tells: that it is played to its end, and what it leaves in the files."""

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from api.cli.demo import stage_below, typed
from api.demo.stage import PERSON_COURSE, REGISTER
from api.demo.story import END, LATER, TODAY, Story
from ledger.home import open_home
from ledger.storage import utc_now
from tests.command_line import program

pytestmark = pytest.mark.needs("gpg")

PEOPLE = ("Lindqvist", "Okada", "Serrano", "Oyelaran", "Stein", "Weiss", "Lena Roth", "example.edu", "example.org")
WORDS = (
    "fingerprint that she read out",
    "found each other in the forum",
    "Example Foundation",
    "Lakeside",
    "Northern Polytechnic",
    "Collective Learning",
    "2 Example Street",
    "Measured Teaching",
    "second figure of the paper",
    "The figure holds",
    "Who writes, stays",
    "three learners stand alone",
    "a colleague passed the grades on",
    "nothing of it is left",
    "went through a shredder",
    "visit is over",
    "his laptop",
    "a server and two laptops",
    "overwritten",
    "shredded",
)


class Played(NamedTuple):
    """What a story printed, before the cheat and then, its home as it was before, and the bundle that was drawn."""

    said: str
    cheated: str
    folder: Path
    sample: Path
    fingerprints: tuple[str, ...]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """The whole story, once."""
    with TemporaryDirectory(prefix="dua-", dir="/tmp") as name:
        folder = Path(name)
        with closing(Story(folder, typed)) as story, CliRunner().isolation() as (out, _, _):
            story.play((*TODAY, *LATER))
            said = out.getvalue().decode()
            before = shutil.copytree(folder / "home", folder / "before")
            story.play(END)
            cheated = out.getvalue().decode().removeprefix(said)
        (sample,) = (folder / "sample").iterdir()
        yield Played(said, cheated, before, sample, story.fingerprints)


@pytest.mark.parametrize(
    ("usual", "below"), [("/srv/tmp", "/srv/tmp"), ("/" + 63 * "a", None), ("/" + 64 * "a", "/tmp")]
)
def test_the_story_is_played_where_temporary_files_go_unless_that_is_too_deep_for_a_socket(monkeypatch, usual, below):
    monkeypatch.setattr(tempfile, "tempdir", usual)

    assert stage_below() == (below or usual)


def told_by(played: Played, command: str) -> str:
    """What each call of a command was answered, one after the other."""
    answers = re.findall(rf"^\$ dua-ledger {command}.*\n((?:.+\n)*)", played.said, re.MULTILINE)
    assert answers
    return "\n".join(answers)


def answered(played: Played, *words: str) -> str:
    """What the home answers a question with, as it was left."""
    with CliRunner().isolation() as (out, _, _):
        assert typed([words[0], "--home", str(played.folder), *words[1:]], utc_now) == 0
        return out.getvalue().decode()


def rows(played: Played, *words: str) -> Any:
    """The same, for a program."""
    return json.loads(answered(played, *words, "--json"))["rows"]


def test_the_story_goes_as_it_is_told(played):
    codes = re.findall(r"^\$ dua-ledger (\S+)|^\(exit code (\d+)\)", played.said, re.MULTILINE)
    ended = [command for command, code in codes if command or code]
    failed = [(ended[at - 1], code) for at, (_, code) in enumerate(codes) if code]

    assert failed == [
        ("approve", "3"),
        ("confirm-key", "2"),
        ("access", "3"),
        ("release", "3"),
        ("may", "3"),
        ("check-table", "3"),
        ("may", "3"),
        ("close", "3"),
        ("erase", "3"),
    ]


def test_the_letter_says_what_is_missing(played):
    letter = played.said[played.said.index("--letter") :].partition("$ dua-ledger submit")[0]

    for word in ("Hanna Lindqvist", "peer review", "D-6.002x-forum", "Jun Okada", "CITI"):
        assert word in letter


def test_the_contact_opens_the_package_and_nobody_unnamed_gets_in(played):
    assert "Amal decrypts it, and finds D-6.002x-pc" in played.said
    assert "named-recipients" in played.said


def test_the_register_of_the_past_has_somebody_without_an_agreement(played):
    assert "40 releases recorded, 0 were before, 0 cannot be taken" in told_by(played, "import")

    found = rows(played, "holders", PERSON_COURSE, "--form", "identified")
    assert [one["person_name"] for one in found if one["right"] == "none"] == ["Piers Halloran"]


def test_the_journal_is_referred_and_answered_with_an_aggregate(played):
    (query,) = rows(played, "queries")

    assert "referred them to the office" in told_by(played, "refer")
    assert query["state"] == "office verifies"


def test_the_table_with_three_learners_is_sent_back_and_the_better_one_appears(played):
    assert "counts 3, and policy has it that a cell counts 5 or more" in told_by(played, "check-table")
    assert "was sent back for changes" in told_by(played, "ask-changes")
    (publication,) = rows(played, "publications")
    assert publication["state"] == "appeared"


def test_nobody_holds_anything_under_the_request_at_the_end(played):
    gone = rows(played, "holders", PERSON_COURSE, "--gone")
    ours = {one["person_name"]: one["state"] for one in gone if one["request"]}

    assert ours == dict.fromkeys(("Hanna Lindqvist", "Jun Okada", "Amal Serrano"), "destroyed")
    assert "nobody holds anything under it any more" in told_by(played, "close")
    assert rows(played, "findings", "--kind", "overdue-destruction") == []


def test_what_fell_due_is_recorded_once_reminded_of_and_sent(played):
    ticks = told_by(played, "tick")

    assert "60 days before: agreement" in ticks
    assert ["on the day:" in ticks, "30 days after:" in ticks, "Nothing new fell due." in ticks] == [True] * 3
    sent = [int(number) for number in re.findall(r"Sent (\d+) notices", told_by(played, "send"))]
    taken = [int(number) for number in re.findall(r"the mail server took (\d+)", played.said)]
    assert sent == taken
    assert all(sent)
    assert rows(played, "notices") == []


def test_what_the_auditor_drew_is_verified_without_the_ledger(played):
    assert "All holds: what is here stands in the ledger as it was signed" in told_by(played, "verify sample/")
    with CliRunner().isolation():
        assert typed(["verify", str(played.sample)], utc_now) == 0


def test_every_judgement_of_the_story_is_given_again_from_the_log_alone(played):
    with open_home(played.folder) as home:
        judged = [fact.position for fact in home.ledger.facts() if fact.judged]

    explained = {position: answered(played, "explain", str(position)) for position in judged}
    assert len(explained) >= 18
    assert [position for position, told in explained.items() if "the answer is the same." not in told] == []


def of_the_past() -> set[str]:
    """Everybody in the register, and where they are."""
    with REGISTER.with_suffix(".csv").open(encoding="utf-8") as register:
        rows = list(csv.DictReader(register))
    return {row[column] for row in rows for column in ("Institution", "Given to", "E-mail")} - {""}


def test_no_name_address_fingerprint_or_free_text_stands_in_the_log(played):
    searched_for = [word.encode() for word in (*PEOPLE, *WORDS, *of_the_past(), *played.fingerprints)]
    searched_for += [fingerprint[-16:].encode() for fingerprint in played.fingerprints]

    for path in sorted(played.folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        # The origin of the log is a name, and public; what is sent has its host in the message id.
        content = content.replace(b"ir.example.edu", b"")
        found = [word for word in searched_for if word.lower() in content.lower()]
        assert (path.name, found) == (path.name, [])


def test_the_cheat_is_found_out(played):
    assert "the database refuses: an entry never changes" in played.cheated
    assert re.search(r"altered: entry \d+: its bytes are not those that were hashed", played.cheated)
    assert played.cheated.rstrip().endswith("(exit code 10)")


@pytest.mark.needs("gpg")
def test_the_demo_is_a_program_that_ends_well():
    told = program("demo")

    assert (told.code, told.out.splitlines()[-1]) == (0, "(exit code 10)")
