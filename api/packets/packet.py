"""A packet as it was read: what it says, its documents, and everything that is wrong or missing in it."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from api.keys import usable_key
from api.packets.checks import check
from api.packets.documents import Document, NotThere, Unusable, examine, examine_key, read_inside
from api.packets.filling import fill
from api.packets.form import Form, Use, uses
from api.packets.lines import line_of, lines_of
from api.packets.problem import REQUEST, At, Finding, Kind, Problem, dotted, shown
from ledger.errors import TooLarge
from ledger.openpgp.errors import KeyRefused, NoEncryptionSubkey

MAX_REQUEST_BYTES = 256 * 1024

_MARK = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_DEEPEST = 16
# `tomllib` needs the square of their number for the parts of one name; a form has no name of more than two.
_LONG_NAME = re.compile(r"""(?<![\w"'-])(?:["'\w-]+[ \t]*\.[ \t]*){32}""")


class Packet(msgspec.Struct, frozen=True):
    """What is in a packet's folder. `documents` are those of its files that can be used, by name.

    `digest` is SHA-256 over the request and the documents: the same packet has the same.
    """

    folder: Path
    form: Form
    documents: Mapping[str, Document]
    key: Document | None
    problems: tuple[Problem, ...]
    digest: str

    @property
    def rejected(self) -> bool:
        """Whether something is malformed; what is missing or pending rejects nothing."""
        return bool(self.of_kind("malformed"))

    def of_kind(self, kind: Kind) -> list[Problem]:
        """The problems of a kind."""
        return [problem for problem in self.problems if problem.kind == kind]


class _Unreadable(Exception):
    """A request of which nothing can be read."""

    def __init__(self, what: str, line: int | None = None) -> None:
        self.finding = Finding((), what, line=line)
        super().__init__(what)


def read_packet(
    folder: Path, today: date, catalogue: Collection[str] | None = None, now: datetime | None = None
) -> Packet:
    """Read a packet as of a day at the office, and find everything that is wrong with it at once.

    With a time, the contact's key is examined as of then; without, it is only seen to be one.

    Data sets are looked up in the catalogue if one is given. Nothing is raised for what is in the folder, or is not:
    it is among the problems.
    """
    findings: list[Finding] = []
    content = b""
    try:
        content = _content(folder)
        text = _decoded(content, findings)
        table = _parsed(text)
    except _Unreadable as error:
        problems = _problems([*findings, error.finding], {})
        return Packet(folder, Form(), {}, None, problems, _digest(content, ()))
    form = fill(Form, table, (), findings)
    documents = _documents(folder, form, findings)
    key = _key(folder, form, findings, now)
    settled = {finding.at for finding in findings}
    findings += [finding for finding in check(form, today, catalogue) if not _is_settled(finding.at, settled)]
    problems = _problems(findings, lines_of(text))
    return Packet(folder, form, documents, key, problems, _digest(content, documents.values()))


def _content(folder: Path) -> bytes:
    try:
        return read_inside(folder, REQUEST, MAX_REQUEST_BYTES)
    except Unusable as error:
        raise _Unreadable(error.why) from error


def _decoded(content: bytes, findings: list[Finding]) -> str:
    """The text; where its encoding is wrong, as much of it as can be read."""
    if content.startswith(_UTF_16):
        raise _Unreadable("is in UTF-16: save it as UTF-8")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        findings.append(Finding((), "has a byte that cannot stand there in UTF-8: save it as UTF-8", line=line))
        text = content.decode(errors="replace")
    if text.startswith(_MARK):
        findings.append(Finding((), "begins with a byte-order mark: save it as UTF-8 without one", line=1))
    return text.removeprefix(_MARK).replace("\r\n", "\n")


def _parsed(text: str) -> dict[str, Any]:
    if found := _LONG_NAME.search(text):
        raise _Unreadable("a name has too many parts", text.count("\n", 0, found.start()) + 1)
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise _Unreadable("is nested too deeply") from error
    except ValueError as error:
        # TOMLDecodeError is one, and a number with too many digits another.
        raise _not_toml(str(error)) from error
    if _is_deep(table):
        raise _Unreadable("is nested too deeply")
    return table


def _not_toml(said: str) -> _Unreadable:
    place = _PLACE.search(said)
    if place is None:
        return _Unreadable(f"is no TOML: {said}")
    why = said[: place.start()]
    if place["line"] is None:
        return _Unreadable(f"is no TOML, at its end: {why}")
    return _Unreadable(f"is no TOML, in column {place['column']}: {why}", int(place["line"]))


def _is_deep(table: dict[str, Any]) -> bool:
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        below = [value for one in level for value in (one.values() if isinstance(one, dict) else one)]
        level = [value for value in below if isinstance(value, dict | list)]
    return bool(level)


def _documents(folder: Path, form: Form, findings: list[Finding]) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for use in uses(form):
        try:
            documents[use.name] = documents.get(use.name) or examine(folder, use.name)
        except Unusable as error:
            findings.append(_unusable(use, error))
    return documents


def _key(folder: Path, form: Form, findings: list[Finding], now: datetime | None) -> Document | None:
    """The contact's key; one that cannot be encrypted for is as good as missing."""
    name, at = form.contact.key_file, ("contact", "key_file")
    if name is None:
        return None
    try:
        key = examine_key(folder, name)
        if now is not None:
            usable_key(key.content(), now)
    except Unusable as error:
        findings.append(_unusable(Use(at, name, "C3"), error))
        return None
    except NoEncryptionSubkey as error:
        findings.append(Finding(at, f"{shown(name)}: {error}", "missing", "C3"))
        return None
    except (KeyRefused, TooLarge) as error:
        findings.append(Finding(at, f"{shown(name)}: {error}", item="C3"))
        return None
    return key


def _unusable(use: Use, error: Unusable) -> Finding:
    kind: Kind = "missing" if isinstance(error, NotThere) else "malformed"
    return Finding(use.at, f"{shown(use.name)} {error.why}", kind, use.item)


def _is_settled(at: At, settled: set[At]) -> bool:
    """Whether it was said of a field, or of something around it, that it cannot be read."""
    return any(at[:length] in settled for length in range(1, len(at) + 1))


def _problems(findings: Iterable[Finding], lines: Mapping[At, int]) -> tuple[Problem, ...]:
    problems = [
        Problem(
            field=dotted(finding.at),
            line=finding.line or line_of(finding.at, lines),
            what=finding.what,
            kind=finding.kind,
            item=finding.item,
        )
        for finding in set(findings)
    ]
    return tuple(sorted(problems, key=_order))


def _order(problem: Problem) -> tuple[object, ...]:
    """As they stand in the file, first what is about all of it and last what cannot be placed."""
    return problem.line is None and bool(problem.field), problem.line or 0, problem.field, problem.kind, problem.what


def _digest(content: bytes, documents: Iterable[Document]) -> str:
    hashes = [sha256(content).hexdigest(), *sorted(document.sha256 for document in documents)]
    return sha256("\n".join(hashes).encode()).hexdigest()
