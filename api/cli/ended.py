"""Being told to end, as by `kill`, a shutdown or a terminal that goes away."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

TOLD_BY = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Whatever tells the program to end does so as Ctrl-C does: nothing half made is left, and what failed is recorded.

    Where it is passed over, as below `nohup`, or taken care of already, it stays so.
    """
    if current_thread() is not main_thread():
        # Python hears of signals in the main thread alone.
        yield
        return
    taken = [one for one in TOLD_BY if signal.getsignal(one) is signal.SIG_DFL]
    for one in taken:
        signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)
