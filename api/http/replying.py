"""Answers as responses: in the form that the caller accepts, compressed, with a tag that says what was seen.

    ETag: "<digest>"                  of any answer to a question: equal tags, equal bytes
    ETag: "<position>-<digest>"       of a request as it is now: that of the last entry about it, for `If-Match`;
                                      a command compares the whole tag with that of the request as it is by then

A tag is of the bytes as they are sent, so it is another one for each form and for gzip.
"""

import re
from hashlib import sha256
from pathlib import Path

from flask import Request, Response, send_file

from api.http.call import Answer
from api.http.rendering import compressed, rendered

DIGITS = 16
_OF_A_REQUEST = re.compile(rf"[1-9][0-9]{{0,15}}-[0-9a-f]{{{DIGITS}}}", re.ASCII)


def reply(request: Request, answer: Answer) -> Response:
    """The response with this answer. Raises `BadRequest` when the caller accepts none of its forms."""
    if isinstance(answer.body, Path):
        response = send_file(answer.body, answer.media_type, etag=False, last_modified=None, conditional=True)
    elif isinstance(answer.body, bytes):
        response = Response(answer.body, answer.status, content_type=answer.media_type)
    else:
        response = rendered(request, answer.body, answer.status)
    response.headers.update(answer.headers)
    if answer.position is not None:
        response.headers["Ledger-Position"] = str(answer.position)
    return response


def finished(request: Request, response: Response, version: int | None) -> Response:
    """The response as it is sent: compressed, tagged, and without its body when the caller has that already."""
    if response.direct_passthrough:
        return response
    sent = compressed(request, response)
    if request.method in ("GET", "HEAD") and response.status_code == 200:
        tag = tag_of(sent, version)
        response.set_etag(tag)
        # Only what was tagged here can be compared.
        if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
            response.status_code = 304
            response.set_data(b"")
            response.headers.remove("Content-Length")
    return response


def tag_of(sent: bytes, version: int | None) -> str:
    """The tag of an answer with these bytes."""
    digest = sha256(sent).hexdigest()[:DIGITS]
    return digest if version is None else f"{version}-{digest}"


def is_of_a_request(tag: str) -> bool:
    """Whether a tag is one that a request may have."""
    return _OF_A_REQUEST.fullmatch(tag) is not None
