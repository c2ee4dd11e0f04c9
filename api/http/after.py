"""Questions about what comes after a release, as resources."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api import awaiting
from api.http import lists, shapes
from api.http.call import Answer, Call, not_found
from api.http.moments import AboutATime, Inquiry
from api.http.own import among_own
from api.http.problems import BadField, BadRequest
from api.http.reading_in import naming, parameters
from api.lacking import Lacking, lacking_at
from api.leaving import parts_of, what_ends
from api.names import as_typed_in, asker_of
from api.subjects import subject_in
from ledger.events.finding import FindingKind
from ledger.events.ids import DataSetId, PersonId, RequestId
from ledger.events.past import PastForm
from projections.views import inquiring
from projections.views.disclosures import Asked, Disclosure
from projections.views.disclosures import disclosures as disclosures_in
from projections.views.figures import figures
from projections.views.findings import findings as findings_in
from projections.views.turns import working_days


class WhichQueries(AboutATime, frozen=True, kw_only=True):
    """Only queries about a DOI, a data set, a request or a publication; only those that wait for an answer."""

    about: str | None = None
    open: bool = False


class WhichPublications(AboutATime, frozen=True, kw_only=True):
    """Only publications of a request; only those that appeared unpassed though policy had it so."""

    request: RequestId | None = None
    unreviewed: bool = False


class WhichFindings(AboutATime, frozen=True, kw_only=True):
    """Only findings about a request, a data set or a person, or of a kind; `closed` ones, too."""

    about: str | None = None
    kind: FindingKind | None = None
    closed: bool = False


class Period(AboutATime, frozen=True, kw_only=True):
    """From one day to another, both included, and which disclosures between them: of identified data, if not said."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    course_run: str | None = None
    person: PersonId | None = None
    dataset: DataSetId | None = None
    form: PastForm | Literal["any"] = "identified"


class OfYear(AboutATime, frozen=True, kw_only=True):
    """The year at the office."""

    year: Annotated[int, msgspec.Meta(ge=1970, le=9998)]


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which day somebody would leave, today if it is not said, and which request, if not all of theirs."""

    on: date | None = None
    request: RequestId | None = None


def queries(call: Call) -> Answer:
    """Tell who asked whom for what, and what they were told."""
    wanted = parameters(call.request, WhichQueries)
    asked = Inquiry(call, wanted)
    with naming("about"):
        subject = subject_in(call.ledger, wanted.about) if wanted.about is not None else None
    viewed = asked.view(lambda views: inquiring.queries(views, subject, open_only=wanted.open))
    rows = tuple(_query(call, one, asked) for one in viewed.rows)
    return Answer(lists.Queries(rows=rows), position=viewed.position)


def _query(call: Call, one: inquiring.Asked, asked: Inquiry) -> lists.Query:
    in_words = call.sees_names and not one.by
    return lists.Query.of(
        one,
        asker=asker_of(call.ledger, call.home.custody, one.position) if in_words else None,
        **{f"{whose}_name": call.name(getattr(one, whose)) for whose in ("by", "asked", "referred_by")},
        open=one.is_open,
        turn=one.turn,
        working_days=working_days(asked.office.day(one.since_at), asked.today) if one.is_open else None,
    )


def publications(call: Call) -> Answer:
    """Tell what is to be published or has appeared, and how far its review has come; a researcher's own alone."""
    wanted, among = parameters(call.request, WhichPublications), among_own(call)
    viewed = Inquiry(call, wanted).view(
        lambda views: inquiring.publications(views, wanted.request, unreviewed=wanted.unreviewed)
    )
    rows = tuple(
        lists.Publication.of(
            one, authors_name=call.called(one.authors), reviewers_name=call.called(one.reviewers), turn=one.turn
        )
        for one in viewed.rows
        if among is None or one.request in among
    )
    return Answer(lists.Publications(rows=rows), position=viewed.position)


def findings(call: Call) -> Answer:
    """Tell what is recorded and should not be so, since when, and whose it is to deal with."""
    wanted = parameters(call.request, WhichFindings)
    asked = Inquiry(call, wanted)
    viewed = asked.view(lambda views: findings_in(views, asked.today, closed=wanted.closed))
    rows = tuple(
        lists.Finding.of(one, person_name=call.name(one.person), working_days=working_days(one.since, asked.today))
        for one in viewed.rows
        if wanted.about in (None, one.request, one.dataset, one.person) and wanted.kind in (None, one.kind)
    )
    return Answer(lists.Findings(rows=rows), position=viewed.position)


def disclosures(call: Call) -> Answer:
    """Tell every request for, refusal and disclosure of data in a period (34 CFR 99.32)."""
    wanted = parameters(call.request, Period)
    if wanted.last < wanted.first:
        field = BadField(detail=f"is before {wanted.first}", parameter="to")
        raise BadRequest("unprocessable", "A parameter is not as it has to be.", field)
    form = None if wanted.form == "any" else wanted.form
    wish = Asked(wanted.first, wanted.last, form, wanted.person, wanted.dataset, wanted.course_run)
    viewed = Inquiry(call, wanted).view(lambda views: disclosures_in(views, wish))
    rows = tuple(_disclosure(call, one) for one in viewed.rows)
    return Answer(lists.Disclosures(rows=rows), position=viewed.position)


def _disclosure(call: Call, one: Disclosure) -> lists.Disclosure:
    told = one._asdict() | {
        "copies": tuple(lists.Copied(dataset=copy.dataset, form=copy.form) for copy in one.copies),
        "further": tuple(shapes.Somebody(person=person, name=call.name(person)) for person in one.further),
        "recipient": as_typed_in(call.home.custody, one.recipient) if one.recipient and call.sees_names else None,
        "party_name": call.name(one.party),
        "organisation_name": call.name(one.organisation),
    }
    return lists.Disclosure(**told)


def stats(call: Call) -> Answer:
    """Tell how many requests a year had, what was decided, and in how many working days."""
    wanted = parameters(call.request, OfYear)
    first, last = date(wanted.year, 1, 1), date(wanted.year, 12, 31)
    viewed = Inquiry(call, wanted).view(lambda views: figures(views, first, last))
    found, refusals = viewed.rows
    rows = tuple(lists.Figures.of(one) for one in found)
    return Answer(lists.Stats(year=wanted.year, refusals=refusals, rows=rows), position=viewed.position)


def departure(call: Call) -> Answer:
    """Tell what would end, and would have to be destroyed, if somebody left; nothing is recorded."""
    wanted, person = parameters(call.request, Leaving), call.ids["person"]
    parts = parts_of(call.ledger, person)
    meant = {request: one for request, one in parts.items() if wanted.request in (None, request)}
    if not meant:
        raise not_found()
    on = wanted.on or call.office.day(call.now)
    ends = tuple(what_ends(call.ledger, person, meant, on, call.now))
    return Answer(shapes.WhatEnds(person=person, on=on, requests=tuple(meant), ends=ends))


def inbox(call: Call) -> Answer:
    """Tell what waits for whom, oldest first, with open incidents and findings; now, or at another time.

    Of a request also how much is missing before it can be approved, or released, what, and from whom.
    """
    asked = Inquiry(call, parameters(call.request, AboutATime))
    viewed = asked.view(lambda views: awaiting.inbox(views, asked.office, asked.at))
    requests = dict.fromkeys(one.request for one in viewed.rows if one.request and one.researcher)
    lacks = {one: lacking_at(one, asked.log, asked.at, call.names) for one in requests}
    rows = tuple(
        lists.Waiting.of(
            one,
            whom_name=call.called(one.whom),
            researcher_name=call.name(one.researcher),
            working_days=awaiting.days_waited(one.since_at, asked.office, asked.at),
            **(lacks[one.request] if one.request and one.researcher else Lacking())._asdict(),
        )
        for one in viewed.rows
    )
    return Answer(lists.Inbox(rows=rows), position=viewed.position)
