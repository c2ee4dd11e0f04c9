"""How notices are sent from a home: `notices.toml`, beside the log. `example.toml` shows all that can stand there.

Files are found from the home, and those that hold secrets are nobody else's to read (mode 0600).
"""

import tomllib
from datetime import date
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ledger.errors import Malformed, Unreachable
from ledger.files import named_os_errors, read_regular

SETTINGS = "notices.toml"
SHOWN_BY = "api/notices/example.toml"
MAX_BYTES = 65_536
OTHERS = 0o077
PORTS = {"starttls": 587, "tls": 465, "none": 25}

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Email(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sending by SMTP."""

    since: date
    server: str
    sender: str = msgspec.field(name="from")
    office: str
    port: Port | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    timeout: Seconds = 30.0


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sending to a program by HTTP."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,40}$")]
    since: date
    url: Annotated[str, msgspec.Meta(pattern="^https?://[!-~]+$")]
    key_file: str
    kinds: tuple[str, ...] | None = None
    timeout: Seconds = 30.0


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the file says."""

    email: Email | None = None
    webhook: tuple[Webhook, ...] = ()


def settings_in(home: Path) -> Settings:
    """How a home sends notices. Raises `Unreachable` without a file, `Malformed` for one that makes no sense."""
    path = home / SETTINGS
    if not path.exists():
        raise Unreachable(path, f"is not there: it says by which server notices are sent, as {SHOWN_BY} shows")
    with named_os_errors(path):
        text, _ = read_regular(path, MAX_BYTES)
    try:
        found = msgspec.convert(tomllib.loads(text.decode()), Settings)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(SETTINGS, str(path), str(error)) from error
    if found.email:
        _check_addresses(found.email, path)
    names = [one.name for one in found.webhook]
    if len(set(names)) < len(names):
        raise Malformed(SETTINGS, str(path), "two webhooks have the same name")
    return found


def _check_addresses(email: Email, path: Path) -> None:
    """Raise `Malformed` for an address of our own that nobody can have: no notice should be refused because of it."""
    for member, text in (("from", email.sender), ("office", email.office)):
        _, address = parseaddr(text)
        try:
            Address(addr_spec=address)
        except (ValueError, IndexError, MessageError) as error:
            raise Malformed(SETTINGS, str(path), f"{member} is no e-mail address: {error}") from error
        if "@" not in address or not text.isprintable() or (member == "office" and address != text):
            raise Malformed(SETTINGS, str(path), f"{member} is no e-mail address: {text}")


def secret_in(home: Path, name: str) -> bytes:
    """What a file with a secret holds, without the line's end. Raises `Unreachable` when others may read it."""
    path = home / name
    with named_os_errors(path):
        content, mode = read_regular(path, MAX_BYTES)
    if mode & OTHERS:
        raise Unreachable(path, f"can be read by others than its owner: `chmod 600 {path}`")
    secret = content.rstrip(b"\r\n")
    if not secret:
        raise Unreachable(path, "is empty")
    return secret
