"""An office that is kept in PostgreSQL, on several machines: they share all that is kept, and any of them may fall."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from api.cli.verifying import verify_home
from ledger.boundary import about
from ledger.chain.checkpoint import open_checkpoint
from ledger.errors import AlreadyThere, LedgerError, Malformed, Missing, NotALedger, Unreachable, WrongKey
from ledger.events import OrganisationRegistered
from ledger.evidence.lockstore import LockStore
from ledger.evidence.logkeys import log_keys
from ledger.home import create_home, join_home, open_custody, open_home, open_lock_store, open_log
from tests.command_line import IRA, STAGES, Office, Stages, dua_ledger
from tests.facts import NOON, Clock, data_set, noon
from tests.postgres import Server, end_connections
from tests.served import CLIENTS, directors_key, serving_at
from tests.signing import ORIGIN, append, assert_one_line, locked, sign
from tests.stores import CAMPAIGN
from tests.tampering import ANA, record, register

pytestmark = pytest.mark.needs("initdb")

DIRECTOR = "staff:1"
DEATHS = 8 if CAMPAIGN else 1


@pytest.fixture
def first(service_url: str, tmp_path: Path) -> Path:
    """A home of an office that has just been opened in a database."""
    create_home(tmp_path / "first", ORIGIN, actor=DIRECTOR, via="test", clock=noon, store=service_url)
    return tmp_path / "first"


@pytest.fixture
def second(first: Path, service_url: str, tmp_path: Path) -> Path:
    """Another home of the same office."""
    join_home(tmp_path / "second", service_url, first / "keys")
    return tmp_path / "second"


def names_under(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


# Homes.


def test_a_home_of_it_has_keys_and_urls_and_nothing_else_that_counts(first: Path, second: Path):
    keys = {"keys/key-encryption-key", "keys/key-store", "keys/lock-store", "keys/log-key.pem"}

    assert names_under(first) == names_under(second) == {"checkpoint", "custody", "store", *keys}
    assert {file.stat().st_mode & 0o777 for file in second.rglob("*") if file.is_file()} == {0o600}


def test_what_one_home_seals_the_other_opens_until_either_erases_it(first: Path, second: Path):
    with open_home(first, noon) as one, open_home(second, noon) as other:
        sealed = one.custody.seal(
            "person:p-1", "person.registered", {"name": "Ana Ejemplo", "email": "ana@example.edu"}
        )
        assert other.custody.unseal(sealed["name"]) == "Ana Ejemplo"
        assert [kept.commitment for kept in other.custody.find("person", "ANA@example.edu")] == [sealed["email"]]

        other.custody.erase("person:p-1")
        with pytest.raises(Missing):
            one.custody.unseal(sealed["name"])
        assert one.custody.find("person", "ana@example.edu") == []


def test_homes_that_sign_in_turn_give_one_line_of_checkpoints(first: Path, second: Path):
    for home in (first, second, first, second):
        append(home)
        assert sign(home).size == len(locked(home))

    with open_lock_store(first) as lock:
        assert_one_line(first, lock)
        assert lock.last().size == 5


def test_connections_that_ended_while_nobody_looked_are_replaced(first: Path, postgres_server: Server):
    with open_home(first, noon) as home:
        for member in ("name", "phone"):
            home.custody.seal("person:p-1", "person.registered", {member: member})
            assert home.notary.checkpoint().size == 1
            end_connections(postgres_server)
        assert home.custody.erase("person:p-1").keys == 1


def test_keys_and_lock_store_can_be_in_other_databases(postgres_server: Server, service_url: str, tmp_path: Path):
    with postgres_server.served() as keys, postgres_server.served() as lock:
        first, second = tmp_path / "first", tmp_path / "second"
        elsewhere = {"store": service_url, "key_store": keys, "lock_store": lock}
        create_home(first, ORIGIN, actor=DIRECTOR, via="test", clock=noon, **elsewhere)
        assert join_home(second, service_url, first / "keys") == 1

        with open_home(second, noon) as home, open_home(first, noon) as other:
            record(home, data_set("D-1"))
            sealed = home.custody.seal("person:p-1", "person.registered", {"name": "Ana"})
            assert other.custody.unseal(sealed["name"]) == "Ana"
        with LockStore(lock) as there, LockStore(service_url) as here:
            assert ([one.size for one in there.all()], list(here.all())) == ([1], [])


def test_a_home_without_keys_reads_and_verifies_the_log_alone(first: Path, service_url: str, tmp_path: Path):
    joined = dua_ledger("join", "--store", service_url, home=tmp_path / "auditor")
    assert joined == (
        0,
        f"Joined, in {tmp_path}/auditor: 1 entry so far. This home can read and verify the log, and open nothing.\n",
        "",
    )

    assert len(dua_ledger("entries", home=tmp_path / "auditor").lines) == 1
    verified = dua_ledger("verify", "--processes", 1, home=tmp_path / "auditor")
    no_key = f"{tmp_path}/auditor/keys/key-encryption-key: No such file or directory"
    unchecked = "no detail, document or signature on an agreement was checked"
    assert (verified.code, verified.lines[0]) == (
        12,
        f"unverified: log: custody cannot be read: {no_key}; {unchecked}",
    )
    assert verified.lines[1].startswith("1 finding in 1 entry: nothing is known to be altered, but not all could be")


def of_another_office(first: Path, keys: Path) -> type[LedgerError]:
    (keys / "key-encryption-key").write_text("0" * 128 + "\n")
    return NotALedger


def without_the_log_key(first: Path, keys: Path) -> type[LedgerError]:
    create_home(first.parent / "other", ORIGIN, actor=DIRECTOR, via="test")
    (first.parent / "other/keys/log-key.pem").replace(keys / "log-key.pem")
    return WrongKey


def without_what_opens_custody(first: Path, keys: Path) -> type[LedgerError]:
    (keys / "key-encryption-key").unlink()
    return Unreachable


@pytest.mark.parametrize("spoil", [of_another_office, without_the_log_key, without_what_opens_custody])
def test_no_home_is_made_with_keys_that_do_not_open_it(
    spoil: Callable[[Path, Path], type[LedgerError]], first: Path, service_url: str, tmp_path: Path
):
    keys = shutil.copytree(first / "keys", tmp_path / "keys")
    with pytest.raises(spoil(first, keys)):
        join_home(tmp_path / "second", service_url, keys)

    assert not (tmp_path / "second").exists()


def test_nobody_joins_where_there_is_no_office_yet(service_url: str, tmp_path: Path):
    with pytest.raises(NotALedger, match="holds no office yet"):
        join_home(tmp_path / "second", service_url)
    with pytest.raises(Malformed, match="is not postgresql"):
        join_home(tmp_path / "second", "sqlite:////tmp/log.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_has_keys_already_gets_no_other(first: Path, postgres_server: Server, tmp_path: Path):
    keys = (first / "keys/key-store").read_text().strip()
    with postgres_server.served() as other:
        with pytest.raises(AlreadyThere, match="has a key store in it already"):
            create_home(tmp_path / "other", ORIGIN, actor=DIRECTOR, via="test", store=other, key_store=keys)
        # What could not be made whole leaves nothing behind, and is made when it can be.
        create_home(tmp_path / "other", ORIGIN, actor=DIRECTOR, via="test", store=other)
    with open_custody(first) as custody:
        assert list(custody.commitments()) == []


def test_what_could_not_be_made_whole_leaves_no_keys_behind(service_url: str, tmp_path: Path):
    wrong = f"sqlite:///{tmp_path}/no/folder/lock.db"
    for lock_store in (wrong, None):
        try:
            create_home(tmp_path / "home", ORIGIN, actor=DIRECTOR, via="test", store=service_url, lock_store=lock_store)
        except Unreachable:
            assert lock_store == wrong
    assert verify_home(tmp_path / "home").findings == ()


@pytest.mark.parametrize("command", [["backup"], ["backup-keys", "--keep-days", "3"]], ids=" ".join)
def test_a_backup_of_files_that_are_not_there_is_refused(command: list[str], first: Path, tmp_path: Path):
    refused = dua_ledger(*command, tmp_path / "backup.tar", home=first)

    assert (refused.code, "is backed up by PostgreSQL's own means" in refused.err) == (1, True)
    assert not (tmp_path / "backup.tar").exists()


# What a superuser does.

ATTACKS = {
    "UPDATE custody.sealed SET box = 'another' WHERE purpose LIKE '%name'": "does not hold its name as it was",
    "UPDATE custody.sealed SET subject = 'person:p-2'": "custody does not hold its",
    "DELETE FROM custody.sealed WHERE purpose LIKE '%phone'": "custody has lost its phone",
    "DELETE FROM keys.salts WHERE purpose LIKE '%name'": "custody has lost its name",
    "UPDATE keys.salts SET wrapped = (SELECT wrapped FROM keys.salts ORDER BY commitment LIMIT 1)": "does not hold its",
    "DELETE FROM keys.subject_keys": "custody has lost its",
    "DELETE FROM keys.secrets": "this secret is not in the key store",
    "DELETE FROM keys.opened_by": "is not the key-encryption key of",
    "DELETE FROM custody.documents": "custody has lost its documents",
    "UPDATE custody.documents SET box = substr(box, 2)": "does not hold its documents as it was",
    "UPDATE custody.documents SET box = decode(repeat('00', 26300000), 'hex')": "more than a document may have",
    "INSERT INTO custody.documents VALUES ('address', 'box')": "lies among the documents and belongs to none of them",
    "ALTER TABLE keys.salts ADD COLUMN spying text": "column salts.spying is no part of a ledger's database",
    "CREATE OR REPLACE FUNCTION keys.purge() RETURNS void LANGUAGE sql AS ''": "function purge was declared otherwise",
    "DROP SCHEMA custody CASCADE": "has no vault in it",
    "DROP TRIGGER checkpoints_no_delete ON lock_store.checkpoints": "guard checkpoints_no_delete is missing",
    "DROP SCHEMA lock_store CASCADE": "has no lock store in it",
}


@pytest.mark.campaign
def test_what_a_superuser_did_beside_the_log_is_found(first: Path, postgres_url: str):
    with open_home(first, noon) as home:
        register(home, ANA, "Ana Ejemplo", b"a letter")
        home.notary.checkpoint()
    assert verify_home(first).findings == ()
    attacks = [*ATTACKS] if CAMPAIGN else [*ATTACKS][::4]
    missed = {
        attack: found
        for attack in attacks
        if ATTACKS[attack] not in (found := found_after(attack, first, postgres_url))
    }

    assert missed == {}
    assert verify_home(first).findings == ()


def found_after(attack: str, home: Path, url: str) -> str:
    """What is found once something was done to the office's database, which is put back as it was."""
    name = url.partition("?")[0].rpartition("/")[2]
    with closing(psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True)) as server:
        server.execute(f"CREATE DATABASE kept TEMPLATE {name}".encode())
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(attack.encode())
        report = verify_home(home)
        server.execute(f"DROP DATABASE {name}".encode())
        server.execute(f"ALTER DATABASE kept RENAME TO {name}".encode())
    return "; ".join(map(str, (report.verdict.name, *report.findings)))


# An office at work.


class Turns(Office):
    """An office with two homes, in which every line is typed in the other one than the line before."""

    def __init__(self, folder: Path, clock: Callable[[], datetime], url: str) -> None:
        super().__init__(folder, clock)
        self.url, self._homes = url, cycle([folder / "first", folder / "second"])

    @property
    def home(self) -> Path:
        return next(self._homes)

    def make(self) -> None:
        create_home(
            self.folder / "first", "log.example.com", actor=DIRECTOR, via="test", clock=self.clock, store=self.url
        )
        join_home(self.folder / "second", self.url, self.folder / "first/keys")


@pytest.mark.needs("gpg")
def test_a_request_is_taken_from_its_packet_to_its_release_by_two_homes_in_turn(
    stages: Stages, service_url: str, tmp_path: Path
):
    office = Turns(tmp_path / "office", Clock(NOON), service_url)
    for stage in STAGES.values():
        stage(office, stages)

    assert stages.tom.decrypt((office.folder / "package.gpg").read_bytes())
    assert [len(office.facts(f"{one}.v1")) for one in ("release.authorised", "release.handed-over")] == [1, 1]
    for _ in range(2):
        assert "Tom Abara" in office("holders D-6.002x-pc").out
        verified = office("verify --processes 1")
        assert (verified.code, verified.lines[0].startswith("All holds in")) == (0, True), verified
    office.done(f"change-details {IRA} --phone +1", f"erase {IRA} --detail phone --yes")
    assert verify_home(office.home, 2).findings == ()


@pytest.mark.campaign
def test_two_servers_write_for_one_office_and_the_death_of_one_loses_nothing(service_url: str, tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    create_home(first, ORIGIN, actor=DIRECTOR, via="test", store=service_url)
    join_home(second, service_url, first / "keys")
    key = directors_key(first)
    answered: list[str] = []
    for death in range(DEATHS):
        homes = (first, second) if death % 2 == 0 else (second, first)
        answered += answered_while_one_died(*homes, key, f"{death}-")

    with open_home(second) as home:
        facts = home.ledger.facts([about(OrganisationRegistered)])
        recorded = [fact.event.organisation for fact in facts if isinstance(fact.event, OrganisationRegistered)]
        # Whatever the dead had recorded and not signed is signed by whoever comes next.
        assert home.notary.checkpoint().size == home.ledger.store.length()
    assert len(set(recorded)) == len(recorded)
    assert set(answered) <= set(recorded)
    # A call that nobody was answered may be in the log: one for each client of those that were killed.
    assert len(recorded) - len(answered) <= DEATHS * CLIENTS
    with LockStore(service_url) as lock:
        assert_one_line(first, lock)
    assert verify_home(first, 1).findings == ()


def answered_while_one_died(dying_home: Path, living_home: Path, key: str, name: str) -> list[str]:
    """What two servers said is recorded, of which one was killed while both were writing."""
    with serving_at(dying_home, key, 1) as dying, serving_at(living_home, key, 1) as living:
        dying.name, living.name = f"{name}dying-", f"{name}living-"
        with living.in_the_middle(5):
            with dying.in_the_middle(5):
                os.killpg(dying.process.pid, signal.SIGKILL)
            assert living.ask("GET", "/readyz")[0] == 200
            status, note = living.ask("GET", "/checkpoint")
            living.has_answered(len(living.answered) + 5)
            living.enough.set()

        assert {status for _, status in (*dying.answers, *living.answers)} == {201}
        with open_log(living_home) as log:
            assert (status, open_checkpoint(note, log_keys(log)).size > 1) == (200, True)
        return [*dying.answered, *living.answered]
