"""Somebody with full write access to everything that the office keeps: what they do, and what the command line says.

An office with an agreement in force was signed, and a witness has cosigned. Somebody else keeps that checkpoint, and a
receipt for the entry that registers the data set. What came since, nobody has signed. The README has the same table.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.dcb.api import DCBEvent

from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.entry import Entry
from ledger.chain.merkle import root_hash
from ledger.chain.note import verifier_key
from ledger.events import LogKeyRetired, LogKeyRotated, RequestApproved
from ledger.evidence.lockstore import NOTHING, Stored
from ledger.evidence.logkeys import log_key
from ledger.evidence.witness import Witness, create_witness
from ledger.home import PUBLISHED, open_home, open_lock_store, open_log, read_log_key, store_url
from ledger.storage import is_postgres
from tests.command_line import ROSA, TOM, Office, Stages, dua_ledger
from tests.custody_facts import forged_text
from tests.facts import fact, ledger_on
from tests.moved import Moved, moved
from tests.postgres import Server
from tests.signing import as_events, cut, entries_of, rewrite, with_altered
from tests.stores import POSTGRES
from tests.tampering import Superuser, guards_down
from tests.witnesses import Served, served

pytestmark = pytest.mark.needs("gpg")
README = Path(__file__).parents[1] / "README.md"
DATA_SET = b'"person-course"'
VIEWS, LOCK_STORE = "views.db", "lock/checkpoints.db"


class Kept(NamedTuple):
    """The office's folder, where others keep what they were given: a checkpoint, a receipt with its entry, the key."""

    office: Office
    witness: str
    vkey: str

    @property
    def home(self) -> Path:
        return self.office.home

    @property
    def folder(self) -> Path:
        return self.office.folder

    def says(self) -> tuple[int, int, int, int]:
        """The exit codes: of `verify` alone, with the checkpoint, with the witness, and of `check-receipt`."""
        entry = self.folder / "now.json"
        found = {one.position: one.raw for one in entries_of(self.home)}
        entry.write_bytes(found.get(self.position, b""))
        return (
            self.verify(),
            self.verify("--checkpoint", self.folder / "checkpoint", "--vkey", self.vkey),
            self.verify("--witness", self.witness, "--vkey", self.vkey),
            dua_ledger("check-receipt", self.folder / "kept.tlog-proof", "--entry", entry, "--vkey", self.vkey).code,
        )

    def verify(self, *options: object) -> int:
        return dua_ledger("verify", "--processes", 1, *options, home=self.home).code

    @property
    def position(self) -> int:
        """That of the entry for which there is a receipt."""
        return int(re.findall(rb"\nindex (\d+)\n", (self.folder / "kept.tlog-proof").read_bytes())[0]) + 1

    @property
    def signed(self) -> int:
        """How many entries are signed."""
        return int((self.folder / "checkpoint").read_bytes().split(b"\n")[1])

    def run(self, file: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement on a file of the home, or on what is kept in a database in its stead."""
        if is_postgres(store_url(self.home)) and file != VIEWS:
            return Superuser(self.home, store_url(self.home)).run(Path(file).name, statement, *values)
        with closing(sqlite3.connect(self.home / file, isolation_level=None)) as connection, guards_down(connection):
            return connection.execute(statement, values).fetchall()

    def sign_anew(self, *sizes: int) -> None:
        """With the log key in hand: another lock store, and published what is in it, by which the log was always so."""
        for table in ("checkpoints", "cosignatures"):
            self.run(LOCK_STORE, f"DELETE FROM {table}")
        leaves, before = [one.leaf for one in entries_of(self.home)], NOTHING
        with open_lock_store(self.home) as lock:
            for size in sizes:
                checkpoint = Checkpoint("log.example.com", size, root_hash(leaves[:size]))
                stored = Stored(size, sign_checkpoint(checkpoint, [read_log_key(self.home)]))
                assert lock.add(stored, before)
                before = stored
        (self.home / PUBLISHED).write_bytes(before.note)


@contextmanager
def without_log_key(home: Path) -> Iterator[None]:
    """Meanwhile what is recorded stays unsigned."""
    key = home / "keys/log-key.pem"
    hidden = key.rename(home.parent / "log-key.pem")
    yield
    hidden.rename(key)


@pytest.fixture(scope="module")
def watched(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Served, str]]:
    """The office, signed and witnessed, with views that somebody has asked, and two entries that nobody has signed."""
    folder = tmp_path_factory.mktemp("watched")
    office = stages.at("executed").copied(folder / "office")
    witness_key = create_witness(folder / "witness", "audit.example.edu/w")
    with open_log(office.home) as store, Witness(folder / "witness") as opened:
        opened.add(log_key(store))
    position = next(one.position for one in entries_of(office.home) if DATA_SET in one.payload)
    with served(folder / "witness") as witness:
        office.put("checkpoint", office(f"checkpoint --witness {witness.url}={witness_key}").out.encode())
        office.done(
            f"receipt {position} --to {{kept.tlog-proof}} --entry {{kept.json}}", "inbox", "holders D-6.002x-pc"
        )
        with without_log_key(office.home):
            codes = [office(line).code for line in ("register-organisation 'Another College'", "approve R-2026-0001")]
            assert codes == [0, 3]
        yield office, witness, f"{witness.url}={witness_key}"


@pytest.fixture(scope="module")
def moved_home(
    watched: tuple[Office, Served, str], postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Moved:
    """The home of the office after it has moved into a PostgreSQL database, and somebody has asked its views again."""
    office, *_ = watched
    found = moved(office.home, tmp_path_factory.mktemp("moved"), postgres_server)
    with without_log_key(found.home):
        assert dua_ledger("inbox", home=found.home, clock=office.clock, DUA_LEDGER_ACTOR="staff:1").code == 0
    return found


@pytest.fixture(params=["file", POSTGRES])
def kept(request: pytest.FixtureRequest, watched: tuple[Office, Served, str], tmp_path: Path) -> Iterator[Kept]:
    """The office in files, and after it has moved into a PostgreSQL database."""
    office, _, witness = watched
    with open_log(office.home) as store:
        vkey = str(log_key(store))
    copied = office.copied(tmp_path / "office")
    if request.param == "file":
        yield Kept(copied, witness, vkey)
        return
    shutil.rmtree(copied.home)
    found: Moved = request.getfixturevalue("moved_home")
    with found.copied(copied.home):
        yield Kept(copied, witness, vkey)


# What the attacker does.


def rewrites(kept: Kept) -> None:
    rewrite(kept.home, with_altered(kept.position))
    assert kept.office("rebuild").code == 1


def rewrites_and_signs(kept: Kept) -> None:
    rewrite(kept.home, with_altered(kept.position))
    kept.sign_anew(1, kept.signed)


def cuts(kept: Kept) -> None:
    cut(kept.home, kept.position - 1)


def regrows(kept: Kept) -> None:
    size = len(entries_of(kept.home))
    other = DCBEvent(
        "dataset.registered.v1", with_data_set(entries_of(kept.home)).replace(b"D-6", b"D-7"), ["dataset:D"]
    )
    rewrite(
        kept.home,
        lambda entries: [*as_events(entries[: kept.position - 1]), *[other] * (size - kept.position + 1)],
    )
    assert len(entries_of(kept.home)) == size


def with_data_set(entries: list[Entry]) -> bytes:
    return next(one.payload for one in entries if DATA_SET in one.payload)


def puts_yesterday_back(kept: Kept) -> None:
    cut(kept.home, kept.signed - 1)


def puts_all_of_yesterday_back(kept: Kept) -> None:
    cut(kept.home, kept.signed - 1)
    kept.sign_anew(1)


def shows_another_history(kept: Kept) -> None:
    """The one who keeps the checkpoint was shown another than whoever is shown this."""
    rewrite(kept.home, with_altered(kept.position))
    kept.sign_anew(1, kept.signed + 1)


def swaps_a_document(kept: Kept) -> None:
    if is_postgres(store_url(kept.home)):
        (one, _), (other, _) = rows = kept.run("custody.db", "SELECT * FROM documents ORDER BY address LIMIT 2")
        for address, (_, box) in zip((other, one), rows, strict=True):
            kept.run("custody.db", "UPDATE documents SET box = ? WHERE address = ?", box, address)
        return
    one, other = sorted(file for file in (kept.home / "documents").rglob("*") if file.is_file())[:2]
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def replaces_details(kept: Kept) -> None:
    """With the keys in hand, another name is sealed for the same person, and for the same commitment."""
    with open_home(kept.home, kept.office.clock) as home:
        subject = f"person:{kept.office.person(ROSA)}"
        (name,) = [
            one.commitment for one in home.custody.commitments() if one.subject == subject and one.purpose == NAME
        ]
        forged = forged_text(home.custody, name, "Rosa Quiche")
    kept.run("custody.db", "UPDATE sealed SET box = ? WHERE commitment = ?", forged, bytes.fromhex(name))


NAME = "person.registered/name"


def removes_details(kept: Kept) -> None:
    with open_home(kept.home, kept.office.clock) as home:
        home.custody.erase(f"person:{kept.office.person(TOM)}", ["phone", "email"])


def edits_a_view(kept: Kept) -> None:
    kept.run(VIEWS, "UPDATE requests SET state = 'released'")


def forges_a_checkpoint(kept: Kept) -> None:
    """It takes the place of the one that was kept."""
    leaves = [one.leaf for one in entries_of(kept.home)]
    forged = Checkpoint("log.example.com", len(leaves), root_hash(leaves))
    (kept.folder / "checkpoint").write_bytes(sign_checkpoint(forged, [Ed25519PrivateKey.generate()]))


def takes_a_checkpoint_out(kept: Kept) -> None:
    taken_out(kept, cosigned=False)


def forges_the_lock_store(kept: Kept) -> None:
    leaves = [one.leaf for one in entries_of(kept.home)]
    forged = sign_checkpoint(
        Checkpoint("log.example.com", len(leaves), root_hash(leaves)), [Ed25519PrivateKey.generate()]
    )
    with open_lock_store(kept.home) as lock:
        assert lock.add(Stored(len(leaves), forged), lock.last())


def publishes_another_history(kept: Kept, key: Ed25519PrivateKey | None = None) -> None:
    """What everybody is shown who fetches a checkpoint, and what they are told to compare with."""
    leaves = [one.leaf for one in entries_of(kept.home)]
    leaves[kept.position - 1] = bytes(32)
    checkpoint = Checkpoint("log.example.com", len(leaves), root_hash(leaves))
    (kept.home / PUBLISHED).write_bytes(sign_checkpoint(checkpoint, [key or read_log_key(kept.home)]))


def publishes_by_another_key(kept: Kept) -> None:
    publishes_another_history(kept, Ed25519PrivateKey.generate())


def takes_over_signing(kept: Kept) -> None:
    """Without the log key: the log names another that signs, and retires the one that did."""
    own = Ed25519PrivateKey.generate()
    vkey = verifier_key("log.example.com", own.public_key().public_bytes_raw())
    with open_log(kept.home, kept.office.clock) as store:
        events = [LogKeyRotated(log_key=vkey), LogKeyRetired(log_key=kept.vkey)]
        ledger_on(store, kept.office.clock).append([fact(event) for event in events])
    leaves = [one.leaf for one in entries_of(kept.home)]
    signed = sign_checkpoint(Checkpoint("log.example.com", len(leaves), root_hash(leaves)), [own])
    with open_lock_store(kept.home) as lock:
        assert lock.add(Stored(len(leaves), signed), lock.last())


def makes_a_refusal_an_approval(kept: Kept) -> None:
    """In what nobody has signed yet: what was refused was done."""

    def change(entries: list[Entry]) -> Iterator[DCBEvent]:
        for event, entry in zip(as_events(entries), entries, strict=True):
            if entry.header.type != "act.refused.v1":
                yield event
                continue
            payload = json.loads(entry.payload)
            payload["event"] = msgspec.to_builtins(RequestApproved(request="R-2026-0001"))
            data = json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
            yield DCBEvent("request.approved.v1", data, event.tags)

    rewrite(kept.home, change)


def rewrites_what_nobody_signed(kept: Kept) -> None:
    rewrite(kept.home, lambda entries: list(as_events(entries))[:-2])


class Row(NamedTuple):
    """What somebody does, and what is said of it then: by `verify`, with a checkpoint or witness, by a receipt."""

    does: Callable[[Kept], None]
    alone: int
    compared: int
    receipt: int


# As in the README, word for word.
ROWS = {
    "rewrites an entry, with chain, tree, index and views": Row(rewrites, 11, 11, 10),
    "... and lock store, signatures and what is published, with the log key": Row(rewrites_and_signs, 0, 11, 10),
    "cuts the tail off": Row(cuts, 11, 11, 10),
    "cuts it off, and lets it grow to the same size": Row(regrows, 11, 11, 10),
    "puts yesterday's database back": Row(puts_yesterday_back, 11, 11, 0),
    "... and yesterday's lock store, and publishes what is in it": Row(puts_all_of_yesterday_back, 0, 11, 0),
    "shows two histories to two auditors, each signed": Row(shows_another_history, 0, 11, 10),
    "publishes a checkpoint over another history, signed": Row(publishes_another_history, 11, 11, 0),
    "... or by another key": Row(publishes_by_another_key, 12, 12, 0),
    "swaps documents": Row(swaps_a_document, 10, 10, 0),
    "replaces a name, with all keys in hand": Row(replaces_details, 10, 10, 0),
    "removes details without an erasure": Row(removes_details, 10, 10, 0),
    "edits a view": Row(edits_a_view, 10, 10, 0),
    "adds a checkpoint by another key to the lock store": Row(forges_the_lock_store, 12, 12, 0),
    "has the log name a key of theirs, retires the real one, and signs": Row(takes_over_signing, 12, 12, 0),
    "takes a checkpoint that nobody else has out of the lock store": Row(takes_a_checkpoint_out, 0, 0, 0),
    "makes a refusal that nobody signed yet an act done": Row(makes_a_refusal_an_approval, 10, 10, 0),
    "cuts off what nobody signed yet": Row(rewrites_what_nobody_signed, 0, 0, 0),
}


def test_where_nothing_was_done_all_holds(kept: Kept):
    assert kept.says() == (0, 0, 0, 0)


@pytest.mark.parametrize("what", ROWS)
def test_what_an_attacker_does_is_found_by_whom_the_readme_says(kept: Kept, what: str):
    row = ROWS[what]
    row.does(kept)

    assert kept.says() == (row.alone, row.compared, row.compared, row.receipt)


def test_a_checkpoint_by_another_key_shows_nothing(kept: Kept):
    forges_a_checkpoint(kept)

    assert kept.says() == (0, 12, 0, 0)


def test_a_receipt_goes_on_holding_for_an_entry_that_was_cut_off(kept: Kept):
    cuts(kept)
    told = dua_ledger(
        "check-receipt", kept.folder / "kept.tlog-proof", "--entry", kept.folder / "kept.json", "--vkey", kept.vkey
    )

    assert told.code == 0


def test_a_quick_verification_looks_at_no_view_and_judges_nothing_again(kept: Kept):
    edits_a_view(kept)
    makes_a_refusal_an_approval(kept)

    assert (kept.verify("--quick"), kept.verify()) == (0, 10)


def test_views_that_were_edited_are_made_anew(kept: Kept):
    edits_a_view(kept)
    assert kept.office("rebuild").code == 0

    assert kept.verify() == 0


def taken_out(kept: Kept, cosigned: bool) -> Stored:
    """A checkpoint that is gone from the lock store, guards put back: the last, or the one before, which nobody has."""
    with open_lock_store(kept.home) as lock:
        before, last = list(lock.all())[-2:]
        assert lock.cosigned_sizes() == [last.size]
    gone = last if cosigned else before
    kept.run(LOCK_STORE, "DELETE FROM checkpoints WHERE size = ?", gone.size)
    return gone


def test_that_a_checkpoint_is_gone_is_found_by_whoever_has_it_and_shown_by_nothing_else(kept: Kept):
    gone = taken_out(kept, cosigned=False)
    assert kept.says() == (0, 0, 0, 0)

    (kept.folder / "checkpoint").write_bytes(gone.note)
    assert kept.says() == (0, 11, 0, 0)


def test_that_a_checkpoint_is_gone_that_a_witness_has_cosigned_is_found_in_the_house(kept: Kept):
    taken_out(kept, cosigned=True)

    assert kept.says()[:3] == (10, 10, 10)


def test_the_readme_has_this_table():
    told = README.read_text(encoding="utf-8").partition("## Somebody with full write access")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in told.splitlines() if line.startswith("| ")
    ]

    assert {what: tuple(map(code_in, codes)) for what, *codes in rows[2:]} == {
        what: (row.alone, row.compared, row.receipt) for what, row in ROWS.items()
    }


def code_in(cell: str) -> int:
    """The exit code that a cell begins with."""
    return int(cell.partition(" ")[0].removesuffix(":"))
