"""What a packet does not say, or says wrongly, and where."""

from typing import Literal, NamedTuple

import msgspec

from ledger.events.request import Item

REQUEST = "request.toml"

Kind = Literal["malformed", "missing", "pending"]

# The way to a field of the form: names, and places in a list, counted from 1.
At = tuple[str | int, ...]


class Finding(NamedTuple):
    """A problem before it is known in which line it stands."""

    at: At
    what: str
    kind: Kind = "malformed"
    item: Item | None = None
    line: int | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something malformed, missing or pending. `item` is the checklist's; what is malformed may belong to none.

    `field` is dotted, such as `people[2].email`, and empty for the file as a whole. `line` is that of its table for a
    field that is not there, and None if it cannot be told.
    """

    field: str
    line: int | None
    what: str
    kind: Kind
    item: Item | None = None

    @property
    def where(self) -> str:
        """File and line as far as it can be told, and the field."""
        line = "" if self.line is None else f":{self.line}"
        return f"{REQUEST}{line} {self.field}".rstrip()

    def __str__(self) -> str:
        item = "" if self.item is None else f"{self.item}: "
        return f"{self.where}: {item}{self.what}"


def dotted(at: At) -> str:
    """A field's name for people; a name with other characters than a bare key of TOML may have is quoted."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{_bare(part)}"
    return text.removeprefix(".")


def shown(text: str, longest: int = 60) -> str:
    """A text in quotes, cut when it is long, with whatever could steer a terminal spelled out."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return '"' + "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in cut) + '"'


def _bare(key: str) -> str:
    plain = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if plain and len(key) <= 60 else shown(key)
