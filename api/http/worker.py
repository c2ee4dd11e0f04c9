"""What each worker of the server starts with: its ledger home, and the application on it.

A worker opens the home itself, after it was started: nothing that is open may pass from one process to another.
"""

import atexit
import gc
import os
import secrets
from contextlib import ExitStack
from pathlib import Path

from api.gateway import Gateway
from api.http.app import create_app
from api.http.call import Parts
from api.http.callers import LastUse
from api.http.herald import Herald
from api.http.logs import leave_out_what_nobody_reads
from api.http.monitor import Monitor
from api.http.rates import Rates
from api.patience import Patience
from api.stopping import hear_the_first
from ledger.home import open_home
from ledger.storage import utc_now

HOME, URL, RATE = "DUA_LEDGER_HOME", "DUA_LEDGER_URL", "DUA_LEDGER_RATE"
LARGEST = "DUA_LEDGER_LARGEST"
REQUIRED, WITNESS_SECONDS = "DUA_LEDGER_REQUIRE_WITNESS", "DUA_LEDGER_WITNESS_SECONDS"
LAST_USE = "last-use"


def make() -> Gateway:
    """An application on the home that the environment names, which is closed when the process ends."""
    leave_out_what_nobody_reads()
    hear_the_first()
    path, kept = Path(os.environ[HOME]), ExitStack()
    atexit.register(kept.close)
    home = kept.enter_context(open_home(path))
    home.ledger.recall()
    last_use, monitor = LastUse(path / LAST_USE), Monitor(home.ledger)
    rates = Rates(utc_now, int(os.environ[RATE]))
    herald = kept.enter_context(Herald(path))
    url, largest = os.environ.get(URL) or None, int(os.environ[LARGEST])
    parts = Parts(home, utc_now, secrets.token_bytes, last_use, monitor, rates, url, herald.announce, largest)
    parts = parts._replace(required=int(os.environ[REQUIRED]), witness_seconds=float(os.environ[WITNESS_SECONDS]))
    gateway = Gateway(create_app(parts).wsgi_app, Patience())
    # Whatever is there from the start stays: to look through it for what can go would hold up some call by 50 ms.
    gc.freeze()
    return gateway
