"""The chain and the tree that every store keeps with its entries."""

import json
import random
import sqlite3
from contextlib import closing
from functools import partial

import pytest
from eventsourcing.dcb.api import DCBAppendCondition
from eventsourcing.persistence import IntegrityError

from ledger.chain.entry import parse_entry
from ledger.chain.merkle import (
    completed_by,
    consistency_path,
    inclusion_path,
    root_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from ledger.errors import Damaged
from ledger.storage import Store, open_store
from ledger.storage.port import PAGE
from tests.store_facts import SIZE, filled
from tests.stores import assert_holds, contents, event, path_of, tagged
from tests.tampering import guards_down

__all__ = ["filled"]


@pytest.fixture(params=["one by one", "all at once", "in batches"])
def grown(request: pytest.FixtureRequest, store: Store) -> Store:
    """A store of 300 entries, grown in one of three ways."""
    sizes = {"one by one": [1] * 300, "all at once": [300], "in batches": [1, 2, 4, 7, 50, 64, 65, 100, 3, 4]}
    for size in sizes[request.param]:
        store.append([event("t", "busy", f"tag:{n % 5}", data=b"%d" % n) for n in range(size)])
    return store


def test_each_entry_names_the_leaf_of_the_one_before(grown):
    entries = [parse_entry(raw) for _, _, raw in grown.rows(0, 300)]

    assert [entry.position for entry in entries] == list(range(1, 301))
    assert [entry.header.prev for entry in entries] == ["0" * 64, *(entry.leaf.hex() for entry in entries[:-1])]
    assert grown.head() == (300, entries[-1].leaf, entries[-1].header.recorded_at)


def test_each_row_keeps_the_subtrees_that_its_entry_completes(grown):
    rows = list(grown.rows(0, 300))
    leaves = [parse_entry(raw).leaf for _, _, raw in rows]

    def subtree(level, index):
        return root_hash(leaves[index << level : (index + 1) << level])

    assert [(position, tree) for position, tree, _ in rows] == [
        (position, b"".join(completed_by(position, leaf, subtree))) for position, leaf in enumerate(leaves, 1)
    ]
    for level in range(9):
        for index in range(300 >> level):
            assert grown.subtree(level, index) == subtree(level, index)


def test_stores_that_write_in_turns_each_go_on_where_the_other_ended(shared_url):
    """Also across the steps in which the index grows, and when one of them has been away for long."""
    drawn = random.Random(11)
    with open_store(shared_url) as one, open_store(shared_url) as other:
        for number in range(150):
            writer = drawn.choice([one, one, one, other])
            writer.append([event("t", f"tag:{number % 7}")] * drawn.choice([1, 1, 1, 2, 70]))
            with pytest.raises(IntegrityError):
                writer.append([event()] * 3, DCBAppendCondition(tagged(f"tag:{number % 7}")))
            assert one.head() == other.head()

        assert_holds(one)
        assert contents(one) == contents(other)


def test_the_root_of_each_size_is_the_root_of_so_many_leaves(grown):
    leaves = [entry.leaf for entry in grown.scan()]

    assert [root_of(size, grown.subtree) for size in range(301)] == [root_hash(leaves[:size]) for size in range(301)]


def test_proofs_made_from_the_store_hold(grown):
    leaves = [entry.leaf for entry in grown.scan()]
    root = root_of(300, grown.subtree)

    for index in range(300):
        verify_inclusion(index, 300, leaves[index], inclusion_path(index, 300, grown.subtree), root)
    for size in range(1, 301):
        old_root = root_of(size, grown.subtree)
        verify_consistency(size, 300, consistency_path(size, 300, grown.subtree), old_root, root)


def test_what_is_asked_for_at_once_is_what_is_asked_for_one_by_one(grown):
    for size in (1, 2, 255, 256, 257, 300):
        assert grown.of_subtrees(partial(root_of, size)) == root_of(size, grown.subtree)
        for index in range(0, size, 7):
            path = grown.of_subtrees(partial(inclusion_path, index, size))
            assert path == inclusion_path(index, size, grown.subtree)
    assert grown.of_subtrees(lambda subtree: [subtree(0, 2), subtree(0, 2), subtree(1, 0)]) == [
        grown.subtree(0, 2),
        grown.subtree(0, 2),
        grown.subtree(1, 0),
    ]


@pytest.mark.parametrize(("level", "index"), [(0, 300), (0, -1), (1, 150), (8, 1), (9, 0), (60, 0)])
def test_a_subtree_that_is_not_complete_has_no_hash(level, index, grown):
    with pytest.raises(Damaged):
        grown.subtree(level, index)
    with pytest.raises(Damaged):
        grown.of_subtrees(lambda subtree: [subtree(0, 1), subtree(level, index)])


def test_rows_are_given_between_two_positions(filled):
    rows = list(filled.store.rows(0, SIZE))

    assert [position for position, _, _ in rows] == list(range(1, SIZE + 1))
    for after, until in [(0, 0), (0, 1), (1, 1), (5, 4), (PAGE - 1, 2 * PAGE + 1), (PAGE, 2 * PAGE), (SIZE, SIZE + 9)]:
        assert list(filled.store.rows(after, until)) == rows[after:until]


def test_the_index_holds_each_entry_s_type_and_tags_as_far_as_it_must_reach(filled):
    reach = filled.store.indexed_up_to(SIZE)
    expected = [
        (position, one.type, ["", *sorted(one.tags, key=str.encode)])
        for position, one in enumerate(filled.events[:reach], 1)
    ]

    def indexed(after, until):
        return [
            (position, type_.decode(), json.loads(tags))
            for position, type_, tags in filled.store.indexed_tags(after, until)
        ]

    assert 0 <= reach <= SIZE
    assert indexed(0, SIZE) == expected
    for after, until in [(0, 0), (0, 1), (1, 1), (PAGE, 2 * PAGE), (reach - 1, reach), (SIZE, SIZE + 9)]:
        assert indexed(after, until) == expected[after:until]


def test_an_auditor_finds_nothing_wrong_at_any_length(store):
    for _ in range(140):
        store.append([event("t", "a", "b")])
        assert_holds(store)


def test_appending_reads_no_more_of_the_tree_than_it_goes_on_with(file_url):
    """Whoever comes back to a log need not find right what nothing new is hashed with."""
    with open_store(file_url) as store:
        store.append([event()] * 300)
    with closing(sqlite3.connect(path_of(file_url))) as connection, guards_down(connection):
        connection.execute("UPDATE entries SET tree = substr(tree, 1, 64) WHERE position = 256")
        connection.commit()

    for count in (1, 40):
        with open_store(file_url) as store:
            store.append([event()] * count)
