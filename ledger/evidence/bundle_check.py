"""Whether a bundle is what its ledger gave out: each file, each proof, each opened commitment, each signature.

It takes the bundle's bytes and the keys that are trusted, and needs no ledger and no network. What it cannot tell
stands in the report: that nothing was left out, and without a key from elsewhere, that not all of it was made up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

import msgspec

from ledger.chain.checkpoint import SignedCheckpoint, open_checkpoint, parse_witness_key
from ledger.chain.entry import Entry, parse_entry
from ledger.chain.note import Signature, VerifierKey, cosigned_in, open_note, parse_note, parse_vkey
from ledger.chain.receipt import check_receipt, parse_receipt
from ledger.codec import Codec
from ledger.custody import verify_commitment
from ledger.errors import (
    LedgerError,
    Malformed,
    OpenPGPError,
    ProofFailed,
    SignatureFailed,
    Tampered,
    Unavailable,
    UnknownEvent,
    UnknownKey,
)
from ledger.events import LedgerOpened, LogKeyRotated
from ledger.evidence.archive import read_archive
from ledger.evidence.bundle import (
    CHECKPOINT,
    ENTRIES,
    HISTORIES,
    HOWTO,
    MANIFEST,
    PEM,
    PROOF,
    PROOFS,
    SUMS,
    SUMS_SIGNATURE,
    VKEY,
    WITNESSES,
    lines_of,
    pem_of,
    sums_of,
)
from ledger.evidence.howto import how_to, places_of
from ledger.evidence.manifest import (
    Commitment,
    Manifest,
    Opened,
    OpenedDocument,
    OpenedText,
    commitments_of,
    read_manifest,
    signatures_in,
    write_manifest,
)
from ledger.evidence.manifest import Signature as AgreementSignature
from ledger.evidence.report import Finding, Report, altered, unverified
from ledger.openpgp import verify_signature

LEFT_OUT = "that the ledger has further entries of this kind, later ones among them: a bundle shows what is in it"
MADE_UP = (
    "that all of this was made up: no key was given that somebody had from a person, and the bundle's own was used"
)
TWO_HISTORIES = (
    "that whoever has the ledger's key shows others another history: no key was given of a witness that has cosigned"
    " this one, and its checkpoint was compared with nobody else's"
)
HISTORY = "that the history says what the entries say: it is in the words of whoever made the bundle, and not checked"

_RANGE = re.compile(r"entries:([1-9][0-9]{0,15})-([1-9][0-9]{0,15})")


def check_bundle(raw: bytes, keys: Sequence[VerifierKey] = (), witnesses: Sequence[VerifierKey] = ()) -> Report:
    """What there is to say of a bundle, trusting these keys of its ledger, or its own when none is given.

    Each of these witnesses has to have cosigned its checkpoint.
    """
    try:
        bundle = _Bundle(read_archive(raw))
    except (Malformed, KeyError) as error:
        missing = f"the file {error} is missing" if isinstance(error, KeyError) else str(error)
        return Report(0, "", (altered(None, missing),), ())
    findings = [*bundle.files(), *bundle.signed_by(keys), *bundle.cosigned_by(witnesses), *bundle.proofs()]
    findings += [*bundle.scope(), *bundle.opened(), *bundle.signatures(), *bundle.how_to()]
    not_excluded = [LEFT_OUT, HISTORY] if keys else [MADE_UP, LEFT_OUT, HISTORY]
    if not bundle.is_witnessed_by(witnesses):
        not_excluded.append(TWO_HISTORIES)
    size, root = (bundle.signed.size, bundle.signed.root.hex()) if bundle.signed else (0, "")
    return Report(size, root, tuple(findings), tuple(not_excluded), tuple(bundle.cosigners(witnesses)))


class _Bundle:
    """The files of a bundle, taken apart. Raises `Malformed`, or `KeyError` for a file that is not there."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self._sums, self._sums_signature = members[SUMS], members[SUMS_SIGNATURE]
        self._checkpoint = members[CHECKPOINT]
        self._key = _key_in(members[VKEY])
        self._witnesses = _witnesses_in(members[WITNESSES]) if WITNESSES in members else ()
        self._manifest = _manifest_in(members[MANIFEST])
        self._codec = Codec()
        # An entry that cannot be read is found where proofs are checked.
        self._entries = dict(self._readable())
        self.signed: SignedCheckpoint | None = None

    def files(self) -> Iterator[Finding]:
        """That these files, and no others, are listed with their sums, and belong in a bundle."""
        listed = {name: content for name, content in self._members.items() if name not in {SUMS, SUMS_SIGNATURE}}
        if sums_of(listed) != self._sums:
            said = set(self._sums.splitlines())
            wrong = [name for name, content in listed.items() if not said.issuperset(_lines(name, content))]
            yield altered(None, f"{SUMS} does not hold for {', '.join(wrong) or 'what is here'}")
        if self._members.get(PEM) != pem_of(self._key):
            yield altered(None, f"{PEM} is not the key in {VKEY}")
        expected = self._expected()
        histories = [name for name in HISTORIES if name in self._members]
        if len(histories) != 1:
            yield altered(None, f"there are {len(histories)} histories, where one has to be")
        for name in sorted(expected ^ (self._members.keys() - set(histories))):
            yield altered(None, f"the file {name} {'is missing' if name in expected else 'belongs to nothing here'}")

    def signed_by(self, keys: Sequence[VerifierKey]) -> Iterator[Finding]:
        """That the ledger's key signed the list of files and the checkpoint, and is one that is trusted."""
        own = (self._key.name, self._key.type, self._key.public)
        known = [key for key in keys if (key.name, key.type, key.public) == own]
        if keys and not known:
            yield unverified(None, f"the bundle's key, {self._key}, is none of those that are trusted")
        try:
            self._key.check(self._sums, self._sums_signature)
        except SignatureFailed as error:
            yield altered(None, f"{SUMS_SIGNATURE}: {error}")
        try:
            self.signed = open_checkpoint(self._checkpoint, [self._key])
            open_checkpoint(self._checkpoint, known or [self._key])
        except (Malformed, SignatureFailed, UnknownKey) as error:
            told = altered if self.signed is None else unverified
            yield told(None, f"{CHECKPOINT}: {error}")
            return
        said = (self._manifest.origin, self._manifest.size)
        if said != (self.signed.checkpoint.origin, self.signed.size):
            yield altered(None, f"{MANIFEST} is for {said[1]} entries of {said[0]}, and {CHECKPOINT} is not")

    def cosigned_by(self, trusted: Sequence[VerifierKey]) -> Iterator[Finding]:
        """That the listed witnesses have cosigned the checkpoint, and nobody else, and these are among them."""
        for key in self._witnesses:
            try:
                open_note(self._checkpoint, [key])
            except (Malformed, SignatureFailed, UnknownKey) as error:
                yield altered(None, f"{CHECKPOINT}: {error}")
        listed = {(key.name, key.key_id) for key in self._witnesses}
        for line in self._lines_below():
            # Another key of the log's may have signed it, too.
            if line.name != self._key.name and (line.name, line.key_id) not in listed:
                yield altered(None, f"{CHECKPOINT} has a line by {line.name}, whose key is not in {WITNESSES}")
        for key in trusted:
            if key not in self._witnesses:
                yield unverified(None, f"{key} has not cosigned {CHECKPOINT}")

    def is_witnessed_by(self, trusted: Sequence[VerifierKey]) -> bool:
        """Whether one of these is listed as a witness; that it has cosigned is checked of all that are."""
        return any(key in self._witnesses for key in trusted)

    def cosigners(self, trusted: Sequence[VerifierKey]) -> Iterator[str]:
        """Who cosigned the checkpoint, as the bundle lists them, and when."""
        for key in self._witnesses:
            lines = (one for one in self._lines_below() if (one.name, one.key_id) == (key.name, key.key_id))
            at = next(map(cosigned_in, lines), None)
            when = "at a time that no calendar has" if at is None else f"on {at:%Y-%m-%dT%H:%M:%SZ}"
            whose = "" if key in trusted else ", by a key that is listed in the bundle, and was not given"
            yield f"the checkpoint was cosigned by {key.name} {when}{whose}"

    def _lines_below(self) -> Sequence[Signature]:
        try:
            return parse_note(self._checkpoint).signatures
        except Malformed:
            # That it is no checkpoint is found where it is opened.
            return ()

    def proofs(self) -> Iterator[Finding]:
        """That each entry stands in the log where its name says, by the one checkpoint, and the first names the key."""
        for position in self._positions():
            try:
                self._prove(position)
            except (LedgerError, KeyError) as error:
                yield altered(position, f"it does not stand in the log: {error}")
        events = [self._event(position) for position in self._positions()]
        if str(self._key) not in {one.log_key for one in events if isinstance(one, LedgerOpened | LogKeyRotated)}:
            yield altered(1, f"does not name {self._key} as the log's key")

    def scope(self) -> Iterator[Finding]:
        """That the entries are about what the manifest says, and those that they rest on are not."""
        manifest = self._manifest
        if list(manifest.entries) != sorted(set(manifest.entries)) or set(manifest.entries) & set(manifest.basis):
            yield altered(None, f"{MANIFEST} lists entries twice, or out of order")
        between = _RANGE.fullmatch(manifest.about)
        if between and len(manifest.entries) != int(between[2]) - int(between[1]) + 1:
            yield altered(None, f"these are not all of {manifest.about}")
        for position, entry in self._entries.items():
            is_about = _is_about(manifest.about, entry)
            if is_about != (position in manifest.entries):
                yield altered(position, f"is {'' if is_about else 'not '}about {manifest.about}, and listed otherwise")

    def opened(self) -> Iterator[Finding]:
        """That everything that was opened is what its entry commits to."""
        for opened in (*self._manifest.texts, *self._manifest.documents):
            try:
                self._check_opened(opened)
            except UnknownEvent as error:
                yield unverified(opened.position, f"{opened.member}: {error}")
            except (Malformed, Tampered) as error:
                yield altered(opened.position, f"{opened.member}: {error}")

    def signatures(self) -> Iterator[Finding]:
        """That the agreements were signed by the keys that are here, with those fingerprints."""
        for signature in self._signatures():
            text, by, key = (self._members.get(name, b"") for name in signature[1:])
            try:
                facts = verify_signature(text, by, key, self._entries[signature.position].recorded_at)
            except Unavailable as error:
                yield unverified(signature.position, f"its signature was not checked: {error}")
            except (OpenPGPError, Malformed) as error:
                yield altered(signature.position, f"its signature does not hold: {error}")
            else:
                if self._fingerprint(signature.position) not in {None, facts.key}:
                    yield altered(signature.position, f"it was signed by {facts.key}, and names another key")

    def how_to(self) -> Iterator[Finding]:
        """That the page which says how to check all this is the one that follows from the rest."""
        try:
            places = places_of(self._checkpoint, self._witnesses)
        except (Malformed, KeyError):
            # That the checkpoint is none, or not cosigned as is said, is found where it is opened.
            return
        follows = how_to(self._manifest, self._signatures(), places).encode()
        if not compare_digest(self._members.get(HOWTO, b""), follows):
            # A signature in a version of its event that is not known here has its lines in it.
            told = altered if all(map(self._event, self._positions())) else unverified
            yield told(None, f"{HOWTO} is not the page that belongs to this: do not type what it says")

    def _signatures(self) -> list[AgreementSignature]:
        entries = [entry for entry in self._entries.values() if self._event(entry.position)]
        return list(signatures_in(entries, self._manifest.documents))

    def _readable(self) -> Iterator[tuple[int, Entry]]:
        for position in self._positions():
            try:
                yield position, parse_entry(self._members.get(f"{ENTRIES}{position}", b""))
            except Malformed:
                continue

    def _positions(self) -> list[int]:
        return sorted({*self._manifest.entries, *self._manifest.basis})

    def _expected(self) -> set[str]:
        fixed = {HOWTO, SUMS, SUMS_SIGNATURE, CHECKPOINT, VKEY, PEM, MANIFEST}
        for position in self._positions():
            fixed |= {f"{ENTRIES}{position}", f"{PROOFS}{position}{PROOF}"}
        if self._witnesses:
            fixed.add(WITNESSES)
        return fixed | {document.file for document in self._manifest.documents}

    def _prove(self, position: int) -> None:
        receipt, entry = self._members[f"{PROOFS}{position}{PROOF}"], self._members[f"{ENTRIES}{position}"]
        if parse_receipt(receipt).checkpoint != self._checkpoint:
            raise ProofFailed("its proof is for another checkpoint")
        check_receipt(receipt, entry, [self._key])
        if parse_entry(entry).position != position:
            raise ProofFailed("it says that it stands elsewhere")

    def _check_opened(self, opened: Opened) -> None:
        if opened.position not in self._entries:
            raise Malformed("position", opened.position, "is that of no entry here")
        entry = self._entries[opened.position]
        payload = self._codec.payload(entry)
        event = self._codec.event(entry.header.type, payload.event)
        said = Commitment(opened.position, opened.member, opened.commitment, opened.purpose)
        if said not in list(commitments_of(entry, event, payload.documents)):
            raise Tampered(opened.commitment, "is no commitment of this entry")
        verify_commitment(opened.commitment, bytes.fromhex(opened.salt), opened.purpose, self._value(opened))

    def _value(self, opened: Opened) -> str:
        if isinstance(opened, OpenedText):
            return opened.value
        if not isinstance(opened, OpenedDocument):
            raise Malformed("what was opened", opened.member, "is neither text nor document")
        found = sha256(self._members.get(opened.file, b"")).hexdigest()
        if not compare_digest(found, opened.sha256):
            raise Tampered(opened.commitment, f"{opened.file} is not the document")
        return found

    def _fingerprint(self, position: int) -> str | None:
        found = [
            text.value for text in self._manifest.texts if (text.position, text.member) == (position, "fingerprint")
        ]
        return found[0] if found else None

    def _event(self, position: int) -> object:
        """The event of an entry; None when there is none that this program can read."""
        try:
            return self._codec.decode(self._entries[position]).event
        except (KeyError, Malformed):
            return None


def _is_about(about: str, entry: Entry) -> bool:
    between = _RANGE.fullmatch(about)
    return int(between[1]) <= entry.position <= int(between[2]) if between else about in entry.header.tags


def _lines(name: str, content: bytes) -> list[bytes]:
    return sums_of({name: content}).splitlines()


def _key_in(raw: bytes) -> VerifierKey:
    try:
        key = parse_vkey(raw.decode().removesuffix("\n"))
    except UnicodeDecodeError as error:
        raise Malformed(VKEY, raw, "is not UTF-8") from error
    if f"{key}\n".encode() != raw:
        raise Malformed(VKEY, raw, "is not one line with a verifier key")
    return key


def _witnesses_in(raw: bytes) -> tuple[VerifierKey, ...]:
    try:
        keys = tuple(map(parse_witness_key, raw.decode().removesuffix("\n").split("\n")))
    except UnicodeDecodeError as error:
        raise Malformed(WITNESSES, raw, "is not UTF-8") from error
    if lines_of(keys) != raw or len(set(keys)) != len(keys):
        raise Malformed(WITNESSES, raw, "is not a line with a verifier key for each of some witnesses")
    return keys


def _manifest_in(raw: bytes) -> Manifest:
    try:
        manifest = read_manifest(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(MANIFEST, raw[:20], str(error)) from error
    if write_manifest(manifest) != raw:
        raise Malformed(MANIFEST, raw[:20], "is not written as a manifest is")
    return manifest
