"""The page in a bundle that says how to check it with programs that everybody has.

What is indented is typed in the folder into which the bundle was unpacked; each command says what it found.
"""

from collections.abc import Iterator, Sequence

from ledger.evidence.manifest import OpenedText, Signature

INDENT = "    "

_INTRODUCTION = """\
What this is

Entries of an audit ledger about {about}, each byte for byte as it was recorded, with
proofs that they stand in that ledger. Nothing here needs the ledger, a network or our programs.
manifest.json says what is here; the history says it in words, and the entries are what counts.

You need the ledger's verifier key from a person whom you believe, who did not send you this:
compare it with the file vkey. Without that, all of this could have been made up.
What no bundle can show is that there are no further entries.

What to type

1. No file was changed, and the ledger's key signed the list of files: OK for each, then "Verified".
   (log-key.pem is the last part of vkey, written for openssl, and 2. below shows it.)

    sha256sum --quiet --strict -c SHA256SUMS && echo All files are as listed
    openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig

2. The key in vkey is the one in log-key.pem: "Same key".

    a=$(cut -d+ -f3- vkey | base64 -d | tail -c 32 | base64); b=$(openssl pkey -pubin -in log-key.pem -outform DER | \
tail -c 32 | base64)
    test "$a" = "$b" && echo Same key

3. The ledger's key signed the checkpoint: how many entries there were, and the root of their hashes.

    head -n 3 checkpoint > /tmp/bundle-text.$$; sed -n 5p checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 \
> /tmp/bundle-sig.$$
    openssl pkeyutl -verify -pubin -inkey log-key.pem -rawin -in /tmp/bundle-text.$$ -sigfile /tmp/bundle-sig.$$

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

_TEXTS = """
5. What was opened is what the entries committed to. For each of the texts in manifest.json (and each of the documents,
   whose value is their SHA-256), this gives the commitment that stands in the entry; here for the first of them.

    python3 - <<'END' > /tmp/bundle-value.$$
    import json
    opened = json.load(open("manifest.json"))["texts"][0]
    print("dua-ledger/v1", opened["purpose"], opened["value"], sep="\\n", end="")
    END
    openssl dgst -sha256 -mac HMAC -macopt hexkey:{salt} /tmp/bundle-value.$$
    grep -o {commitment} entries/{position}
"""

_SIGNATURES = """
6. The agreements were signed by these keys: "Good signature".
   (That a key is somebody's is not shown by this: the entry says who attested or confirmed it.)

    export GNUPGHOME=$(mktemp -d)
"""


def how_to(about: str, texts: Sequence[OpenedText], signatures: Sequence[Signature]) -> str:
    """How to check a bundle about this, in which these texts were opened and these signatures can be checked."""
    return "".join(_parts(about, texts, signatures))


def _parts(about: str, texts: Sequence[OpenedText], signatures: Sequence[Signature]) -> Iterator[str]:
    yield _INTRODUCTION.format(about=about)
    for first in texts[:1]:
        yield _TEXTS.format(salt=first.salt, commitment=first.commitment, position=first.position)
    if signatures:
        yield _SIGNATURES
    for one in signatures:
        yield f"{INDENT}gpg --quiet --import {one.key}\n{INDENT}gpg --verify {one.signature} {one.text}\n"
