"""What the tests of witnesses share: logs that are no more than their leaves, and real witnesses on loopback.

Run as a program, `python -m tests.witnesses dying DIR PORT` serves a witness that is killed when it has stored a
checkpoint and not yet answered, and `python -m tests.witnesses cosign DIR FILE` cosigns one submission.
"""

import os
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen, TimeoutExpired
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.cli.witnessing import run
from api.gateway import Gateway
from api.patience import Patience
from api.witness import application
from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.merkle import consistency_proof, leaf_hash, root_hash
from ledger.chain.note import ED25519, VerifierKey
from ledger.chain.submission import Submission
from ledger.evidence.witness import Witness
from tests.ports import LOOPBACK, a_port
from tests.stores import PATIENCE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOP = Path(__file__).parents[1]
NAME = "witness.example/w1"
PROGRAM = Path(sys.executable).with_name("dua-ledger")


class Log:
    """A log that is no more than its leaves and its key; another `turn` makes it another log from entry 4 on."""

    def __init__(self, origin: str, turn: str = "") -> None:
        self.origin = origin
        self.key = Ed25519PrivateKey.from_private_bytes(leaf_hash(origin.encode()))
        self.vkey = VerifierKey(origin, ED25519, self.key.public_key().public_bytes_raw())
        self.leaves = [leaf_hash(f"{number}{turn if number > 3 else ''}".encode()) for number in range(1, 65)]

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, root_hash(self.leaves[:size]))

    def note(self, size: int) -> bytes:
        return sign_checkpoint(self.checkpoint(size), [self.key])

    def submission(self, old: int, size: int) -> Submission:
        proof = consistency_proof(old, self.leaves[:size]) if 0 < old <= size else []
        return Submission(old, tuple(proof), self.note(size))


class Reply(NamedTuple):
    """What a witness answered."""

    status: int
    type: str | None
    body: bytes


class Served(NamedTuple):
    """A witness that is being served, by a process group of its own."""

    folder: Path
    port: int
    process: "Popen[str]"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def post(self, body: bytes, path: str = "/add-checkpoint") -> Reply:
        return self.call("POST", path, body)

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers["Content-Type"], response.read())
        finally:
            connection.close()

    def kill(self) -> None:
        """End everything that serves it, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@contextmanager
def served(folder: Path, *, dying: bool = False) -> Iterator[Served]:
    """The witness in a folder, served on a free port of loopback."""
    with a_port() as port, _server(folder, port, dying) as process:
        assert process.stdout is not None
        while not listens(port):
            # The worker opens the port some time after it says that it has started.
            with suppress(TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(process.stdout.read())
        one = Served(folder, port, process)
        try:
            yield one
        finally:
            if process.poll() is None:
                one.kill()


def _server(folder: Path, port: int, dying: bool) -> "Popen[str]":
    words = (
        [sys.executable, "-m", "tests.witnesses", "dying", str(folder), str(port)]
        if dying
        else [str(PROGRAM), "witness", "serve", str(folder), "--listen", f"{LOOPBACK}:{port}"]
    )
    return Popen(words, cwd=TOP, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True)


def listens(port: int) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection((LOOPBACK, port), PATIENCE):
        return True
    return False


def dying_at(folder: str) -> Gateway:
    """The application of a witness, whose process is killed when the answer to a POST is ready."""
    honest = application(Witness(Path(folder)))

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        told = honest(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            os.kill(os.getpid(), signal.SIGKILL)
        return told

    return Gateway(answer, Patience())


def cosign(folder: Path, file: Path) -> None:
    with Witness(folder) as witness:
        os.write(1, witness.cosign(file.read_bytes()).line())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["dying", folder, port]:
            # The worker looks for the loader under its name.
            from tests.witnesses import dying_at as load

            run(Path(folder), (LOOPBACK, int(port)), load)
        case ["cosign", folder, file]:
            cosign(Path(folder), Path(file))
