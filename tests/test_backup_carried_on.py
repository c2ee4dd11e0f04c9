"""A backup that is older than what was signed is carried on by a new log, which commits to the old one."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.cli.verifying import verify_home
from ledger.backup.making import back_up, back_up_keys
from ledger.boundary import about
from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.merkle import root_hash
from ledger.events import LedgerOpened
from ledger.events.opening import Continued
from ledger.evidence.logkeys import log_key
from ledger.evidence.report import Verdict
from ledger.evidence.witness import Witness, create_witness
from ledger.home import KEYS, check_continued, open_home, open_log, read_log_key
from tests.backups import NEW, Ledger, contents, furnished, ledger
from tests.command_line import dua_ledger
from tests.facts import noon
from tests.signing import append, entries_of, locked, new_home, rewrite, sign, with_altered
from tests.tampering import ORIGIN, SIZE
from tests.witnesses import served

__all__ = ["furnished", "ledger"]


def test_a_backup_that_is_older_than_what_was_signed_is_no_continuation(ledger: Ledger):
    ledger.backed_up()
    append(ledger.home, 2)
    sign(ledger.home)
    outcome = ledger.continued()

    assert (outcome.code, outcome.out.partition(":")[0], ledger.again.exists()) == (11, "shorter", False)
    assert f"the log has {SIZE} entries, and {SIZE + 2} were signed" in outcome.out


def test_a_backup_that_is_older_than_what_was_witnessed_is_no_continuation(ledger: Ledger, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    with Witness(tmp_path / "witness") as opened, open_log(ledger.home) as store:
        opened.add(log_key(store))
    with served(tmp_path / "witness") as witness:
        with_witness = ["--witness", f"{witness.url}={vkey}"]
        assert dua_ledger("checkpoint", *with_witness, home=ledger.home).code == 0
        ledger.backed_up()
        assert ledger.continued(*with_witness).code == 0
        shutil.rmtree(ledger.again)
        shutil.copytree(ledger.home / "lock", tmp_path / "lock of yesterday")
        append(ledger.home)
        assert dua_ledger("checkpoint", *with_witness, home=ledger.home).code == 0
        of_yesterday = ["--lock-store", f"sqlite:///{tmp_path}/lock of yesterday/checkpoints.db"]

        assert ledger.restore(*ledger.opened_by, *of_yesterday, to=tmp_path / "unwitnessed").code == 0
        assert ledger.restore(*ledger.opened_by, *of_yesterday, *with_witness).code == 11
        assert not ledger.again.exists()


def test_a_new_log_carries_the_entries_on_and_commits_to_the_old_one(ledger: Ledger):
    ledger.backed_up()
    append(ledger.home, 2)
    sign(ledger.home)
    outcome = ledger.begun_anew()
    before, after = entries_of(ledger.home)[:SIZE], entries_of(ledger.again)
    root = root_hash([entry.leaf for entry in before])

    assert (outcome.code, outcome.err) == (0, "")
    assert "Lost: 2 entries that had been signed.\n" in outcome.out
    assert contents(after)[1:] == contents(before)[1:]
    with open_home(ledger.again, noon) as home:
        (opened,) = (fact.event for fact in home.ledger.facts([about(LedgerOpened)]))
        assert isinstance(opened, LedgerOpened)
        assert opened.continues == Continued(origin=ORIGIN, size=SIZE, root=root.hex(), signed=SIZE + 2)
    assert str(read_log_key(ledger.again)) != str(read_log_key(ledger.home))
    assert [one.size for one in locked(ledger.again)] == [1, SIZE]
    report = verify_home(ledger.again)
    assert (report.verdict, report.findings) == (Verdict.HOLDS, ())


def test_how_much_was_lost_is_said_with_what_that_is_known_from(ledger: Ledger, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    with Witness(tmp_path / "witness") as opened, open_log(ledger.home) as store:
        opened.add(log_key(store))
    ledger.backed_up()
    append(ledger.home)
    with served(tmp_path / "witness") as witness:
        named = f"{witness.url}={vkey}"
        assert dua_ledger("checkpoint", "--witness", named, home=ledger.home).code == 0
        append(ledger.home, 2)
        sign(ledger.home)

        def lost(*options: object) -> str:
            told = ledger.restore(*ledger.opened_by, "--as-new-log", NEW, *options).out
            shutil.rmtree(ledger.again)
            return next(line for line in told.splitlines() if line.startswith("Lost: "))

        unknown = " that had been signed, as far as can be told: no lock store"
        assert lost() == f"Lost: 0 entries{unknown} or witness was named."
        assert lost("--witness", named) == f"Lost: 1 entry{unknown} was named, and a witness may be behind."
        both = ["--witness", named, "--lock-store", ledger.lock_store]
        assert lost(*both) == "Lost: 3 entries that had been signed."


def test_a_new_log_that_is_backed_up_is_carried_on_again_and_its_whole_line_verifies(ledger: Ledger):
    assert ledger.backed_up().begun_anew().code == 0
    append(ledger.again)
    other = Ledger(ledger.folder / "elsewhere")
    other.folder.mkdir()
    ledger.again.rename(other.home)
    anew = [*other.backed_up().opened_by, "--as-new-log"]
    assert [other.restore(*anew, origin).code for origin in (ORIGIN, NEW, "ir.example.edu/third")] == [2, 2, 0]

    assert [file.name for file in sorted((other.again / "earlier").iterdir())] == ["1", "2"]
    assert verify_home(other.again).findings == ()
    (other.again / "earlier/1").unlink()
    (other.again / "earlier/2").rename(other.again / "earlier/1")
    assert verify_home(other.again).verdict is Verdict.UNVERIFIED


def test_what_was_carried_over_and_the_old_log_beside_it_cannot_be_altered_unnoticed(ledger: Ledger):
    assert ledger.backed_up().begun_anew().code == 0
    earlier = ledger.again / "earlier/1"
    raw = earlier.read_bytes()
    for place in range(0, len(raw), len(raw) // 15):
        earlier.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert verify_home(ledger.again).verdict is Verdict.ALTERED
    earlier.write_bytes(raw[: len(raw) // 2])
    assert verify_home(ledger.again).verdict is Verdict.ALTERED
    earlier.unlink()
    assert verify_home(ledger.again).verdict is Verdict.UNVERIFIED
    earlier.write_bytes(raw)
    assert verify_home(ledger.again).verdict is Verdict.HOLDS


def test_a_checkpoint_of_the_old_log_is_held_against_what_was_carried_on_from_it(ledger: Ledger):
    kept, later, forged = (ledger.folder / name for name in ("kept", "later", "forged"))
    kept.write_bytes(sign(ledger.home).raw)
    ledger.backed_up()
    append(ledger.home, 2)
    later.write_bytes(sign(ledger.home).raw)
    with open_log(ledger.home) as store:
        key = str(log_key(store))
    assert ledger.begun_anew().code == 0
    leaves = [entry.leaf for entry in entries_of(ledger.again)]
    other = Checkpoint(ORIGIN, SIZE, root_hash(leaves))
    forged.write_bytes(sign_checkpoint(other, [read_log_key(ledger.home)]))

    def verified(*options: object) -> tuple[int, str]:
        told = dua_ledger("verify", "--processes", 1, *options, home=ledger.again)
        return told.code, told.out.splitlines()[0].rpartition(": ")[2]

    assert verified("--checkpoint", kept)[0] == 0
    assert verified("--checkpoint", later) == (11, f"{SIZE} of them were carried on, and the others are lost")
    assert verified("--checkpoint", forged) == (11, "it was signed over other entries than were carried on")
    forged.write_bytes(sign_checkpoint(other, [Ed25519PrivateKey.generate()]))
    assert verified("--checkpoint", forged)[0] == 12
    kept.write_bytes(kept.read_bytes().replace(b"\n%d\n" % SIZE, b"\n%d\n" % (SIZE - 1)))
    assert verified("--checkpoint", kept)[0] == 12
    with open_log(ledger.again) as store:
        assert verified("--checkpoint", later, "--vkey", key, "--vkey", str(log_key(store)))[0] == 11


@pytest.mark.parametrize("origin", [ORIGIN, "https://ir.example.edu"])
def test_a_new_log_has_a_new_name(ledger: Ledger, origin: str):
    outcome = ledger.backed_up().restore(*ledger.opened_by, "--as-new-log", origin)

    assert (outcome.code, ledger.again.exists()) == (2, False)


def test_no_new_log_is_begun_from_another_history_than_was_signed(ledger: Ledger):
    sign(ledger.home)
    with_other = ledger.folder / "other"
    shutil.copytree(ledger.home, with_other / "home")
    rewrite(with_other / "home", with_altered(2))
    forged = Ledger(with_other)
    # Who forges it keeps the lock store out of the way, which would contradict it.
    (with_other / "home/lock/checkpoints.db").rename(with_other / "checkpoints.db")
    back_up(forged.home, forged.backup, noon, check_continued)
    back_up_keys(forged.home, forged.keys, 30, noon)
    outcome = forged.restore(*forged.opened_by, "--lock-store", ledger.lock_store, "--as-new-log", NEW)

    assert (outcome.code, outcome.out.partition(":")[0], forged.again.exists()) == (11, "shorter", False)


def test_with_the_key_of_another_log_none_is_continued(ledger: Ledger):
    other = new_home(ledger.folder / "other") / KEYS / "log-key.pem"
    outcome = ledger.backed_up().restore(*ledger.opened_by, "--lock-store", ledger.lock_store, "--log-key", other)

    assert (outcome.code, ledger.again.exists()) == (1, False)
    assert "the key that is here" in outcome.err


@pytest.mark.parametrize(
    ("key", "content", "why"),
    [
        ("key-encryption-key", b"junk", "is no key-encryption key: 128 hex digits and a line end"),
        ("key-encryption-key", b"%0128d\n" % 7, "is not the key-encryption key of {keys}"),
        ("log-key.pem", b"junk", "is no private key, or the passphrase is another one"),
    ],
)
def test_what_is_no_key_is_named_as_it_was_given(ledger: Ledger, key: str, content: bytes, why: str):
    junk = ledger.backed_up().folder / "junk"
    junk.write_bytes(content)
    given = {name: ledger.home / KEYS / name for name in ("key-encryption-key", "log-key.pem")} | {key: junk}
    outcome = ledger.restore(
        *("--keys", ledger.keys, "--key-encryption-key", given["key-encryption-key"]),
        *("--log-key", given["log-key.pem"], "--lock-store", ledger.lock_store),
    )

    assert (outcome.code, outcome.err) == (1, f"Error: {junk}: {why.format(keys=ledger.keys)}\n")
    assert not ledger.again.exists()
