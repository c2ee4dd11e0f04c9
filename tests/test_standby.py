"""Views that are asked often: the same answers as `Upkeep` gives, whatever happens to the log and to the file."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.events import OrganisationRegistered, PolicyPublished
from ledger.log import Ledger
from ledger.storage import create_store, open_store
from projections.standby import MOST, Standby
from projections.upkeep import Answer, Upkeep
from projections.views import listing
from tests.facts import commitment, ledger_on, submitted
from tests.office import written
from tests.office_facts import TODAY
from tests.view_facts import mark


class Views(NamedTuple):
    """A ledger, its views as they are kept and as they are caught up, and the file that both are in."""

    ledger: Ledger
    standby: Standby
    upkeep: Upkeep
    path: Path

    def asked(self) -> Answer[list[str]]:
        """What is answered at once; both ways agree."""
        answer, other = self.standby.ask(requests), self.upkeep.ask(requests)
        assert answer == other
        return answer


def requests(connection):
    return [one.request for one in listing.requests(connection, TODAY, (), None, 0, 100)]


@pytest.fixture
def views(tmp_path: Path) -> Iterator[Views]:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    create_store(url)
    with open_store(url) as store:
        ledger, path = ledger_on(store), tmp_path / "views.db"
        written([submitted("R-2026-0001")], ledger)
        yield Views(ledger, Standby(path, ledger), Upkeep(path, ledger), path)


def test_what_is_new_is_in_the_next_answer(views: Views):
    assert views.asked() == Answer(1, ["R-2026-0001"])
    written([submitted("R-2026-0002")], views.ledger)
    assert views.asked() == Answer(2, ["R-2026-0001", "R-2026-0002"])
    written([OrganisationRegistered(organisation="O-1", name=commitment())], views.ledger)
    assert views.asked().position == 3


def test_an_answer_at_the_head_takes_no_turn(views: Views, monkeypatch):
    views.asked()
    monkeypatch.setattr(Upkeep, "ask", None)

    assert views.standby.ask(requests) == Answer(1, ["R-2026-0001"])


def test_what_is_new_is_taken_in_by_the_connection_that_is_there(views: Views, monkeypatch):
    views.asked()
    written([submitted("R-2026-0002")], views.ledger)
    with monkeypatch.context() as patched:
        patched.setattr(Upkeep, "ask", None)
        assert views.standby.ask(requests) == Answer(2, ["R-2026-0001", "R-2026-0002"])
    assert views.asked().position == 2


def test_a_new_policy_has_the_views_made_anew(views: Views):
    views.asked()
    mark(views.path)
    written([PolicyPublished(training_months=1)], views.ledger)
    assert views.asked().position == 2
    assert views.standby.ask(tables).rows.isdisjoint({"marks"})


def tables(connection):
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def test_what_was_answered_is_said_again_until_the_log_grows(views: Views):
    asked = [views.standby.ask(partial(answer, number), "one").rows for number in (1, 2)]
    other = views.standby.ask(partial(answer, 3), "other")
    written([submitted("R-2026-0002")], views.ledger)
    later = [views.standby.ask(partial(answer, 4), name) for name in ("one", "other")]

    assert (asked, other, later) == ([1, 1], Answer(1, 3), [Answer(2, 4), Answer(2, 4)])


def answer(number: int, connection: Any) -> int:
    return number


def test_no_more_is_remembered_than_a_number_of_answers(views: Views):
    for number in range(2 * MOST):
        assert views.standby.ask(partial(answer, number), number).rows == number

    # The later half is there still, the earlier one is not.
    asked = [views.standby.ask(partial(answer, -1), number).rows for number in (2 * MOST - 1, 0)]
    assert asked == [2 * MOST - 1, -1]


@pytest.mark.parametrize("what", ["removed", "replaced", "damaged", "made anew"])
def test_whatever_becomes_of_the_file_the_answer_is_right(views: Views, what):
    views.asked()
    befall(views, what)

    assert views.asked() == Answer(1, ["R-2026-0001"])


@pytest.mark.parametrize("what", ["removed", "replaced", "damaged", "made anew"])
def test_whatever_becomes_of_the_file_what_is_new_is_in_the_answer(views: Views, what):
    views.asked()
    befall(views, what)
    written([submitted("R-2026-0002")], views.ledger)

    assert views.asked() == Answer(2, ["R-2026-0001", "R-2026-0002"])


def befall(views: Views, what: str) -> None:
    """Have something become of the file with the views."""
    match what:
        case "removed":
            views.path.unlink()
        case "replaced":
            shutil.copy(views.path, views.path.with_name("other"))
            views.path.with_name("other").replace(views.path)
        case "damaged":
            views.path.unlink()
            views.path.write_bytes(b"no database")
        case _:
            views.upkeep.rebuild()


def test_many_threads_are_answered_alike_while_the_log_grows(views: Views):
    def ask(number: int) -> bool:
        if number % 5 == 0:
            written([submitted(f"R-2027-{number:04}")], views.ledger)
        answer = views.standby.ask(requests)
        return len(answer.rows) == answer.position

    with ThreadPoolExecutor(8) as together:
        assert all(together.map(ask, range(100)))
