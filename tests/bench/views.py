"""What the views cost: making them anew from a whole log, and the question behind `holders`.

    python tests/bench/views.py [--size N]

The log is that of the other benchmarks, with the lives of requests among them that end in a release.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from eventsourcing.dcb.api import DCBEvent

from ledger.codec import Codec
from ledger.log import Ledger
from ledger.storage import Store, open_store
from projections.upkeep import Sharing, Upkeep
from projections.views import answers
from tests.bench.engines import Engine, files
from tests.bench.measure import Figure, Ratio, cores, in_turns
from tests.bench.workload import NOW, Office
from tests.facts import ANA, BEN, REQUEST, fact, ledger_on
from tests.view_facts import RELEASED, opened_by, permitted, renamed

DATA_SETS = 50
# So many of a thousand entries belong to lives that end in a release; of those, some are accesses.
LIFE = [*RELEASED, *(one for _ in range(10) for one in (permitted(), opened_by(BEN)))]
LIVES_EVERY = 1000


def life(number: int, dataset: str = "") -> list[DCBEvent]:
    """A request's life from its approval on, about people of its own and a data set, by default one of a few."""
    codec, salt = Codec(), bytes(16)
    names = {
        REQUEST: f"R-2025-{number:06d}",
        ANA: f"p-{number:031x}a",
        BEN: f"p-{number:031x}b",
        "D-6.002x-pc": dataset or f"D-{number % DATA_SETS}",
        **{one: f"{one}-{number}" for one in ("A-1", "K-1", "L-1")},
    }
    events = [renamed(event, names) for event in LIFE]
    return [DCBEvent(event.wire_type(), codec.encode(fact(event), salt, NOW), sorted(event.tags())) for event in events]


def fill(store: Store, office: Office, size: int) -> None:
    """Append until the store has so many entries: what an office writes, with lives among it."""
    number = store.head().position // LIVES_EVERY
    while (have := store.head().position) < size:
        number += 1
        events = [*life(number), *office.events(LIVES_EVERY - len(LIFE))]
        store.append_entries(events[: size - have])


def figures(at: Engine, url: str, ledger: Ledger) -> list[Figure]:
    """The views of the ledger that is there: made anew, and asked."""
    upkeep, size = Upkeep(at.folder / "views.db", ledger), ledger.store.head().position
    return [*rebuild(at, url, upkeep, size), holders(upkeep, size)]


def rebuild(at: Engine, url: str, upkeep: Upkeep, size: int) -> list[Figure]:
    """All views made anew, by one process against reading every entry and decoding it as JSON, and by several."""
    decode = msgspec.json.decode

    def bare() -> None:
        for entry in at.entries(url):
            header, _, payload = entry.partition(b"\n")
            decode(header)
            decode(payload)

    one = in_turns(upkeep.rebuild, bare, rounds=3)
    sharing = Sharing(cores(), url)
    many = in_turns(lambda: upkeep.rebuild(sharing), upkeep.rebuild, rounds=3)
    return [
        Figure("views made anew / SELECT entry, JSON decoded", one.ratio, "100,000/s", _made(size, one, "bare loop")),
        Figure(
            f"views made anew with {sharing.processes} processes / with one",
            many.ratio,
            "100,000/s",
            _made(size, many, "one process"),
        ),
    ]


def _made(size: int, ratio: Ratio, other: str) -> str:
    return (
        f"{size / ratio.ours.median:,.0f} entries a second; median {ratio.ours.median:.1f} s "
        f"(processor {ratio.ours.cpu_share:.0%}), {other} {ratio.other.median:.1f} s; "
        f"ratio {ratio.ratio:.2f}, quartiles {ratio.low:.2f} to {ratio.high:.2f}"
    )


def holders(upkeep: Upkeep, size: int) -> Figure:
    """Who holds a data set, with everything that an answer takes, against the bare look at the log's length."""
    day = date(2026, 11, 21)
    found = upkeep.ask(lambda views: answers.holders(views, "D-1", "identified", day)).rows
    whole = in_turns(
        lambda: upkeep.ask(lambda views: answers.holders(views, "D-1", "identified", day)),
        lambda: upkeep.ask(lambda views: None),
        rounds=20,
        calls=5,
    )
    detail = (
        f"{len(found)} holders among {size:,} entries in {whole.ours.median * 1e3:.2f} ms, worst "
        f"{whole.ours.worst * 1e3:.2f} ms; finding the views at the head {whole.other.median * 1e3:.2f} ms"
    )
    return Figure("finding the views at the head / the whole answer of holders", whole.ratio, "< 10 ms", detail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="entries of the log")
    size = parser.parse_args().size
    with files() as at, at.ledger("log") as url, open_store(url) as store:
        print(f"Building a log of {size:,} entries", file=sys.stderr)
        fill(store, Office(), size)
        for figure in figures(at, url, ledger_on(store)):
            print(figure.told())


if __name__ == "__main__":
    main()
