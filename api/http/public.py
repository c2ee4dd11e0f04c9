"""What everybody may ask, without a key: whether the service is well, and what anybody is to be able to check.

Nothing of it depends on what is in this ledger, but for the checkpoint and the tiles of hashes below it.
"""

import os
import shutil
from collections.abc import Callable

from flask import Response, request

from api.http import authzen, shapes
from api.http.call import Answer, Parts, not_found
from api.http.replying import reply
from api.signing import overdue
from ledger.chain.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.chain.tile import HEIGHT, WIDTH, Tile, tile_at
from ledger.errors import Damaged, Malformed, NotALedger, NotContinued, StoreFull, Unavailable, Unreachable
from ledger.evidence.tiles import content_of
from ledger.home import LOG, PUBLISHED, Home
from ledger.storage import is_postgres
from ledger.storage.port import recording_time

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
TILE = "/tile/{level}/{number}"
# Of a tile that is full, and so never changes, unlike everything else here.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# With less than that left an append could fail any time, and leave no room to mend it.
ENOUGH_BYTES = 64 * 1024 * 1024


def public(parts: Parts) -> dict[str, Callable[..., Response]]:
    """What needs no key, by its path."""

    def alive() -> Response:
        return reply(request, Answer(shapes.Health(status="ok")))

    def ready() -> Response:
        check_ready(parts)
        return reply(request, Answer(readiness(parts)))

    def metadata() -> Response:
        return reply(request, Answer(authzen.metadata(parts.url or request.host_url.rstrip("/"))))

    def checkpoint() -> Response:
        return reply(request, Answer(published(parts.home), media_type=TEXT))

    def tile(level: str, number: str) -> Response:
        return reply(request, tile_of(parts.home, f"tile/{level}/{number}"))

    return {
        "/healthz": alive,
        "/readyz": ready,
        "/.well-known/authzen-configuration": metadata,
        "/checkpoint": checkpoint,
        TILE: tile,
    }


def readiness(parts: Parts) -> shapes.Ready:
    """What becomes of wishes, and what is overdue, where questions are answered."""
    waits = parts.home.ledger.store.waits()
    return shapes.Ready(status="ok", records=records(parts), waits=waits, warnings=overdue_in(parts))


def check_ready(parts: Parts) -> None:
    """Raise `Unavailable` when no log can be read, the clock is behind it, or the disk is full or read-only."""
    recording_time(parts.clock(), parts.home.ledger.store.head())
    # What is kept in PostgreSQL is for the server to say; views are in the home all the same.
    kept = parts.home.path if is_postgres(parts.home.url) else parts.home.path / LOG
    if not os.access(kept, os.W_OK):
        raise Unreachable(kept, "can't be written to")
    if shutil.disk_usage(parts.home.path).free < ENOUGH_BYTES:
        raise StoreFull(kept, "there is hardly any room left")


def records(parts: Parts) -> bool:
    """Whether wishes are taken: not where a standby alone answers, which is as good as any server to be asked."""
    try:
        parts.home.ledger.store.check_writable()
    except Unreachable:
        return False
    return True


def overdue_in(parts: Parts) -> tuple[str, ...]:
    """What should have been signed or witnessed by now. Raises `NotWitnessed` when nothing is recorded for want of it.

    What is wrong with the evidence itself may name files, and is said to nobody outside.
    """
    try:
        return tuple(overdue(parts.home, parts.clock(), parts.required))
    except (NotContinued, Damaged, NotALedger, Unavailable, Malformed):
        return ("it can't be told what is signed and witnessed",)


def published(home: Home) -> bytes:
    """The last checkpoint that was signed. Raises `BadRequest` when there is none."""
    if is_postgres(home.url):
        # It may have been signed on another machine.
        home.notary.publish()
    path = home.path / PUBLISHED
    if not path.is_file():
        raise not_found()
    return path.read_bytes()


def tile_of(home: Home, path: str) -> Answer:
    """A tile, of hashes or of entries, of a tree that was signed. Raises `BadRequest` when there is none such."""
    try:
        tile = tile_at(path)
    except Malformed as error:
        raise not_found() from error
    signed = open_checkpoint(published(home), home.notary.vouched_keys())
    if not _is_signed(home, tile, signed):
        raise not_found()
    full = FOR_EVER if tile.width == WIDTH else {}
    return Answer(content_of(tile, home.ledger.store)[path], headers=full, media_type=BYTES)


def _is_signed(home: Home, tile: Tile, signed: SignedCheckpoint) -> bool:
    """Whether a tree that was signed has this tile, as wide as it is."""
    last, shift = tile.first + tile.width, HEIGHT * tile.level
    if signed.size >> shift < last:
        return False
    return tile.width == WIDTH or home.notary.has_signed(last << shift, (last + 1) << shift)
