"""The commands that make bundles, and check them where there is no ledger."""

import re
import stat
from pathlib import Path
from typing import get_args

import pytest

from api.commands import Clerk
from api.commands.catalogue import RegisterDataSet
from api.commands.governance import GrantRole
from api.commands.request import Submit
from api.commands.review import Approve
from api.http.table import ROUTES
from api.register import register_of
from ledger.boundary import about
from ledger.events import HistoryViewed
from ledger.events.governance import Role
from ledger.evidence.archive import read_archive, write_archive
from ledger.evidence.manifest import Manifest, read_manifest
from ledger.home import create_home, open_home
from projections.acts import DECIDING
from tests.command_line import dua_ledger, program
from tests.facts import fact, noon
from tests.office_facts import role
from tests.packet_facts import Folder
from tests.signing import ORIGIN, cut, new_home, vkey_of
from tests.story import COURSE, DIRECTOR, REQUEST, RESEARCHER, TODAY

pytestmark = [pytest.mark.usefixtures("nothing_from_outside"), pytest.mark.needs("gpg")]
NAME = "Rosa Quill"


@pytest.fixture
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch):
    for variable in ("DUA_LEDGER_HOME", "DUA_LEDGER_LOCK_STORE", "DUA_LEDGER_KEY_PASSPHRASE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DUA_LEDGER_ACTOR", "staff:1")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a request whose approval was refused."""
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="command line", clock=noon)
    packet = Folder(tmp_path / "packet")
    packet.put("contact")
    with open_home(tmp_path / "home", noon) as opened:
        clerk = Clerk(opened, noon)
        for command in (
            GrantRole(principal="staff:1", role="director", starts=TODAY),
            RegisterDataSet(dataset="D-6.002x-pc", course_run=COURSE, kind="person-course"),
            Submit(packet=packet.read()),
        ):
            assert not clerk.take(command, DIRECTOR).refused
        assert clerk.take(Approve(request=REQUEST), DIRECTOR).refused
    return tmp_path / "home"


def researcher_of(path: Path) -> str:
    with open_home(path, noon) as opened:
        found = register_of(opened.ledger, opened.custody).person(RESEARCHER)
    assert found is not None
    return found


def manifest_in(bundle: Path) -> Manifest:
    return read_manifest(read_archive(bundle.read_bytes())["manifest.json"])


def test_a_bundle_is_made_for_its_owner_alone_and_verified_where_there_is_no_ledger(home: Path, tmp_path: Path):
    to, key = tmp_path / "bundle.zip", vkey_of(home)
    made = dua_ledger("bundle", "--request", REQUEST, "--to", to, "--details", "--texts", "--documents", home=home)
    size = manifest_in(to).size

    assert (made.code, made.err) == (0, "")
    assert re.fullmatch(f"Wrote {to}, [0-9,]+ bytes\\.\n", made.out)
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    home.rename(tmp_path / "far away")
    told = program("verify", to, "--vkey", key)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[0] == (
        f"All holds: what is here stands in the ledger as it was signed over {size} entries."
    )
    assert [line.partition(":")[0] for line in told.out.splitlines()[1:]] == 3 * ["Not excluded"]
    assert "that the history says what the entries say" in told.out
    assert "made up" in dua_ledger("verify", to).out


def test_the_history_in_it_names_people_only_when_details_are_opened(home: Path, tmp_path: Path):
    def history(*options: str) -> str:
        to = tmp_path / f"{len(options)}.zip"
        assert dua_ledger("bundle", "--request", REQUEST, "--to", to, *options, home=home).code == 0
        return read_archive(to.read_bytes())["history.html"].decode()

    assert (NAME in history(), researcher_of(home) in history("--texts")) == (False, True)
    assert NAME in history("--details", "--texts")


def test_the_history_in_it_has_the_words_and_the_days_of_the_office(home: Path, tmp_path: Path):
    policy = ("--institution", "Hillside College", "--board", "IRB-1", "--time-zone", "Asia/Tokyo")
    assert dua_ledger("publish-policy", *policy, home=home).code == 0
    assert dua_ledger("bundle", "--request", REQUEST, "--to", tmp_path / "told.zip", home=home).code == 0
    page = read_archive((tmp_path / "told.zip").read_bytes())["history.html"].decode()

    assert ("IRB-1 found" in page, "COUHES" in page) == (True, False)
    assert "days are those in Asia/Tokyo." in page


def test_bundles_are_made_about_people_data_sets_and_ranges_too(home: Path, tmp_path: Path):
    for number, (option, value, tag) in enumerate(
        [
            ("--person", researcher_of(home), f"person:{researcher_of(home)}"),
            ("--dataset", "D-6.002x-pc", "dataset:D-6.002x-pc"),
            ("--range", "2-5", "entries:2-5"),
        ]
    ):
        to = tmp_path / f"{number}.zip"
        assert dua_ledger("bundle", option, value, "--to", to, home=home).code == 0
        assert manifest_in(to).about == tag
        assert dua_ledger("verify", to, "--vkey", vkey_of(home)).code == 0
        assert read_archive(to.read_bytes())["history.txt"].decode().count("recorded by") == len(
            manifest_in(to).entries
        )


def test_what_does_not_hold_is_told_by_the_exit_code(home: Path, tmp_path: Path):
    to, other = tmp_path / "bundle.zip", tmp_path / "other.zip"
    dua_ledger("bundle", "--range", "2-3", "--to", to, home=home)
    other.write_bytes(write_archive(read_archive(to.read_bytes()) | {"entries/2": b"something else"}))
    stranger = vkey_of(new_home(tmp_path / "another"))

    assert dua_ledger("verify", to, "--vkey", stranger, "--vkey", vkey_of(home)).code == 0
    altered = dua_ledger("verify", other)
    assert (altered.code, altered.out.splitlines()[0]) == (10, "altered: SHA256SUMS does not hold for entries/2")
    unverified = dua_ledger("verify", to, "--vkey", stranger)
    assert (unverified.code, unverified.out.partition(":")[0]) == (12, "unverified")
    other.write_bytes(b"")
    assert dua_ledger("verify", other).code == 10
    assert dua_ledger("verify", tmp_path / "none").code == 2
    assert dua_ledger("verify", to, "--vkey", "no key").code == 2


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--request", REQUEST, "--range", "1-2"],
        ["--range", "1-2", "--texts"],
        ["--range", "2"],
        ["--range", "2-1"],
        ["--range", "1-999"],
        ["--request", "R-2026-0009"],
        ["--person", ""],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_makes_no_file(home: Path, tmp_path: Path, options: list[str]):
    told = dua_ledger("bundle", *options, "--to", tmp_path / "bundle.zip", home=home)

    assert (told.code, told.out, (tmp_path / "bundle.zip").exists()) == (2, "", False)


def test_a_file_that_is_there_is_not_overwritten(home: Path, tmp_path: Path):
    (tmp_path / "bundle.zip").write_bytes(b"precious")
    told = dua_ledger("bundle", "--range", "1-2", "--to", tmp_path / "bundle.zip", home=home)

    assert (told.code, (tmp_path / "bundle.zip").read_bytes()) == (1, b"precious")


def test_of_a_log_that_does_not_continue_what_was_signed_no_bundle_is_made(home: Path, tmp_path: Path):
    dua_ledger("checkpoint", home=home)
    cut(home, 5)
    told = dua_ledger("bundle", "--range", "1-2", "--to", tmp_path / "bundle.zip", home=home)

    assert (told.code, (tmp_path / "bundle.zip").exists()) == (1, False)


def exports(path: Path) -> list[tuple[str, HistoryViewed]]:
    with open_home(path, noon) as opened:
        facts = opened.ledger.facts([about(HistoryViewed)])
        return [(fact.actor, fact.event) for fact in facts if isinstance(fact.event, HistoryViewed)]


def test_that_somebody_takes_a_bundle_along_is_on_record(home: Path, tmp_path: Path):
    who = researcher_of(home)
    for number, option in enumerate([("--request", REQUEST), ("--person", who), ("--range", "1-2")]):
        assert dua_ledger("bundle", *option, "--to", tmp_path / f"{number}.zip", home=home).code == 0

    assert exports(home) == [
        ("staff:1", HistoryViewed(how="exported", request=REQUEST)),
        ("staff:1", HistoryViewed(how="exported", request=None, person=who)),
        ("staff:1", HistoryViewed(how="exported", request=None)),
    ]


def test_whoever_has_no_role_takes_no_bundle_along(home: Path, tmp_path: Path):
    told = dua_ledger("bundle", "--request", REQUEST, "--to", tmp_path / "0.zip", "--actor", "guest:1", home=home)

    assert (told.code, (tmp_path / "0.zip").exists(), exports(home)) == (3, False, [])


def test_who_may_take_a_bundle_along_is_the_same_on_the_command_line_as_over_http(home: Path, tmp_path: Path):
    may = {route.path: route.roles for route in ROUTES if route.path.endswith("}/bundle")}
    roles: dict[str, Role] = {f"here:{number}": held for number, held in enumerate(get_args(Role))}
    with open_home(home, noon) as opened:
        opened.ledger.append([fact(role(principal=who, person=None, role=held)) for who, held in roles.items()])

    def taking(*options: str) -> set[Role]:
        """The roles that are let in; to everybody else nothing is given, and nothing is recorded of it."""
        before, found = len(exports(home)), set[Role]()
        for who, held in roles.items():
            to = tmp_path / f"{options[0]} {who}"
            told = dua_ledger(*options, "--to", to, "--actor", who, home=home, clock=noon)
            assert (told.code, to.exists()) in {(0, True), (3, False)}, told.err
            found |= {held} if to.exists() else set()
        assert len(exports(home)) == before + (len(found) if options[0] == "bundle" else 0)
        return found

    everything = ("--details", "--texts", "--documents")
    assert {*may.values()} == {frozenset(taking("bundle", "--request", REQUEST, *everything))}
    assert {*may.values()} == {frozenset(taking("sample", "--seed", "s", "1"))}
    assert may["/requests/{request}/bundle"] == {*DECIDING, "auditor"}


def test_whoever_has_the_folder_in_hand_takes_a_bundle_along(home: Path, tmp_path: Path):
    told = dua_ledger("bundle", "--request", REQUEST, "--to", tmp_path / "0", "--actor", "operator:night", home=home)

    assert (told.code, exports(home)) == (0, [("operator:night", HistoryViewed(how="exported", request=REQUEST))])
