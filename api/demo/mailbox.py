"""A mail server on this machine that takes whatever it is handed (RFC 5321), and keeps it for those in the story."""

import socketserver
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread

END_OF_MAIL = b".\r\n"


class Mailbox:
    """The server, from now on until it is closed; what came in stands in `mails`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.mails = self.mails
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mails: list[EmailMessage]


class _Session(socketserver.StreamRequestHandler):
    """One connection: all that is said is fine."""

    server: _Server

    def handle(self) -> None:
        self._say(b"220 at your service")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self._say(b"354 go on")
                    self.server.mails.append(message_from_bytes(self._mail(), policy=policy.default))
                    self._say(b"250 taken")
                case b"QUIT":
                    self._say(b"221 good bye")
                    return
                case _:
                    self._say(b"250 fine")

    def _mail(self) -> bytes:
        content = b""
        while (line := self.rfile.readline()) not in (END_OF_MAIL, b""):
            content += line.removeprefix(b".")
        return content

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")
