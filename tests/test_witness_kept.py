"""What a witness has cosigned it keeps, whoever races or kills it, and nothing besides."""

import signal
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Barrier

import pytest

from ledger.chain.checkpoint import sign_checkpoint
from ledger.chain.note import (
    ED25519,
    Signature,
    VerifierKey,
    parse_note,
    sign_text,
    write_note,
)
from ledger.chain.submission import Submission
from ledger.errors import (
    AnotherSize,
    ProofFailed,
    SignatureFailed,
    UnknownKey,
    UnknownLog,
)
from ledger.evidence.witness import Cosigned, Witness, create_witness
from tests.asked_witness import SIZE, STRANGER, assert_cosigned, known_log, last_of, log, server
from tests.facts import NOON
from tests.stores import CAMPAIGN, PATIENCE, HandSetClock
from tests.witnesses import NAME, TOP, Log, Reply, Served, served

__all__ = ["log", "server"]


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
