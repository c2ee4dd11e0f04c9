"""E-mail by SMTP, on one connection as long as that holds."""

import smtplib
import ssl
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from api.notices.delivering import FailedForNowError, RefusedForGoodError
from api.notices.settings import PORTS, Email, secret_in

PERMANENT = 500


class Mailer:
    """Sends e-mail as settings have it; the connection is made with the first, and again when it is lost."""

    def __init__(self, home: Path, email: Email) -> None:
        """Raises `Unreachable` for a password or certificate that cannot be read."""
        self._email = email
        self._password = secret_in(home, email.password_file).decode() if email.password_file else None
        self._context = ssl.create_default_context(cafile=str(home / email.ca_file) if email.ca_file else None)
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def deliver(self, message: EmailMessage) -> None:
        """Hand a message to the server. Raises `RefusedForGoodError`, `FailedForNowError`."""
        server = self._server or self._connected()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, said),) = error.recipients.values()
            self._start_over(server)
            raise _refusal(code, said) from error
        except smtplib.SMTPSenderRefused as error:
            self._start_over(server)
            raise FailedForNowError(f"the server takes nothing from {self._email.sender}: {_said(error)}") from error
        except smtplib.SMTPResponseException as error:
            self._start_over(server)
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedForGoodError(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise FailedForNowError(f"the connection to {self._email.server} was lost: {error}", lost=True) from error

    def _connected(self) -> smtplib.SMTP:
        email = self._email
        port = email.port or PORTS[email.security]
        server: smtplib.SMTP | None = None
        try:
            if email.security == "tls":
                server = smtplib.SMTP_SSL(email.server, port, timeout=email.timeout, context=self._context)
            else:
                server = smtplib.SMTP(email.server, port, timeout=email.timeout)
            if email.security == "starttls":
                server.starttls(context=self._context)
            if email.user is not None:
                server.login(email.user, self._password or "")
        except (smtplib.SMTPException, OSError) as error:
            if server is not None:
                server.close()
            raise FailedForNowError(f"{email.server}:{port} cannot be used: {error}", down=True) from error
        self._server = server
        return server

    def _start_over(self, server: smtplib.SMTP) -> None:
        """The connection goes on to the next message, if it still holds."""
        try:
            server.rset()
        except (smtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()


def email_message(sender: str, to: str, subject: str, text: str, message_id: str, now: datetime) -> EmailMessage:
    """A message in plain text. Raises `RefusedForGoodError` for an address that nobody can have."""
    message = EmailMessage(policy=SMTP)
    try:
        message["To"] = Address(addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise RefusedForGoodError(f"the address makes no sense: {error}") from error
    message["From"] = sender
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message


def _refusal(code: int, said: bytes | str) -> RefusedForGoodError | FailedForNowError:
    text = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    return RefusedForGoodError(text) if code >= PERMANENT else FailedForNowError(text)


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
