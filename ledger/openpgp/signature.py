"""What gpg says of a good signature, and whether its key could make it then."""

from datetime import datetime

from ledger.openpgp.errors import ByExpiredKey, ByRevokedKey, GnuPGFailed, NotASignature, SignedInFuture
from ledger.openpgp.facts import SignatureFacts
from ledger.openpgp.listing import Listing, time_of
from ledger.openpgp.program import Said

# RFC 4880 sections 9.4 and 5.2.1
_DIGESTS = {"1": "MD5", "2": "SHA1", "3": "RIPEMD160", "8": "SHA256", "9": "SHA384", "10": "SHA512", "11": "SHA224"}
_TEXT = "01"
_DOCUMENTS = {"00", _TEXT}


def signature_facts(said: Said, signer: Listing, at: datetime) -> SignatureFacts:
    """What gpg says of a signature that it has found good, if its key could make it then."""
    signing_key, _, signed, expires, _, _, _, digest, kind, key = (said.arguments("VALIDSIG") or [])[:10]
    signed_at = time_of(signed)
    if signed_at > at:
        raise SignedInFuture(signed_at.isoformat(), at.isoformat())
    if kind not in _DOCUMENTS:
        raise NotASignature(f"it is of type 0x{kind}, which signs something else than a document")
    parts = [part for part in signer.parts if part.fingerprint in (signing_key, key)]
    if said.arguments("REVKEYSIG") and not any(part.revocations for part in parts):
        raise GnuPGFailed("checking a signature", "calls its key revoked, and shows no revocation")
    for part in parts:
        revoked, expired = part.revoked, part.expires
        if revoked and not (revoked.spares_past and signed_at < revoked.at):
            raise ByRevokedKey(part.fingerprint, signed_at.isoformat(), revoked.at.isoformat(), revoked.reason)
        if expired and signed_at >= expired:
            raise ByExpiredKey(part.fingerprint, signed_at.isoformat(), expired.isoformat())
    return SignatureFacts(
        key=key,
        signing_key=signing_key,
        signed_at=signed_at,
        expires=None if expires == "0" else time_of(expires),
        digest=_DIGESTS.get(digest, f"digest {digest}"),
        text_mode=kind == _TEXT,
    )
