"""The story that the demonstration tells: that it is played to its end, and what it leaves in the files."""

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from api.cli.demo import typed
from api.demo.story import Story
from ledger.home import open_home
from ledger.storage import utc_now
from projections.judgement import judge_again

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
)


class Played(NamedTuple):
    """What a story printed, before the cheat and then, and its home as it was before."""

    said: str
    cheated: str
    folder: Path
    fingerprints: tuple[str, ...]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """The whole story, once."""
    with TemporaryDirectory(prefix="dua-", dir="/tmp") as name:
        folder = Path(name)
        with closing(Story(folder, typed)) as story, CliRunner().isolation() as (out, _, _):
            for chapter in story.chapters[:-1]:
                chapter()
            said = out.getvalue().decode()
            before = shutil.copytree(folder / "home", folder / "before")
            story.somebody_cheats()
            cheated = out.getvalue().decode().removeprefix(said)
        yield Played(said, cheated, before, story.fingerprints)


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
        ("erase", "3"),
    ]


def test_the_letter_says_what_is_missing(played):
    letter = played.said[played.said.index("--letter") :].partition("$ dua-ledger submit")[0]

    for word in ("Hanna Lindqvist", "peer review", "D-6.002x-forum", "Jun Okada", "CITI"):
        assert word in letter


def test_the_contact_opens_the_package_and_nobody_unnamed_gets_in(played):
    assert "Amal decrypts it, and finds D-6.002x-pc" in played.said
    assert "named-recipients" in played.said


def test_every_judgement_of_the_story_is_given_again_from_the_log_alone(played):
    with open_home(played.folder) as home:
        explained = [judge_again(home.ledger, fact, utc_now()) for fact in home.ledger.facts() if fact.judged]

    assert len(explained) >= 8
    assert [one.agrees for one in explained if one] == [True] * len(explained)


def test_no_name_address_fingerprint_or_free_text_stands_in_the_log(played):
    searched_for = [word.encode() for word in (*PEOPLE, *WORDS, *played.fingerprints)]
    searched_for += [fingerprint[-16:].encode() for fingerprint in played.fingerprints]

    for path in sorted(played.folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        # The origin of the log is a name, and public.
        content = content.replace(b"ir.example.edu/demo", b"")
        found = [word for word in searched_for if word.lower() in content.lower()]
        assert (path.name, found) == (path.name, [])


def test_the_cheat_is_found_out(played):
    assert "the database refuses: an entry never changes" in played.cheated
    assert re.search(r"altered: entry \d+: its bytes are not those that were hashed", played.cheated)
    assert played.cheated.rstrip().endswith("(exit code 10)")
