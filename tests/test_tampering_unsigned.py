"""What cannot be told from the log alone, as long as nobody signed it; and that verify says so."""

import pytest

from ledger.chain.entry import parse_entry, write_entry
from ledger.chain.merkle import completed_by
from ledger.evidence.report import Report
from ledger.storage.postgres.growth import tag_rows
from tests.forging import Forger
from tests.tampered_homes import findings, home, not_excluded, office_on_a_server, over_both
from tests.tampering import SIZE, Operator, outcome

__all__ = ["home", "office_on_a_server"]


@over_both()
def test_a_cut_off_tail_is_not_found_and_verify_says_so(home: Operator):
    length = SIZE - 20
    with home.database("log.db") as connection:
        connection.execute("DELETE FROM entries WHERE position > ?", (length,))
        connection.execute("DELETE FROM tags WHERE position > ?", (home.indexed(length),))

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.findings, report.not_excluded) == (length, (), not_excluded(length))
    assert "cut off more behind it" in report.not_excluded[-1]


@over_both()
def test_a_tail_cut_off_without_the_tag_index_is_found(home: Operator):
    home.run("log.db", "DELETE FROM entries WHERE position > ?", SIZE - 20)

    assert {position for position, _ in findings(home)} == set(
        range(home.indexed(SIZE - 20) + 1, home.indexed(SIZE) + 1)
    )


@over_both()
def test_a_log_cut_off_down_to_nothing_has_lost_its_first_entry(home: Operator):
    with home.database("log.db") as connection:
        connection.execute("DELETE FROM entries")
        connection.execute("DELETE FROM tags")

    assert findings(home) == [(1, "is missing: every ledger begins with ledger.opened")]


@over_both()
@pytest.mark.parametrize(
    "position", [SIZE, 70, 2], ids=["its last entry", "the half of it", "all of it but the opening"]
)
def test_a_history_rebuilt_with_every_hash_right_is_not_found_and_verify_says_so(home: Operator, position: int):
    before = outcome(home.path)
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(position, b'"via":"test"', b'"via":"fest"')
        for later in range(position + 1, SIZE + 1):
            forger.relink(later)
        forger.save()

    report = outcome(home.path)

    assert isinstance(before, Report)
    assert isinstance(report, Report)
    assert (report.size, report.findings, report.not_excluded) == (SIZE, (), not_excluded(SIZE))
    assert report.root != before.root
    assert "from some entry on, be it the first, was written anew" in report.not_excluded[0]


@over_both()
def test_an_entry_added_with_every_hash_right_is_not_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        header = parse_entry(forger.raw[SIZE]).header
        leaf = forger.tree[SIZE][:32]
        payload = parse_entry(forger.raw[SIZE]).payload
        added = write_entry(SIZE + 1, leaf, header.recorded_at, header.tags, header.type, payload)
        tree = b"".join(completed_by(SIZE + 1, added.leaf, forger.subtree))
        connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (SIZE + 1, tree, added.raw))
        if home.indexed(SIZE + 1) > SIZE:
            home.index(connection, tag_rows([*map(parse_entry, forger.raw.values()), added]))

    report = outcome(home.path)

    assert isinstance(report, Report)
    assert (report.size, report.findings) == (SIZE + 1, ())
