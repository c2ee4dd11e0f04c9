"""Serving an application to others, as every server of ours does."""

import multiprocessing
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings

from api.gateway import HEADER_BYTES, HEADER_MILLISECONDS, Gateway
from api.stopping import serve_until_told


def host(
    target: str,
    listen: tuple[str, int],
    last_seconds: int,
    load: Callable[[str], Gateway] | None = None,
    **more: Any,
) -> None:
    """Serve what a target names, or what `load` makes of it, until this process is told to stop.

    Then a call in flight may go on for so many seconds. `more` is what Granian is told besides.
    """
    # A forked worker would take locks on files for its own that are its parent's.
    multiprocessing.set_start_method("spawn", force=True)
    address, port = listen
    server = Granian(
        target,
        interface=Interfaces.ASGINL,
        loop=Loops.asyncio,
        address=address,
        port=port,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=last_seconds,
        **more,
    )
    # As it is torn down a thread of it may panic, and say so on standard error, when every call has been answered: it
    # lets go of what is Python's without the lock for it (granian's issues 799, 846 and 881).
    serve_until_told(server, target_loader=load)
