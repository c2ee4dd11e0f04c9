"""S2: a record-level set is never public data; what is public is aggregated, was reviewed, and has appeared."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AnswerQuery
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[AnswerQuery]("public-data", "S2", "public data are what was passed and has appeared, never records")

FOR_RECORDS = ("pass on", "copy")


@RULE.objects
def not_public(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """Every data set of the catalogue is at record level, so whoever asks for one needs something published instead."""
    del day
    received = standing.query(act.query).received
    if act.outcome != "public data suffice" or received is None:
        return
    said = received.event
    if act.publication is None and (said.datasets or said.kind in FOR_RECORDS):
        yield RULE.objection("a publication that suffices: records are never public", act.query, [received.position])
    if act.publication is not None:
        published = standing.publication(act.publication)
        if published.notified and published.notified.event.kind == "data set":
            facts = [published.notified.position]
            yield RULE.objection("another publication: a data set is of records", act.publication, facts)
        if published.state != "appeared" or published.unpassed:
            yield RULE.objection("to have been passed, and to have appeared since", act.publication, published.facts)
