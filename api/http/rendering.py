"""Answers as bytes: JSON, and for lists NDJSON or CSV, when that is what the caller accepts."""

import csv
import gzip
from collections.abc import Sequence
from io import StringIO
from typing import Any, get_args, get_type_hints

import msgspec
from flask import Request, Response

from api.http.problems import MEDIA_TYPE as PROBLEM_TYPE
from api.http.problems import BadRequest, Problem
from api.http.shapes import rows_of
from api.spreadsheets import as_cell

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
LIST = (JSON, NDJSON, CSV)
WORTH_GZIP = 1024


def is_export(request: Request) -> bool:
    """Whether the caller takes a list along, as NDJSON or CSV."""
    return _wanted(request, LIST) in (NDJSON, CSV)


def forms_of(answer: Any) -> Sequence[str]:
    """The forms in which an answer, or any of this kind, can be had."""
    return LIST if hasattr(answer, "rows") else (JSON,)


def check_acceptable(request: Request, kind: Any) -> None:
    """Raise `BadRequest` when the caller accepts no answer of this kind; bytes are what they are."""
    if "Accept" in request.headers and kind is not bytes and _wanted(request, forms_of(kind)) is None:
        raise BadRequest("not-acceptable", "")


def rendered(request: Request, body: Any, status: int) -> Response:
    """A response with this body. Raises `BadRequest` when the caller accepts none of its forms."""
    if isinstance(body, Problem):
        return Response(msgspec.json.encode(body), status, content_type=PROBLEM_TYPE)
    rows, wanted = rows_of(body), _wanted(request, forms_of(body))
    if wanted is None:
        raise BadRequest("not-acceptable", "")
    if rows is None or wanted == JSON:
        return Response(msgspec.json.encode(body), status, content_type=JSON)
    content = as_csv(rows, columns_of(body)) if wanted == CSV else as_ndjson(rows)
    return Response(content, status, content_type=f"{wanted}; charset=utf-8")


def _wanted(request: Request, offered: Sequence[str]) -> str | None:
    """What the caller likes best of what is offered; what comes first when they don't say."""
    if not request.accept_mimetypes:
        return offered[0]
    return request.accept_mimetypes.best_match(offered)


def columns_of(body: msgspec.Struct) -> tuple[str, ...]:
    """The columns of a list, also of an empty one; a name stands behind the id that it is of."""
    row: type[msgspec.Struct] = get_args(get_type_hints(type(body))["rows"])[0]
    fields = row.__struct_fields__
    names = {name for name in fields if name.removesuffix("_name") in fields and name.endswith("_name")}
    behind = ((one, f"{one}_name") for one in fields if one not in names)
    return tuple(one for pair in behind for one in pair if one in fields)


def as_ndjson(rows: Sequence[msgspec.Struct]) -> bytes:
    """A row a line."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def as_csv(rows: Sequence[msgspec.Struct], columns: Sequence[str]) -> bytes:
    """Rows as RFC 4180 has them, a heading first; no cell is a formula."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        members = msgspec.to_builtins(row)
        writer.writerow([_cell(members[column]) for column in columns])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return as_cell(value)
        case int():
            return str(value)
        case list() | tuple() if all(isinstance(one, str) for one in value):
            return as_cell("; ".join(map(str, value)))
    return msgspec.json.encode(value).decode()


def compressed(request: Request, response: Response) -> bytes:
    """What is sent: the body of a response, with gzip when that is accepted and saves something."""
    plain = response.get_data()
    if len(plain) < WORTH_GZIP:
        return plain
    response.headers.add("Vary", "Accept-Encoding")
    if "Accept-Encoding" not in request.headers or not _takes_gzip(request):
        return plain
    smaller = packed(plain)
    response.set_data(smaller)
    response.content_encoding = "gzip"
    return smaller


def packed(plain: bytes) -> bytes:
    """The same with gzip: equal bytes for equal bytes."""
    return gzip.compress(plain, 6, mtime=0)


def _takes_gzip(request: Request) -> bool:
    # `*` alone is what programs send that take nothing of the kind.
    return request.accept_encodings.quality("gzip") > 0 and "gzip" in request.accept_encodings.to_header()
