"""The OpenAPI 3.1 document, and a page of it for people; both are made of the table of routes.

This is a layer of our own because spectree would validate every body a second time, with its own errors, and knows
neither roles nor forms with documents nor refusals by rules; the table already says all that is needed.
"""

from collections.abc import Iterator
from html import escape
from typing import Any, get_args

import msgspec

from api.http import authzen, shapes
from api.http.commanding import SHOWN_BY, Told
from api.http.packets import FILES
from api.http.problems import KINDS, MEDIA_TYPE, Problem
from api.http.public import TILE
from api.http.reading_in import COMMAND, FORM, JSON
from api.http.releasing import DATA
from api.http.rendering import forms_of
from api.http.route import IDS, Route, ids_in
from api.http.table import ROUTES

REF = "#/components/schemas/{name}"
# What can be wrong with any call, and with one that has a body.
ALWAYS = (401, 403, 404, 405, 406, 422, 429, 500, 503)
WITH_BODY = (400, 408, 409, 413, 415)
TITLES = dict(reversed(KINDS.values()))
Schema = dict[str, Any]


def openapi() -> Schema:
    """The whole document."""
    kinds = list(dict.fromkeys(_kinds()))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_kind)
    for path, (summary, answer) in PUBLIC_ANSWERS.items():
        paths[path] = {"get": _public_operation(path, summary, by_kind.get(answer))}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DUA Ledger",
            "version": "1",
            "description": "An audit ledger for requests for research data: questions and commands.",
        },
        "security": [{"apikey": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"apikey": {"type": "http", "scheme": "bearer"}},
        },
    }


PUBLIC_ANSWERS: dict[str, tuple[str, Any]] = {
    "/healthz": ("Tell that the service answers.", shapes.Health),
    "/readyz": (
        "Tell that the ledger can be asked, whether it records, or waits to, and what is overdue of its evidence.",
        shapes.Ready,
    ),
    "/.well-known/authzen-configuration": ("Tell where access decisions are asked for.", authzen.Metadata),
    "/checkpoint": ("Give the last checkpoint that was signed.", bytes),
    TILE: ("Give a tile of hashes of a tree that was signed, as tlog-tiles has them.", bytes),
}


def _kinds() -> Iterator[Any]:
    yield Problem
    for route in ROUTES:
        yield from (one for kind in route.answers.values() if kind is not bytes for one in _members(kind))
        yield from filter(None, (route.body, route.sends, route.reading.body if route.reading else None))
    yield from (answer for _, answer in PUBLIC_ANSWERS.values() if answer is not bytes)


def _members(kind: Any) -> tuple[Any, ...]:
    """The shapes that an answer may have."""
    return get_args(kind) or (kind,)


def _operation(route: Route, by_kind: dict[Any, Schema]) -> Schema:
    operation: Schema = {
        "operationId": _operation_id(route.method, route.path),
        "summary": route.summary,
        "description": f"For {', '.join(sorted(route.roles))}; a key with the scope {route.scope}.",
        "parameters": [*map(_in_path, route.ids), *_in_query(route), *_in_headers(route)],
        "responses": {
            **{str(status): _answer(kind, by_kind) for status, kind in route.answers.items()},
            **({"304": {"description": "The caller has it already."}} if route.method == "GET" else {}),
            **{str(status): _problem(status, by_kind) for status in _problems(route)},
        },
    }
    body = _body(route, by_kind)
    return operation | ({"requestBody": {"required": True, "content": body}} if body else {})


def _operation_id(method: str, path: str) -> str:
    return "_".join([method.lower(), *(part.strip("{}") for part in path.replace(".", "").split("/") if part)])


def _problems(route: Route) -> list[int]:
    statuses = {*ALWAYS, *(WITH_BODY if route.method == "POST" else ())}
    if bytes in route.answers.values():
        statuses.add(410)
    if route.keyed:
        statuses.add(412)
    if 206 in route.answers:
        statuses.add(416)
    return sorted(statuses)


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(IDS[name])}


def _in_headers(route: Route) -> Iterator[Schema]:
    if route.method == "GET":
        yield _IF_NONE_MATCH
    if 206 in route.answers:
        yield _RANGE
    if route.keyed:
        yield _IDEMPOTENCY
    if route.keyed and "request" in route.ids:
        yield _IF_MATCH


def _in_query(route: Route) -> Iterator[Schema]:
    described = msgspec.json.schema(route.query)
    for members in described.get("$defs", {}).values():
        needed = members.get("required", ())
        for name, schema in members.get("properties", {}).items():
            yield {"name": name, "in": "query", "required": name in needed, "schema": schema}


def _header(name: str, description: str, pattern: str) -> Schema:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_IDEMPOTENCY = _header(
    "Idempotency-Key",
    "Needed unless it is a dry run: the same key has the same outcome.",
    "^[A-Za-z0-9._-]{1,255}$",
)
_IF_MATCH = _header(
    "If-Match",
    "The tag of the request as it was seen: when it would be shown under another tag by now, nothing is done.",
    '^"[1-9][0-9]{0,15}-[0-9a-f]{16}"$',
)
_IF_NONE_MATCH = _header(
    "If-None-Match",
    "The tag of an answer that the caller has: it is not sent again.",
    '^"[0-9a-f-]{16,33}"$',
)


_RANGE = _header(
    "Range", "Which part of the bytes is wanted, such as the rest of them.", "^bytes=([0-9]+-[0-9]*|-[0-9]+)$"
)


def _body(route: Route, by_kind: dict[Any, Schema]) -> Schema:
    if route.form:
        return {FORM: {"schema": _form({FILES: {"type": "array", "items": _BINARY, "minItems": 1}}, [FILES])}}
    if route.sends is not None:
        parts = {COMMAND: by_kind[route.sends], DATA: {"type": "array", "items": _BINARY, "minItems": 1}}
        return {FORM: {"schema": _form(parts, [COMMAND, DATA]), "encoding": {COMMAND: {"contentType": JSON}}}}
    if route.body is not None:
        return {JSON: {"schema": by_kind[route.body]}}
    if route.reading is None:
        return {}
    said = by_kind[route.reading.body]
    needed = [name for name, needs in route.reading.documents.items() if needs]
    parts = {COMMAND: said, SHOWN_BY: {"type": "array", "items": _BINARY}}
    parts |= dict.fromkeys(route.reading.documents, _BINARY)
    parts |= {name: {"type": "array", "items": _BINARY} for name in route.reading.several}
    encoding = {COMMAND: {"contentType": JSON}}
    form = {FORM: {"schema": _form(parts, [COMMAND, *needed]), "encoding": encoding}}
    return form if needed else {JSON: {"schema": said}, **form}


_BINARY: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}


def _form(parts: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": parts, "required": required, "additionalProperties": False}


_POSITION = {
    "Ledger-Position": {"description": "For which position of the log it holds.", "schema": {"type": "integer"}}
}


def _answer(kind: Any, by_kind: dict[Any, Schema]) -> Schema:
    if kind is bytes:
        return {"description": "The bytes.", "headers": _POSITION, "content": {"*/*": {}}}
    some = [by_kind[one] for one in _members(kind)]
    content: Schema = {JSON: {"schema": some[0] if len(some) == 1 else {"anyOf": some}}}
    content |= {form: {} for form in forms_of(kind) if form != JSON}
    return {"description": _first_line(kind), "headers": _POSITION, "content": content}


def _first_line(kind: Any) -> str:
    return " / ".join((one.__doc__ or "").partition("\n")[0] for one in _members(kind))


def _problem(status: int, by_kind: dict[Any, Schema]) -> Schema:
    return {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": by_kind[Problem]}}}


_PUBLIC_PROBLEMS = (404, 405, 406, 500, 503)


def _public_operation(path: str, summary: str, schema: Schema | None) -> Schema:
    return {
        "operationId": _operation_id("get", path),
        "summary": summary,
        "security": [],
        "parameters": [_in_path(name) for name in ids_in(path)],
        "responses": {
            "200": {"description": summary, "content": {JSON: {"schema": schema}} if schema else {"*/*": {}}},
            **{
                str(status): {"description": TITLES[status], "content": {MEDIA_TYPE: {}}} for status in _PUBLIC_PROBLEMS
            },
        },
    }


def _page() -> str:
    routes = "\n".join(
        f"<tr><td><code>{escape(route.name)}</code><td>{escape(route.summary)}"
        f"<td>{escape(', '.join(sorted(route.roles)))}<td>{escape(route.scope)}"
        for route in ROUTES
    )
    problems = "\n".join(
        f'<dt id="{kind}"><code>{status} {kind}</code><dd>{escape(title)}.' for kind, (status, title) in KINDS.items()
    )
    told = ", ".join(f"<code>{escape(member)}</code>" for member in Told.__struct_fields__)
    return _PAGE.format(routes=routes, problems=problems, told=told)


PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>DUA Ledger: the HTTP API</title>
<style>
body {{ font: 11pt/1.45 Georgia, serif; max-width: 64em; margin: 2em auto; padding: 0 1em; color: #111; }}
table {{ border-collapse: collapse; }} td, th {{ border-top: 1px solid #bbb; padding: .3em .6em; vertical-align: top; }}
th {{ text-align: left; }} code {{ font: 9pt/1.4 ui-monospace, monospace; }} dt {{ margin-top: .6em; }}
</style>
<h1>DUA Ledger: the HTTP API</h1>
<p>Every call but <code>/healthz</code>, <code>/readyz</code>, <code>/checkpoint</code>, tiles of hashes and the
AuthZEN metadata shows an API key, those for this page and <code>/openapi.json</code> too: <code>Authorization: Bearer
dua_...</code>. Every command has an <code>Idempotency-Key</code>: sent again with the same key, it has the outcome
that it had. With <code>?dry_run=true</code> it says what would come of it, and records nothing. Beside what a command
says, its body may have {told}; for whom it is recorded takes a document that shows it. A command that rules stand
against is answered with 409, and the refusal is on record. Lists can be had as JSON, NDJSON or CSV, as
<code>Accept</code> says; <code>Ledger-Position</code> says for which position of the log an answer holds.
<code>/readyz</code> says <code>"records": false</code> where the log is a standby's, or nothing but a standby answers:
questions are answered there as anywhere, and commands with 503. It says <code>"waits": true</code> while a standby that
has to have what is recorded is away: commands wait for it, a minute at most, and are then answered with 503.
<code>ETag</code> says what was seen: a command on a request with that in <code>If-Match</code> is done only if
the request would be shown under the same tag still, with the same state, turns, checklist and last entry about it
(what changes none of that, such as a refusal, does not count); with it in <code>If-None-Match</code> nothing is sent
again.
The whole description is at <a href="/openapi.json">/openapi.json</a>.
<table>
<tr><th>route<th>what it does<th>roles<th>scope
{routes}
</table>
<h2>Problems</h2>
<dl>
{problems}
</dl>
</html>
"""
PAGE = _page()
