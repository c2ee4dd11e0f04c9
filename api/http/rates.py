"""How often a key may be used: a refusal grows a log that cannot shrink, and a program that runs wild should not."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock

PER_SECOND = 100
# So many seconds' worth may come at once.
BURST_SECONDS = 10


class Rates:
    """A bucket of tokens for each key, in one process: each call takes one, and they come back with time."""

    def __init__(self, clock: Callable[[], datetime], per_second: int = PER_SECOND) -> None:
        self._clock, self._per_second = clock, per_second
        self._most = per_second * BURST_SECONDS
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def takes(self, apikey: str) -> bool:
        """Whether a call with this key is let through now."""
        with self._lock:
            now = self._clock()
            left, since = self._left.get(apikey, (self._most, now))
            left = min(self._most, left + max((now - since).total_seconds(), 0) * self._per_second)
            self._left[apikey] = (left - 1 if left >= 1 else left, now)
            return left >= 1
