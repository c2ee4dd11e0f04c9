"""The tree is what RFC 6962 defines, at every size."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.merkle import consistency_proof, inclusion_proof, root_hash, verify_consistency, verify_inclusion
from tests.rfc6962 import mth, path, subproof
from tests.trees import LEAVES

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
