"""Every error as a problem document (RFC 9457), translated once.

`type` names a part of the readable page. What a caller may not know, whether a thing exists or what is wrong inside, is
in no answer. A refusal by a rule is a 409: who asked may ask, and the state of things stands against it; a 403 is for
whoever may not ask at all.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException

from api.errors import HungUp, NotEntitled, Outdated, OwnCase, TooSlow
from api.packets import Rejected
from ledger.errors import (
    Conflict,
    KeyReused,
    Malformed,
    Missing,
    NotWitnessed,
    OpenPGPError,
    OutcomeUnknown,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"


class BadField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field of the body (`pointer`, RFC 6901), or one parameter or header (`parameter`)."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ObjectionTold(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule holds against an act: its clause, whom it is about, what is wanting, and which entries show it."""

    rule: str
    source: str
    about: str | None
    wanting: str
    facts: tuple[int, ...]
    says: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document; `entry` is the position of a refusal that was recorded."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: tuple[BadField, ...] = ()
    objections: tuple[ObjectionTold, ...] = ()
    entry: int | None = None


# By the last part of `type`: status and title.
KINDS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request is not readable"),
    "not-authenticated": (401, "A valid API key is needed"),
    "not-entitled": (403, "This key may not do that"),
    "not-found": (404, "There is no such thing, or this key may not see it"),
    "method-not-allowed": (405, "There is something else here"),
    "not-acceptable": (406, "It can't be had in that form"),
    "too-slow": (408, "The body came too slowly"),
    "refused": (409, "Rules stand against it"),
    "conflict": (409, "Others were faster, time and again"),
    "erased": (410, "What was kept here was erased"),
    "outdated": (412, "It is no longer as it was seen"),
    "too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "The body is of another kind than is read here"),
    "no-such-range": (416, "It has no such part"),
    "unprocessable": (422, "The request is readable, and can't be done as it stands"),
    "key-reused": (422, "This Idempotency-Key was used for another request"),
    "too-many": (429, "This key is used too often"),
    "failed": (500, "Something went wrong here"),
    "unavailable": (503, "It can't be done at the moment"),
    "not-witnessed": (503, "Witnesses have not cosigned what is on record"),
    "outcome-unknown": (503, "It is not known whether this was recorded"),
}


class BadRequest(Exception):
    """A request that cannot be taken as it is, of one of the kinds above."""

    def __init__(self, kind: str, detail: str, *errors: BadField) -> None:
        self.kind, self.detail, self.errors = kind, detail, errors
        super().__init__(detail)


def problem(kind: str, detail: str = "", errors: Sequence[BadField] = (), **others: Any) -> Problem:
    """A problem of a kind."""
    status, title = KINDS[kind]
    return Problem(type=f"/docs#{kind}", title=title, status=status, detail=detail, errors=tuple(errors), **others)


NOTHING: Mapping[str, Any] = {}
# What there is to say of an error that does not depend on what is in it.
FIXED: dict[type[Exception], tuple[str, str]] = {
    NotEntitled: ("not-entitled", "It takes another role, or a key with another scope."),
    OwnCase: ("not-entitled", "Somebody else has to report this: you play a part in what it is about."),
    Conflict: ("conflict", "What it depends on changed while it was decided. Nothing was recorded."),
    KeyReused: ("key-reused", "Nothing was recorded. Use a new key for a new request."),
    Missing: ("erased", ""),
    OutcomeUnknown: ("outcome-unknown", "Ask again with the same Idempotency-Key: it is recorded once."),
    TooSlow: ("too-slow", "Nothing was recorded."),
    HungUp: ("malformed", "Nothing was recorded."),
}


def problem_of(error: Exception, body: Mapping[str, Any] = NOTHING) -> Problem:
    """The problem that an error is to a caller; `body` is what they said, member by member, which it may be about."""
    if type(error) in FIXED:
        return problem(*FIXED[type(error)])
    match error:
        case BadRequest():
            return problem(error.kind, error.detail, error.errors)
        case Outdated():
            return problem("outdated", f"The log has entry {error.position} by now. Nothing was recorded: look again.")
        case Rejected():
            return problem("unprocessable", "The packet is malformed, and nothing was recorded.", _of_packet(error))
        case Malformed():
            return problem("unprocessable", "Nothing was recorded.", _of_value(error, body))
        case OpenPGPError():
            return problem("unprocessable", f"{error}. Nothing was recorded.")
        case NotWitnessed():
            why = f"{error.required} have to before anything is recorded, and {error.found} did in time. Try again."
            return problem("not-witnessed", why)
        case Unavailable():
            return problem("unavailable", "Nothing is wrong with the request: try again.")
        case HTTPException():
            return problem(_kind_of(error.code or 500))
        case _:
            return problem("failed", "It has been noted under this request's id.")


def _kind_of(status: int) -> str:
    """The kind for a status of the web framework; one that has no kind of its own is the nearest that has."""
    kinds = {number: kind for kind, (number, _) in reversed(KINDS.items())}
    return kinds.get(status) or ("malformed" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed")


def _of_value(error: Malformed, body: Mapping[str, Any]) -> list[BadField]:
    """What is wrong with each member that an error is about; with none by name, if it is about something else."""
    named = error.what.replace(" ", "_")
    found = _holding(error.value, body)
    if error.members:
        found = [f"/{one}" for one in error.members if one in body]
    elif f"/{named}" in found or (named in body and not found):
        found = [f"/{named}"]
    pointers: list[str | None] = [*found] or [None]
    return [BadField(detail=f"{error.what} {error.why}", pointer=one) for one in pointers]


def _holding(value: object, body: Mapping[str, Any]) -> list[str]:
    """Pointers to where a body has this very value, such as an id among others."""
    found = []
    for member, said in body.items():
        if isinstance(said, tuple):
            found += [f"/{member}/{place}" for place, one in enumerate(said) if _is(one, value)]
        elif _is(said, value):
            found.append(f"/{member}")
    return found


def _is(said: object, value: object) -> bool:
    # Numbers are alike too often.
    text = said.isoformat() if isinstance(said, date) else said
    return bool(text) and isinstance(text, str) and text == value


def _of_packet(error: Rejected) -> list[BadField]:
    return [BadField(detail=one.what, pointer=pointer_of(one.field)) for one in error.problems]


def pointer_of(field: str) -> str:
    """The pointer to a field such as `people[2].email`, whose places are counted from 1, in `request.toml`."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", field)
    return "".join(f"/{int(number) - 1}" if number else f"/{escaped(name)}" for number, name in parts)


_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<number>\d+)\]|\[\.\.\.\]")
_AT = re.compile(r" - at `(?:key in `)?\$([^`]*)`")
_FIELD = re.compile(r"(?:unknown|missing required) field `([^`]*)`")


def pointer_in(message: str) -> str:
    """The pointer in what msgspec says of a value, such as "Expected `int` - at `$.people[2].age`"."""
    at, field = _AT.search(message), _FIELD.search(message)
    steps = [step["number"] or step["name"] for step in _STEP.finditer(at[1] if at else "") if step[0] != "[...]"]
    return "".join(f"/{escaped(step)}" for step in [*steps, *([field[1]] if field else [])])


def escaped(name: str) -> str:
    """A member's name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
