"""A signed home with a witness that it appointed, honest or not."""

import socket
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.note import COSIGNATURE, VerifierKey, cosign_text, parse_note
from ledger.chain.submission import parse_submission
from ledger.evidence.logkeys import log_key
from ledger.evidence.witness import Witness, create_witness
from ledger.evidence.witnessing import Appointed, Witnessed, witnessed
from ledger.home import open_lock_store, open_log, open_notary
from tests.ports import LOOPBACK
from tests.signing import signed_home
from tests.stores import PATIENCE
from tests.witnesses import NAME, Served, served

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


def signed_by(key: Ed25519PrivateKey, name: str = NAME) -> Callable[[bytes], bytes]:
    return lambda body: http(cosign_text(text_in(body), name, key, 1_700_000_000).line())


def named(name: str) -> VerifierKey:
    return VerifierKey(name, COSIGNATURE, KEY.public_key().public_bytes_raw())
