"""Lists as the tables keep them: JSON."""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def as_json(value: Any) -> str:
    """A list as the tables keep it."""
    return _encode(value).decode()


def as_raw(value: Any) -> msgspec.Raw:
    """A list as it stands within what is kept."""
    return msgspec.Raw(_encode(value))


def texts(kept: str) -> tuple[str, ...]:
    """A list of texts, such as ids, from a table."""
    return msgspec.json.decode(kept, type=tuple[str, ...])
