"""Queries and publications told in words, and what rules hold against answering and passing them."""

from typing import Any

import pytest

from api.telling import objected, told
from ledger.events import Event
from projections.rules.rule import Objection
from tests import outside
from tests.facts import ANA, EVA, REQUEST, commitment
from tests.office_facts import STRANGER
from tests.outside import DOI, PUBLICATION, QUERY, asked, changes_asked, has_appeared, notified, retracted, reviewed

NAMES = {ANA: "Ana Ejemplo", EVA: "Eva Ortiz", STRANGER: "Sam Stranger"}


def names(id_: str) -> str:
    return NAMES.get(id_, id_)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            asked(),
            (
                "Eva Ortiz asked Ana Ejemplo for a copy of data (D-6.002x-pc, R-2026-0001),"
                " and Ana Ejemplo referred them to the office: query Q-2026-0001."
            ),
        ),
        (
            asked("methods or code", by=None, asker=commitment(), asked=None, referred_by=None, datasets=(), doi=DOI),
            "Somebody asked the office about methods or code (R-2026-0001, doi:10.1000/xyz.1): query Q-2026-0001.",
        ),
        (
            asked("other", asked=None, referred_by=None, datasets=(), request=None),
            "Eva Ortiz asked the office about data: query Q-2026-0001.",
        ),
        (
            outside.told("addendum", request=REQUEST, agreement="A-2"),
            "Query Q-2026-0001 was answered: data are to be had by an addendum (R-2026-0001, A-2).",
        ),
        (
            outside.told("public data suffice", publication=PUBLICATION),
            "Query Q-2026-0001 was answered: public data suffice (B-2026-0001-1).",
        ),
        (
            notified(told_by=ANA, tables=(commitment(1), commitment(2))),
            "Ana Ejemplo told of publication B-2026-0001-1 (article) by Ana Ejemplo, with 2 tables.",
        ),
        (
            notified(kind="talk", authors=(), tables=(commitment(1),)),
            "The office came across publication B-2026-0001-1 (talk), with 1 table.",
        ),
        (
            reviewed(),
            (
                "Sam Stranger reviewed publication B-2026-0001-1 on 2026-11-21:"
                " fit to be published; it has no cell below 5."
            ),
        ),
        (
            reviewed(smallest_cell=None, result="changes needed"),
            "Sam Stranger reviewed publication B-2026-0001-1 on 2026-11-21: changes needed; it counts nothing.",
        ),
        (changes_asked(), "Publication B-2026-0001-1 was sent back for changes."),
        (outside.passed(waivers=("W-1",)).event, "Publication B-2026-0001-1 was passed, by waiver W-1."),
        (has_appeared(doi=DOI), "Publication B-2026-0001-1 appeared on 2026-11-21 as doi:10.1000/xyz.1."),
        (has_appeared(), "Publication B-2026-0001-1 appeared on 2026-11-21."),
        (retracted(), "Publication B-2026-0001-1 was withdrawn on 2026-11-21."),
    ],
)
def test_what_was_asked_and_published_is_told_with_names(event: Event, sentence: str):
    assert told(event, names) == sentence


@pytest.mark.parametrize(
    ("rule", "about", "wanting", "sentence"),
    [
        ("open-query", QUERY, "an open query: it is answered", "Q-2026-0001 is answered, and is answered once"),
        (
            "about-data",
            QUERY,
            "an answer for data: it asks to pass on",
            "Q-2026-0001 asks for data (pass on), which is no matter of methods or code",
        ),
        ("own-way", EVA, "a place in the addendum", "the addendum does not name Eva Ortiz"),
        (
            "own-way",
            EVA,
            "a part in the request that is to be theirs",
            "Eva Ortiz has no part in the request that is to be theirs",
        ),
        ("own-way", QUERY, "a request of their own", "Q-2026-0001 is not linked to a request of those who ask"),
        (
            "aggregate-only",
            QUERY,
            "cells of 5 or more: the smallest has 3",
            "a cell of Q-2026-0001 counts 3 only, and has to count 5",
        ),
        (
            "publication-in-turn",
            PUBLICATION,
            "a publication under review: it is sent back",
            "B-2026-0001-1 is sent back, and only what is under review is passed",
        ),
        (
            "publication-in-turn",
            REQUEST,
            "a release that was handed over",
            "no data were ever released for R-2026-0001",
        ),
        (
            "second-reviewer",
            PUBLICATION,
            "2 reviewers: it has 1",
            "B-2026-0001-1 needs 2 reviewers apart from the work, and has 1",
        ),
    ],
)
def test_what_a_rule_holds_against_it_is_a_sentence(rule: str, about: str, wanting: str, sentence: str):
    said: Any = objected(Objection(rule, about, wanting), names)

    assert said.partition(": ")[2] == sentence
