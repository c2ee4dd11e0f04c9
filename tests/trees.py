"""Leaves, the proofs in trees of them, and whether a proof is accepted."""

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256

from ledger.chain.merkle import consistency_proof, inclusion_proof, leaf_hash, root_hash
from ledger.errors import ProofFailed

SIZES = range(1, 131)

LEAVES = [leaf_hash(b"entry %d" % index) for index in range(300)]
STRANGE = sha256(b"a hash that stands nowhere in the tree").digest()

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
