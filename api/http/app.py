"""The factory: a Flask application made of the table of routes and of the parts that it is handed."""

import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import TracebackType
from typing import Any, cast

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.http.call import Call, Desks, Parts, not_found
from api.http.callers import check_entitled
from api.http.document import PAGE, PAGE_POLICY, openapi
from api.http.problems import BadRequest, problem_of
from api.http.public import TILE, public
from api.http.reading_in import MAX_FORM_BYTES, Request, parameters
from api.http.rendering import JSON, rendered
from api.http.replying import finished, reply
from api.http.route import IDS, Route
from api.http.table import ROUTES
from ledger.errors import LedgerError

LOG = logging.getLogger("dua_ledger.http")
REQUEST_ID = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# In a path, these may be several steps.
LONG = ("number", "bundle")
NOWHERE = "no route"


class Application(Flask):
    """Flask, with errors that say where they happened and nothing of what was sent."""

    request_class = Request

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        """Log an error that nobody expected: its type, and the place in the code."""
        kind, _, trace = exc_info
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        said = {"error": kind.__name__ if kind else "", "place": place, "request_id": g.get("request_id", "")}
        LOG.error("failed", extra={"said": said})


def create_app(parts: Parts) -> Flask:
    """An application of these parts. It keeps nothing between two calls but what can be had again from the log."""
    app = Application(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    desks, open_to_all = Desks.of(parts), public(parts)
    app.before_request(lambda: _begin(desks, open_to_all))
    app.after_request(lambda response: _end(desks, response))
    for error in (BadRequest, LedgerError, HTTPException):
        app.register_error_handler(error, _told)
    for route in ROUTES:
        app.add_url_rule(
            _rule(route.path),
            route.name,
            _view(route, desks),
            methods=[route.method],
            provide_automatic_options=False,
        )
    for path, view in (open_to_all | _describing()).items():
        app.add_url_rule(_rule(path), f"GET {path}", view, methods=["GET"], provide_automatic_options=False)
    return app


def _rule(path: str) -> str:
    """A path as the web framework has it."""
    for name in LONG:
        path = path.replace(f"{{{name}}}", f"<path:{name}>")
    return path.replace("{", "<").replace("}", ">")


def _begin(desks: Desks, open_to_all: Collection[str]) -> None:
    """Know who is asking before anything else is said, even whether there is such a route."""
    g.began = time.perf_counter()
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else desks.parts.random_bytes(16).hex()
    g.caller = g.version = None
    if request.path in open_to_all or request.endpoint == f"GET {TILE}":
        return
    g.caller = desks.callers.caller(request.headers.get("Authorization", ""))
    if g.caller is None:
        raise BadRequest("not-authenticated", "")
    if not desks.parts.rates.takes(g.caller.apikey):
        raise BadRequest("too-many", "")
    desks.parts.last_use.saw(g.caller.apikey, desks.parts.clock())


def _view(route: Route, desks: Desks) -> Callable[..., Response]:
    def view(**raw: str) -> Response:
        check_entitled(g.caller, route.name, route.roles, route.scope)
        call = Call(desks, _request(), g.caller, _ids(raw))
        _check_own(call)
        # What it would say in a form that nobody accepts is not worth doing.
        parameters(call.request, route.query)
        answer = route.do(call)
        g.version = answer.version
        return reply(call.request, answer)

    return view


def _request() -> Request:
    return cast(Request, request)


def _ids(raw: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {name: msgspec.convert(_number(value), IDS[name]) for name, value in raw.items()}
    except msgspec.ValidationError as error:
        raise not_found() from error


def _number(text: str) -> str | int:
    """A number that is written as such, in one way."""
    return int(text) if _NUMBER.fullmatch(text) else text


def _check_own(call: Call) -> None:
    """Raise as for what does not exist, where somebody who sees only what is their own asks for something else."""
    if call.caller.role != "researcher":
        return
    if "request" in call.ids:
        call.standing(call.ids["request"])
    if call.ids.get("person", call.caller.person) != call.caller.person:
        raise not_found()


def _told(error: Exception) -> Response:
    """The problem document of an error; what is this service's own fault is logged."""
    original = getattr(error, "original_exception", None)
    told = problem_of(original or error)
    if told.status == 500 and original is None:
        LOG.error("failed", extra={"said": {"error": type(error).__name__, "request_id": g.get("request_id", "")}})
    told = msgspec.structs.replace(told, instance=f"urn:request:{g.get('request_id', '')}")
    response = rendered(request, told, told.status)
    if told.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="dua-ledger"'
    if told.status in (429, 503):
        response.headers["Retry-After"] = "1"
    if isinstance(error, HTTPException) and error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return response


def _end(desks: Desks, response: Response) -> Response:
    if g.caller is not None and "Ledger-Position" not in response.headers:
        response.headers["Ledger-Position"] = str(desks.parts.home.ledger.store.length())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[REQUEST_ID] = g.request_id
    route, seconds = request.endpoint or NOWHERE, time.perf_counter() - g.began
    desks.parts.monitor.answered(route, response.status_code, seconds)
    said = {
        "request_id": g.request_id,
        "route": route,
        "status": response.status_code,
        "seconds": round(seconds, 6),
        "apikey": g.caller.apikey if g.caller else None,
    }
    LOG.info("answered", extra={"said": said})
    return finished(_request(), response, g.version)


@cache
def _document() -> bytes:
    return msgspec.json.encode(openapi())


def _describing() -> dict[str, Callable[[], Response]]:
    """What this API is; for everybody who has a key, whatever it is for."""
    document = _document()

    def described() -> Response:
        return Response(document, content_type=JSON)

    def docs() -> Response:
        return Response(PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": PAGE_POLICY})

    return {"/openapi.json": described, "/docs": docs}
