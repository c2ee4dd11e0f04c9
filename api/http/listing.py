"""Lists of what there is, page by page, each in the order of the positions that it goes by."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, TypeVar
from urllib.parse import urlencode

import msgspec

from api.covering import covered
from api.http import lists
from api.http.call import Answer, Call, not_found
from api.http.moments import AboutATime, Inquiry
from api.http.own import among_own
from api.http.reading_in import parameters
from ledger.boundary import about
from ledger.chain.entry import MAX_POSITION
from ledger.codec import Recorded
from ledger.events import (
    AgreementIssued,
    DataSetRegistered,
    Event,
    PersonRegistered,
)
from ledger.events.ids import DataSetId, RequestId
from ledger.events.past import PastForm
from projections.acts import of_dataset, of_request
from projections.standing import Standing, State
from projections.views import answers, listing

MAX_LIMIT = 1000
Row = TypeVar("Row")
E = TypeVar("E", bound=Event)


class Paging(AboutATime, frozen=True, kw_only=True):
    """How much of a list, after which position of the log."""

    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = 100


class InStates(Paging, frozen=True, kw_only=True):
    """Only requests in any of these states."""

    state: tuple[State, ...] = ()


class OfARequest(Paging, frozen=True, kw_only=True):
    """Only those of a request."""

    request: RequestId | None = None


class Findings(Paging, frozen=True, kw_only=True):
    """Only findings."""

    findings: bool = False


class WhichData(AboutATime, frozen=True, kw_only=True):
    """Only what covers data in a form, or a data set."""

    form: PastForm | None = None
    dataset: DataSetId | None = None


def further(call: Call, rows: Sequence[Row], limit: int, position: int) -> dict[str, str]:
    """Where a list goes on, as a `Link`: after a position. The log only grows, so it always will."""
    if len(rows) < limit:
        return {}
    pairs = [(name, value) for name, values in call.request.args.lists() for value in values if name != "after"]
    return {"Link": f'<{call.request.path}?{urlencode([*pairs, ("after", str(position))])}>; rel="next"'}


def requests(call: Call) -> Answer:
    """List requests, in the order in which each came into its state; a researcher's own alone."""
    wanted = parameters(call.request, InStates)
    asked, among = Inquiry(call, wanted), among_own(call)
    states = tuple(map(str, wanted.state))
    viewed = asked.view(lambda views: listing.requests(views, asked.today, states, among, wanted.after, wanted.limit))
    rows = tuple(lists.RequestListed.of(one, researcher_name=call.name(one.researcher)) for one in viewed.rows)
    links = further(call, rows, wanted.limit, viewed.rows[-1].since if rows else 0)
    return Answer(lists.Requests(rows=rows), position=viewed.position, headers=links)


def people(call: Call) -> Answer:
    """List the people whom the office knows."""
    wanted = parameters(call.request, Paging)
    asked = Inquiry(call, wanted)
    facts = _page(asked, PersonRegistered, wanted)
    rows = tuple(
        lists.PersonListed(
            person=event.person, name=call.name(event.person), position=fact.position, recorded_at=fact.recorded_at
        )
        for fact, event in facts
    )
    links = further(call, rows, wanted.limit, rows[-1].position if rows else 0)
    return Answer(lists.People(rows=rows), position=asked.log.position, headers=links)


def datasets(call: Call) -> Answer:
    """List the data sets of the catalogue, with their versions."""
    wanted = parameters(call.request, Paging)
    asked = Inquiry(call, wanted)
    rows = tuple(_dataset(asked, fact, event) for fact, event in _page(asked, DataSetRegistered, wanted))
    links = further(call, rows, wanted.limit, rows[-1].position if rows else 0)
    return Answer(lists.DataSets(rows=rows), position=asked.log.position, headers=links)


def dataset(call: Call) -> Answer:
    """Show a data set of the catalogue, with its versions."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    tags = [f"dataset:{call.ids['dataset']}"]
    for fact in asked.log.facts([about(DataSetRegistered, tags=tags)]):
        if isinstance(fact.event, DataSetRegistered):
            return Answer(_dataset(asked, fact, fact.event), position=asked.log.position)
    raise not_found()


def _dataset(asked: Inquiry, fact: Recorded, event: DataSetRegistered) -> lists.DataSetShown:
    known = Standing(asked.log.facts([of_dataset(event.dataset)])).dataset(event.dataset)
    versions = tuple(
        lists.VersionShown(label=label, form=known.form(label), digest=version.event.digest, position=version.position)
        for label, version in known.versions.items()
    )
    return lists.DataSetShown(
        dataset=event.dataset,
        course_run=event.course_run,
        kind=event.kind,
        position=fact.position,
        retired=known.retired is not None,
        versions=versions,
    )


def agreements(call: Call) -> Answer:
    """List agreements, in the order in which they were issued; of a researcher's own requests alone."""
    wanted = parameters(call.request, OfARequest)
    asked = Inquiry(call, wanted)
    found = _page(asked, AgreementIssued, wanted, among_own(call, wanted.request))
    rows = tuple(_agreement(call, asked, fact, event) for fact, event in found)
    links = further(call, rows, wanted.limit, rows[-1].position if rows else 0)
    return Answer(lists.Agreements(rows=rows), position=asked.log.position, headers=links)


def _agreement(call: Call, asked: Inquiry, fact: Recorded, event: AgreementIssued) -> lists.AgreementListed:
    known = Standing(asked.log.facts([of_request(event.request)])).request(event.request).agreement(event.agreement)
    executed = known.executed.event if known.executed else None
    recipients = tuple(one.person for one in event.recipients)
    return lists.AgreementListed(
        agreement=event.agreement,
        request=event.request,
        kind=event.kind,
        position=fact.position,
        recipients=recipients,
        recipients_name=call.called(recipients),
        signatures=len(known.signatures),
        starts=executed.starts if executed else None,
        ends=executed.ends if executed else None,
        terminated=known.terminated.event.on if known.terminated else None,
        in_force=known.in_force(asked.today),
    )


def coverage(call: Call) -> Answer:
    """Tell which agreements cover which data: this office's, and those that registers of the past name."""
    wanted = parameters(call.request, WhichData)
    asked = Inquiry(call, wanted)
    viewed = asked.view(lambda views: covered(views, wanted.form, wanted.dataset, asked.today))
    rows = tuple(
        lists.Covering(
            **one._asdict() | {"parties": tuple(lists.Party(id=party, name=call.name(party)) for party in one.parties)}
        )
        for one in viewed.rows.agreements
    )
    found = lists.Coverage(rows=rows, without_agreement=viewed.rows.without_agreement)
    return Answer(found, position=viewed.position)


def _page(
    asked: Inquiry, kind: type[E], wanted: Paging, requests: Sequence[str] | None = None
) -> list[tuple[Recorded, E]]:
    """The facts of a kind that a page begins and ends with, about these requests, or about whatever."""
    boundaries = [about(kind)] if requests is None else [about(kind, tags=[f"request:{one}"]) for one in requests]
    # Without a boundary, it would be all facts.
    facts = asked.log.facts(boundaries, after=wanted.after) if boundaries else ()
    return [(fact, fact.event) for fact in islice(facts, wanted.limit) if isinstance(fact.event, kind)]


def accesses(call: Call) -> Answer:
    """Tell who was let in, was refused, or opened what."""
    wanted = parameters(call.request, Findings)
    viewed = Inquiry(call, wanted).view(lambda views: answers.accesses(views, findings=wanted.findings))
    found = list(islice((one for one in viewed.rows if one.position > wanted.after), wanted.limit))
    rows = tuple(lists.AccessListed.of(one, person_name=call.name(one.person)) for one in found)
    links = further(call, rows, wanted.limit, found[-1].position if found else 0)
    return Answer(lists.Accesses(rows=rows), position=viewed.position, headers=links)
