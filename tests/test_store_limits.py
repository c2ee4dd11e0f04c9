"""What a store refuses: input that breaks the format, files that are no ledger, disks without room.

Each refusal has a name and says what it is about, and nothing is written.
"""

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent

from ledger.chain.entry import MAX_ENTRY_BYTES
from ledger.errors import Malformed, NewerSchema, NotALedger, StoreFull, TooLarge, Unreachable
from ledger.storage import Store, create_store, open_store
from ledger.storage.sqlite import SCHEMA_VERSION
from tests.disks import Disk, mounted, rights_of_nobody
from tests.stores import CAMPAIGN, assert_holds, contents, event, nothing_written, path_of, tagged
from tests.writers import append_each, elsewhere

pytest_plugins = ["tests.figures"]

# Input.

CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude00"]
BAD_NAMES = {
    **{f"with U+{ord(control):04X}": (f"a{control}b", "has a control character") for control in CONTROLS},
    **{f"with {one!a}": (f"a{one}", "has a lone surrogate, which no UTF-8 can hold") for one in SURROGATES},
    "empty": ("", "is empty"),
    "of 256 letters": ("x" * 256, "256 is more than the 255 allowed"),
    "of 256 bytes": ("x" * 254 + "é", "256 is more than the 255 allowed"),
    "of 10,000 bytes": ("€" * 3333 + "x", "10,000 is more than the 255 allowed"),
    "a number": (7, "is not text"),
    "bytes": (b"a", "is not text"),
    "nothing": (None, "is not text"),
}


@pytest.fixture
def written(store: Store) -> Store:
    """A store with something in it, so that it could be damaged."""
    store.append([event("t", "a")] * 66)
    return store


@pytest.mark.parametrize(("name", "why"), BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("what", ["tag", "type"])
def test_a_name_that_breaks_the_format_is_refused(what, name, why, written):
    good, bad = event("t", "a"), DCBEvent(name, b"{}") if what == "type" else DCBEvent("t", b"{}", [name])

    with nothing_written(written), pytest.raises(Malformed) as refused:
        written.append([good, bad, good])

    assert (refused.value.what, refused.value.value, refused.value.why) == (what, name, why)


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        (["a", "b", "a"], Malformed("tag", "a", "stands twice")),
        (["é", "é"], Malformed("tag", "é", "stands twice")),
        ([f"{n:02}" for n in range(65)], TooLarge("tags", 65, 64, tuple(f"{n:02}" for n in range(65)))),
    ],
    ids=["twice", "twice, not ASCII", "65"],
)
def test_tags_that_break_the_format_are_refused(tags, error, written):
    with nothing_written(written), pytest.raises(type(error)) as refused:
        written.append([event("t", *tags)])

    assert vars(refused.value) == vars(error)


def largest_payload(store: Store, type_: str, *tags: str) -> int:
    """How long a payload may be in the next entry but one."""
    first = store.append_entries([event(type_, *tags, data=b"")])[0]
    return MAX_ENTRY_BYTES - len(first.raw)


def test_an_entry_may_have_65535_bytes_and_not_one_more(written):
    length = largest_payload(written, "t", "a", "ü")
    assert len(str(written.head().position)) == len(str(written.head().position + 1))
    too_large = event("t", "a", "ü", data=b"x" * (length + 1))

    with nothing_written(written), pytest.raises(TooLarge) as refused:
        written.append([event(), too_large])
    assert vars(refused.value) == vars(TooLarge("entry", MAX_ENTRY_BYTES + 1, MAX_ENTRY_BYTES, "t"))

    (entry,) = written.append_entries([event("t", "a", "ü", data=b"x" * length)])
    assert len(entry.raw) == MAX_ENTRY_BYTES
    assert written.entry(entry.position) == entry
    assert_holds(written)


def test_a_payload_may_be_any_bytes(written):
    payloads = [b"", b"\n", b"\x00", bytes(range(256)), b'{"unfinished', b"\xff\xfe", b"\n\n{}"]

    written.append([event("t", "payloads", data=payload) for payload in payloads])

    assert [found.event.data for found in written.read(tagged("payloads"))] == payloads
    assert_holds(written)


def test_bad_input_is_refused_even_in_a_batch_that_meets_no_conflict(written):
    with nothing_written(written), pytest.raises(Malformed):
        written.append([event("t", "b"), event("t", "")], DCBAppendCondition(tagged("b")))


# URLs and files.


@pytest.mark.parametrize(
    "url",
    [
        *("", "log.db", "/tmp/log.db", "sqlite", "sqlite:", "sqlite:/", "sqlite:log.db", "sqlite:/log.db"),
        *("sqlite:///", "sqlite://log.db", "sqlite://host/log.db", "SQLITE:///log.db", " sqlite:///log.db"),
        *("postgres", "mysql://localhost/ledger", "file:///tmp/log.db", "sqlite:///a\x00b", "sqlite:///\ud800.db"),
    ],
)
@pytest.mark.parametrize("use", [open_store, create_store])
def test_a_url_that_names_no_store_is_refused(url, use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Malformed) as refused:
        use(url)

    assert (refused.value.what, refused.value.value) == ("store URL", url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("a b.db", "a?b#c.db", "100%.db", "%00.db", "%2e%2e.db", "ünï.db", "日本.db", "a&mode=memory.db", "-.db"),
        *("?mode=memory", ":memory:", "file:x", "\udcff.db", "new\nline.db", "'\".db", "..db"),
    ],
)
def test_a_file_may_have_any_name(name, tmp_path):
    url = f"sqlite:///{tmp_path}/{name}"
    create_store(url)
    append_each(url, [event()])

    assert path_of(url).stat().st_size > 0
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}-turn", f"{name}-turnstile"}
    with open_store(url) as store:
        assert store.head().position == 1


@pytest.mark.parametrize("slashes", ["/", "//", "///"])
def test_a_path_may_begin_with_many_slashes(slashes, tmp_path):
    url = f"sqlite:///{slashes}{str(tmp_path)[1:]}/log.db"
    create_store(url)

    assert append_each(url, [event()]) == [1]
    assert (tmp_path / "log.db").exists()


def test_a_relative_path_stays_where_it_was_when_the_working_folder_changes(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    create_store("sqlite:///log.db")
    with open_store("sqlite:///log.db") as store:
        store.append([event()])
        store.close()
        monkeypatch.chdir("elsewhere")
        store.append([event()])

        assert store.head().position == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def text(path: Path) -> None:
    path.write_text("To whom it may concern\n")


def long_text(path: Path) -> None:
    path.write_text("To whom it may concern\n" * 1000)


def nothing_in_it(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def missing(path: Path) -> None:
    pass


def database(path: Path) -> None:
    made_by(path, "CREATE TABLE entries (position INTEGER PRIMARY KEY, entry BLOB)")


def database_with_a_version(path: Path) -> None:
    made_by(path, "PRAGMA user_version = 1")


def database_with_a_log(path: Path) -> None:
    made_by(path, "PRAGMA journal_mode = WAL", "CREATE TABLE facts (fact TEXT)")


def made_by(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


NO_LEDGERS = {
    text: "is not a SQLite database",
    long_text: "is not a SQLite database",
    nothing_in_it: "is not a ledger's database",
    folder: "is not a file",
    dangling_link: "is not there",
    pipe: "is not a file",
    missing: "is not there",
    database: "is not a ledger's database",
    database_with_a_version: "is not a ledger's database",
    database_with_a_log: "is not a ledger's database",
}


@pytest.mark.parametrize(("make", "why"), NO_LEDGERS.items())
def test_what_is_no_ledger_is_not_opened(make, why, tmp_path):
    path = tmp_path / "it"
    make(path)
    before = bytes_in(tmp_path)

    with pytest.raises(NotALedger) as refused:
        open_store(f"sqlite:///{path}")

    assert (refused.type, vars(refused.value)) == (NotALedger, {"path": path, "why": why})
    assert bytes_in(tmp_path) == before


@pytest.mark.parametrize("make", [make for make in NO_LEDGERS if make not in (missing, nothing_in_it)])
def test_no_ledger_is_made_of_what_is_something_else(make, tmp_path):
    path = tmp_path / "it"
    make(path)
    before = bytes_in(tmp_path)

    with pytest.raises(NotALedger) as refused:
        create_store(f"sqlite:///{path}")

    assert (refused.type, refused.value.path) == (NotALedger, path)
    assert bytes_in(tmp_path) in (before, before | {"it-turn": b"", "it-turnstile": b""})


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_a_path_through_a_file_leads_to_no_ledger(tmp_path):
    text(tmp_path / "file")
    with pytest.raises(NotALedger, match="is not there"):
        open_store(f"sqlite:///{tmp_path}/file/log.db")
    with pytest.raises(Unreachable, match="Not a directory"):
        create_store(f"sqlite:///{tmp_path}/file/log.db")


def test_no_ledger_is_made_in_a_folder_that_is_missing(tmp_path):
    with pytest.raises(Unreachable) as refused:
        create_store(f"sqlite:///{tmp_path}/missing/log.db")

    assert vars(refused.value) == {"path": tmp_path / "missing" / "log.db", "why": "No such file or directory"}


@pytest.mark.parametrize("use", [open_store, create_store])
@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION + 2, 2**31 - 1])
def test_a_ledger_of_a_newer_program_is_neither_opened_nor_changed(version, use, file_url):
    append_each(file_url, [event()] * 70)
    with closing(sqlite3.connect(path_of(file_url))) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = bytes_in(path_of(file_url).parent)

    with pytest.raises(NewerSchema) as refused:
        use(file_url)

    assert (refused.value.path, refused.value.found, refused.value.known) == (
        path_of(file_url),
        version,
        SCHEMA_VERSION,
    )
    assert bytes_in(path_of(file_url).parent) == before


def test_a_ledger_from_before_the_first_release_is_not_opened(file_url):
    append_each(file_url, [event()])
    with closing(sqlite3.connect(path_of(file_url))) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")

    with pytest.raises(NotALedger, match=f"is of schema {SCHEMA_VERSION - 1}, from before the first release"):
        open_store(file_url)


def test_making_a_store_again_changes_nothing(file_url):
    append_each(file_url, [event()] * 70)
    before = bytes_in(path_of(file_url).parent)

    create_store(file_url)

    assert bytes_in(path_of(file_url).parent) == before


def test_the_files_of_a_store_are_its_owner_s_alone(file_url):
    with open_store(file_url) as store:
        store.append([event()])

        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in path_of(file_url).parent.iterdir()}

    assert modes == dict.fromkeys([f"log.db{end}" for end in ("", "-wal", "-shm", "-turn", "-turnstile")], "0o600")


# What may not be read or written.


@pytest.fixture
def public_url() -> Iterator[str]:
    """A store with one entry that anybody may get to."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        url = f"sqlite:///{folder}/log.db"
        with rights_of_nobody():
            create_store(url)
            append_each(url, [event()])
        yield url


@pytest.mark.parametrize(("mode", "folder_mode"), [(0o000, 0o777), (0o600, 0o000), (0o200, 0o777)])
def test_a_ledger_that_may_not_be_read_is_unreachable(mode, folder_mode, public_url):
    path = path_of(public_url)
    path.chmod(mode)
    path.parent.chmod(folder_mode)
    with rights_of_nobody(), pytest.raises(Unreachable) as refused:
        open_store(public_url)
    path.parent.chmod(0o777)

    assert refused.value.path == path


def test_a_ledger_that_may_not_be_written_can_be_read_and_says_so(public_url):
    path = path_of(public_url)
    path.chmod(0o400)
    with rights_of_nobody(), open_store(public_url) as store, nothing_written(store):
        with pytest.raises(Unreachable) as refused:
            store.append([event()])

        assert vars(refused.value) == {"path": path, "why": "attempt to write a readonly database"}


def test_a_queue_that_may_not_be_joined_is_unreachable(public_url):
    queue = path_of(public_url).with_name("log.db-turn")
    queue.chmod(0o000)
    with rights_of_nobody(), open_store(public_url) as store, nothing_written(store):
        with pytest.raises(Unreachable) as refused:
            store.append([event()])

        assert vars(refused.value) == {"path": queue, "why": "Permission denied"}


# Disks without room.

BATCH = [event("t", f"tag:{n}", data=b"x" * 900) for n in range(70)]
STEP = 97 if CAMPAIGN else 6007


@contextmanager
def room_up_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def refusal_of(call: Callable[[], object]) -> str:
    """What a full disk is called, or nothing when there was room."""
    try:
        call()
    except StoreFull as error:
        return str(error)
    return ""


def append_with_ever_more_room(url: str, step: int) -> list[str]:
    """The refusals of a batch, each time with a little more room than before, until it is written."""
    refusals: list[str] = []
    with open_store(url) as store:
        store.append(BATCH)
        full = path_of(url).with_name("log.db-wal").stat().st_size
        while True:
            before = contents(store)
            with room_up_to(full + step * len(refusals)):
                refusal = refusal_of(lambda: store.append(BATCH))
            assert_holds(store)
            if not refusal:
                assert store.append([event()]) == 2 * len(BATCH) + 1
                return refusals
            refusals.append(refusal)
            assert contents(store) == before


@pytest.mark.campaign
def test_an_append_without_room_is_refused_by_name_and_leaves_nothing(file_url, tell):
    refusals = elsewhere(append_with_ever_more_room, file_url, STEP)

    path = path_of(file_url)
    assert set(refusals) == {str(StoreFull(path, "disk I/O error"))}
    assert len(refusals) > 50_000 // STEP
    tell("appends without room, at different places", len(refusals))
    with open_store(file_url) as store:
        assert store.head().position == 2 * len(BATCH) + 1
        assert_holds(store)


def create_with_ever_more_room(folder: Path, step: int) -> int:
    """How often a store could not be made for want of room, each time with a little more of it, until it could."""
    refused = 0
    while True:
        url = f"sqlite:///{folder}/{refused}.db"
        with room_up_to(step * refused):
            refusal = refusal_of(partial(create_store, url))
        if not refusal:
            return refused
        refused += 1
        with pytest.raises(NotALedger):
            open_store(url)
        create_store(url)
        assert append_each(url, [event()]) == [1]


@pytest.mark.campaign
def test_a_store_without_room_is_not_made_by_halves(tmp_path, tell):
    refused = elsewhere(create_with_ever_more_room, tmp_path, STEP // 10)

    assert refused > 12_288 // (STEP // 10)
    tell("stores not made for want of room", refused)


def test_a_store_that_is_opened_without_room_can_be_read_and_says_so(file_url):
    append_each(file_url, [event()])

    assert elsewhere(read_without_room, file_url) == (1, f"{path_of(file_url)}: no room to write")
    assert append_each(file_url, [event()]) == [2]


def read_without_room(url: str) -> tuple[int, str]:
    with room_up_to(4096), open_store(url) as store:
        return store.length(), refusal_of(partial(store.append, [event()])).partition(" (")[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk", "1m") as disk:
        yield disk


def test_on_a_full_disk_nothing_is_lost_and_with_room_it_goes_on(small_disk):
    create_store(small_disk.url)
    with open_store(small_disk.url) as store:
        append_until_full(store)
        small_disk.resize("2m")
        append_until_full(store)
        before = contents(store)

    # Whoever comes later finds it full, too, but can read.
    with open_store(small_disk.url) as store:
        assert contents(store) == before
        append_until_full(store)
        small_disk.resize("3m")
        filler = small_disk.fill("filler")
        append_until_full(store)
        filler.unlink()
        append_until_full(store)
        assert store.head().position > 2_000_000 // len(BATCH[0].data) // 2


def append_until_full(store: Store) -> None:
    """Append until there is no room even for one small entry; whatever does not fit leaves nothing."""
    for batch in (BATCH, BATCH[:1]):
        before = contents(store)
        while not refusal_of(partial(store.append, batch)):
            before = contents(store)
        assert contents(store) == before
    assert_holds(store)


@pytest.mark.parametrize("pages", range(8))
def test_on_a_full_disk_no_store_is_made_by_halves(pages, small_disk):
    filler = small_disk.fill("filler", leave=pages * 4096)
    refusal = refusal_of(partial(create_store, small_disk.url))
    filler.unlink()

    assert refusal in ("", str(StoreFull(path_of(small_disk.url), "database or disk is full")))
    create_store(small_disk.url)
    assert append_each(small_disk.url, [event()]) == [1]
