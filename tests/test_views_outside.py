"""What the views say of queries and publications: how they stand, about what they are, and whose turn it is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ledger.events import Event
from ledger.log import Ledger
from ledger.storage import create_store, open_store
from projections.asof import AsOf, Moment
from projections.upkeep import Question, Rows
from projections.views import answers, inquiring
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, Clock, fact, ledger_on, noon
from tests.office_facts import DIRECTOR, OTHER_REQUEST, STRANGER, TODAY, correction, request
from tests.outside import (
    DOI,
    PUBLICATION,
    QUERY,
    asked,
    changes_asked,
    has_appeared,
    notified,
    passed,
    query_withdrawn,
    released,
    retracted,
    reviewed,
    reviewers,
    told,
    under_review,
    with_query,
)
from tests.view_facts import everything, said_by

LATER_QUERY = asked(query="Q-2026-0002", datasets=(), doi=DOI, request=None, by=None)


def said(facts: Iterable[Event], question: Question[Rows]) -> Rows:
    """What views that are made of these facts answer."""
    with open_store("sqlite://", Clock()) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event) for event in facts])
        return AsOf(ledger, Moment()).ask(question).rows


def queries(facts: Iterable[Event], about: str | None = None, *, open_only: bool = False) -> list[tuple[str, str]]:
    found = said(facts, lambda views: inquiring.queries(views, about, open_only=open_only))
    return [(one.query, one.state) for one in found]


def publications(facts: Iterable[Event], *, unreviewed: bool = False) -> list[Any]:
    return said(facts, lambda views: inquiring.publications(views, None, unreviewed=unreviewed))


def turns(facts: Iterable[Event]) -> list[tuple[str, str, str | None]]:
    """Whose turn it is to do what with a query or a publication, of which request."""
    found = said(facts, lambda views: answers.waiting(views, TODAY))
    return [(one.who, one.next, one.request) for one in found if QUERY in one.next or PUBLICATION in one.next]


@pytest.mark.parametrize(
    ("more", "state", "is_open"),
    [
        ([], "open", True),
        ([told("to counsel")], "with counsel", True),
        ([told("to counsel"), told()], "refused", False),
        ([told("office verifies")], "office verifies", False),
        ([query_withdrawn()], "withdrawn", False),
    ],
    ids=["open", "with counsel", "answered at last", "answered", "withdrawn"],
)
def test_a_query_stands_as_the_last_of_its_facts_leaves_it(more: list[Event], state: str, is_open: bool):
    facts = with_query(*more)

    assert queries(facts) == [(QUERY, state)]
    assert queries(facts, open_only=True) == ([(QUERY, state)] if is_open else [])
    assert len(turns(facts)) == is_open


def test_what_was_taken_back_leaves_a_query_as_it_was():
    facts = with_query(query_withdrawn())

    assert queries([*facts, correction(len(facts), query_withdrawn())]) == [(QUERY, "open")]


@pytest.mark.parametrize("about", [DATA_SET, REQUEST, PUBLICATION, DOI, QUERY])
def test_a_query_is_found_by_everything_that_it_is_about(about: str):
    facts = [*released(), notified(), has_appeared(doi=DOI), asked(publication=PUBLICATION)]

    assert queries(facts, about) == [(QUERY, "open")]
    assert queries(facts, "D-other") == queries(facts, "10.1000/other") == []


def test_a_query_is_found_by_what_it_was_answered_with():
    assert queries(with_query(told("own request", request=OTHER_REQUEST)), OTHER_REQUEST) == [(QUERY, "own request")]


def test_who_asked_about_a_paper_before_it_was_known_here_is_found_by_the_publication():
    facts = [*released(), LATER_QUERY, notified(), has_appeared(doi=DOI)]

    assert queries(facts, PUBLICATION) == queries(facts, DOI) == [("Q-2026-0002", "open")]


def test_queries_tell_who_asked_whom_and_what_came_of_it():
    facts = with_query(told("addendum", request=REQUEST, agreement="A-9"))
    (one,) = said(facts, lambda views: inquiring.queries(views, None, open_only=False))

    assert (one.by, one.asked, one.referred_by, one.datasets, one.request) == (EVA, ANA, ANA, (DATA_SET,), REQUEST)
    assert (one.linked, one.agreement, one.position, one.since) == (REQUEST, "A-9", len(facts) - 1, len(facts))


def test_an_open_query_waits_for_the_office_and_then_for_counsel():
    assert turns(with_query()) == [("office", f"answer query {QUERY}", REQUEST)]
    assert turns(with_query(request=None)) == [("office", f"answer query {QUERY}", None)]
    assert turns(with_query(told("to counsel"))) == [("counsel", f"advise on query {QUERY}", REQUEST)]


@pytest.mark.parametrize(
    ("more", "who", "to"),
    [
        ([], "office", f"review {PUBLICATION}"),
        ([reviewed(ANA)], "office", f"review {PUBLICATION}"),
        ([reviewed()], "office", f"pass {PUBLICATION}, or ask for changes"),
        ([reviewed(result="changes needed")], "office", f"ask for changes to {PUBLICATION}"),
        ([reviewed(), changes_asked()], "researcher", f"change {PUBLICATION}"),
        ([reviewed(), changes_asked(), notified()], "office", f"review {PUBLICATION}"),
    ],
    ids=["told", "reviewed by an author", "reviewed", "found unfit", "sent back", "in again"],
)
def test_a_publication_waits_for_a_review_for_the_office_or_for_changes(more: list[Event], who: str, to: str):
    assert turns(under_review(*more)) == [(who, to, REQUEST)]


@pytest.mark.parametrize("last", [passed().event, has_appeared(), retracted()], ids=lambda event: event.wire_name)
def test_a_publication_that_was_passed_appeared_or_went_away_waits_for_nobody(last: Event):
    assert turns(under_review(reviewed(), last)) == []


def test_two_reviewers_are_waited_for_where_policy_has_it_so():
    assert turns(under_review(reviewed(), policy=reviewers(2))) == [("office", f"review {PUBLICATION}", REQUEST)]


@pytest.mark.parametrize(
    ("more", "is_finding"),
    [
        ([has_appeared()], True),
        ([reviewed(), has_appeared()], True),
        ([reviewed(), passed().event, has_appeared()], False),
        ([reviewed(), has_appeared(), passed().event], True),
        ([has_appeared(), reviewers(0)], False),
        ([has_appeared(), retracted()], True),
        ([reviewed(), passed().event], False),
    ],
    ids=["at once", "reviewed only", "passed", "passed too late", "no policy", "retracted", "not yet"],
)
def test_what_appeared_unpassed_though_policy_asks_for_review_is_a_finding(more: list[Event], is_finding: bool):
    facts = under_review(*more)

    assert [one.unreviewed for one in publications(facts)] == [is_finding]
    assert [one.publication for one in publications(facts, unreviewed=True)] == is_finding * [PUBLICATION]


def test_a_publication_is_listed_with_who_reviewed_it_and_what_they_found():
    facts = under_review(reviewed(smallest_cell=9), reviewed(DIRECTOR, 7), reviewed(BEN, 8), has_appeared(doi=DOI))
    (one,) = publications(facts)

    assert (one.authors, one.reviewers, one.smallest_cell) == ((ANA,), (STRANGER, DIRECTOR), 7)
    assert (one.state, str(one.appeared), one.doi, one.passed) == ("appeared", "2026-11-21", DOI, None)


def test_views_that_took_it_in_piece_by_piece_say_what_views_made_from_nothing_say(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/log.db"
    create_store(url)
    facts = [
        *with_query(told("to counsel"), query_withdrawn()),
        *(notified(), reviewed(), changes_asked(), notified(), reviewed(), passed().event, has_appeared(doi=DOI)),
        *(LATER_QUERY, request("R-2026-0003"), notified(publication="B-3", request="R-2026-0003"), reviewers(2)),
    ]
    facts.append(correction(facts.index(query_withdrawn()) + 1, query_withdrawn()))
    facts.append(correction(facts.index(has_appeared(doi=DOI)) + 1, has_appeared(doi=DOI)))
    with open_store(url, noon) as store:
        ledger: Ledger = ledger_on(store)
        for event in facts:
            ledger.append([fact(event)])
            kept, position = said_by(tmp_path / "views.db", ledger)
            assert (kept, position) == (AsOf(ledger, Moment()).ask(everything).rows, store.head().position)
