"""A tree kept as its complete subtrees: what an append completes, and how little a root or a proof reads."""

from hashlib import sha256

import pytest

from ledger.chain.merkle import (
    completed_by,
    completed_by_all,
    consistency_path,
    consistency_proof,
    inclusion_path,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    node_hash,
    nodes_above,
    root_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.rfc6962 import mth
from tests.trees import LEAVES, STRANGE


def grown_tree(size: int) -> dict[tuple[int, int], bytes]:
    """What a store holds after so many appends; a subtree that is not complete yet is no key of it."""
    stored: dict[tuple[int, int], bytes] = {}
    for position in range(1, size + 1):
        completed = completed_by(position, LEAVES[position - 1], lambda level, index: stored[level, index])
        for level, value in enumerate(completed):
            place = level, (position >> level) - 1
            assert place not in stored
            stored[place] = value
    return stored


def test_leaves_that_come_together_complete_what_they_complete_one_by_one():
    tree = grown_tree(len(LEAVES))

    def peaks(size: int) -> dict[int, bytes]:
        return {level: tree[level, (size >> level) - 1] for level in range(9) if size >> level & 1}

    def completed(position: int) -> bytes:
        return b"".join(completed_by(position, LEAVES[position - 1], lambda *place: tree[place]))

    for size in range(40):
        for more in (*range(40), 255 - size, 256 - size, 257 - size):
            expected = [completed(position) for position in range(size + 1, size + more + 1)]
            found = completed_by_all(size, peaks(size), LEAVES[size : size + more])
            assert found == (expected, peaks(size + more))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8])
def test_hashed_together_they_are_what_they_are_one_by_one(count: int):
    entries = [bytes(number) for number in range(count)]
    leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
    pairs = zip(leaves[::2], leaves[1::2], strict=False)

    assert leaf_hashes(entries) == [leaf_hash(entry) for entry in entries] == leaves
    assert nodes_above(leaves) == [sha256(b"\x01" + left + right).digest() for left, right in pairs]


def test_appending_completes_every_subtree_once_with_its_hash():
    size = len(LEAVES)

    assert grown_tree(size) == {
        (level, index): mth(LEAVES[index << level : index + 1 << level])
        for level in range(size.bit_length())
        for index in range(size >> level)
    }


def test_roots_and_proofs_of_every_older_size_come_from_the_stored_subtrees():
    stored = grown_tree(67)

    def subtree(level: int, index: int) -> bytes:
        return stored[level, index]

    for size in range(1, 68):
        assert root_of(size, subtree) == root_hash(LEAVES[:size])
        assert [inclusion_path(index, size, subtree) for index in range(size)] == [
            inclusion_proof(index, LEAVES[:size]) for index in range(size)
        ]
        assert [consistency_path(old, size, subtree) for old in range(1, size + 1)] == [
            consistency_proof(old, LEAVES[:size]) for old in range(1, size + 1)
        ]


class UniformTree:
    """A tree of any size whose leaves are all alike: every subtree's hash is known, and each read is written down."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hashes = [STRANGE]
        for _ in range(size.bit_length()):
            self.hashes.append(node_hash(self.hashes[-1], self.hashes[-1]))
        self.reads: list[tuple[int, int]] = []

    def subtree(self, level: int, index: int) -> bytes:
        assert 0 <= index < self.size >> level, f"subtree {index} at level {level} is not complete"
        self.reads.append((level, index))
        return self.hashes[level]


LARGE = [1_000_000, 999_999, 2**20, 2**20 - 1, 2**20 + 1, 0b1010101010101010101, 2**40 - 1, 2**53 - 1]


@pytest.mark.parametrize("size", LARGE)
def test_a_root_reads_no_more_subtrees_than_the_size_has_bits(size: int):
    tree = UniformTree(size)

    root_of(size, tree.subtree)

    assert len(tree.reads) == len(set(tree.reads)) == size.bit_count()


@pytest.mark.parametrize("size", LARGE)
def test_an_inclusion_proof_reads_a_logarithm_of_the_tree_and_holds(size: int):
    root = root_of(size, UniformTree(size).subtree)

    for index in (0, 1, size // 3, size // 2, size - 2, size - 1):
        tree = UniformTree(size)
        proof = inclusion_path(index, size, tree.subtree)

        assert len(tree.reads) == len(set(tree.reads)) <= 2 * (size.bit_length() - 1) + 2
        verify_inclusion(index, size, STRANGE, proof, root)


@pytest.mark.parametrize("size", LARGE)
def test_a_consistency_proof_reads_a_logarithm_of_the_tree_and_holds(size: int):
    root = root_of(size, UniformTree(size).subtree)

    for old_size in (1, 2, size // 3, size // 2, size - 1, size):
        tree = UniformTree(size)
        proof = consistency_path(old_size, size, tree.subtree)

        assert len(tree.reads) == len(set(tree.reads)) <= 2 * (size.bit_length() - 1) + 2
        verify_consistency(old_size, size, proof, root_of(old_size, UniformTree(old_size).subtree), root)


@pytest.mark.parametrize("position", [*LARGE, 2**53])
def test_appending_reads_one_older_subtree_for_each_that_it_completes(position: int):
    tree = UniformTree(position)

    completed = completed_by(position, STRANGE, tree.subtree)

    assert completed == tree.hashes[: len(completed)]
    assert tree.reads == [(level, (position >> level) - 2) for level in range(len(completed) - 1)]
    assert position % 2 ** len(completed) == 2 ** (len(completed) - 1)
