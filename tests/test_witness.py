"""A witness cosigns what continues what it cosigned before, and answers as the protocol has it, over real HTTP."""

import signal
import socket
import sqlite3
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen, run
from threading import Barrier
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.gateway import THREADS
from api.patience import CROWD
from ledger.chain.checkpoint import cosign_checkpoint, open_checkpoint, sign_checkpoint
from ledger.chain.merkle import EMPTY_ROOT
from ledger.chain.note import (
    COSIGNATURE,
    ED25519,
    Signature,
    VerifierKey,
    parse_note,
    parse_vkey,
    sign_text,
    write_note,
)
from ledger.chain.submission import MAX_SUBMISSION_BYTES, Submission
from ledger.errors import (
    AlreadyThere,
    AnotherSize,
    Damaged,
    Malformed,
    NotALedger,
    ProofFailed,
    SignatureFailed,
    UnknownKey,
    UnknownLog,
    Unreachable,
)
from ledger.evidence.witness import Cosigned, Witness, create_witness
from tests.command_line import Outcome, dua_ledger
from tests.facts import NOON
from tests.ports import LOOPBACK
from tests.stores import CAMPAIGN, PATIENCE, HandSetClock
from tests.witnesses import NAME, TOP, Log, Reply, Served, served

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
NOTHING = Cosigned(0, EMPTY_ROOT, b"")
SIZE = "text/x.tlog.size"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A witness that is served; each test has a log of its own."""
    folder = tmp_path_factory.mktemp("witness") / "w"
    create_witness(folder, NAME)
    with served(folder) as one:
        yield one


numbers = count(1)


def known_log(folder: Path) -> Log:
    """A log that the witness in a folder was told of just now."""
    log = Log(f"ir.example.edu/{next(numbers)}")
    with Witness(folder) as witness:
        witness.add(log.vkey)
    return log


@pytest.fixture
def log(server: Served) -> Log:
    return known_log(server.folder)


def key_of(folder: Path) -> VerifierKey:
    with Witness(folder) as witness:
        return witness.vkey


def last_of(folder: Path, log: Log) -> Cosigned:
    with Witness(folder) as witness:
        return witness.last(log.origin)


def assert_cosigned(reply: Reply, folder: Path, note: bytes) -> None:
    """The answer is one line, the witness's cosignature, and by then it is what the witness keeps."""
    assert (reply.status, reply.body.count(b"\n")) == (200, 1)
    (log_key,) = parse_note(note).signatures
    signed = open_checkpoint(note + reply.body, [key_of(folder), *keys_of(folder, log_key)])
    assert key_of(folder) in signed.signers
    with Witness(folder) as witness:
        assert witness.last(signed.checkpoint.origin) == (signed.size, signed.root, note + reply.body)


def keys_of(folder: Path, signature: Signature) -> list[VerifierKey]:
    with closing(sqlite3.connect(folder / "witness.db")) as state:
        vkeys = state.execute("SELECT vkey FROM keys WHERE origin = ?", (signature.name,)).fetchall()
    return [parse_vkey(vkey) for (vkey,) in vkeys]


def refusal(reply: Reply) -> tuple[int, str | None]:
    """The status and media type of an answer that says in one line why nothing was cosigned."""
    assert reply.body.count(b"\n") == 1
    return reply.status, reply.type


# Row by row, as FORMATS.md has it.

TEXT = "text/plain; charset=utf-8"


def test_200_what_continues_is_cosigned_and_stored(server: Served, log: Log):
    for old, size in [(0, 1), (1, 3), (3, 3), (3, 4), (4, 33), (33, 64)]:
        assert_cosigned(server.post(log.submission(old, size).write()), server.folder, log.note(size))


def test_200_a_first_checkpoint_may_be_over_any_number_of_entries(server: Served, log: Log):
    assert_cosigned(server.post(log.submission(0, 17).write()), server.folder, log.note(17))


HASHES = (b64encode(bytes(32)) + b"\n") * 64
MALFORMED = {
    "nothing": lambda raw: b"",
    "cut off": lambda raw: raw[:-1],
    "a size with a zero before it": lambda raw: raw.replace(b"old 3", b"old 03"),
    "a hash that is too short": lambda raw: raw.replace(b"old 3", b"old 3\nAAAA"),
    "64 hashes": lambda raw: raw.replace(b"\n\n", b"\n" + HASHES + b"\n", 1),
    "a checkpoint's size with a zero before it": lambda raw: raw.replace(b"\n5\n", b"\n05\n"),
    "a checkpoint with a fourth line": lambda raw: raw.replace(b"\n5\n", b"\n5\nextension\n"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_400_what_is_malformed_is_refused(server: Served, log: Log, how: str):
    server.post(log.submission(0, 3).write())
    before = last_of(server.folder, log)

    assert refusal(server.post(MALFORMED[how](log.submission(3, 5).write()))) == (400, TEXT)
    assert last_of(server.folder, log) == before


def test_400_an_old_size_above_the_new_one_is_refused(server: Served, log: Log):
    assert refusal(server.post(Submission(6, (), log.note(5)).write())) == (400, TEXT)


def test_403_what_no_known_key_of_the_log_signed_is_refused(server: Served, log: Log):
    text = log.checkpoint(5).text()
    forged = Signature(log.origin, log.vkey.key_id, bytes(64))
    stranger = sign_text(text, log.origin, STRANGER)
    other = Log("ir.example.edu/other")
    for signatures in ([stranger], [forged], [stranger, forged], [sign_text(text, other.origin, other.key)]):
        body = Submission(0, (), write_note(text, signatures)).write()
        assert refusal(server.post(body)) == (403, TEXT)
    assert last_of(server.folder, log) == NOTHING


def test_403_another_text_below_the_logs_signature_is_refused(server: Served, log: Log):
    body = log.submission(0, 5).write().replace(b"\n5\n", b"\n6\n")

    assert refusal(server.post(body)) == (403, TEXT)


def test_403_a_forged_line_under_the_witnesss_own_name_is_refused(server: Served, log: Log):
    note, key = log.note(5), key_of(server.folder)
    forged = Signature(key.name, key.key_id, bytes(72))
    body = Submission(0, (), note + forged.line()).write()

    assert refusal(server.post(body)) == (403, TEXT)
    assert last_of(server.folder, log) == NOTHING


def test_404_a_log_that_it_was_not_told_of_is_refused(server: Served):
    unknown = Log("ir.example.edu/unknown")

    assert refusal(server.post(unknown.submission(0, 5).write())) == (404, TEXT)


@pytest.mark.parametrize("old", [0, 1, 4, 6])
def test_409_another_old_size_is_answered_with_the_one_that_it_must_be(server: Served, log: Log, old: int):
    server.post(log.submission(0, 5).write())
    before = last_of(server.folder, log)

    assert server.post(log.submission(old, 9).write()) == Reply(409, SIZE, b"5\n")
    assert last_of(server.folder, log) == before


def test_409_at_the_beginning_the_old_size_must_be_0(server: Served, log: Log):
    assert server.post(log.submission(3, 9).write()) == Reply(409, SIZE, b"0\n")


def test_409_what_is_older_than_what_was_cosigned_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())

    assert server.post(log.submission(0, 3).write()) == Reply(409, SIZE, b"5\n")


def test_422_a_wrong_proof_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    before, right = last_of(server.folder, log), log.submission(5, 9)
    for proof in ((), right.proof[1:], right.proof[:-1], (*right.proof, bytes(32)), (bytes(32), *right.proof[1:])):
        assert refusal(server.post(Submission(5, proof, right.checkpoint).write())) == (422, TEXT)
    assert last_of(server.folder, log) == before


def test_422_a_log_that_was_written_anew_is_refused_with_a_proof_of_its_own(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    anew = Log(log.origin, turn=" anew")

    assert refusal(server.post(anew.submission(5, 9).write())) == (422, TEXT)


def test_422_a_proof_from_nothing_has_to_be_empty(server: Served, log: Log):
    body = Submission(0, (bytes(32),), log.note(5)).write()

    assert refusal(server.post(body)) == (422, TEXT)


def test_422_another_root_for_the_same_size_is_refused(server: Served, log: Log):
    server.post(log.submission(0, 5).write())
    before = last_of(server.folder, log)

    assert refusal(server.post(Log(log.origin, turn=" anew").submission(5, 5).write())) == (422, TEXT)
    assert last_of(server.folder, log) == before


def test_422_a_log_of_no_entries_has_one_root(server: Served, log: Log):
    text = log.checkpoint(3).text().replace(b"\n3\n", b"\n0\n")
    body = Submission(0, (), write_note(text, [sign_text(text, log.origin, log.key)])).write()

    assert refusal(server.post(body)) == (422, TEXT)
    assert_cosigned(server.post(log.submission(0, 0).write()), server.folder, log.note(0))


def test_413_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read(server: Served, log: Log):
    body = log.submission(0, 5).write()
    whole = body + b"x" * (MAX_SUBMISSION_BYTES - len(body))

    assert refusal(server.post(whole)) == (400, TEXT)
    assert refusal(server.post(whole + b"x")) == (413, TEXT)
    assert refusal(server.call("POST", "/add-checkpoint", whole * 4)) == (413, TEXT)
    assert_cosigned(server.post(body), server.folder, log.note(5))


def test_413_a_body_that_does_not_say_how_long_it_is_is_not_read_beyond_the_limit(server: Served):
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 4096

    headers = {"Transfer-Encoding": "chunked"}
    assert refusal(server.call("POST", "/add-checkpoint", b"".join(chunks()))) == (413, TEXT)
    chunked = b"".join(b"1000\r\n%b\r\n" % chunk for chunk in chunks()) + b"0\r\n\r\n"
    assert refusal(server.call("POST", "/add-checkpoint", chunked, **headers)) == (413, TEXT)


def test_408_bodies_that_do_not_come_are_given_up_and_keep_nobody_waiting(server: Served, log: Log):
    body = log.submission(0, 5).write()
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ExitStack() as slow:
        # More than there are threads.
        begun = [
            slow.enter_context(socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE))
            for _ in range(THREADS + CROWD)
        ]
        for one in begun:
            one.sendall(head + body[:20])
        reply = server.post(body)
        while reply.status == 408:
            # On a machine that is busy it may be taken for one of them.
            reply = server.post(body)
        assert_cosigned(reply, server.folder, log.note(5))
        assert begun[0].recv(12) == b"HTTP/1.1 408"


def test_a_call_that_is_broken_off_changes_nothing(server: Served, log: Log):
    body = log.submission(0, 5).write()
    with socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE) as broken_off:
        broken_off.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        broken_off.sendall(body[:-1])
    assert_cosigned(server.post(body), server.folder, log.note(5))


def test_elsewhere_there_is_nothing(server: Served):
    assert refusal(server.call("GET", "/")) == (404, TEXT)
    assert refusal(server.call("GET", "/add-checkpoint")) == (405, TEXT)
    assert refusal(server.post(b"", "/checkpoint")) == (405, TEXT)


def test_what_was_cosigned_last_is_told_to_everybody(server: Served, log: Log):
    asked = f"/checkpoint?origin={quote(log.origin, safe='')}"

    assert refusal(server.call("GET", asked)) == (404, TEXT)
    cosigned = server.post(log.submission(0, 5).write())
    assert server.call("GET", asked) == Reply(200, TEXT, log.note(5) + cosigned.body)
    assert refusal(server.call("GET", "/checkpoint")) == (404, TEXT)
    assert refusal(server.call("GET", "/checkpoint?origin=%ff%00")) == (404, TEXT)


# What is kept.


def test_signature_lines_that_it_did_not_verify_are_not_kept(server: Served, log: Log):
    note, text = log.note(5), log.checkpoint(5).text()
    strangers = [
        sign_text(text, log.origin, STRANGER),
        sign_text(text, "another.example", STRANGER),
        Signature("another.example", b"abcd", b"not a signature at all"),
    ]
    body = Submission(0, (), write_note(text, [*strangers, *parse_note(note).signatures, *strangers])).write()
    reply = server.post(body)

    assert reply.status == 200
    assert last_of(server.folder, log).note == note + reply.body


def test_an_own_line_that_holds_is_passed_over_and_a_signature_given_twice_is_kept_once(server: Served, log: Log):
    note = log.note(5)
    first = server.post(log.submission(0, 5).write())
    twice = write_note(parse_note(note).text, parse_note(note).signatures * 2)
    again = server.post(Submission(5, (), twice + first.body).write())

    assert again.status == 200
    assert last_of(server.folder, log).note == note + again.body


def test_a_log_may_sign_with_two_keys_and_one_known_is_enough(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    log = known_log(tmp_path / "w")
    both = sign_checkpoint(log.checkpoint(5), [STRANGER, log.key])
    new = VerifierKey(log.origin, ED25519, STRANGER.public_key().public_bytes_raw())
    with Witness(tmp_path / "w") as witness:
        alone = witness.cosign(Submission(0, (), both).write())
        assert witness.last(log.origin).note == log.note(5) + alone.line()
        witness.add(new)
        with_both = witness.cosign(Submission(5, (), both).write())
        kept = parse_note(witness.last(log.origin).note)
        assert set(kept.signatures) == {*parse_note(both).signatures, with_both}
        witness.cosign(Submission(5, (), sign_checkpoint(log.checkpoint(5), [STRANGER])).write())


def test_a_cosignature_says_when_it_was_given(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    clock, log = HandSetClock(NOON), known_log(tmp_path / "w")
    with Witness(tmp_path / "w", clock) as witness:
        first = witness.cosign(log.submission(0, 5).write())
        clock.turn(timedelta(seconds=90))
        second = witness.cosign(log.submission(5, 5).write())

    at = int(NOON.timestamp())
    assert [int.from_bytes(one.value[:8]) for one in (first, second)] == [at, at + 90]


def test_what_is_cosigned_is_told_by_name(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    log = known_log(tmp_path / "w")
    with Witness(tmp_path / "w") as witness:
        witness.cosign(log.submission(0, 5).write())
        with pytest.raises(AnotherSize) as another:
            witness.cosign(log.submission(3, 9).write())
        assert (another.value.size, another.value.old) == (5, 3)
        with pytest.raises(ProofFailed):
            witness.cosign(Submission(5, (), log.note(9)).write())
        with pytest.raises(UnknownLog):
            witness.cosign(Log("unknown.example").submission(0, 5).write())
        with pytest.raises(UnknownKey):
            witness.cosign(Submission(0, (), sign_checkpoint(log.checkpoint(5), [STRANGER])).write())
        with pytest.raises(SignatureFailed):
            witness.cosign(log.submission(5, 9).write().replace(b"\n9\n", b"\n8\n"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE logs SET size = 4",
        "UPDATE logs SET root = zeroblob(32)",
        "UPDATE logs SET origin = 'another'",
        "DELETE FROM logs",
    ],
)
def test_what_was_cosigned_is_neither_changed_nor_forgotten(tmp_path: Path, statement: str):
    create_witness(tmp_path / "w", NAME)
    log = known_log(tmp_path / "w")
    with Witness(tmp_path / "w") as witness:
        witness.cosign(log.submission(0, 5).write())
    with closing(sqlite3.connect(tmp_path / "w/witness.db")) as state, pytest.raises(sqlite3.IntegrityError):
        state.execute(statement)


# Races.


def test_of_two_histories_that_are_submitted_at_once_one_is_cosigned(server: Served):
    for _ in range(100 if CAMPAIGN else 10):
        log = known_log(server.folder)
        gate = Barrier(2)

        def submitted(one: Log, gate: Barrier = gate) -> list[int]:
            gate.wait()
            first = server.post(one.submission(0, 9).write()).status
            return [first, server.post(one.submission(9, 9).write()).status]

        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(submitted, [log, Log(log.origin, turn=" anew")]))
        assert sorted(replies) == [[200, 200], [409, 422]]


def test_of_two_submitters_that_race_along_one_log_each_comes_to_its_end(server: Served, log: Log):
    gate = Barrier(2)

    def submitted(sizes: range) -> list[int]:
        gate.wait()
        old, cosigned = 0, []
        for size in sizes:
            while old < size:
                reply = server.post(log.submission(old, size).write())
                assert reply.status in {200, 409}
                old = size if reply.status == 200 else int(reply.body)
                cosigned += [size] * (reply.status == 200)
        return cosigned

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(submitted, [range(1, 61, 2), range(2, 61, 2)])
    # No size was cosigned twice, as it would be if one had gone back behind the other.
    assert not set(first) & set(second)
    assert last_of(server.folder, log).size == max(first + second) == 60


class Overtaken(Witness):
    """A witness that is overtaken once between deciding and storing."""

    rival: bytes | None = None

    def last(self, origin: str) -> Cosigned:
        found = super().last(origin)
        if self.rival is not None:
            body, self.rival = self.rival, None
            self.cosign(body)
        return found


def test_who_is_overtaken_before_storing_stores_nothing(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    log = known_log(tmp_path / "w")
    with Overtaken(tmp_path / "w") as witness:
        witness.rival = log.submission(0, 9).write()
        with pytest.raises(AnotherSize):
            witness.cosign(log.submission(0, 5).write())
        assert witness.last(log.origin).size == 9


# Crashes.


def test_killed_between_storing_and_answering_it_answers_the_same_question_after_a_new_start(tmp_path: Path):
    folder = tmp_path / "w"
    create_witness(folder, NAME)
    log = known_log(folder)
    with served(folder, dying=True) as dying:
        with pytest.raises(ConnectionError):
            dying.post(log.submission(0, 5).write())
        dying.kill()
    assert last_of(folder, log).size == 5

    with served(folder) as healed:
        assert healed.post(log.submission(0, 5).write()) == Reply(409, SIZE, b"5\n")
        assert_cosigned(healed.post(log.submission(5, 5).write()), folder, log.note(5))
        anew = Log(log.origin, turn=" anew")
        assert healed.post(anew.submission(5, 5).write()).status == 422


def test_told_to_stop_it_ends_by_itself(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    with served(tmp_path / "w") as one:
        one.process.send_signal(signal.SIGTERM)
        one.process.communicate(timeout=PATIENCE)
        assert one.process.returncode == 0


@pytest.fixture
def traceable() -> None:
    """Skips where one process may not watch another."""
    if run(["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode:
        pytest.skip("strace may not trace processes here")


EVERY = {"pwrite64": 1, "fdatasync": 1, "write": 1}
SOME = {"pwrite64": 3, "fdatasync": 2, "write": 1}


@pytest.mark.needs("strace")
@pytest.mark.campaign
@pytest.mark.parametrize(("call", "step"), (EVERY if CAMPAIGN else SOME).items())
def test_killed_at_a_call_that_changes_a_file_it_has_stored_all_or_nothing(
    call: str, step: int, tmp_path: Path, traceable: None
):
    for number in count(1, step):
        folder, file = tmp_path / str(number), tmp_path / "submission"
        create_witness(folder, NAME)
        log = known_log(folder)
        file.write_bytes(log.submission(0, 5).write())
        fatal = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
        words = [sys.executable, "-m", "tests.witnesses", "cosign", str(folder), str(file)]
        with Popen([*fatal, "-e", f"inject={call}:signal=KILL:when={number}", *words], cwd=TOP, stdout=PIPE) as killed:
            said, _ = killed.communicate(timeout=PATIENCE)
        with Witness(folder) as witness:
            last = witness.last(log.origin)
            assert last.size in {0, 5}
            assert not said or last.note == log.note(5) + said
            witness.cosign(log.submission(last.size, 5).write())
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
    assert number > 1


# The folder, and the commands.


def test_init_prints_the_verifier_key_and_add_makes_a_log_known(tmp_path: Path):
    folder, log = tmp_path / "deep/down/w", Log("ir.example.edu/dua-ledger")
    made = dua_ledger("witness", "init", folder, "--name", NAME)
    key = parse_vkey(made.out.removesuffix("\n"))

    assert (made.code, key.name, key.type) == (0, NAME, COSIGNATURE)
    assert [f"{path.name} {path.stat().st_mode & 0o777:o}" for path in (folder, *sorted(folder.glob("witness*")))] == [
        "w 700",
        "witness-key.pem 600",
        "witness.db 600",
        "witness.db-journal 600",
    ]
    assert dua_ledger("witness", "add", folder, "--vkey", log.vkey) == Outcome(0, "", "")
    assert dua_ledger("witness", "add", folder, "--vkey", log.vkey) == Outcome(0, "", "")
    with Witness(folder) as witness:
        assert (witness.vkey, witness.last(log.origin)) == (key, NOTHING)


def test_add_refuses_what_signs_no_log(tmp_path: Path):
    made = dua_ledger("witness", "init", tmp_path / "w", "--name", NAME)

    assert dua_ledger("witness", "add", tmp_path / "w", "--vkey", "no key").code == 2
    assert dua_ledger("witness", "add", tmp_path / "w", "--vkey", made.out.strip()).code == 2


@pytest.mark.parametrize("name", ["", "two words", "plus+sign"])
def test_a_name_that_no_key_may_have_makes_no_witness(tmp_path: Path, name: str):
    assert dua_ledger("witness", "init", tmp_path / "w", "--name", name).code == 2
    assert list(tmp_path.iterdir()) == []


def test_init_never_overwrites_and_takes_an_empty_folder(tmp_path: Path):
    (tmp_path / "w").mkdir()
    create_witness(tmp_path / "w", NAME)
    with pytest.raises(AlreadyThere):
        create_witness(tmp_path / "w", NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("listen", ["8010", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":8010"])
def test_where_nobody_can_listen_is_wrong_usage(tmp_path: Path, listen: str):
    create_witness(tmp_path / "w", NAME)

    assert dua_ledger("witness", "serve", tmp_path / "w", "--listen", listen).code == 2


def test_what_is_no_witness_is_told_in_a_sentence(tmp_path: Path):
    why = f"Error: {tmp_path}: is no witness: `dua-ledger witness init` makes one\n"

    assert dua_ledger("witness", "serve", tmp_path) == Outcome(1, "", why)


def test_a_key_that_others_may_read_or_that_is_another_is_not_used(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    create_witness(tmp_path / "other", NAME)
    key = tmp_path / "w/witness-key.pem"
    key.chmod(0o640)
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")
    key.write_bytes((tmp_path / "other/witness-key.pem").read_bytes())
    key.chmod(0o600)
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")
    key.write_bytes(b"no key")
    with pytest.raises(Unreachable):
        Witness(tmp_path / "w")


def test_a_witness_whose_state_others_may_replace_is_not_opened(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    (tmp_path / "w").chmod(0o770)
    with pytest.raises(Unreachable) as refused:
        Witness(tmp_path / "w")
    (tmp_path / "w").chmod(0o755)

    assert (refused.value.path, "chmod go-w" in refused.value.why) == (tmp_path / "w", True)
    Witness(tmp_path / "w").close()


def test_state_that_is_not_a_witnesss_is_refused(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    state = tmp_path / "w/witness.db"
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("DROP TRIGGER logs_never_go")
    with pytest.raises(Damaged):
        Witness(tmp_path / "w")
    state.write_bytes(b"no database, " * 100)
    with pytest.raises(NotALedger):
        Witness(tmp_path / "w")


def test_a_cosigned_checkpoint_is_that_of_the_chain(tmp_path: Path):
    create_witness(tmp_path / "w", NAME)
    log, clock = known_log(tmp_path / "w"), HandSetClock(NOON)
    with Witness(tmp_path / "w", clock) as witness:
        line = witness.cosign(log.submission(0, 5).write()).line()
        key = witness._key

    assert log.note(5) + line == cosign_checkpoint(log.note(5), NAME, key, int(NOON.timestamp()))
    with pytest.raises(Malformed):
        cosign_checkpoint(b"", NAME, key, 0)
