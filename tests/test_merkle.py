"""The tree: published answers, the RFC's own definitions as an oracle, and every forgery of every small proof.

With CAMPAIGN=1 every single bit of every proof for the sizes 1 to 130 is flipped, which takes some minutes. Without it
all bits are flipped in small trees and in a few proofs of larger ones, and one bit of every hash in the rest.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.merkle import (
    EMPTY_ROOT,
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
from ledger.errors import ProofFailed

SIZES = range(1, 131)
EVERY_BIT = SIZES if os.environ.get("CAMPAIGN") == "1" else range(1, 14)
EDGES = (32, 33, 63, 64, 65, 127, 128, 129, 130)

LEAVES = [leaf_hash(b"entry %d" % index) for index in range(300)]
STRANGE = sha256(b"a hash that stands nowhere in the tree").digest()


# --- Published answers: the certificate-transparency project's tests (merkle_tree_test.cc, repeated in the Go package
#     transparency-dev/merkle).

CT_ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_SUBTREES = [
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    ],
    [
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    ],
    [
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    ["5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
]
CT_INCLUSION = {  # (index from 0, size): path
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_CONSISTENCY = {  # (old size, size): proof
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CT_LEAVES = [leaf_hash(entry) for entry in CT_ENTRIES]


def hexes(hashes: Sequence[bytes]) -> list[str]:
    return [value.hex() for value in hashes]


@pytest.mark.parametrize(
    ("entry", "leaf"),
    [
        ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("101112131415161718191a1b1c1d1e1f", "3bfb960453ebaebf33727da7a1f4db38acc051d381b6da20d6d4e88f0eabfd7a"),
    ],
    ids=["empty", "16-bytes"],
)
def test_a_leaf_has_its_published_hash(entry: str, leaf: str):
    assert leaf_hash(bytes.fromhex(entry)).hex() == leaf


def test_a_node_has_its_published_hash():
    node = node_hash(bytes(range(32)), bytes(range(32, 64)))

    assert node.hex() == "1a378704c17da31e2d05b6d121c2bb2c7d76f6ee6fa8f983e596c2d034963c57"


def test_the_empty_tree_has_the_hash_of_nothing_as_root():
    assert root_hash([]) == EMPTY_ROOT == sha256().digest()


@pytest.mark.parametrize("size", range(9))
def test_a_tree_has_its_published_root(size: int):
    assert root_hash(CT_LEAVES[:size]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_a_leaf_has_its_published_inclusion_proof(index: int, size: int):
    proof = inclusion_proof(index, CT_LEAVES[:size])

    assert hexes(proof) == CT_INCLUSION[index, size]
    verify_inclusion(index, size, CT_LEAVES[index], proof, bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(("old_size", "size"), CT_CONSISTENCY)
def test_two_sizes_have_their_published_consistency_proof(old_size: int, size: int):
    proof = consistency_proof(old_size, CT_LEAVES[:size])

    assert hexes(proof) == CT_CONSISTENCY[old_size, size]
    verify_consistency(old_size, size, proof, bytes.fromhex(CT_ROOTS[old_size]), bytes.fromhex(CT_ROOTS[size]))


def test_growing_a_tree_completes_its_published_subtrees():
    levels: list[list[bytes]] = [[], [], [], []]

    for position, leaf in enumerate(CT_LEAVES, start=1):
        for level, value in enumerate(completed_by(position, leaf, lambda level, index: levels[level][index])):
            levels[level].append(value)

    assert [hexes(level) for level in levels] == CT_SUBTREES


def test_the_worked_example_of_rfc_6962_comes_out():
    """Section 2.1.3: a tree over d0 to d6, whose nodes the RFC names a to l and whose proofs it writes with them."""
    a, b, c, d, e, f, j = leaves = LEAVES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, ell = node_hash(g, h), node_hash(i, j)

    assert root_hash(leaves) == node_hash(k, ell)
    assert [inclusion_proof(index, leaves) for index in (0, 3, 4, 6)] == [[b, h, ell], [c, g, ell], [f, j, k], [i, k]]
    assert [consistency_proof(old, leaves) for old in (3, 4, 6)] == [[c, d, g, ell], [ell], [i, j, k]]


# --- The definitions of RFC 6962, written down as they stand there.


def split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH of section 2.1, over leaf hashes."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return entries[0]
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2; PROOF(m, D) is SUBPROOF(m, D, true)."""
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], known), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


sizes = st.integers(1, len(LEAVES))


@given(st.integers(0, len(LEAVES)))
def test_every_root_is_what_the_rfc_defines(size: int):
    assert root_hash(LEAVES[:size]) == mth(LEAVES[:size])


@given(st.data(), sizes)
def test_every_inclusion_proof_is_what_the_rfc_defines(draw: st.DataObject, size: int):
    index = draw.draw(st.integers(0, size - 1))

    assert inclusion_proof(index, LEAVES[:size]) == path(index, LEAVES[:size])


@given(st.data(), sizes)
def test_every_consistency_proof_is_what_the_rfc_defines(draw: st.DataObject, size: int):
    old_size = draw.draw(st.integers(1, size))

    assert consistency_proof(old_size, LEAVES[:size]) == subproof(old_size, LEAVES[:size], True)


@given(st.lists(st.sampled_from(LEAVES[:3]), min_size=1, max_size=40), st.data())
def test_repeated_leaves_are_proved_like_any_others(leaves: list[bytes], draw: st.DataObject):
    index = draw.draw(st.integers(0, len(leaves) - 1))

    assert root_hash(leaves) == mth(leaves)
    verify_inclusion(index, len(leaves), leaves[index], inclusion_proof(index, leaves), mth(leaves))
    verify_consistency(
        index + 1, len(leaves), consistency_proof(index + 1, leaves), mth(leaves[: index + 1]), mth(leaves)
    )


# --- Stored subtrees.


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


# --- Proofs and their forgeries.

Proof = tuple[bytes, ...]


@cache
def root(size: int) -> bytes:
    return root_hash(LEAVES[:size])


@cache
def included(index: int, size: int) -> Proof:
    return tuple(inclusion_proof(index, LEAVES[:size]))


@cache
def consistent(old_size: int, size: int) -> Proof:
    return tuple(consistency_proof(old_size, LEAVES[:size]))


def accepted(verify: Callable[..., None], forgeries: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The arguments among these with which `verify` does not raise."""
    passed = []
    for arguments in forgeries:
        # Here `pytest.raises` would take most of the time.
        try:
            verify(*arguments)
        except ProofFailed:
            continue
        passed.append(arguments)
    return passed


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


# --- What a proof says of the size. The same path can belong to trees of several sizes; then only the checkpoint tells
#     them apart. Two sizes have the same path exactly when every hash in it is combined from the same side.


@cache
def inclusion_turns(index: int, size: int) -> tuple[str, ...]:
    """On which side each hash of an inclusion proof stands, by the definition in RFC 6962 section 2.1.1."""
    if size == 1:
        return ()
    k = split(size)
    if index < k:
        return (*inclusion_turns(index, k), "right")
    return (*inclusion_turns(index - k, size - k), "left")


@cache
def consistency_turns(old_size: int, size: int, known: bool = True) -> tuple[str, ...]:
    """Whether the start is known, and the side of each further hash, by the definition in RFC 6962 section 2.1.2."""
    if old_size == size:
        return ("known" if known else "given",)
    k = split(size)
    if old_size <= k:
        return (*consistency_turns(old_size, k, known), "right")
    return (*consistency_turns(old_size - k, size - k, False), "left")


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


# --- What a refusal says.

A, B, C, D, E = LEAVES[:5]
AB = node_hash(A, B)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param((3, 3, C, [AB], root(3)), "there is no leaf 3 in a tree of 3", id="index-is-the-size"),
        pytest.param((-1, 3, C, [AB], root(3)), "there is no leaf -1 in a tree of 3", id="index-is-negative"),
        pytest.param((0, 0, A, [], EMPTY_ROOT), "there is no leaf 0 in a tree of 0", id="empty-tree"),
        pytest.param((0, -1, A, [], A), "there is no leaf 0 in a tree of -1", id="negative-size"),
        pytest.param((0, 1, A, [B], AB), "the inclusion proof is too long", id="single-leaf-with-a-sibling"),
        pytest.param((2, 3, C, [AB, D], root(3)), "the inclusion proof is too long", id="too-long"),
        pytest.param((0, 3, AB, [C], root(3)), "the inclusion proof is too short", id="a-node-as-leaf"),
        pytest.param((0, 3, A, [], A), "the inclusion proof is too short", id="too-short"),
        pytest.param((2, 3, D, [AB], root(3)), "leaf 2 does not lead to the root of size 3", id="another-leaf"),
        pytest.param((2, 3, C, [AB], root(4)), "leaf 2 does not lead to the root of size 3", id="another-root"),
        pytest.param((0, 1, b"", [], b""), "a hash of 0 bytes, where 32 are needed", id="no-leaf"),
        pytest.param((2, 3, C[:31], [AB], root(3)), "a hash of 31 bytes, where 32 are needed", id="short-leaf"),
        pytest.param((2, 3, C, [AB], root(3) + b"\0"), "a hash of 33 bytes, where 32 are needed", id="long-root"),
        pytest.param((2, 3, AB[-1:] + C, [AB[:-1]], root(3)), "a hash of 33 bytes, where 32 are needed", id="shifted"),
        pytest.param((2, 3, C, [b""], root(3)), "a hash of 0 bytes, where 32 are needed", id="empty-hash-in-proof"),
    ],
)
def test_a_refused_inclusion_says_why(arguments: tuple[int, int, bytes, list[bytes], bytes], why: str):
    with pytest.raises(ProofFailed) as refusal:
        verify_inclusion(*arguments)

    assert refusal.value.why == str(refusal.value) == why


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param((0, 3, [], EMPTY_ROOT, root(3)), "no proof leads from size 0 to size 3", id="from-nothing"),
        pytest.param((0, 0, [], EMPTY_ROOT, EMPTY_ROOT), "no proof leads from size 0 to size 0", id="both-empty"),
        pytest.param((-1, 3, [], A, root(3)), "no proof leads from size -1 to size 3", id="negative"),
        pytest.param((3, 2, [C], root(3), AB), "no proof leads from size 3 to size 2", id="backwards"),
        pytest.param((2, 2, [AB], AB, AB), "the consistency proof is too long", id="same-size-with-a-hash"),
        pytest.param((2, 2, [], AB, root(3)), "two roots for one size, 2", id="same-size-with-two-roots"),
        pytest.param((2, 3, [], AB, root(3)), "the consistency proof is too short", id="empty-from-a-power-of-two"),
        pytest.param((3, 4, [], root(3), root(4)), "the consistency proof is too short", id="empty-from-another-size"),
        pytest.param((3, 4, [C, D], root(3), root(4)), "the consistency proof is too short", id="too-short"),
        pytest.param((2, 3, [C, D], AB, root(3)), "the consistency proof is too long", id="too-long"),
        pytest.param(
            (3, 4, [C, D, AB], root(2), root(4)), "the proof does not lead to the root of size 3", id="another-old-root"
        ),
        pytest.param(
            (3, 4, [C, D, AB], root(3), root(5)), "the proof does not lead to the root of size 4", id="another-new-root"
        ),
        pytest.param((2, 3, [C], root(1), root(3)), "the proof does not lead to the root of size 3", id="known-start"),
        pytest.param((1, 1, [], b"", b""), "a hash of 0 bytes, where 32 are needed", id="no-roots"),
        pytest.param((2, 3, [C[:31]], AB, root(3)), "a hash of 31 bytes, where 32 are needed", id="short-hash"),
        pytest.param((2, 3, [C], AB + b"\0", root(3)), "a hash of 33 bytes, where 32 are needed", id="long-old-root"),
        pytest.param((2, 3, [C], AB, root(3)[1:]), "a hash of 31 bytes, where 32 are needed", id="short-new-root"),
    ],
)
def test_a_refused_consistency_says_why(arguments: tuple[int, int, list[bytes], bytes, bytes], why: str):
    with pytest.raises(ProofFailed) as refusal:
        verify_consistency(*arguments)

    assert refusal.value.why == str(refusal.value) == why


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        pytest.param(
            lambda: inclusion_proof(3, LEAVES[:3]), "there is no leaf 3 in a tree of 3", id="index-is-the-size"
        ),
        pytest.param(
            lambda: inclusion_proof(-1, LEAVES[:3]), "there is no leaf -1 in a tree of 3", id="negative-index"
        ),
        pytest.param(lambda: inclusion_proof(0, []), "there is no leaf 0 in a tree of 0", id="inclusion-in-nothing"),
        pytest.param(
            lambda: consistency_proof(0, LEAVES[:3]), "no proof leads from size 0 to size 3", id="from-nothing"
        ),
        pytest.param(lambda: consistency_proof(4, LEAVES[:3]), "no proof leads from size 4 to size 3", id="backwards"),
        pytest.param(lambda: consistency_proof(0, []), "no proof leads from size 0 to size 0", id="both-empty"),
        pytest.param(lambda: root_hash([b"an entry"]), "a hash of 8 bytes, where 32 are needed", id="root-of-an-entry"),
    ],
)
def test_what_cannot_be_proved_is_refused_with_the_reason(attempt: Callable[[], object], why: str):
    with pytest.raises(ProofFailed) as refusal:
        attempt()

    assert refusal.value.why == why
