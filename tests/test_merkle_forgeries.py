"""Every proof holds, and every forgery of every small proof is refused.

With CAMPAIGN=1 every single bit of every proof for the sizes 1 to 130 is flipped, which takes some minutes. Without it
all bits are flipped in small trees and in a few proofs of larger ones, and one bit of every hash in the rest.
"""

from collections.abc import Iterator

import pytest

from ledger.chain.merkle import node_hash, verify_consistency, verify_inclusion
from tests.rfc6962 import inclusion_turns
from tests.stores import CAMPAIGN
from tests.trees import LEAVES, SIZES, STRANGE, Proof, accepted, consistent, included, root

EVERY_BIT = SIZES if CAMPAIGN else range(1, 14)
EDGES = (32, 33, 63, 64, 65, 127, 128, 129, 130)


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value) ^ 1 << bit).to_bytes(len(value))


def flipped_proofs(proof: Proof, bits: range) -> Iterator[Proof]:
    for k, value in enumerate(proof):
        for bit in bits:
            yield (*proof[:k], flipped(value, bit), *proof[k + 1 :])


def flipped_inclusions(index: int, size: int, bits: range) -> Iterator[tuple[object, ...]]:
    """The proof of a leaf with one bit of leaf, root or a hash flipped, for each of these bits."""
    leaf, proof, top = LEAVES[index], included(index, size), root(size)
    for bit in bits:
        yield index, size, flipped(leaf, bit), proof, top
        yield index, size, leaf, proof, flipped(top, bit)
    for forged in flipped_proofs(proof, bits):
        yield index, size, leaf, forged, top


def flipped_consistencies(old_size: int, size: int, bits: range) -> Iterator[tuple[object, ...]]:
    """The proof between two sizes with one bit of a root or a hash flipped, for each of these bits."""
    old, proof, new = root(old_size), consistent(old_size, size), root(size)
    for bit in bits:
        yield old_size, size, proof, flipped(old, bit), new
        yield old_size, size, proof, old, flipped(new, bit)
    for forged in flipped_proofs(proof, bits):
        yield old_size, size, forged, old, new


def one_bit(place: int, size: int) -> range:
    """One of a hash's 256 bits, another one for each neighbouring proof."""
    bit = (31 * place + 57 * size) % 256
    return range(bit, bit + 1)


def misshapen(proof: Proof, *known: bytes) -> Iterator[Proof]:
    """The proof with a hash left out or doubled, another one before or behind it, or two neighbours swapped."""
    for k in range(len(proof)):
        yield proof[:k] + proof[k + 1 :]
        yield proof[:k] + proof[k : k + 1] + proof[k:]
    for value in (*known, STRANGE):
        yield (value, *proof)
        yield (*proof, value)
    for k in range(len(proof) - 1):
        yield (*proof[:k], proof[k + 1], proof[k], *proof[k + 2 :])


def test_every_leaf_of_every_tree_is_proved():
    for size in SIZES:
        for index in range(size):
            verify_inclusion(index, size, LEAVES[index], included(index, size), root(size))


def test_every_tree_is_proved_to_begin_with_every_smaller_one():
    for size in SIZES:
        for old_size in range(1, size + 1):
            verify_consistency(old_size, size, consistent(old_size, size), root(old_size), root(size))


def test_no_leaf_is_proved_at_another_index():
    """Neither with any bit flipped, the sign's included, nor one place further or back."""
    assert [
        forgery
        for size in SIZES
        for index in range(size)
        for forgery in accepted(
            verify_inclusion,
            (
                (other, size, LEAVES[index], included(index, size), root(size))
                for other in {*(index ^ 1 << bit for bit in range(9)), ~index, index + 1, index - 1, index - size}
            ),
        )
    ] == []


@pytest.mark.campaign
@pytest.mark.parametrize("size", EVERY_BIT)
def test_no_inclusion_proof_survives_any_flipped_bit(size: int):
    for index in range(size):
        assert accepted(verify_inclusion, flipped_inclusions(index, size, range(256))) == []


@pytest.mark.campaign
@pytest.mark.parametrize("size", EVERY_BIT)
def test_no_consistency_proof_survives_any_flipped_bit(size: int):
    for old_size in range(1, size + 1):
        assert accepted(verify_consistency, flipped_consistencies(old_size, size, range(256))) == []


@pytest.mark.parametrize("size", EDGES)
def test_no_proof_at_the_edges_of_a_larger_tree_survives_any_flipped_bit(size: int):
    for index in (0, size // 2, size - 1):
        assert accepted(verify_inclusion, flipped_inclusions(index, size, range(256))) == []
    for old_size in (1, size // 2 + 1, size - 1):
        assert accepted(verify_consistency, flipped_consistencies(old_size, size, range(256))) == []


def test_no_proof_survives_a_flipped_bit_in_any_of_its_hashes():
    for size in SIZES:
        for place in range(size):
            bit = one_bit(place, size)
            assert accepted(verify_inclusion, flipped_inclusions(place, size, bit)) == []
            assert accepted(verify_consistency, flipped_consistencies(place + 1, size, bit)) == []


def test_no_inclusion_proof_survives_a_hash_too_few_too_many_or_out_of_order():
    for size in SIZES:
        for index in range(size):
            leaf, proof, top = LEAVES[index], included(index, size), root(size)
            forgeries = ((index, size, leaf, forged, top) for forged in misshapen(proof, leaf, top))
            assert accepted(verify_inclusion, forgeries) == []


def test_no_consistency_proof_survives_a_hash_too_few_too_many_or_out_of_order():
    for size in SIZES:
        for old_size in range(1, size + 1):
            old, proof, new = root(old_size), consistent(old_size, size), root(size)
            forgeries = ((old_size, size, forged, old, new) for forged in misshapen(proof, old, new))
            assert accepted(verify_consistency, forgeries) == []


def test_no_proof_turns_a_subtree_into_a_leaf_or_a_shorter_tree():
    """The hash of an inner node, with the rest of the path above it, is no leaf of the same tree."""
    for size in SIZES:
        for index in range(size):
            proof, climbed = included(index, size), LEAVES[index]
            for k, (sibling, side) in enumerate(zip(proof, inclusion_turns(index, size), strict=True), start=1):
                climbed = node_hash(sibling, climbed) if side == "left" else node_hash(climbed, sibling)
                forgeries = ((place, size, climbed, proof[k:], root(size)) for place in (index, index >> k, index | 1))
                assert accepted(verify_inclusion, forgeries) == []
