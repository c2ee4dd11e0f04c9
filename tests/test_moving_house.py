"""An office that moves, from files to PostgreSQL, back, or to another place, has there all that it had, and no more."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple, NoReturn

import pytest

from api.cli.verifying import verify_home
from ledger.chain.entry import Entry
from ledger.custody import Document
from ledger.drafts import draft_of
from ledger.errors import AlreadyThere, Malformed, NotALedger, Unreachable
from ledger.events.people import Detail
from ledger.evidence.report import Verdict
from ledger.home import (
    create_home,
    entering,
    erase_person,
    join_home,
    lock_store_url,
    open_custody,
    open_home,
    open_lock_store,
    open_log,
)
from ledger.home.entering import alone_in
from ledger.home.moving import Arrived, Elsewhere, move_home
from tests.command_line import dua_ledger
from tests.facts import data_set, noon
from tests.stores import CAMPAIGN, PATIENCE, POSTGRES
from tests.tampering import ANA, BEN, EVE, LAPSES, ORIGIN, details_of, record, register
from tests.writers import forking

FILES = "file"
KINDS = [FILES, POSTGRES]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy server takes to notice that a connection was closed."""
    monkeypatch.setattr(entering, "SECONDS", PATIENCE)


class Office(NamedTuple):
    """A home, and where the next one is to keep its parts."""

    home: Path
    next: Elsewhere

    @property
    def new(self) -> Path:
        return self.home.with_name("new")

    def move(self, check: Callable[[Path], None] = lambda home: None) -> Arrived:
        return move_home(self.home, self.new, self.next, check, untold)


def untold(_: int, entries: Iterator[Entry]) -> Iterator[Entry]:
    return entries


def furnished(path: Path, store: str | None) -> Path:
    """A home with people, letters, erasures, checkpoints, and what else lies in one."""
    create_home(path, ORIGIN, actor="operator", via="test", clock=noon, store=store)
    with open_home(path, noon) as home:
        register(home, ANA, "Ana Ejemplo", letter=b"Ana's letter")
        home.notary.checkpoint()
        register(home, BEN, "Ben Beispiel")
        register(home, EVE, "Eve Esempio", letter=b"Eve's letter")
        erase(path, person=BEN, details=("phone",))
        erase(path, person=EVE)
        record(home, *(data_set(f"D-{number}") for number in range(300)))
        home.notary.checkpoint()
    (path / "notices.toml").write_text("# by which servers")
    (path / "outgoing").mkdir()
    (path / "outgoing/package.gpg").write_bytes(b"a package" * 1000)
    return path


def erase(path: Path, person: str, details: tuple[Detail, ...] = ()) -> None:
    with open_home(path, noon) as home:
        erase_person(home, person, details, last_copy_lapses=LAPSES, actor="operator", via="test")


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Further databases for an office, each gone after the test."""
    with ExitStack() as made:
        # Made when it is asked for: where there is no PostgreSQL, nobody does.
        yield lambda: made.enter_context(request.getfixturevalue("postgres_server").served())


def store_of(kind: str, request: pytest.FixtureRequest) -> str | None:
    return None if kind == FILES else str(request.getfixturevalue("databases")())


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest) -> Elsewhere:
    return Elsewhere(store_of(request.param, request))


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, target: Elsewhere, tmp_path: Path) -> Office:
    """A furnished home of each kind, to be moved to each kind."""
    return Office(furnished(tmp_path / "old", store_of(request.param, request)), target)


@pytest.fixture
def staying(tmp_path: Path) -> Office:
    """A furnished home in files, to be moved to another folder."""
    return Office(furnished(tmp_path / "old", None), Elsewhere())


@pytest.fixture
def in_files(target: Elsewhere, tmp_path: Path) -> Office:
    """A furnished home in files, to be moved to each kind."""
    return Office(furnished(tmp_path / "old", None), target)


class Kept(NamedTuple):
    """All that a home has, opened."""

    entries: list[bytes]
    texts: dict[str, str | Document]
    checkpoints: list[object]
    files: dict[str, bytes]


def kept_in(path: Path) -> Kept:
    with open_log(path) as log, open_custody(path) as custody, open_lock_store(path) as lock:
        entries = [raw for _, _, raw in log.rows(0, log.length())]
        texts = {
            one.commitment: custody.unseal(one.commitment)
            if one.kind == "text"
            else custody.read_document(one.commitment)
            for one in custody.commitments()
        }
        files = ["checkpoint", "notices.toml", "outgoing/package.gpg", "keys/log-key.pem", "keys/key-encryption-key"]
        return Kept(entries, texts, [*lock.all()], {name: (path / name).read_bytes() for name in files})


def everything_holds(home: Path) -> None:
    assert (verify_home(home).verdict, verify_home(home).findings) == (Verdict.HOLDS, ())


def test_all_that_an_office_has_is_in_its_new_home_and_it_goes_on_there(office: Office):
    before = kept_in(office.home)
    arrived = office.move(everything_holds)

    assert kept_in(office.new) == before
    assert (arrived.log.size, arrived.kept, arrived.checkpoints) == (306, 6, len(before.checkpoints))
    with open_home(office.new, noon) as home:
        found = home.custody.find("person", details_of("Ana Ejemplo")["email"])
        assert [one.subject for one in found] == [f"person:{ANA}"]
        record(home, data_set("D-new"))
        assert home.notary.checkpoint().size == 307
    everything_holds(office.new)


def test_what_was_erased_is_not_there_and_what_is_erased_there_is_gone(in_files: Office):
    in_files.move()

    assert people_in(in_files.new) == {ANA, BEN}
    erase(in_files.new, person=ANA)
    assert people_in(in_files.new) == {BEN}
    everything_holds(in_files.new)


def people_in(path: Path) -> set[str]:
    """Of whom custody keeps anything."""
    with open_custody(path) as custody:
        return {one.subject.removeprefix("person:") for one in custody.commitments()}


def test_in_the_old_home_nothing_is_recorded_any_more_and_it_can_be_read(staying: Office, tmp_path: Path):
    staying.move()

    refused = dua_ledger("publish-policy", "--smallest-cell", 11, home=staying.home)
    assert (refused.code, f"was left for {staying.new}" in refused.err) == (1, True)
    with pytest.raises(AlreadyThere, match="is where the office is"):
        move_home(staying.home, tmp_path / "another", Elsewhere(), everything_holds, untold)
    with pytest.raises(AlreadyThere):
        staying.move()
    everything_holds(staying.home)


def test_nobody_moves_out_while_somebody_works_there_and_nobody_comes_in_meanwhile(staying: Office):
    with open_home(staying.home), pytest.raises(Unreachable, match="is in use: stop its service first"):
        staying.move()
    with (
        alone_in(staying.home),
        pytest.raises(Unreachable, match="is not to be used at this moment"),
        open_home(staying.home),
    ):
        pass

    assert staying.move().log.size == 306


# A service that has made itself ready, and waits before it starts the first of its workers.
STARTING = """
import sys
from api import hosting
from api.cli import main
hosting.serve_until_told = lambda server, **how: (print("starting", flush=True), sys.stdin.read())
main(sys.argv[1:], prog_name="dua-ledger")
"""


def test_nobody_moves_out_while_a_service_is_starting(staying: Office):
    words = [sys.executable, "-c", STARTING, "serve", "--home", str(staying.home)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        assert service.stdout.readline() == "starting\n"
        with pytest.raises(Unreachable, match="is in use: stop its service first"):
            staying.move()
        service.communicate(timeout=PATIENCE)

    assert (service.returncode, staying.move().log.size) == (0, 306)


@pytest.mark.needs("initdb")
def test_nobody_moves_out_while_another_machine_works_there(
    databases: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = databases()
    office = Office(furnished(tmp_path / "old", url), Elsewhere())
    join_home(tmp_path / "second", url, office.home / "keys")
    with monkeypatch.context() as hurried, open_home(tmp_path / "second"):
        hurried.setattr(entering, "SECONDS", 0)
        with pytest.raises(Unreachable, match="is in use by"):
            office.move()

    def write(_: Path) -> None:
        with open_home(tmp_path / "second", noon) as home:
            record(home, data_set("D-late"))

    with pytest.raises(Unreachable, match="was written to meanwhile"):
        office.move(write)
    assert not office.new.exists()
    assert office.move(everything_holds).log.size == 307


def test_what_does_not_hold_is_not_moved_and_stays_as_it_is(staying: Office):
    box = next((staying.home / "documents").rglob("*/*"))
    box.write_bytes(box.read_bytes()[:-1])

    refused = dua_ledger("move-house", staying.new, home=staying.home)
    assert (refused.code, "not all that was moved holds" in refused.err) == (1, True), refused
    assert not staying.new.exists()
    with open_home(staying.home, noon) as home:
        record(home, data_set("D-new"))


@pytest.mark.needs("initdb")
def test_a_database_of_another_office_is_left_alone(databases: Callable[[], str], tmp_path: Path):
    other, office = databases(), Office(furnished(tmp_path / "old", None), Elsewhere())
    furnished(tmp_path / "other", other)
    before = kept_in(tmp_path / "other")
    with pytest.raises(AlreadyThere):
        move_home(office.home, office.new, Elsewhere(other), everything_holds, untold)
    # Its log is elsewhere; its keys are here.
    with pytest.raises(AlreadyThere, match="has a key store in it already"):
        move_home(office.home, office.new, Elsewhere(databases(), key_store=other), everything_holds, untold)
    with pytest.raises(AlreadyThere, match="has the lock store of another log in it"):
        move_home(office.home, office.new, Elsewhere(databases(), lock_store=other), everything_holds, untold)

    assert kept_in(tmp_path / "other") == before
    assert office.move(everything_holds).log.size == 306


@pytest.mark.needs("initdb")
def test_parts_are_moved_where_they_are_told_to_and_stay_where_they_were_apart(
    databases: Callable[[], str], tmp_path: Path
):
    apart, first = f"sqlite:///{tmp_path}/lock.db", databases()
    office = Office(furnished(tmp_path / "old", None), Elsewhere(first, databases(), apart))
    office.move(everything_holds)
    assert lock_store_url(office.new) == apart

    move_home(office.new, tmp_path / "newer", Elsewhere(databases()), everything_holds, untold)
    assert lock_store_url(tmp_path / "newer") == apart
    with pytest.raises(Malformed, match="only with a store that nodes share"):
        move_home(tmp_path / "newer", tmp_path / "newest", Elsewhere(None, first), everything_holds, untold)
    everything_holds(tmp_path / "newer")


# Killed in the middle.

STEPS = {
    "ledger.home.moving.copy_log": True,
    "ledger.storage.moving.root_of": True,
    "ledger.home.moving.copy_custody": True,
    "ledger.custody.copying._copy_rows": True,
    "ledger.custody.copying._copy_documents": True,
    "ledger.home.moving._copied_lock_store": True,
    "ledger.evidence.lockstore.LockStore.take_in": True,
    "ledger.home.moving.sync_tree": True,
    "ledger.home.moving.leave": True,
    # From then on the old home knows that it was left.
    "ledger.home.moving.moved_to": False,
}


@pytest.mark.campaign
@pytest.mark.parametrize("step", STEPS if CAMPAIGN else [*STEPS][3::6])
def test_who_was_killed_starts_again_and_what_was_erased_meanwhile_is_not_there(in_files: Office, step: str):
    killed = forking().Process(target=move_until, args=(step, in_files))
    killed.start()
    killed.join(PATIENCE)
    assert killed.exitcode == -signal.SIGKILL

    assert not in_files.new.exists()
    if STEPS[step]:
        erase(in_files.home, person=ANA)
    else:
        with pytest.raises(NotALedger, match="was left for"):
            erase(in_files.home, person=ANA)
    before = kept_in(in_files.home)
    in_files.move(everything_holds)

    assert kept_in(in_files.new) == before
    assert people_in(in_files.new) == ({BEN} if STEPS[step] else {ANA, BEN})
    assert not draft_of(in_files.new).exists()


def move_until(step: str, office: Office) -> None:
    """Move, and be killed where a step would begin."""
    place, _, name = step.rpartition(".")
    setattr(resolve_name(place), name, die)
    office.move()


def die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
