"""The history of a request: each event in words, under which circumstances, and the state after it; also as a page."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.names import Names
from api.telling import MIT, Words, circumstances, told
from ledger.boundary import about
from ledger.codec import Known, Recorded
from ledger.custody import Custody
from ledger.errors import Missing
from ledger.events import FactCorrected, QueryAnswered, QueryReceived, QueryWithdrawn
from ledger.log import Ledger
from projections.standing import USES, RequestStanding, Standing, stage_on, uncorrected

# A nonce is what a contact has to read back; whoever reads it here could do it for them.
NOT_SHOWN = ("nonce",)
ERASED = "(erased)"
# Texts of people are shown by nobody's history but their own.
SHOWN_OF = ("request", "incident", "hold", "finding")


class Told(NamedTuple):
    """An event of a history, and the state of the request after it; `texts` are what custody has of its members."""

    position: int
    recorded_at: datetime
    type: str
    words: str
    circumstances: str
    state: str
    texts: dict[str, str]


def facts_of(ledger: Ledger, request: str, until: int) -> list[Recorded]:
    """The facts that name a request up to a position, and what became of the queries about it, in order."""
    facts = [*ledger.facts([about(tags=[f"request:{request}"])], until=until)]
    queries = sorted({fact.event.query for fact in facts if isinstance(fact.event, QueryReceived)})
    answers = [about(QueryAnswered, QueryWithdrawn, FactCorrected, tags=[f"query:{query}"]) for query in queries]
    if answers:
        found = {fact.position: fact for fact in (*facts, *ledger.facts(answers, until=until))}
        facts = [found[position] for position in sorted(found)]
    return facts


def history_of(
    request: str, facts: Sequence[Recorded], names: Names, custody: Custody | None, words: Words = MIT
) -> Iterator[Told]:
    """What these facts tell, in order, and how far the request had come on the day at the office on which each did.

    With texts, if a custody is handed in.
    """
    known, zone = RequestStanding(), ZoneInfo(words.zone)
    uses: list[Recorded] = []
    for count, fact in enumerate(facts, 1):
        if isinstance(fact.event, FactCorrected):
            known = Standing(facts[:count]).request(request)
            uses = [one for one in uncorrected(facts[:count]) if isinstance(one.event, USES)]
        elif isinstance(fact.event, RequestStanding.folds) and f"request:{request}" in fact.tags:
            known.fold(Known(fact.event, fact.position))
        elif isinstance(fact.event, USES):
            uses.append(fact)
        stage = stage_on(known, fact.recorded_at.astimezone(zone).date(), uses)
        yield Told(
            position=fact.position,
            recorded_at=fact.recorded_at,
            type=fact.type,
            words=told(fact.event, names, words),
            circumstances=circumstances(fact, names, words),
            state=str(stage.state),
            texts=_texts(fact, custody) if custody else {},
        )


def _texts(fact: Recorded, custody: Custody) -> dict[str, str]:
    return {
        member: ERASED if (text := text_of(custody, commitment)) is None else text
        for member, commitment in fact.event.sealed().items()
        if member not in NOT_SHOWN and fact.event.sealed_for in SHOWN_OF
    }


def text_of(custody: Custody, commitment: str) -> str | None:
    """What was sealed for a commitment; None when it was erased."""
    try:
        return custody.unseal(commitment)
    except Missing:
        return None


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>History of {request}</title>
<style>
body {{ font: 11pt/1.45 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #111; }}
ol {{ list-style: none; padding: 0; }}
li {{ border-top: 1px solid #bbb; padding: .6em 0; break-inside: avoid; overflow-wrap: anywhere; }}
.when {{ font: 9pt/1.4 ui-monospace, monospace; color: #444; }}
.state {{ font-weight: bold; }}
blockquote {{ margin: .4em 0 0 1.5em; white-space: pre-wrap; }}
footer {{ border-top: 1px solid #bbb; margin-top: 1em; padding-top: .6em; color: #444; }}
@page {{ margin: 2cm; }}
@media print {{ body {{ margin: 0; max-width: none; }} }}
</style>
</head>
<body>
<h1>History of {request}</h1>
<ol>
{events}
</ol>
<footer>This holds for position {position} of the ledger {origin}. Times are UTC; days are those in {zone}.</footer>
</body>
</html>
"""
EVENT = """<li id="entry-{position}">
<div class="when">entry {position} &middot; {recorded_at} &middot; {type}</div>
<div>{words}</div>
<div>{circumstances}; the request is now <span class="state">{state}</span>.</div>{texts}
</li>"""
TEXT = "\n<blockquote>{member}: {text}</blockquote>"


def page(request: str, told: Sequence[Told], position: int, origin: str, zone: str) -> str:
    """The history as one page that needs nothing else: no script, no font, no picture; everything in it is escaped."""
    return PAGE.format(
        request=escape(request),
        origin=escape(origin),
        position=position,
        zone=escape(zone),
        events="\n".join(_event(one) for one in told),
    )


def _event(one: Told) -> str:
    return EVENT.format(
        position=one.position,
        recorded_at=f"{one.recorded_at:%Y-%m-%d %H:%M:%S}",
        type=escape(one.type),
        words=escape(one.words),
        circumstances=escape(one.circumstances),
        state=escape(one.state),
        texts="".join(
            TEXT.format(member=escape(member.replace("_", " ")), text=escape(text))
            for member, text in one.texts.items()
        ),
    )
