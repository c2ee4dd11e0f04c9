"""K2: a third party gets data through a request or an addendum of its own, and by no word of a recipient."""

from collections.abc import Iterator
from datetime import date

from ledger.events import QueryReceived
from projections.acts import LINKING, AnswerQuery
from projections.rules.rule import Objection, Rule
from projections.standing import OVER, Known, Standing

RULE = Rule[AnswerQuery]("own-way", "K2", "a third party gets data through a request or addendum of its own")


@RULE.objects
def own_request(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """It is another one than that of the recipient, still goes on, is theirs, and asks for these data.

    Of whom the office knows in words alone no part is known, but that they are not whom they asked is.
    """
    del day
    received = standing.query(act.query).received
    if act.outcome != "own request" or received is None:
        return
    asked_about, request = received.event.request, standing.request(act.linked)
    if request.submitted is None or act.linked == asked_about:
        yield RULE.objection("a request of their own", act.query, [received.position])
        return
    facts = [received.position, request.submitted.position]
    if request.state in OVER:
        yield RULE.objection(f"a request that goes on: it is {request.state}", act.linked, [request.since])
    asker, group = received.event.by, {request.submitted.event.researcher, *request.personnel, *request.study_group}
    if asker and asker not in group:
        yield RULE.objection("a part in the request that is to be theirs", asker, facts)
    if not asker and group & {received.event.asked, received.event.referred_by}:
        yield RULE.objection("a request of their own: it is that of whom they asked", act.linked, facts)
    wanted = {one.dataset for one in request.datasets}
    for dataset in received.event.datasets:
        if dataset not in wanted:
            yield RULE.objection("a request for it", dataset, facts)
    if not received.event.datasets and not wanted & _asked(received, standing, wanted):
        yield RULE.objection("a request for what was asked about", act.linked, facts)


@RULE.objects
def addendum(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """The agreement is one of the request, has not ended, names who asks, and is about these data."""
    received = standing.query(act.query).received
    if act.outcome != "addendum" or received is None:
        return
    agreement = standing.request(act.linked).agreement(act.agreement or "")
    if agreement.issued is None:
        yield RULE.objection("an agreement of the request, as the addendum", act.query, [received.position])
        return
    facts = [received.position, *agreement.facts]
    if agreement.is_over(day):
        yield RULE.objection("an agreement that has not ended", act.agreement, facts)
    asker = received.event.by
    if asker and not agreement.is_for(asker):
        yield RULE.objection("a place in the addendum", asker, facts)
    for dataset in received.event.datasets:
        if not agreement.covers(dataset):
            yield RULE.objection("a place in the addendum", dataset, facts)


@RULE.objects
def linked_to_nothing(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """An agreement belongs to an addendum: beside another outcome it would look like leave to have the data."""
    del standing, day
    if act.agreement is not None and act.outcome != LINKING[1]:
        yield RULE.objection("no agreement, unless it is an addendum", act.query)


def _asked(received: Known[QueryReceived], standing: Standing, otherwise: set[str]) -> set[str]:
    """The data sets of the request that was asked about; where none was, whatever is wanted will do."""
    asked_about = standing.request(received.event.request)
    return {one.dataset for one in asked_about.datasets} if asked_about.submitted else otherwise
