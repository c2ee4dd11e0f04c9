"""The page in a bundle that says how to check it with programs that everybody has.

What is indented is typed in the folder into which the bundle was unpacked; each command says what it found. The page
follows from the rest of a bundle, and `verify` compares it: a bundle with other words in it is of another format.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.chain.note import VerifierKey, parse_note
from ledger.evidence.manifest import Manifest, Signature

INDENT = "    "

_INTRODUCTION = """\
What this is

Entries of an audit ledger about {about}, each byte for byte as it was recorded, with
proofs that they stand in that ledger. Nothing here needs the ledger, a network or our programs.
manifest.json says what is here; the history says it in words, and the entries are what counts.

You need the ledger's verifier key from a person whom you believe, who did not send you this:
compare it with the file vkey. Without that, all of this could have been made up.
What no bundle can show is that there are no further entries.
"""

_COMMANDS = """
What to type

1. No file was changed, and the ledger's key signed the list of files: "All files are as listed", "Verified".

    sha256sum --quiet --strict -c SHA256SUMS && echo All files are as listed
    openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig

2. log-key.pem is the key in vkey: "Same key".

    own=$(cut -d+ -f3- vkey | base64 -d | tail -c 32 | base64)
    pem=$(openssl pkey -pubin -in log-key.pem -outform DER | tail -c 32 | base64)
    test "$own" = "$pem" && echo Same key

3. The ledger's key signed the checkpoint, which says how many entries there were, and the root of their hashes.

    aside=$(mktemp -d)
    head -n 3 checkpoint > $aside/text
    sed -n 5p checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > $aside/signature
    openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in $aside/text -sigfile $aside/signature
"""

_COSIGNED = """
   Witnesses have cosigned it, who never cosign two histories of one ledger: "Verified", and when, in seconds since
   1970. You need their keys, too, from a person whom you believe: compare them with the file witnesses.

    cosigned() {
        sed -n "$1p" checkpoint | cut -d' ' -f3 | base64 -d > $aside/line
        seconds=$((0x$(head -c 12 $aside/line | tail -c 8 | od -An -tx1 | tr -d ' \\n')))
        { printf 'cosignature/v1\\ntime %d\\n' $seconds; cat $aside/text; } > $aside/cosigned
        tail -c 64 $aside/line > $aside/signature
        { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
          sed -n "$2p" witnesses | cut -d+ -f3- | base64 -d | tail -c 32; } > $aside/key
        openssl pkeyutl -verify -pubin -keyform DER -inkey $aside/key \\
            -rawin -in $aside/cosigned -sigfile $aside/signature && echo Cosigned at $seconds
    }
"""

_BY_WITNESS = """
   By {name}, with line {line} of checkpoint and key {number} of witnesses:

    cosigned {line} {number}
"""

_STANDING = """
4. Each entry stands in the ledger, where it says (RFC 6962, section 2.1.1; any program for that, or for
   c2sp.org/tlog-proof, will do instead).

    python3 - <<'END'
    import base64, hashlib, json, pathlib
    sha = lambda b: hashlib.sha256(b).digest()
    size, root = pathlib.Path("checkpoint").read_text().split("\\n")[1:3]
    for entry in sorted(pathlib.Path("entries").iterdir(), key=lambda path: int(path.name)):
        raw, lines = entry.read_bytes(), pathlib.Path("proofs", entry.name + ".tlog-proof").read_text().split("\\n")
        place, last, found = int(lines[1][6:]), int(size) - 1, sha(b"\\0" + raw)
        says = json.loads(raw.split(b"\\n")[0])["position"]
        right = place < int(size) and str(says) == entry.name == str(place + 1)
        for other in map(base64.b64decode, lines[2 : lines.index("")]):
            if place & 1 or place == last:
                found = sha(b"\\1" + other + found)
                while place and not place & 1:
                    place, last = place >> 1, last >> 1
            else:
                found = sha(b"\\1" + found + other)
            place, last = place >> 1, last >> 1
        right = right and last == 0 and found == base64.b64decode(root)
        print("Entry", entry.name, "stands in the ledger" if right else "DOES NOT STAND IN THE LEDGER")
    END
"""

_OPENED = """
5. What was opened is what the entries commit to: HMAC-SHA256 with the salt as key, as 64 hex digits.

    python3 - <<'END'
    import hashlib, hmac, json, pathlib
    manifest = json.loads(pathlib.Path("manifest.json").read_text(encoding="utf-8"))
    for opened in manifest["texts"] + manifest["documents"]:
        file = opened.get("file")
        value = hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest() if file else opened["value"]
        message = "\\n".join(["dua-ledger/v1", opened["purpose"], value]).encode()
        found = hmac.new(bytes.fromhex(opened["salt"]), message, "sha256").hexdigest()
        right = found.encode() in pathlib.Path("entries", str(opened["position"])).read_bytes()
        print("Entry", opened["position"], opened["member"], "is as committed" if right else "IS NOT AS COMMITTED")
    END
"""

_SIGNATURES = """
6. The agreements were signed by these keys: "Good signature".
   (That a key is somebody's is not shown by this: the entry says who attested or confirmed it.)

    export GNUPGHOME=$(mktemp -d)
"""


class Place(NamedTuple):
    """Where a witness's cosignature stands: the line of the checkpoint, and of the key in the list of witnesses."""

    name: str
    line: int
    number: int


def places_of(checkpoint: bytes, witnesses: Sequence[VerifierKey]) -> list[Place]:
    """Where the cosignatures of these witnesses stand in a checkpoint that all of them have cosigned."""
    note = parse_note(checkpoint)
    before = note.text.count(b"\n") + 1
    lines = {(one.name, one.key_id): before + number for number, one in enumerate(note.signatures, 1)}
    return [Place(key.name, lines[key.name, key.key_id], number) for number, key in enumerate(witnesses, 1)]


def how_to(manifest: Manifest, signatures: Sequence[Signature], cosigned: Sequence[Place]) -> str:
    """How to check a bundle with this manifest, in which these signatures and cosignatures can be checked."""
    return "".join(_parts(manifest, signatures, cosigned))


def _parts(manifest: Manifest, signatures: Sequence[Signature], cosigned: Sequence[Place]) -> Iterator[str]:
    yield _INTRODUCTION.format(about=manifest.about)
    yield _COMMANDS
    if cosigned:
        yield _COSIGNED
    for place in cosigned:
        yield _BY_WITNESS.format(**place._asdict())
    yield _STANDING
    if manifest.texts or manifest.documents:
        yield _OPENED
    if signatures:
        yield _SIGNATURES
    for one in signatures:
        yield f"{INDENT}gpg --quiet --import {one.key}\n{INDENT}gpg --verify {one.signature} {one.text}\n"
