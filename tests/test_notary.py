"""The notary signs what a log has come to, and nothing that does not continue what was signed before."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.cli.verifying import verify_home
from ledger.chain.checkpoint import Checkpoint, open_checkpoint
from ledger.chain.entry import NO_LEAF, make_entry
from ledger.chain.merkle import completed_by_all, leaf_hashes, node_hash, root_hash, root_of
from ledger.chain.note import parse_vkey
from ledger.chain.receipt import check_receipt
from ledger.errors import AlreadyThere, Damaged, LedgerError, Malformed, NotALedger, NotContinued, Unreachable, WrongKey
from ledger.evidence.frontier import Frontier
from ledger.evidence.lockstore import LockStore, Stored, create_lock_store
from ledger.evidence.logkeys import log_key
from ledger.evidence.notary import Notary
from ledger.evidence.report import Verdict
from ledger.home import create_home, open_home, open_lock_store, open_log, open_notary, read_log_key
from ledger.storage.port import ROWS
from tests.facts import NOON, noon
from tests.signing import (
    ORIGIN,
    append,
    assert_one_line,
    cut,
    entries_of,
    locked,
    new_home,
    rewrite,
    sign,
    signed_home,
    with_altered,
)
from tests.tampering import guards_down


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


def root_over(path: Path, size: int) -> bytes:
    return root_hash([entry.leaf for entry in entries_of(path)[:size]])


def notary_of(path: Path, keys: Callable[[], list[Ed25519PrivateKey]]) -> Notary:
    return Notary(open_log(path), open_lock_store(path), keys, path / "checkpoint")


# Signing.


def test_a_log_signs_when_it_begins(home: Path):
    (first,) = locked(home)
    with open_log(home) as store:
        signed = open_checkpoint(first.note, [log_key(store)])

    assert signed.checkpoint == Checkpoint(ORIGIN, 1, root_over(home, 1))
    assert (home / "checkpoint").read_bytes() == first.note


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 300])
def test_one_checkpoint_covers_whatever_was_appended_until_then(home: Path, count: int):
    append(home, count)
    signed = sign(home)

    assert signed.checkpoint == Checkpoint(ORIGIN, 1 + count, root_over(home, 1 + count))
    assert [stored.size for stored in locked(home)] == [1, 1 + count]
    assert (home / "checkpoint").read_bytes() == signed.raw == locked(home)[-1].note


def test_every_size_can_be_signed_and_each_checkpoint_continues_the_one_before(home: Path):
    with open_home(home, noon) as opened:
        for _ in range(40):
            append(home)
            opened.notary.checkpoint()

    assert [stored.size for stored in locked(home)] == list(range(1, 42))
    with open_lock_store(home) as lock:
        assert_one_line(home, lock)


def test_where_nothing_is_new_the_last_checkpoint_is_given_again(home: Path):
    append(home, 4)
    first = sign(home)

    assert (sign(home), len(locked(home))) == (first, 2)


def test_who_asks_for_a_position_gets_a_checkpoint_that_covers_it(home: Path):
    append(home, 4)
    with open_notary(home) as notary:
        assert notary.checkpoint(1).size == 1
        assert notary.checkpoint(2).size == 5
        assert notary.checkpoint(5).size == 5


@pytest.mark.parametrize("position", [0, -1, 6, 2**60])
def test_there_is_no_checkpoint_for_a_position_that_no_entry_has(home: Path, position: int):
    append(home, 4)
    with open_notary(home) as notary, pytest.raises(Malformed):
        notary.checkpoint(position)
    assert len(locked(home)) == 1


def test_who_was_overtaken_answers_with_the_checkpoint_of_whoever_was_faster(home: Path):
    append(home, 3)
    key = read_log_key(home)
    overtaken: list[int] = []

    def keys() -> list[Ed25519PrivateKey]:
        # Between having read the log and storing what it signs.
        if not overtaken:
            append(home)
            overtaken.append(sign(home).size)
        return [key]

    with notary_of(home, keys) as notary:
        signed = notary.checkpoint()

    assert (overtaken, signed.size) == ([5], 5)
    assert [stored.size for stored in locked(home)] == [1, 4, 5]
    assert signed.raw == (home / "checkpoint").read_bytes()


def test_a_notary_that_others_have_left_behind_goes_on_from_the_last_checkpoint(home: Path):
    with open_notary(home) as one, open_notary(home) as other:
        for count, notary in [(1, one), (2, other), (5, other), (1, one), (70, other), (3, one)]:
            append(home, count)
            notary.checkpoint()

    with open_lock_store(home) as lock:
        assert [stored.size for stored in lock.all()] == [1, 2, 4, 9, 10, 80, 83]
        assert_one_line(home, lock)


def test_one_who_signs_what_was_just_written_meets_others_who_do_so_too(home: Path):
    with open_notary(home) as one, open_notary(home) as other:
        for notary in [one, one, one, other, one, other, other, other, one, one]:
            append(home)
            length = len(entries_of(home))
            assert notary.sign(length).size == length

    with open_lock_store(home) as lock:
        assert [stored.size for stored in lock.all()] == list(range(1, 12))
        assert_one_line(home, lock)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lock_store_that_loses_checkpoints_while_its_notary_is_at_work_is_noticed(home: Path, lost: int):
    with open_notary(home) as notary:
        for size in (2, 3):
            append(home)
            notary.sign(size)
        append(home)
        with closing(sqlite3.connect(home / "lock/checkpoints.db", isolation_level=None)) as lock, guards_down(lock):
            lock.execute("DELETE FROM checkpoints WHERE size > ?", (3 - lost,))
        if lost == 3:
            with pytest.raises(NotContinued, match="is empty"):
                notary.sign(4)
            return
        # Those that are left are continued: who kept a later one, or a witness, has what shows the gap.
        assert notary.sign(4).size == 4
    assert [stored.size for stored in locked(home)] == [*range(1, 4 - lost), 4]


def test_only_the_key_that_the_log_names_signs_for_it(home: Path):
    append(home)
    with notary_of(home, lambda: [Ed25519PrivateKey.generate()]) as notary, pytest.raises(WrongKey):
        notary.checkpoint()
    assert len(locked(home)) == 1


def test_a_key_that_is_here_and_that_the_log_does_not_name_signs_nothing(home: Path):
    append(home)
    key, other = read_log_key(home), Ed25519PrivateKey.generate()
    with notary_of(home, lambda: [other, key]) as notary:
        signed = notary.checkpoint()

    assert signed.raw.count("\n— ".encode()) == 1
    assert sign(home) == signed


# What does not continue what was signed.


def test_nobody_writes_to_a_log_that_is_shorter_than_what_was_signed(tmp_path: Path):
    home = signed_home(tmp_path / "home", 4, 9)
    cut(home, 8)
    with pytest.raises(NotContinued) as refusal:
        append(home)

    assert str(refusal.value) == "this log does not continue what was signed: 9 entries were signed, and it has 8"
    assert len(entries_of(home)) == 8


def test_a_log_that_is_cut_off_while_its_notary_is_at_work_is_noticed(tmp_path: Path):
    home = signed_home(tmp_path / "home", 4)
    append(home, 5)
    with open_notary(home) as notary:
        assert notary.checkpoint().size == 9
        with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
            log.execute("DELETE FROM entries WHERE position > 7")
        for position in (None, 7, 8, 9):
            with pytest.raises(NotContinued):
                notary.checkpoint(position)


@pytest.mark.parametrize("position", [2, 5, 8, 9])
def test_nobody_writes_to_a_log_of_which_an_entry_is_another_than_was_signed(tmp_path: Path, position: int):
    home = signed_home(tmp_path / "home", 4, 9)
    append(home, 3)
    rewrite(home, with_altered(position))
    with pytest.raises(NotContinued):
        append(home)
    with open_notary(home) as notary, pytest.raises(NotContinued):
        notary.checkpoint()
    assert [stored.size for stored in locked(home)] == [1, 4, 9]


def test_what_is_not_signed_yet_can_be_rewritten_unnoticed(tmp_path: Path):
    home = signed_home(tmp_path / "home", 4)
    append(home, 3)
    rewrite(home, with_altered(6))
    append(home)

    assert sign(home).size == 8


ALTERED = "CAST(replace(entry, 'person-course', 'tracking-logs') AS BLOB)"
FORGED = {
    "another payload": (f"entry = {ALTERED}", 6),
    "another time": ("entry = CAST(replace(entry, '2026-', '2025-') AS BLOB)", 6),
    "another position": ("entry = CAST(replace(entry, ':6,', ':7,') AS BLOB)", 6),
    "a leaf that is not its own": ("tree = zeroblob(length(tree))", 7),
    "a subtree that is not its own": ("tree = CAST(substr(tree, 1, 32) || zeroblob(32) AS BLOB)", 6),
    "a subtree too few": ("tree = substr(tree, 1, 32)", 6),
    "a subtree too many": ("tree = CAST(tree || zeroblob(32) AS BLOB)", 7),
    "no bytes at all": ("entry = x''", 6),
    "an entry that is missing": ("position = 9", 6),
}


@pytest.mark.parametrize(("change", "position"), FORGED.values(), ids=FORGED)
def test_what_is_not_as_the_log_writes_it_is_not_signed(tmp_path: Path, change: str, position: int):
    home = signed_home(tmp_path / "home", 4)
    append(home, 3)
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
        assert log.execute(f"UPDATE entries SET {change} WHERE position = ?", (position,)).rowcount == 1

    for _ in range(2):
        with open_notary(home) as notary, pytest.raises(NotContinued):
            notary.checkpoint()
    assert [stored.size for stored in locked(home)] == [1, 4]


# The same hashes all over, so that only what the entry says of its place is wrong.
MISPLACED = {
    "that is no first one": {"prev": bytes(32)},
    "after another": {"prev": bytes(range(32))},
    "at another place": {"position": 3},
    "recorded too early": {"recorded_at": NOON - timedelta(microseconds=1)},
}


@pytest.mark.parametrize("said", [{}, *MISPLACED.values()], ids=["right", *MISPLACED])
def test_an_entry_that_does_not_follow_the_one_before_is_not_signed_however_well_it_is_hashed(said: dict[str, Any]):
    first = make_entry(1, NO_LEAF, NOON, [], "thing.happened.v1", b"{}")
    place: dict[str, Any] = {"position": 2, "prev": first.leaf, "recorded_at": NOON} | said
    second = make_entry(**place, tags=[], type_="thing.happened.v1", payload=b"{}")
    rows = [(1, first.leaf, first.raw), (2, second.leaf + node_hash(first.leaf, second.leaf), second.raw)]
    if not said:
        assert Frontier().after([rows]).root() == root_hash([first.leaf, second.leaf])
        return
    with pytest.raises(NotContinued):
        Frontier().after([rows])


# Hashed as it stands, so that only its form is wrong.
ILL_FORMED = {
    "a time that no calendar has": (b"-11-21T", b"-11-31T"),
    "a time of another zone": (b"000000Z", b"0000000"),
    "tags that are not sorted": (b'["a","b"]', b'["b","a"]'),
    "a tag that stands twice": (b'["a","b"]', b'["a","a"]'),
    "a name with a control character": (b"thing.", b"thing\xc2\x85"),
    "a space": (b'"tags":', b'"tags": '),
    "another member": (b'"tags":', b'"tag":1,"tags":'),
}


@pytest.mark.parametrize("change", ILL_FORMED.values(), ids=ILL_FORMED)
@pytest.mark.parametrize("others", [0, 3])
def test_an_entry_that_no_ledger_would_write_is_not_signed_alone_or_among_others(
    change: tuple[bytes, bytes], others: int
):
    entries = [make_entry(1, NO_LEAF, NOON, ["a", "b"], "thing.happened.v1", b"{}")]
    for position in range(2, others + 2):
        entries.append(make_entry(position, entries[-1].leaf, NOON, ["a", "b"], "thing.happened.v1", b"{}"))
    right = [entry.raw for entry in entries]
    wrong = [*right[:-1], right[-1].replace(*change)]

    assert wrong != right
    assert Frontier().after([rows_of(right)]).size == others + 1
    with pytest.raises(NotContinued):
        Frontier().after([rows_of(wrong)])


def rows_of(entries: list[bytes]) -> list[tuple[int, bytes, bytes]]:
    """Entries as a store has them, with the hashes of their bytes."""
    completed, _ = completed_by_all(0, {}, leaf_hashes(entries))
    return [(position, tree, raw) for position, (tree, raw) in enumerate(zip(completed, entries, strict=True), 1)]


@pytest.mark.parametrize(
    "rows", [[2], [1, 3], [1, 1], [1, 2, 2], [2, 1], [1, 2, 4]], ids=lambda rows: "-".join(map(str, rows))
)
def test_rows_that_are_missing_or_out_of_order_are_not_signed(home: Path, rows: list[int]):
    append(home, 3)
    with open_log(home) as store:
        found = {row[0]: row for row in store.rows(0, 4)}
    with pytest.raises(NotContinued):
        Frontier().after([[found[position] for position in rows]])


@pytest.mark.parametrize("before", [0, 1, 7, ROWS - 1, ROWS, ROWS + 1])
def test_a_frontier_is_the_same_in_however_many_steps_it_is_come_to(home: Path, before: int):
    append(home, 2 * ROWS)
    with open_log(home) as store:
        whole = Frontier().after(store.pages(0, 2 * ROWS + 1))
        first = Frontier().after(store.pages(0, before))
        assert first.after(store.pages(before, 2 * ROWS + 1)) == whole
        assert first.after([row] for row in store.rows(before, 2 * ROWS + 1)) == whole
        assert whole.root() == root_of(2 * ROWS + 1, store.subtree)


@pytest.mark.parametrize(
    ("position", "kept_before"),
    [(4, 64), (4, 32), (4, 0), (2, 32), (2, 0), (3, 0)],
    ids=["root", "half", "leaf", "other half", "other leaf", "sibling"],
)
def test_a_log_whose_hashes_no_longer_lead_to_the_root_that_was_signed_is_not_gone_on_with(
    tmp_path: Path, position: int, kept_before: int
):
    home = signed_home(tmp_path / "home", 4)
    change = "CAST(substr(tree, 1, ?1) || zeroblob(32) || substr(tree, ?1 + 33) AS BLOB)"
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
        log.execute(f"UPDATE entries SET tree = {change} WHERE position = ?2", (kept_before, position))
    goes_on = True
    try:
        append(home)
    except NotContinued:
        goes_on = False

    # A hash that the proof does not need is the rest of the verification's affair.
    assert goes_on == ((position, kept_before) in {(4, 32), (2, 0)})
    assert verify_home(home).verdict is Verdict.ALTERED


# What is made up for.


def test_what_was_not_signed_yet_is_signed_when_the_home_is_opened(home: Path):
    append(home, 3)
    with open_home(home, noon):
        assert [stored.size for stored in locked(home)] == [1, 4]
        assert (home / "checkpoint").read_bytes() == locked(home)[-1].note


def test_a_home_without_the_key_at_hand_opens_and_leaves_unsigned_what_is(home: Path):
    append(home, 3)
    key = (home / "keys/log-key.pem").rename(home.with_name("kept"))
    with open_home(home, noon):
        assert [stored.size for stored in locked(home)] == [1]
    key.chmod(0o644)
    key.rename(home / "keys/log-key.pem")
    with open_home(home, noon):
        assert [stored.size for stored in locked(home)] == [1]


@pytest.mark.parametrize("key_is_there", [True, False])
def test_a_home_whose_unsigned_entries_do_not_follow_is_not_opened(home: Path, key_is_there: bool):
    append(home, 3)
    if not key_is_there:
        (home / "keys/log-key.pem").unlink()
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
        log.execute("UPDATE entries SET tree = zeroblob(32) WHERE position = 3")
    with pytest.raises(NotContinued, match="entry 3"), open_home(home, noon):
        pass
    assert [stored.size for stored in locked(home)] == [1]


# The published file.


def test_a_checkpoint_that_was_stored_and_not_published_is_published_when_the_home_is_opened(home: Path):
    before = (home / "checkpoint").read_bytes()
    append(home)
    signed = sign(home)
    for left_behind in (before, b"", signed.raw[:40], None):
        (home / "checkpoint").unlink()
        if left_behind is not None:
            (home / "checkpoint").write_bytes(left_behind)
        (home / ".checkpoint.draft").write_bytes(b"cut off")
        with open_home(home, noon):
            assert (home / "checkpoint").read_bytes() == signed.raw


class Overtaken(LockStore):
    """A lock store whose user is overtaken between storing a checkpoint and publishing it."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"sqlite:///{home}/lock/checkpoints.db")
        self._home = home

    @contextmanager
    def held(self) -> Iterator[Stored]:
        append(self._home)
        sign(self._home)
        with super().held() as last:
            yield last


def test_who_is_overtaken_before_publishing_publishes_what_is_newest(home: Path):
    append(home)
    key = read_log_key(home)
    with Notary(open_log(home), Overtaken(home), lambda: [key], home / "checkpoint") as notary:
        assert notary.checkpoint().size == 2

    assert [stored.size for stored in locked(home)] == [1, 2, 3]
    assert (home / "checkpoint").read_bytes() == locked(home)[-1].note


def test_a_slow_notary_does_not_put_an_older_checkpoint_in_the_place_of_a_newer_one(home: Path):
    append(home)
    with open_notary(home) as slow:
        first = slow.checkpoint()
        append(home)
        second = sign(home)
        (home / "checkpoint").write_bytes(b"")
        with open_notary(home) as another:
            assert another.checkpoint(1) == second
        # It asks for what it has already, and still publishes what is newest.
        assert slow.checkpoint(2) == second

    assert (first.size, (home / "checkpoint").read_bytes()) == (2, second.raw)


def test_what_stands_in_the_way_of_publishing_is_named(home: Path):
    (home / "checkpoint").unlink()
    (home / "checkpoint").mkdir()
    with open_home(home) as opened, pytest.raises(LedgerError) as refusal:
        opened.notary.publish()
    assert str(home / "checkpoint") in str(refusal.value)


# Receipts.


def test_every_entry_gets_a_receipt_that_holds_without_the_log(home: Path):
    append(home, 12)
    with open_notary(home) as notary:
        receipts = [notary.receipt(position).write() for position in range(1, 14)]
    with open_log(home) as store:
        keys = [log_key(store)]

    for raw, entry in zip(receipts, entries_of(home), strict=True):
        assert check_receipt(raw, entry.raw, keys).size >= entry.position


def test_no_receipt_is_made_for_an_entry_that_is_not_the_one_that_was_signed(tmp_path: Path):
    home = signed_home(tmp_path / "home", 9)
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log, guards_down(log):
        assert log.execute(f"UPDATE entries SET entry = {ALTERED} WHERE position = 3").rowcount == 1
    with open_notary(home) as notary:
        assert notary.receipt(2).index == 1
        with pytest.raises(NotContinued):
            notary.receipt(3)


# Keys.


def test_the_key_that_signs_can_be_locked_with_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DUA_LEDGER_KEY_PASSPHRASE", "correct horse")
    home = signed_home(tmp_path / "home", 3)
    pem = (home / "keys/log-key.pem").read_bytes()
    append(home)

    with pytest.raises(TypeError):
        load_pem_private_key(pem, None)
    for passphrase in (None, "", "wrong horse"):
        if passphrase is None:
            monkeypatch.delenv("DUA_LEDGER_KEY_PASSPHRASE")
        else:
            monkeypatch.setenv("DUA_LEDGER_KEY_PASSPHRASE", passphrase)
        # To write needs no key, and to sign does.
        append(home)
        with pytest.raises(Unreachable) as refusal:
            sign(home)
        assert str(refusal.value).startswith(f"{home}/keys/log-key.pem: ")
    monkeypatch.setenv("DUA_LEDGER_KEY_PASSPHRASE", "correct horse")
    assert sign(home).size == 7


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 100_000])
def test_what_is_no_key_is_named(home: Path, content: bytes):
    (home / "keys/log-key.pem").write_bytes(content)
    append(home)
    with pytest.raises(Unreachable) as refusal:
        sign(home)
    assert str(home / "keys/log-key.pem") in str(refusal.value)


def test_without_the_key_the_log_is_written_and_signed_later(home: Path):
    kept = (home / "keys/log-key.pem").rename(home.with_name("kept"))
    append(home, 3)
    with pytest.raises(Unreachable):
        sign(home)
    kept.rename(home / "keys/log-key.pem")

    assert sign(home).size == 4


def test_the_log_names_its_key_in_its_first_entry(tmp_path: Path):
    vkey = create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="test", clock=noon)
    with open_log(tmp_path / "home") as store:
        assert log_key(store) == parse_vkey(vkey)


# The lock store.


def test_a_lock_store_can_be_elsewhere_and_is_found_again(tmp_path: Path):
    elsewhere = tmp_path / "another machine.db"
    home = new_home(tmp_path / "home", f"sqlite:///{elsewhere}")
    append(home, 3)
    sign(home)

    assert not (home / "lock").exists()
    with LockStore(f"sqlite:///{elsewhere}") as lock:
        assert [stored.size for stored in lock.all()] == [1, 4]
    elsewhere.rename(tmp_path / "moved.db")
    with pytest.raises(Unreachable):
        append(home)
    with open_notary(home, f"sqlite:///{tmp_path / 'moved.db'}") as notary:
        assert notary.checkpoint().size == 4


def test_a_home_that_could_not_be_made_leaves_no_lock_store_elsewhere(tmp_path: Path):
    (tmp_path / "there.db").write_bytes(b"")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/something").touch()
    with pytest.raises(AlreadyThere):
        new_home(tmp_path / "other", f"sqlite:///{tmp_path / 'there.db'}")
    with pytest.raises(AlreadyThere):
        new_home(tmp_path / "home", f"sqlite:///{tmp_path / 'fresh.db'}")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "there.db"]


def test_without_its_lock_store_nobody_writes_to_a_log(home: Path):
    (home / "lock/checkpoints.db").unlink()
    with pytest.raises(Unreachable) as refusal:
        append(home)
    assert str(refusal.value).startswith(f"{home}/lock/checkpoints.db: ")


def test_an_empty_lock_store_is_not_taken_for_that_of_a_log_that_has_begun(home: Path):
    append(home)
    (home / "lock/checkpoints.db").unlink()
    create_lock_store(f"sqlite:///{home}/lock/checkpoints.db")
    with pytest.raises(NotContinued):
        append(home)


def test_the_lock_store_of_another_log_is_refused(home: Path, tmp_path: Path):
    other = new_home(tmp_path / "other")
    (other / "lock/checkpoints.db").replace(home / "lock/checkpoints.db")
    with pytest.raises(NotContinued):
        append(home)


def test_what_is_no_lock_store_is_refused(home: Path, tmp_path: Path):
    (tmp_path / "text").write_text("no database, " * 100)
    for path in (home / "log.db", home / "keys/keys.db", tmp_path / "text"):
        with pytest.raises(NotALedger):
            LockStore(f"sqlite:///{path}")
    with pytest.raises(Unreachable):
        LockStore(f"sqlite:///{tmp_path}/missing.db")


def test_a_lock_store_without_its_guards_is_refused(home: Path):
    with closing(sqlite3.connect(home / "lock/checkpoints.db")) as connection:
        connection.execute("DROP TRIGGER checkpoints_never_go")
    with pytest.raises(Damaged):
        append(home)
