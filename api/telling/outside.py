"""What was asked from outside, and what goes there, told in words: queries and publications."""

from api.names import Names
from api.telling.words import Words, listed
from ledger import events as e

_ASKED = {
    "pass on": "that data be passed on",
    "copy": "for a copy of data",
    "verify": "to verify a result",
    "replicate": "to replicate a study",
    "methods or code": "about methods or code",
    "other": "about data",
}
_ANSWERED = {
    "own request": "data are to be had by a request of their own",
    "addendum": "data are to be had by an addendum",
    "office verifies": "the office looked itself, and answers with an aggregate",
    "public data suffice": "public data suffice",
    "not about data": "it is not about data, and the author may answer",
    "to counsel": "it went to counsel",
    "refused": "no",
}


def told_outside(event: e.Event, names: Names, _words: Words) -> str | None:
    """An event about a query or a publication as a sentence, with names; None for any other."""
    match event:
        case e.QueryReceived():
            return _received(event, names)
        case e.QueryAnswered():
            links = (event.request, event.agreement, event.publication)
            by = _put(" (", ", ".join(filter(None, links)), ")")
            least = "" if event.smallest_cell is None else f", whose smallest cell is {event.smallest_cell}"
            return f"Query {event.query} was answered: {_ANSWERED[event.outcome]}{by}{least}."
        case e.QueryWithdrawn():
            return f"Query {event.query} was withdrawn."
        case _:
            return _told_of_publications(event, names)


def _received(event: e.QueryReceived, names: Names) -> str:
    who = names(event.by) if event.by else "Somebody"
    whom = f"{names(event.asked)}" if event.asked else "the office"
    about = (*event.datasets, event.request, event.publication, event.doi and f"doi:{event.doi}")
    what = f"{who} asked {whom} {_ASKED[event.kind]}{_put(' (', ', '.join(filter(None, about)), ')')}"
    referred = f", and {names(event.referred_by)} referred them to the office" if event.referred_by else ""
    return f"{what}{referred}: query {event.query}."


def _told_of_publications(event: e.Event, names: Names) -> str | None:
    match event:
        case e.PublicationNotified():
            how = f"{names(event.told_by)} told of" if event.told_by else "The office came across"
            what = f"{how} publication {event.publication} ({event.kind})"
            tables = f", with {len(event.tables)} table{'' if len(event.tables) == 1 else 's'}" if event.tables else ""
            return f"{what}{_put(' by ', listed(map(names, event.authors)))}{tables}."
        case e.PublicationReviewed():
            least = "counts nothing" if event.smallest_cell is None else f"has no cell below {event.smallest_cell}"
            who = f"{names(event.reviewer)} reviewed publication {event.publication} on {event.on}"
            return f"{who}: {event.result}; it {least}."
        case e.ChangesAsked():
            return f"Publication {event.publication} was sent back for changes."
        case e.PublicationPassed():
            return f"Publication {event.publication} was passed{_put(', by waiver ', listed(event.waivers))}."
        case e.PublicationRecorded():
            return f"Publication {event.publication} appeared on {event.on}{_put(' as doi:', event.doi or '')}."
        case e.PublicationWithdrawn():
            return f"Publication {event.publication} was withdrawn on {event.on}."
    return None


# What rules about these find wanting, as `objections` words it.
SENTENCES = (
    (r"an answer", "{about} waits for an answer"),
    (r"an end of the review", "{about} is still under review"),
    (r"an open query: it is (.+)", "{about} is {0}, and is answered once"),
    (r"an answer for data: it asks to (.+)", "{about} asks for data ({0}), which is no matter of methods or code"),
    (
        r"a request of their own: it is that of whom they asked",
        "{about} is the request of whoever was asked, and not of those who ask",
    ),
    (r"a request of their own", "{about} is not linked to a request of those who ask"),
    (r"a request that goes on: it is (.+)", "{about} is {0}, so nobody gets data through it"),
    (r"a part in the request that is to be theirs", "{about} has no part in the request that is to be theirs"),
    (r"a request for what was asked about", "{about} asks for none of the data that the query is about"),
    (r"an agreement of the request, as the addendum", "{about} is not linked to an agreement of the request"),
    (r"an agreement that has not ended", "{about} has ended"),
    (r"a place in the addendum", "the addendum does not name {about}"),
    (r"no agreement, unless it is an addendum", "{about} is linked to an agreement, and is no addendum"),
    (
        r"a publication that suffices: records are never public",
        "{about} asks for records, which are never public: say which publication suffices",
    ),
    (
        r"another publication: a data set is of records",
        "{about} is a data set, which is of records, and they are never public",
    ),
    (r"to have been passed, and to have appeared since", "{about} was not passed before it appeared, or is not public"),
    (r"the aggregate, or words, to answer with", "{about} is answered neither by an aggregate nor in words"),
    (r"the smallest cell of the aggregate", "{about} is answered with a document of which no smallest cell is said"),
    (r"cells of (\d+) or more: the smallest has (\d+)", "a cell of {about} counts {1} only, and has to count {0}"),
    (r"a publication under review: it is (.+)", "{about} is {0}, and only what is under review is passed"),
    (r"a release that was handed over", "no data were ever released for {about}"),
    (r"a review by somebody apart from the work", "{about} was reviewed by nobody apart from the work"),
    (r"the changes that the review by them asks for", "{about} asks for changes"),
    (r"(\d+) reviewers: it has (\d+)", "{about} needs {0} reviewers apart from the work, and has {1}"),
)


def _put(before: str, what: str, after: str = "") -> str:
    return f"{before}{what}{after}" if what else ""
