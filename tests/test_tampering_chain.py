"""Whoever knows how the chain is made and puts some of it right again: the rest of it tells."""

import pytest

from ledger.chain.merkle import node_hash
from tests.forging import Forger
from tests.tampered_homes import findings, home, office_on_a_server, over_both
from tests.tampering import SIZE, Operator

__all__ = ["home", "office_on_a_server"]


@over_both()
@pytest.mark.parametrize(("position", "noticed"), [(70, 71), (63, 64), (64, 65), (127, 128), (SIZE - 1, SIZE)])
def test_an_entry_rewritten_with_its_own_hashes_is_found_at_the_next(home: Operator, position: int, noticed: int):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(position, b"forum", b"other")
        forger.save()

    assert (noticed, "its prev is not the leaf of the entry before") in findings(home)


@over_both()
def test_an_entry_rewritten_with_the_link_from_the_next_is_found_at_the_one_after(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(70, b"forum", b"other")
        forger.relink(71)
        forger.save()

    assert (72, "its prev is not the leaf of the entry before") in findings(home)


@over_both()
def test_a_chain_made_right_again_to_its_end_is_found_by_a_tree_that_was_not(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        kept = {position: tree[32:] for position, tree in forger.tree.items()}
        forger.rewrite(70, b"forum", b"other")
        for position in range(71, SIZE + 1):
            forger.relink(position)
        forger.tree = {position: tree[:32] + kept[position] for position, tree in forger.tree.items()}
        forger.save()

    assert {position for position, _ in findings(home)} == set(range(70, SIZE + 1, 2))


@over_both()
def test_a_tree_made_right_again_is_found_by_the_chain(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        forger.rewrite(70, b"forum", b"other")
        for position in range(71, SIZE + 1):
            forger.rehash(position)
        forger.save()

    assert findings(home) == [(71, "its prev is not the leaf of the entry before")]


@over_both()
def test_two_entries_that_changed_places_with_their_numbers_are_found(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        one, other = forger.raw[70], forger.raw[80]
        forger.raw[70] = other.replace(b'{"position":80', b'{"position":70')
        forger.raw[80] = one.replace(b'{"position":70', b'{"position":80')
        forger.rehash(70)
        forger.rehash(80)
        forger.save()

    assert {70, 71, 80, 81} <= {position for position, _ in findings(home)}


@over_both()
def test_a_subtree_that_was_made_up_is_found_where_it_stands(home: Operator):
    with home.database("log.db") as connection:
        forger = Forger(home, connection)
        hashes = [forger.tree[128][start : start + 32] for start in range(0, 256, 32)]
        hashes[5] = node_hash(hashes[4], hashes[4])
        forger.tree[128] = b"".join(hashes)
        forger.save()

    assert [position for position, _ in findings(home)] == [128, 128]
