"""What a proof says of the size of the tree.

The same path can belong to trees of several sizes; then only the checkpoint tells them apart. Two sizes have the same
path exactly when every hash in it is combined from the same side.
"""

from ledger.chain.merkle import verify_consistency, verify_inclusion
from tests.rfc6962 import consistency_turns, inclusion_turns
from tests.trees import LEAVES, SIZES, accepted, consistent, included, root


def one_bit_away(size: int) -> list[int]:
    return [size ^ 1 << bit for bit in range(9)]


def test_an_inclusion_proof_holds_for_another_size_only_where_the_path_is_the_same():
    for size in SIZES:
        for index in range(size):
            forgeries = [
                (index, other, LEAVES[index], included(index, size), root(size)) for other in one_bit_away(size)
            ]

            assert [arguments[1] for arguments in accepted(verify_inclusion, forgeries)] == [
                other
                for other in one_bit_away(size)
                if index < other and inclusion_turns(index, other) == inclusion_turns(index, size)
            ]


def test_a_consistency_proof_holds_for_another_older_size_only_where_the_path_is_the_same():
    for size in SIZES:
        for old_size in range(1, size + 1):
            proof, old, new = consistent(old_size, size), root(old_size), root(size)
            forgeries = [(other, size, proof, old, new) for other in one_bit_away(old_size)]

            assert [arguments[0] for arguments in accepted(verify_consistency, forgeries)] == [
                other
                for other in one_bit_away(old_size)
                if 0 < other <= size and consistency_turns(other, size) == consistency_turns(old_size, size)
            ]


def test_a_consistency_proof_holds_for_another_newer_size_only_where_the_path_is_the_same():
    for size in SIZES:
        for old_size in range(1, size + 1):
            proof, old, new = consistent(old_size, size), root(old_size), root(size)
            forgeries = [(old_size, other, proof, old, new) for other in one_bit_away(size)]

            assert [arguments[1] for arguments in accepted(verify_consistency, forgeries)] == [
                other
                for other in one_bit_away(size)
                if old_size <= other and consistency_turns(old_size, other) == consistency_turns(old_size, size)
            ]


def test_a_proof_alone_does_not_bind_the_size():
    assert inclusion_turns(0, 5) == inclusion_turns(0, 8)
    verify_inclusion(0, 5, LEAVES[0], included(0, 8), root(8))
    assert consistency_turns(3, 7) == consistency_turns(3, 8)
    verify_consistency(3, 8, consistent(3, 7), root(3), root(7))
