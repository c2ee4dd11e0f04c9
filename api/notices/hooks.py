"""Webhooks: a notice as JSON by POST, signed so that the receiver knows whom it is from and when.

X-DUA-Ledger-Delivery     the id of the notice, the same each time that it is sent
X-DUA-Ledger-Timestamp    seconds since 1970
X-DUA-Ledger-Signature    sha256= and HMAC-SHA256(key, timestamp "." body), in hex
"""

import ssl
from datetime import datetime
from hashlib import sha256
from hmac import digest
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from api.notices.delivering import FailedForNowError, RefusedForGoodError
from api.notices.outbox import Notice
from api.notices.settings import Webhook, secret_in

# What a receiver says that means never; what else it says, such as that it doesn't know the key, can be put right.
NEVER = (400, 410, 413, 415, 422)


class Hook:
    """A receiver as settings have it. Raises `Unreachable` for a key that cannot be read, or that others may read."""

    def __init__(self, home: Path, webhook: Webhook) -> None:
        self._webhook, self._key = webhook, secret_in(home, webhook.key_file)

    def deliver(self, notice: Notice, origin: str, now: datetime) -> None:
        """Post a notice. Raises `RefusedForGoodError`, `FailedForNowError`."""
        body = body_of(notice, origin)
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-DUA-Ledger-Delivery": notice.message,
            "X-DUA-Ledger-Timestamp": stamp,
            "X-DUA-Ledger-Signature": f"sha256={digest(self._key, f'{stamp}.'.encode() + body, sha256).hex()}",
        }
        status = self._post(body, headers)
        if 200 <= status < 300:
            return
        if status in NEVER:
            raise RefusedForGoodError(f"{self._webhook.name} answered {status}")
        raise FailedForNowError(f"{self._webhook.name} answered {status}")

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; a redirection is not followed."""
        url = urlsplit(self._webhook.url)
        where, timeout = url.netloc.rpartition("@")[2], self._webhook.timeout
        connection: HTTPConnection
        if url.scheme == "https":
            connection = HTTPSConnection(where, timeout=timeout, context=ssl.create_default_context())
        else:
            connection = HTTPConnection(where, timeout=timeout)
        try:
            connection.request("POST", (url.path or "/") + (f"?{url.query}" if url.query else ""), body, headers)
            return connection.getresponse().status
        except (HTTPException, OSError) as error:
            raise FailedForNowError(f"{self._webhook.name} cannot be reached: {error}", down=True) from error
        finally:
            connection.close()


def body_of(notice: Notice, origin: str) -> bytes:
    """What a receiver is told: no name, no text, nothing of learners."""
    return msgspec.json.encode(
        {
            "id": notice.message,
            "kind": notice.kind,
            "origin": origin,
            "position": notice.position,
            "recorded_at": notice.recorded_at,
            "request": notice.request,
        },
        order="sorted",
    )
