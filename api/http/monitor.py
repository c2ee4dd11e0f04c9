"""What monitoring reads: requests by route and outcome, decisions by the rule that objected, the size of the log.

With several workers each counts in files of a folder that they share (`PROMETHEUS_MULTIPROC_DIR`), and whichever is
asked adds them up. What the log itself says is read from the log when it is asked for.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ledger.log import Ledger

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"
DONE = "none"


class Monitor:
    """Counters of one worker."""

    def __init__(self, ledger: Ledger) -> None:
        self._registry = CollectorRegistry()
        self._ledger = ledger
        self._requests = Counter(
            "dua_http_requests", "Requests by route and outcome.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "dua_http_request_seconds", "How long a request took.", ["route"], registry=self._registry
        )
        self._decisions = Counter(
            "dua_decisions", "Decisions by the rule that objected.", ["rule"], registry=self._registry
        )
        # The library takes longer to find one by its labels than to count.
        self._found: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        requests, taken = self._by_outcome(route, status)
        requests.inc()
        taken.observe(seconds)

    def _by_outcome(self, route: str, status: int) -> tuple[Counter, Histogram]:
        found = self._found.get((route, status))
        if found is None:
            found = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._found[route, status] = found
        return found

    def decided(self, rules: Iterable[str]) -> None:
        """Something was wished for; these rules objected."""
        for rule in set(rules) or {DONE}:
            self._decisions.labels(rule).inc()

    def told(self, ages: Mapping[str, float] = MappingProxyType({})) -> bytes:
        """Everything, of all workers, in the format that Prometheus reads.

        `ages` has for how many seconds the oldest that is open has waited, by what it is.
        """
        registry = CollectorRegistry()
        if os.environ.get(FOLDER):
            _of_all_workers(registry)
        else:
            registry.register(_Same(self._registry))
        registry.register(_OfTheLog(self._ledger, ages))
        return generate_latest(registry)


# The library gives it no types.
_of_all_workers: Any = MultiProcessCollector


class _Same(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()


class _OfTheLog(Collector):
    def __init__(self, ledger: Ledger, ages: Mapping[str, float]) -> None:
        self._ledger, self._ages = ledger, ages

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("dua_log_entries", "Entries in the log.", value=self._ledger.store.length())
        oldest = GaugeMetricFamily(
            "dua_oldest_open_seconds", "For how long the oldest that is open has waited.", labels=["what"]
        )
        for what, age in self._ages.items():
            oldest.add_metric([what], age)
        yield oldest
