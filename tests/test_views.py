from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.codec import Fact
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from tests.event_strategies import many
from tests.facts import NOON, ledger_on
from tests.view_facts import everything, logs, said_by


@given(logs(), st.integers(1, 6))
@settings(many)
def test_views_that_caught_up_step_by_step_say_what_views_made_from_nothing_say(facts: list[Fact], step: int):
    with open_store("sqlite://", lambda: NOON) as store, TemporaryDirectory() as folder:
        ledger = ledger_on(store)
        for start in range(0, len(facts), step):
            ledger.append(facts[start : start + step])
            caught_up = said_by(Path(folder) / "views.db", ledger)

        assert caught_up == said_by(Path(folder) / "fresh.db", ledger)
        assert caught_up == tuple(reversed(AsOf(ledger, Moment(known_at=NOON)).ask(everything)))
