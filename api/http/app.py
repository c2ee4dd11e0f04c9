"""The factory: a Flask application made of the table of routes and of the parts that it is handed."""

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import msgspec
from flask import Flask, Response
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from api.http.call import Call, Desks, Parts, not_found
from api.http.callers import Caller, check_entitled
from api.http.document import PAGE, PAGE_POLICY, openapi
from api.http.own import check_own_path
from api.http.problems import BadRequest, problem_of
from api.http.public import TILE, public
from api.http.reading_in import MAX_FORM_BYTES, Request, parameters
from api.http.rendering import JSON, check_acceptable, rendered
from api.http.replying import finished, reply
from api.http.route import IDS, Route
from api.http.table import ROUTES
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logging.getLogger("dua_ledger.http")
REQUEST_ID = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
# Each answer has them, unless it says otherwise.
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
# Where somebody without a key, such as in a browser, reads what these say.
DESCRIBED_HERE = {
    "/docs": "Without one, the command `dua-ledger openapi --html FILE` writes this page.",
    "/openapi.json": "Without one, the command `dua-ledger openapi` prints this document.",
}


class Application(Flask):
    """Flask, with errors that say where they happened and nothing of what was sent."""

    request_class = Request

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """As WSGI has it, with `HEADERS` on each answer, whatever it comes of."""

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            own = {name for name, _ in headers}
            return start_response(status, headers + [one for one in HEADERS.items() if one[0] not in own], *error)

        return super().wsgi_app(environ, start)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is asynchronous, and to find that out takes longer than some of them do."""
        return func

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        """Log an error that nobody expected: its type, and the place in the code."""
        kind, _, trace = exc_info
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        said = {"error": kind.__name__ if kind else "", "place": place, "request_id": _request().request_id}
        LOG.error("failed", extra={"said": said})


def create_app(parts: Parts) -> Flask:
    """An application of these parts. It keeps nothing between two calls but what can be had again from the log."""
    app = Application(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    desks, open_to_all = Desks.of(parts), public(parts)
    app.before_request(lambda: _begin(desks, open_to_all))
    app.after_request(lambda response: _end(desks, response))
    for error in (BadRequest, LedgerError, HTTPException):
        app.register_error_handler(error, _told)
    app.view_functions |= {route.name: _view(route, desks) for route in ROUTES}
    app.view_functions |= {f"GET {path}": view for path, view in (open_to_all | _describing()).items()}
    app.url_map = _paths(tuple(app.view_functions))
    return app


@cache
def _paths(names: tuple[str, ...]) -> Map:
    """Which of these names, each a method and a path, is meant: what takes longest to make of an application."""
    parted = [(name, *name.split(" ", 1)) for name in names]
    rules = [Rule(_rule(path), endpoint=name, methods=[method]) for name, method, path in parted]
    return Map(rules, strict_slashes=True, merge_slashes=False)


def _rule(path: str) -> str:
    """A path as the web framework has it."""
    for name in LONG:
        path = path.replace(f"{{{name}}}", f"<path:{name}>")
    return path.replace("{", "<").replace("}", ">")


def _begin(desks: Desks, open_to_all: Collection[str]) -> None:
    """Know who is asking before anything else is said, even whether there is such a route."""
    asked = _request()
    asked.began = time.perf_counter()
    given = asked.headers.get(REQUEST_ID, "")
    asked.request_id = given if _REQUEST_ID.fullmatch(given) else desks.parts.random_bytes(16).hex()
    if asked.path in open_to_all or asked.endpoint == f"GET {TILE}":
        return
    asked.caller = caller = desks.callers.caller(asked.headers.get("Authorization", ""))
    if caller is None:
        raise BadRequest("not-authenticated", DESCRIBED_HERE.get(asked.path, ""))
    if not desks.parts.rates.takes(caller.apikey):
        raise BadRequest("too-many", "")
    desks.parts.last_use.saw(caller.apikey, desks.parts.clock())


def _view(route: Route, desks: Desks) -> Callable[..., Response]:
    def view(**raw: str) -> Response:
        asked = _request()
        caller = cast(Caller, asked.caller)
        check_entitled(caller, route.name, route.roles, route.scope)
        call = Call(desks, asked, caller, _ids(raw))
        check_own_path(call)
        parameters(asked, route.query)
        # What could not be answered in a form that the caller accepts is not done.
        check_acceptable(asked, route.answers[200])
        answer = route.do(call)
        asked.version = answer.version
        return reply(asked, answer)

    return view


def _request() -> Request:
    """The request itself: what stands for it looks for it each time."""
    return cast(Request, request_ctx.request)


def _ids(raw: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {name: msgspec.convert(_number(value), IDS[name]) for name, value in raw.items()}
    except msgspec.ValidationError as error:
        raise not_found() from error


def _number(text: str) -> str | int:
    """A number that is written as such, in one way."""
    return int(text) if _NUMBER.fullmatch(text) else text


def _told(error: Exception) -> Response:
    """The problem document of an error; what is this service's own fault is logged."""
    asked, original = _request(), getattr(error, "original_exception", None)
    told = problem_of(original or error)
    if told.status == 500 and original is None:
        LOG.error("failed", extra={"said": {"error": type(error).__name__, "request_id": asked.request_id}})
    told = msgspec.structs.replace(told, instance=f"urn:request:{asked.request_id}")
    response = rendered(asked, told, told.status)
    if told.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="dua-ledger"'
    if told.status in (429, 503):
        response.headers["Retry-After"] = "1"
    if isinstance(error, HTTPException) and error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return response


def _end(desks: Desks, response: Response) -> Response:
    asked = _request()
    caller, request_id = asked.caller, asked.request_id
    if caller is not None and "Ledger-Position" not in response.headers:
        response.headers["Ledger-Position"] = str(desks.parts.home.ledger.store.length())
    response.headers.add(REQUEST_ID, request_id)
    route, seconds = asked.endpoint or NOWHERE, time.perf_counter() - asked.began
    desks.parts.monitor.answered(route, response.status_code, seconds)
    said = {
        "request_id": request_id,
        "route": route,
        "status": response.status_code,
        "seconds": round(seconds, 6),
        "apikey": caller.apikey if caller else None,
    }
    LOG.info("answered", extra={"said": said})
    return finished(asked, response, asked.version)


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
