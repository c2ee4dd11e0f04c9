"""The notary has its checkpoints witnessed in time, believes no witness unchecked, and says who has not cosigned."""

import re
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.note import COSIGNATURE, ED25519, VerifierKey, cosign_text, parse_note
from ledger.chain.submission import parse_submission
from ledger.errors import (
    AnswerRefused,
    Damaged,
    Forked,
    Malformed,
    NoAnswer,
    NotWitnessed,
    SignatureFailed,
    UnknownKey,
    WitnessRefused,
)
from ledger.evidence.exchange import check_url, exchange
from ledger.evidence.lockstore import Cosignature, Stored, create_lock_store
from ledger.evidence.logkeys import log_key
from ledger.evidence.witness import Witness, create_witness
from ledger.evidence.witnessing import (
    Appointed,
    Witnessed,
    check_distinct,
    parse_appointed,
    read_appointed,
    verified_cosignature,
    witnessed,
)
from ledger.home import open_lock_store, open_log, open_notary
from ledger.storage import utc_now
from tests.command_line import Outcome, dua_ledger
from tests.ports import LOOPBACK, NOWHERE
from tests.signing import ORIGIN, append, copied, cut, locked, rewrite, sign, signed_home, with_altered
from tests.stores import PATIENCE
from tests.test_notary_commands import nothing_from_outside, verified
from tests.witnesses import NAME, Log, Served, served

__all__ = ["nothing_from_outside"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")

KEY = Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32)
VKEY = VerifierKey(NAME, COSIGNATURE, KEY.public_key().public_bytes_raw())
DRIP = 0.5  # seconds from byte to byte: an answer of hundreds takes minutes


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return signed_home(tmp_path / "home", 4, 9)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("witness") / "w"
    create_witness(folder, NAME)
    with served(folder) as one:
        yield one


@pytest.fixture
def witness(server: Served, home: Path) -> Appointed:
    """A witness that has just been told of the log in the home, and has cosigned nothing of it."""
    with closing(sqlite3.connect(server.folder / "witness.db")) as state, state:
        state.execute("DROP TRIGGER logs_never_go")
        state.execute("DELETE FROM keys")
        state.execute("DELETE FROM logs")
        state.execute(NEVER_GO)
    with open_log(home) as store, Witness(server.folder) as opened:
        opened.add(log_key(store))
        return Appointed(server.url, opened.vkey)


NEVER_GO = """CREATE TRIGGER logs_never_go BEFORE DELETE ON logs
    BEGIN SELECT RAISE(ABORT, 'what was cosigned is never forgotten'); END"""


def asked(home: Path, *witnesses: Appointed, seconds: float = PATIENCE) -> Witnessed:
    with open_notary(home) as notary, open_log(home) as store, open_lock_store(home) as lock:
        return witnessed(notary.checkpoint, lock, witnesses, store.subtree, seconds)


def option(witness: Appointed) -> str:
    return f"{witness.url}={witness.key}"


@contextmanager
def dishonest(
    answer: Callable[[bytes], bytes], *, drip: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[Appointed]:
    """Somebody on loopback who answers each request with what `answer` makes of its body, maybe byte by byte."""
    over = Event()

    def converse(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as request:
            length = 0
            while (line := request.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            told = answer(request.read(length))
            for part in (told[place : place + 1] for place in range(len(told))) if drip else [told]:
                try:
                    connection.sendall(part)
                except OSError:
                    return
                if drip and over.wait(DRIP):
                    return

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            # Who does not trust the certificate ends the conversation.
            with suppress(ssl.SSLError):
                converse(connection if tls is None else tls.wrap_socket(connection, server_side=True))

    with socket.create_server((LOOPBACK, 0)) as listening:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield Appointed(f"{'https' if tls else 'http'}://{LOOPBACK}:{listening.getsockname()[1]}", VKEY)
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def http(body: bytes, status: str = "200 OK", kind: str = "text/plain") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def text_in(body: bytes) -> bytes:
    return parse_note(parse_submission(body).checkpoint).text


# Asking.


def test_a_cosignature_is_kept_beside_its_checkpoint_and_not_asked_for_again(home: Path, witness: Appointed):
    first = asked(home, witness)
    (cosignature,) = first.cosignatures

    assert (first.signed.size, first.behind, cosignature.size) == (9, (), 9)
    with open_log(home) as store:
        assert witness.key in open_checkpoint(first.note, [log_key(store), witness.key]).signers
    with open_lock_store(home) as lock:
        assert list(lock.cosignatures(str(witness.key))) == [cosignature]
    assert asked(home, witness._replace(url=NOWHERE)).cosignatures == (cosignature,)


def test_each_checkpoint_is_witnessed_from_the_one_that_was_before(home: Path, witness: Appointed):
    for size in (9, 10, 17, 64, 65):
        append(home, max(1, size - 9)) if size > 9 else None
        found = asked(home, witness)
        assert found.behind == ()
    with open_lock_store(home) as lock:
        assert len(list(lock.cosignatures(str(witness.key)))) == 5


def test_a_witness_that_has_come_to_another_size_than_is_known_here_is_asked_again_from_there(
    home: Path, witness: Appointed, tmp_path: Path
):
    with copied(home, "lock"):
        asked(home, witness)
    append(home, 3)

    # The lock store does not know any more that the witness has cosigned 9 entries.
    found = asked(home, witness)
    assert [one.size for one in found.cosignatures] == [12]


def test_several_witnesses_are_asked_and_each_that_has_not_cosigned_is_named(home: Path, witness: Appointed):
    other = Appointed(NOWHERE, named("another.example"))
    found = asked(home, other, witness)

    assert [one.witness for one in found.behind] == [other]
    assert isinstance(found.behind[0].failure, NoAnswer)
    assert len(found.cosignatures) == 1
    found.require(1)
    with pytest.raises(NotWitnessed):
        found.require(2)


@pytest.mark.parametrize("known", [True, False], ids=["known here", "not yet known here"])
def test_who_is_overtaken_gives_what_was_signed_and_witnessed_meanwhile(home: Path, witness: Appointed, known: bool):
    with open_notary(home) as notary, open_log(home) as store, open_lock_store(home) as lock:
        behind = notary.checkpoint()
        append(home, 2)
        asked(home, witness)
        signed = iter([behind, notary.checkpoint()])
        # Of cosignatures by another key, the lock store knows nothing.
        one = witness if known else witness._replace(key=VKEY)
        found = witnessed(signed.__next__, lock, [one], store.subtree, PATIENCE)

    assert (found.signed.size, len(found.cosignatures)) == (11, known)


# What is not believed.


def signed_by(key: Ed25519PrivateKey, name: str = NAME) -> Callable[[bytes], bytes]:
    return lambda body: http(cosign_text(text_in(body), name, key, 1_700_000_000).line())


STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)


def forged_line(body: bytes) -> bytes:
    genuine = cosign_text(text_in(body), NAME, KEY, 1_700_000_000)
    return http(type(genuine)(NAME, VKEY.key_id, genuine.value[:-1] + bytes([genuine.value[-1] ^ 1])).line())


def line_over_more(body: bytes) -> bytes:
    """What the witness did sign, below a text that goes on after the checkpoint's."""
    more = text_in(body) + b"\nmore\n"
    return http(b"more\n\n" + cosign_text(more, NAME, KEY, 1_700_000_000).line())


def forged_beside_genuine(body: bytes) -> bytes:
    genuine = cosign_text(text_in(body), NAME, KEY, 1_700_000_000).line()
    return http(genuine + forged_line(body).partition(b"\r\n\r\n")[2])


DISHONEST = {
    "a forged line under its own name": forged_line,
    "a forged line beside a genuine one": forged_beside_genuine,
    "a line under another name": signed_by(KEY, "another.example"),
    "a line by another key under its name": signed_by(STRANGER),
    "a line over another checkpoint": lambda body: http(cosign_text(b"other\n1\nAAAA\n", NAME, KEY, 1).line()),
    "a line over a longer text": line_over_more,
    "nothing": lambda body: http(b""),
    "no line": lambda body: http(b"thank you\n"),
    "what it was sent": http,
    "a head that breaks off": lambda body: b"HTTP/1.1 200 OK\r\nContent-",
    "no size": lambda body: http(b"", "409 Conflict", "text/x.tlog.size"),
    "a size that is none": lambda body: http(b"-1\n", "409 Conflict", "text/x.tlog.size"),
    "one size and then another": lambda body: http(
        b"%d\n" % (parse_submission(body).old % 7 + 1), "409 Conflict", "text/x.tlog.size"
    ),
}


@pytest.mark.parametrize("how", DISHONEST)
def test_what_is_no_cosignature_of_the_witness_is_refused_and_not_kept(home: Path, how: str):
    with dishonest(DISHONEST[how]) as witness:
        found = asked(home, witness)

    assert [type(one.failure) for one in found.behind] == [AnswerRefused]
    with open_lock_store(home) as lock:
        assert list(lock.cosignatures(str(VKEY))) == []


def test_a_line_by_somebody_unknown_beside_the_witnesss_own_is_passed_over(home: Path):
    def both(body: bytes) -> bytes:
        lines = [cosign_text(text_in(body), NAME, key, 1_700_000_000).line() for key in (STRANGER, KEY)]
        return http(b"".join(lines))

    with dishonest(both) as witness:
        found = asked(home, witness)

    assert found.note == found.signed.raw + cosign_text(found.signed.checkpoint.text(), NAME, KEY, 1_700_000_000).line()


def test_every_flipped_bit_of_an_answer_is_found_or_makes_it_nobodys():
    text = Log(ORIGIN).checkpoint(9).text()
    line = cosign_text(text, NAME, KEY, 1_700_000_000).line()
    assert verified_cosignature(text, line, VKEY).line() == line
    for place in range(len(line)):
        for bit in range(8):
            flipped = line[:place] + bytes([line[place] ^ 1 << bit]) + line[place + 1 :]
            with pytest.raises((Malformed, SignatureFailed, UnknownKey)):
                verified_cosignature(text, flipped, VKEY)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 422, 500, 503])
def test_a_refusal_is_told_with_what_the_witness_said(home: Path, status: int):
    with dishonest(lambda body: http(b"no \x1b[31m because\nmore", f"{status} No")) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, WitnessRefused)
    assert str(standing.failure) == f"{witness.url} refused ({status}): no ?[31m because"


def test_two_roots_for_one_size_are_refused_also_where_a_witness_says_so_with_its_size(home: Path):
    def conflict(body: bytes) -> bytes:
        return http(b"9\n", "409 Conflict", "text/x.tlog.size")

    with dishonest(conflict) as witness:
        (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    assert (standing.failure.cosigned, standing.failure.why) == (9, "what was signed here over as many is not the same")


def test_another_size_that_is_the_one_it_was_asked_from_is_no_answer(home: Path):
    def conflict(body: bytes) -> bytes:
        return http(b"%d\n" % parse_submission(body).old, "409 Conflict", "text/x.tlog.size")

    with dishonest(conflict) as witness:
        (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, AnswerRefused)


def test_a_witness_that_has_cosigned_more_than_was_ever_signed_is_told_of(home: Path):
    with dishonest(lambda body: http(b"12\n", "409 Conflict", "text/x.tlog.size")) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, Forked)
    assert (standing.failure.cosigned, standing.failure.why) == (12, "no more than 9 were signed here")


# Slow and dead witnesses.


BROKEN = {
    "falls silent": lambda body: b"",
    "breaks off in its body": lambda body: http(b"x" * 100)[:-1],
    "speaks no HTTP": lambda body: b"220 smtp.example.edu ready\r\n",
    "does not stop": lambda body: http(b"x" * 1_000_000),
    "has an endless head": lambda body: b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_witness_that_gives_no_whole_answer_has_given_none(home: Path, how: str):
    with dishonest(BROKEN[how]) as witness:
        (standing,) = asked(home, witness).behind

    assert isinstance(standing.failure, NoAnswer)


def test_slow_and_dead_witnesses_are_given_up_when_their_time_is_over_and_the_quick_one_cosigns(
    home: Path, witness: Appointed
):
    with (
        socket.create_server((LOOPBACK, 0)) as silent,
        dishonest(signed_by(KEY), drip=True) as dripping,
    ):
        slow = [
            Appointed(f"http://{LOOPBACK}:{silent.getsockname()[1]}", named("silent.example")),
            dripping._replace(key=named("dripping.example")),
            Appointed(NOWHERE, named("dead.example")),
        ]
        # How much time is enough for the quick one is the machine's affair; for the others, no time is.
        found, seconds = asked(home, *slow, witness, seconds=1.0), 1.0
        while not found.cosignatures and seconds < PATIENCE:
            seconds *= 4
            found = asked(home, *slow, witness, seconds=seconds)

    assert [one.witness for one in found.behind] == slow
    assert all(isinstance(one.failure, NoAnswer) for one in found.behind)
    assert [one.witness for one in found.cosignatures] == [str(witness.key)]


def named(name: str) -> VerifierKey:
    return VerifierKey(name, COSIGNATURE, KEY.public_key().public_bytes_raw())


def test_verify_asks_all_witnesses_at_once(home: Path):
    meeting = Barrier(2)

    def when_the_other_is_asked(body: bytes) -> bytes:
        meeting.wait(PATIENCE)
        return http(b"no\n", "404 Not Found")

    with dishonest(when_the_other_is_asked) as one, dishonest(when_the_other_is_asked) as other:
        given = [word for witness in (one, other) for word in ("--witness", witness.url)]
        code, findings = verified(home, *given, "--witness-seconds", PATIENCE)

    assert (code, len(findings), ["404" in finding for finding in findings]) == (12, 2, [True, True])


def test_an_answer_that_drips_is_cut_off_in_time():
    with dishonest(lambda body: http(b"x" * 1000), drip=True) as witness:
        began = time.monotonic()
        with pytest.raises(NoAnswer) as refusal:
            exchange("GET", witness.url, b"", began + 0.5, 1000)
        assert time.monotonic() - began < PATIENCE

    assert str(refusal.value) == f"{witness.url} gave no answer: it took too long"


def certificate(folder: Path) -> Path:
    """A certificate of loopback's own for a day, with its key, in one file."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LOOPBACK)])
    now = utc_now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate").write_bytes(private + made.public_bytes(Encoding.PEM))
    return folder / "certificate"


def test_a_witness_behind_tls_is_asked_when_this_machine_trusts_its_certificate(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(tmp_path))
    with dishonest(signed_by(KEY), tls=tls) as witness:
        (standing,) = asked(home, witness).behind
        assert isinstance(standing.failure, NoAnswer)
        assert "CERTIFICATE_VERIFY_FAILED" in str(standing.failure)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
        assert asked(home, witness).behind == ()


# Who is asked.


def test_the_witnesses_stand_in_a_file_one_in_a_line(tmp_path: Path):
    file = tmp_path / "witnesses"
    assert read_appointed(file) == ()
    file.write_text(f"# of the audit office\n\nhttps://audit.example.edu/w/={VKEY}\n  http://[::1]:80={VKEY}\n")

    assert read_appointed(file) == (
        Appointed("https://audit.example.edu/w", VKEY),
        Appointed("http://[::1]:80", VKEY),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "http://a", f"={VKEY}", f"http://={VKEY}", f"ftp://a={VKEY}", f"a={VKEY}", f"http://a b={VKEY}"),
        *(f"http://a?b={VKEY}", f"http://a#b={VKEY}", f"http://u:p@a={VKEY}", f"http://a:x={VKEY}", "http://a=key"),
        f"http://a={VerifierKey(NAME, ED25519, bytes(32))}",
    ],
)
def test_what_names_no_witness_is_refused(text: str):
    with pytest.raises(Malformed):
        parse_appointed(text)


def test_a_witness_counts_once():
    one, other = Appointed("http://a", VKEY), Appointed("http://b", named("another.example"))

    assert check_distinct([one, one]) == (one,)
    with pytest.raises(Malformed):
        check_distinct([one, other])
    assert check_url("http://a/b/") == "http://a/b"


# The lock store.


def test_a_cosignature_is_kept_only_beside_a_checkpoint_once_and_for_good(tmp_path: Path):
    create_lock_store(f"sqlite:///{tmp_path}/lock.db")
    with open_lock_store(tmp_path, f"sqlite:///{tmp_path}/lock.db") as lock:
        with pytest.raises(Damaged):
            lock.add_cosignature(Cosignature(1, "w", b"line"))
        before = Stored(0, b"")
        for size in range(1, 603):
            stored = Stored(size, b"%d" % size)
            lock.add(stored, before)
            lock.add_cosignature(Cosignature(size, "w", b"line"))
            before = stored
        lock.add_cosignature(Cosignature(602, "w", b"another"))
        assert list(lock.cosignatures("w")) == [Cosignature(size, "w", b"line") for size in range(1, 603)]
        assert (lock.cosigned("w"), lock.cosigned("v")) == (Cosignature(602, "w", b"line"), None)
    for statement in ("UPDATE cosignatures SET size = 1", "DELETE FROM cosignatures"):
        with closing(sqlite3.connect(tmp_path / "lock.db")) as state, pytest.raises(sqlite3.IntegrityError):
            state.execute(statement)


# The commands.


def test_checkpoint_has_what_it_signs_witnessed_and_prints_the_cosignature(home: Path, witness: Appointed):
    told = dua_ledger("checkpoint", "--witness", option(witness), "--require-witness", 1, home=home)

    assert (told.code, told.err) == (0, "")
    raw = locked(home)[-1].note.decode()
    assert told.out.startswith(raw)
    assert told.out.removeprefix(raw).startswith(f"— {NAME} ")
    assert (home / "checkpoint").read_text(encoding="utf-8") == told.out
    with open_log(home) as store:
        assert len(open_checkpoint(told.out.encode(), [log_key(store), witness.key]).signers) == 2


def test_witnesses_that_stand_beside_the_keys_are_asked_each_time(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")

    assert NAME in dua_ledger("checkpoint", home=home).out
    assert verified(home, "--witness", witness.url) == (0, [])


def test_that_nobody_witnessed_it_is_said_loudly_since_when_and_why(home: Path, witness: Appointed):
    gone = witness._replace(url=NOWHERE)
    told = dua_ledger("checkpoint", "--witness", option(gone), home=home)
    refused = r": http://127\.0\.0\.1:\d+/add-checkpoint gave no answer: .*refused\n"

    assert told.code == 0
    assert re.fullmatch(f"WARNING: never witnessed by {NAME}{refused}", told.err)
    dua_ledger("checkpoint", "--witness", option(witness), home=home)
    append(home)
    told = dua_ledger("checkpoint", "--witness", option(gone), home=home)
    since = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, when it cosigned 9 entries"
    assert re.fullmatch(f"WARNING: not witnessed by {NAME} since {since}{refused}", told.err)


def test_with_fewer_witnesses_than_required_no_checkpoint_is_given(home: Path, witness: Appointed):
    told = dua_ledger("checkpoint", "--witness", option(witness), "--require-witness", 2, home=home)

    assert told == Outcome(1, "", "Error: the checkpoint over 9 has 1 of the 2 cosignatures required\n")
    assert dua_ledger("checkpoint", "--require-witness", 1, home=home).code == 1
    assert dua_ledger("checkpoint", "--witness", "http://a=key", home=home).code == 2


def test_verify_holds_the_log_against_what_a_witness_cosigned_last(home: Path, witness: Appointed):
    assert verified(home, "--witness", option(witness))[0] == 12
    dua_ledger("checkpoint", "--witness", option(witness), home=home)
    append(home, 2)
    sign(home)

    assert verified(home, "--witness", option(witness)) == (0, [])
    told = dua_ledger("verify", "--witness", witness.url, home=home)
    assert (told.code, "its verifier key was not given" in told.out) == (0, True)
    assert "entries after entry 9 were cut off" in told.out


def test_a_log_that_was_put_back_together_with_its_lock_store_is_found_by_the_witness(home: Path, witness: Appointed):
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert asked(home, witness).behind == ()

    assert verified(home) == (0, [])
    code, findings = verified(home, "--witness", option(witness))
    assert code == 11
    assert findings[0] == (
        f"shorter: log: witness {witness.url}, checkpoint over 12 entries: the log has 9 entries, and 12 were signed"
    )
    # And whoever goes on signing is told by the witness, too.
    append(home, 1)
    (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    append(home, 5)
    (standing,) = asked(home, witness).behind
    assert isinstance(standing.failure, Forked)
    assert standing.failure.why.startswith("what was signed here does not continue it: ")
    assert verified(home, "--witness", option(witness))[0] == 11


def test_a_checkpoint_that_the_witness_has_cosigned_is_confirmed_before_it_is_given_again(
    home: Path, witness: Appointed
):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    first = dua_ledger("checkpoint", home=home)
    before = dua_ledger("checkpoint", home=home)
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert dua_ledger("checkpoint", home=home).code == 0
    put_back = dua_ledger("checkpoint", home=home)

    assert before == first
    assert (first.code, first.err, put_back.code, put_back.out) == (0, "", 11, "")
    assert put_back.err.startswith("ALARM: this log has been forked.")
    assert "has cosigned 12 entries of another history of this log: no more than 9 were signed here" in put_back.err


def test_that_a_witness_does_not_confirm_what_it_has_cosigned_is_said_loudly(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    first = dua_ledger("checkpoint", home=home)
    (home / "keys/witnesses").write_text(f"{option(witness._replace(url=NOWHERE))}\n")
    again = dua_ledger("checkpoint", home=home)

    assert (again.code, again.out) == (0, first.out)
    assert re.match(
        f"WARNING: not witnessed by {NAME} since .*, when it cosigned 9 entries: .* gave no answer", again.err
    )


def test_a_fork_that_a_witness_has_seen_is_an_alarm_and_no_checkpoint_is_given(home: Path, witness: Appointed):
    gone = Appointed(NOWHERE, named("another.example"))
    (home / "keys/witnesses").write_text(f"{option(gone)}\n{option(witness)}\n")
    with copied(home, "log.db", "lock", "checkpoint"):
        append(home, 3)
        assert asked(home, witness).behind == ()
    append(home, 5)
    told = dua_ledger("checkpoint", home=home)

    alarm, warning = told.err.splitlines()
    assert (told.code, told.out) == (11, "")
    assert re.fullmatch(
        rf"ALARM: this log has been forked\. {witness.url} says that it has cosigned 12 entries of another history of "
        rf"this log: what was signed here does not continue it: .*\. `dua-ledger verify --witness {witness.url}` "
        r"compares; record nothing before it is clear",
        alarm,
    )
    assert warning.startswith("WARNING: never witnessed by another.example: ")
    with pytest.raises(NotWitnessed) as refusal:
        asked(home, witness).require(1)
    assert "has 0 of the 1 cosignatures required: " in str(refusal.value)
    assert "of another history of this log" in str(refusal.value)


def test_a_log_that_was_cut_or_rewritten_is_found_by_the_witness(home: Path, witness: Appointed):
    asked(home, witness)
    rewrite(home, with_altered(3))
    assert verified(home, "--witness", option(witness))[0] == 11
    cut(home, 5)
    assert verified(home, "--witness", option(witness))[0] == 11


def always(told: bytes, body: bytes) -> bytes:
    return told


def test_what_is_not_cosigned_by_the_witness_that_is_meant_shows_nothing(home: Path):
    raw = (home / "checkpoint").read_bytes()
    text = parse_note(raw).text
    forged = cosign_text(text + b"x", NAME, KEY, 1).line()
    genuine = cosign_text(text, NAME, KEY, 1).line()
    other = Log(ORIGIN).note(9)
    for told, code in (
        (http(raw + genuine), 0),
        (http(raw), 12),
        (http(raw + forged), 10),
        (http(other + cosign_text(parse_note(other).text, NAME, KEY, 1).line()), 12),
        (http(b"", "404 Not Found"), 12),
        (http(b"no note"), 10),
        (b"", 12),
    ):
        with dishonest(partial(always, told)) as witness:
            assert verified(home, "--witness", option(witness))[0] == code


WRONG_LINES = {"of another checkpoint": None, "empty": b"", "no line": b"no line", "cut off": "— w AAAA\n".encode()}


@pytest.mark.parametrize("line", WRONG_LINES.values(), ids=WRONG_LINES)
def test_a_cosignature_in_the_lock_store_that_does_not_hold_is_found(
    home: Path, witness: Appointed, line: bytes | None
):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    asked(home, witness)
    for size in (10, 11):
        append(home)
        sign(home)
        with open_lock_store(home) as lock:
            kept = lock.cosigned(str(witness.key))
            assert kept is not None
            lock.add_cosignature(kept._replace(size=size, line=kept.line if line is None else line))

    code, (finding,) = verified(home)
    assert code == 10
    assert finding.startswith(
        f"altered: log: lock store, the cosignature by {NAME} of the checkpoint over 10 does not hold: "
    )
    assert finding.endswith("; and 1 more")
    told = dua_ledger("checkpoint", home=home)
    assert (told.code, told.out, "does not hold" in told.err) == (1, "", True)


def test_verify_remarks_who_has_not_witnessed_what_was_signed(home: Path, witness: Appointed):
    (home / "keys/witnesses").write_text(f"{option(witness)}\n")
    assert f"Remark: never witnessed by {NAME}.\n" in dua_ledger("verify", home=home).out
    asked(home, witness)
    assert "Remark" not in dua_ledger("verify", home=home).out
    append(home)
    sign(home)
    assert f"Remark: not witnessed by {NAME} since 20" in dua_ledger("verify", home=home).out
