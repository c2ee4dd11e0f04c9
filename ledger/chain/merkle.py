"""The Merkle tree over the log's entries: roots, proofs, and their verification (RFC 6962 section 2.1, RFC 9162).

    empty root = SHA-256("")        leaf = SHA-256(0x00 || entry)        node = SHA-256(0x01 || left || right)

A list of n hashes is split at the largest power of two smaller than n. Hashes are raw, 32 bytes each.

A *completed subtree* covers 2**level leaves from a multiple of 2**level on; its hash never changes again. So whoever
keeps those hashes can make every root and every proof from O(log n) of them. Such a keeper is handed in as a
function `subtree(level, index)`: the hash over leaves `index * 2**level` up to `(index + 1) * 2**level`, exclusive.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

from ledger.errors import ProofFailed

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]

# Each hash is a copy of one that has begun: to begin anew takes longer.
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry (RFC 6962 section 2.1)."""
    hashed = _LEAF.copy()
    hashed.update(entry)
    return hashed.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two hashes (RFC 6962 section 2.1)."""
    hashed = _NODE.copy()
    hashed.update(left + right)
    return hashed.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf of each of these entries, in less time than one by one."""
    leaves, begin = [], _LEAF.copy
    for entry in entries:
        hashed = begin()
        hashed.update(entry)
        leaves.append(hashed.digest())
    return leaves


def nodes_above(hashes: Sequence[bytes]) -> list[bytes]:
    """The nodes above the first two of these hashes, the next two, and so on; above a last one alone there is none."""
    nodes, begin = [], _NODE.copy
    for left, right in zip(hashes[::2], hashes[1::2], strict=False):
        hashed = begin()
        hashed.update(left)
        hashed.update(right)
        nodes.append(hashed.digest())
    return nodes


def completed_by(position: int, leaf: bytes, subtree: Subtree) -> list[bytes]:
    """The hashes of all subtrees that the entry at `position` (from 1) completes, its own leaf first.

    There are as many as `position` can be halved evenly, plus one; item k stands at level k with index
    `(position >> k) - 1`. Each needs one older hash from `subtree`.
    """
    halvings = (position & -position).bit_length() - 1
    hashes = [leaf]
    for level in range(halvings):
        left = subtree(level, (position >> level) - 2)
        hashes.append(node_hash(left, hashes[level]))
    return hashes


def completed_by_all(
    size: int, peaks: Mapping[int, bytes], leaves: Sequence[bytes]
) -> tuple[list[bytes], dict[int, bytes]]:
    """For each of these leaves behind the first `size` what it completes, as `completed_by` has it, joined.

    `peaks` are the largest completed subtrees that make up the first `size` leaves, by their level; those that make up
    all of them come second. Level by level, this takes half the time of leaf by leaf.
    """
    joined, peaks = [*leaves], dict(peaks)
    nodes, level, first = leaves, 0, size
    while nodes:
        if first & 1:
            nodes, first = [peaks.pop(level), *nodes], first - 1
        if len(nodes) & 1:
            peaks[level] = nodes[-1]
        nodes = nodes_above(nodes)
        level, first = level + 1, first >> 1
        for at, node in enumerate(nodes, first + 1):
            joined[(at << level) - size - 1] += node
    return joined, peaks


def root_of(size: int, subtree: Subtree) -> bytes:
    """The root of the first `size` leaves, from at most log2(size) + 1 completed subtrees."""
    return _hash_of(0, size, subtree) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf `index` (from 0) in the tree of `size` leaves, its sibling first (RFC 6962 2.1.1).

    Raises `ProofFailed` when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofFailed(f"there is no leaf {index} in a tree of {size}")
    return list(_inclusion(index, 0, size, subtree))


def consistency_path(old_size: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `size` leaves begins with the tree of `old_size` (RFC 6962 2.1.2).

    Raises `ProofFailed` unless 0 < old_size <= size: everything begins with nothing, so there is no proof of it.
    """
    if not 0 < old_size <= size:
        raise ProofFailed(f"no proof leads from size {old_size} to size {size}")
    return list(_consistency(old_size, 0, size, True, subtree))


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """The root of these leaves."""
    return root_of(len(leaves), _subtrees_of(leaves))


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """As `inclusion_path`, in the tree of these leaves."""
    return inclusion_path(index, len(leaves), _subtrees_of(leaves))


def consistency_proof(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """As `consistency_path`, to the tree of these leaves."""
    return consistency_path(old_size, len(leaves), _subtrees_of(leaves))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` stands at `index` of the tree with this size and root (RFC 9162 section 2.1.3.2).

    Raises `ProofFailed` otherwise. A proof alone does not bind `size`; take it from a signed checkpoint.
    """
    _check_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofFailed(f"there is no leaf {index} in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofFailed("the inclusion proof is too long")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while place & 1 == 0:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofFailed("the inclusion proof is too short")
    if not compare_digest(found, root):
        raise ProofFailed(f"leaf {index} does not lead to the root of size {size}")


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the newer tree begins with the older one (RFC 9162 section 2.1.4.2).

    Raises `ProofFailed` otherwise. `old_size` 0 is refused: everything begins with nothing.
    """
    _check_hashes([old_root, new_root, *proof])
    if not 0 < old_size <= new_size:
        raise ProofFailed(f"no proof leads from size {old_size} to size {new_size}")
    if old_size == new_size:
        if proof:
            raise ProofFailed("the consistency proof is too long")
        if not compare_digest(old_root, new_root):
            raise ProofFailed(f"two roots for one size, {old_size}")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofFailed("the consistency proof is too short")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            raise ProofFailed("the consistency proof is too long")
        if place & 1 or place == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while place & 1 == 0:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, other)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofFailed("the consistency proof is too short")
    if not compare_digest(old, old_root):
        raise ProofFailed(f"the proof does not lead to the root of size {old_size}")
    if not compare_digest(new, new_root):
        raise ProofFailed(f"the proof does not lead to the root of size {new_size}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise ProofFailed(f"a hash of {len(value)} bytes, where {HASH_BYTES} are needed")


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _hash_of(start: int, end: int, subtree: Subtree) -> bytes:
    """The hash over leaves start to end, where start is a multiple of the next power of two of the distance."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _split(size)
    return node_hash(_hash_of(start, middle, subtree), _hash_of(middle, end, subtree))


def _inclusion(index: int, start: int, end: int, subtree: Subtree) -> Iterator[bytes]:
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _inclusion(index, start, middle, subtree)
        yield _hash_of(middle, end, subtree)
    else:
        yield from _inclusion(index, middle, end, subtree)
        yield _hash_of(start, middle, subtree)


def _consistency(old_size: int, start: int, end: int, whole: bool, subtree: Subtree) -> Iterator[bytes]:
    """SUBPROOF of RFC 6962 2.1.2; `whole` says that the verifier knows the older root from this start."""
    if old_size == end:
        if not whole:
            yield _hash_of(start, end, subtree)
        return
    middle = start + _split(end - start)
    if old_size <= middle:
        yield from _consistency(old_size, start, middle, whole, subtree)
        yield _hash_of(middle, end, subtree)
    else:
        yield from _consistency(old_size, middle, end, False, subtree)
        yield _hash_of(start, middle, subtree)


def _subtrees_of(leaves: Sequence[bytes]) -> Subtree:
    """Every completed subtree over these leaves, level by level. Raises `ProofFailed` unless they are hashes."""
    _check_hashes(leaves)
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        levels.append(nodes_above(levels[-1]))
    return lambda level, index: levels[level][index]
