"""What a refused proof says is wrong with it."""

from collections.abc import Callable

import pytest

from ledger.chain.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from ledger.errors import ProofFailed
from tests.trees import LEAVES, root

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
