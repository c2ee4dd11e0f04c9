"""Verifier keys, against one that everybody knows."""

from base64 import b64decode

import pytest

from ledger.chain.note import ED25519, check_key_name, key_id, verifier_key
from ledger.errors import Malformed

# The Go checksum database, as every Go program carries it (golang.org/x/mod/sumdb).
SUM_GOLANG_ORG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_the_verifier_key_of_the_go_checksum_database_is_made_again():
    name, identity, encoded = SUM_GOLANG_ORG.split("+", 2)
    key = b64decode(encoded)

    assert (key[:1], len(key)) == (ED25519, 33)
    assert key_id(name, key).hex() == identity
    assert verifier_key(name, key[1:]) == SUM_GOLANG_ORG


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "two words", "plus+sign", "+", "tab\tname", "line\nend", "line end\n"),
        *("no-break\u00a0space", "ideographic\u3000space", "line\u2028separator", "next\u0085line"),
        *("nul\0", "escape\x1b", "control\x9b", "right-to-left\u202e", "lone\ud800", "zero\u200bwidth"),
    ],
    ids=ascii,
)
def test_what_no_key_may_be_called_is_refused(name):
    with pytest.raises(Malformed) as refusal:
        check_key_name(name)
    with pytest.raises(Malformed):
        verifier_key(name, bytes(32))

    assert (refusal.value.what, refusal.value.value) == ("key name", name)


@pytest.mark.parametrize("name", ["a", "ir.example.edu/dua-ledger", "örtlich.example/datenkatalog", "a:8080/~x?y=%20"])
def test_anything_else_may_be(name):
    assert verifier_key(name, bytes(32)).startswith(f"{name}+")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_public_key_has_32_bytes(size):
    with pytest.raises(Malformed) as refusal:
        verifier_key("ir.example.edu", bytes(size))

    assert refusal.value.value == size
