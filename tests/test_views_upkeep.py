"""How the views are kept: never behind the log, thrown away when they can't be trusted, shared by processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.entry import format_time
from ledger.errors import Damaged
from ledger.events import DECLARED, PolicyPublished
from ledger.log import Ledger
from ledger.storage import create_store, open_store
from projections.asof import AsOf, Moment
from projections.standing import Office
from projections.upkeep import Upkeep
from projections.views.database import create_tables
from projections.views.disclosures import Asked, disclosures
from projections.views.reading import Reader
from projections.views.tables import VERSION
from projections.views.taking import PASSED_OVER, READER, WANTED, Views
from tests.facts import ANA, OFFICE, fact, ledger_on, noon, person
from tests.office_facts import LONG_AGO, request, wanted
from tests.office_requests import complete
from tests.view_facts import RELEASED, everything, happened, mark, marks, said_by, trained
from tests.writers import at_once, meet

FACTS = [*complete(), *RELEASED]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in a file, with a request and its release."""
    url = f"sqlite:///{tmp_path}/log.db"
    create_store(url)
    with open_store(url, noon) as store:
        opened = ledger_on(store)
        opened.append([fact(event) for event in FACTS])
        yield opened


@pytest.fixture
def views(tmp_path: Path) -> Path:
    return tmp_path / "views.db"


def from_nothing(ledger: Ledger) -> Any:
    return AsOf(ledger, Moment()).ask(everything).rows


def test_the_file_is_made_when_it_is_missing_for_its_owner_only(ledger: Ledger, views: Path):
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))
    assert views.stat().st_mode & 0o777 == 0o600


def test_an_answer_holds_for_all_that_was_recorded_before_it_was_asked_for(ledger: Ledger, views: Path):
    said_by(views, ledger)
    for _ in range(3):
        head = ledger.append([fact(person(ANA))]).positions[-1]
        assert said_by(views, ledger) == (from_nothing(ledger), head)


def test_the_views_of_a_log_that_was_empty_are_built_upon(views: Path):
    with open_store("sqlite://", noon) as store:
        begun = ledger_on(store)
        assert said_by(views, begun)[1] == 0
        mark(views)
        begun.append([fact(event) for event in FACTS])

        assert said_by(views, begun) == (from_nothing(begun), len(FACTS))
        assert marks(views) == 1


def test_what_was_taken_in_once_is_not_taken_in_again(ledger: Ledger):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_tables(connection)
        taken = Views(connection, 0, lambda request: (), Office())
        wanted = [(position, event) for position, event in enumerate(FACTS, 1) if isinstance(event, WANTED)]
        for position, event in wanted:
            for _ in range(2):
                taken.take([happened(event, position)])
        taken.write(len(FACTS), b"", "")

        assert everything(connection) == from_nothing(ledger)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but some text of a length that matters" * 100])
def test_a_file_that_is_something_else_is_made_anew(ledger: Ledger, views: Path, content: bytes):
    views.write_bytes(content)
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_a_file_of_another_version_is_made_anew(ledger: Ledger, views: Path):
    said_by(views, ledger)
    altered(views, f"PRAGMA user_version = {VERSION + 1}", "DROP TABLE holdings", "CREATE TABLE holdings (other)")
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_a_file_that_lacks_a_table_is_made_anew(ledger: Ledger, views: Path):
    said_by(views, ledger)
    altered(views, "DROP TABLE holdings")
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_a_file_with_broken_pages_is_made_anew(ledger: Ledger, views: Path):
    said_by(views, ledger)
    altered(views, "PRAGMA wal_checkpoint(TRUNCATE)")
    pages = bytearray(views.read_bytes())
    pages[4096:] = b"\xff" * (len(pages) - 4096)
    views.write_bytes(pages)
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_the_views_of_another_log_are_made_anew(ledger: Ledger, views: Path, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/other.db"
    create_store(url)
    with open_store(url, noon) as store:
        other = ledger_on(store)
        other.append([fact(event) for event in [*FACTS[:-1], person(ANA)]])
        said_by(views, other)
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_the_views_of_a_longer_log_are_made_anew(ledger: Ledger, views: Path, tmp_path: Path):
    said_by(views, ledger)
    with open_store("sqlite://", noon) as store:
        shorter = ledger_on(store)
        shorter.append([fact(event) for event in FACTS[:5]])
        assert said_by(views, shorter) == (from_nothing(shorter), 5)


def test_views_from_before_the_machine_last_started_are_made_anew(ledger: Ledger, views: Path):
    said_by(views, ledger)
    altered(views, "DELETE FROM holdings", "UPDATE reached SET boot = 'another start'")
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))


def test_a_new_policy_changes_what_follows_from_facts_that_were_taken_in_before(ledger: Ledger, views: Path):
    ledger.append([fact(trained(ANA, LONG_AGO))])
    said_by(views, ledger)
    ledger.append([fact(PolicyPublished(training_months=1))])

    rows, _ = said_by(views, ledger)
    assert [day for *_, day in rows["trainings"]] == ["2026-02-15"]


def test_rebuilding_takes_in_the_whole_log_and_tells_how_far_it_has_come(ledger: Ledger, views: Path):
    ledger.append([fact(person(ANA)) for _ in range(2000)])
    said_by(views, ledger)
    altered(views, "DELETE FROM holdings")
    told: list[int] = []

    assert Upkeep(views, ledger, told.append).rebuild() == len(FACTS) + 2000
    assert said_by(views, ledger)[0] == from_nothing(ledger)
    assert sum(told) == len(FACTS) + 2000


def test_a_record_of_disclosures_that_cannot_be_read_is_made_anew(ledger: Ledger, views: Path):
    before = recorded_disclosures(views, ledger)
    altered(views, "UPDATE disclosed SET lines = '[[7]]'")
    assert recorded_disclosures(views, ledger) == before != []


def test_a_wish_in_the_log_that_cannot_be_read_is_named_when_the_record_is_asked_for(
    ledger: Ledger, views: Path, tmp_path: Path
):
    ledger.append([fact(request(request="R-2026-0777", datasets=(wanted(dataset=one),))) for one in ("D-1", "D-2")])
    altered(
        tmp_path / "log.db",
        "DROP TRIGGER entries_never_change",
        "UPDATE entries SET entry = CAST(replace(entry, '\"datasets\":[', '\"datasets\":[7,') AS BLOB)"
        f" WHERE position = {len(FACTS) + 1}",
    )
    with pytest.raises(Damaged, match="R-2026-0777"):
        recorded_disclosures(views, ledger)


def recorded_disclosures(views: Path, ledger: Ledger) -> Any:
    return Upkeep(views, ledger).ask(lambda tables: disclosures(tables, Asked(date.min, date.max))).rows


def test_an_entry_that_cannot_be_read_is_named(ledger: Ledger, views: Path, tmp_path: Path):
    damage_the_last_entry(tmp_path / "log.db")
    with pytest.raises(Damaged) as caught:
        said_by(views, ledger)
    assert f"position {len(FACTS)}" in str(caught.value)


def test_views_that_cannot_be_made_anew_stay_as_they_were(ledger: Ledger, views: Path, tmp_path: Path):
    said_by(views, ledger)
    mark(views)
    damage_the_last_entry(tmp_path / "log.db")

    with pytest.raises(Damaged):
        Upkeep(views, ledger).rebuild()
    assert marks(views) == 1
    assert not views.with_name("views.db-new").exists()


def test_what_was_left_of_views_that_were_being_made_is_in_nobodys_way(ledger: Ledger, views: Path):
    views.with_name("views.db-new").write_bytes(b"begun, and killed")
    assert said_by(views, ledger) == (from_nothing(ledger), len(FACTS))
    assert sorted(one.name for one in views.parent.glob("views.db*") if "turn" not in one.name) == ["views.db"]


def damage_the_last_entry(path: Path) -> None:
    altered(
        path,
        "DROP TRIGGER entries_never_change",
        "UPDATE entries SET entry = CAST(replace(entry, '\"on\":', '\"no\":') AS BLOB)"
        " WHERE position = (SELECT MAX(position) FROM entries)",
    )


def test_several_processes_that_ask_while_others_record_are_never_behind_what_they_saw(tmp_path: Path):
    url, views = f"sqlite:///{tmp_path}/log.db", tmp_path / "views.db"
    create_store(url)
    outcomes = at_once([partial(record_and_ask, url, views, place) for place in range(4)])

    assert all(not behind for behind in outcomes)
    with open_store(url, noon) as store:
        ledger = ledger_on(store)
        assert said_by(views, ledger) == (from_nothing(ledger), 4 * len(FACTS))


def record_and_ask(url: str, views: Path, place: int) -> list[tuple[int, int]]:
    """Where an answer was older than the log was when it was asked for."""
    behind = []
    with open_store(url, noon) as store:
        ledger = ledger_on(store)
        meet()
        for number, event in enumerate(FACTS):
            ledger.append([fact(event)])
            head = store.head().position
            if number % 4 == place:
                position = Upkeep(views, ledger).ask(lambda _: None).position
                behind += [(head, position)] if position < head else []
    return behind


def test_every_event_is_taken_in_or_passed_over_on_purpose():
    assert sorted(kind.wire_type() for kind in (*WANTED, *PASSED_OVER)) == sorted(kind.wire_type() for kind in DECLARED)


def test_every_event_is_read_from_its_bytes_as_the_codec_reads_it():
    assert {kind.wire_type().encode() for kind in WANTED} == set(READER._kinds)
    with open_store("sqlite://", noon) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event, actor=OFFICE) for event in FACTS])
        read = Reader(DECLARED, {}).read(store.rows(0, len(FACTS)))
        assert [(one.position, one.event, one.occurred, one.recorded) for one in read] == [
            (one.position, one.event, format_time(one.occurred_at), format_time(one.recorded_at))
            for one in ledger.facts()
        ]


def altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
