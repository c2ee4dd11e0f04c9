"""The question why something was decided so, and whether it still would be."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from api.cli import options
from api.cli.acting import clock
from api.cli.showing import objection_lines, objection_members, words_in
from api.cli.wording import in_lines
from api.names import names_in
from api.telling import told
from ledger.chain.entry import MAX_POSITION, parse_time
from ledger.codec import Judged, Recorded
from ledger.errors import Malformed
from ledger.events import ActRefused, WaiverGranted
from ledger.evidence.report import Verdict
from ledger.home import Home, open_home
from ledger.log import Ledger
from projections.acts import act_from
from projections.judgement import Explanation, judge_again
from projections.rules.rule import Objection
from projections.rules.rulebook import waivers
from projections.standing import Known, Standing

# What rules say is wanting of something that was done, only because it was done.
DONE_ALREADY = (
    "an open request",
    "a number that is not taken",
    "an agreement that is neither executed nor ended",
    "a release that is still to be handed over",
)


@click.command()
@options.home
@options.as_json
@click.argument("position", type=click.IntRange(1, MAX_POSITION))
def explain(path: Path, as_json: bool, position: int) -> None:
    """Judge the act at POSITION again, from the log alone, and say what would differ today.

    Exits with 10 when the answer is another than was recorded.
    """
    with open_home(path.absolute(), clock()) as home:
        entry = home.ledger.store.entry(position)
        if entry is None:
            raise Malformed("position", position, f"is not in this log, which has {home.ledger.store.length()} entries")
        fact = home.ledger.codec.decode(entry)
        explanation = judge_again(home.ledger, fact, clock()())
        if as_json:
            click.echo(json.dumps(_members(home, fact, explanation)))
        else:
            click.echo(in_lines(_explained(home, fact, explanation)))
    if explanation is not None and explanation.agrees is False:
        raise click.exceptions.Exit(int(Verdict.ALTERED))


def _explained(home: Home, fact: Recorded, explanation: Explanation | None) -> Iterator[str]:
    names, words = names_in(home.ledger, home.custody), words_in(home)
    yield told(fact.event, names, words)
    if explanation is None or fact.judged is None:
        yield "Nothing was judged here: it was reported, not decided."
        return
    judged = fact.judged
    yield f"It was judged at {judged.at} by rulebook {judged.rulebook}, on the facts up to {judged.read_to}."
    if explanation.agrees is None:
        yield f"It can't be replayed here: {explanation.why}."
    else:
        yield from map(_used, _waivers(home.ledger, judged))
        yield (
            "Judged again from the log, the answer is the same."
            if explanation.agrees
            else "Judged again from the log, the answer DIFFERS: run dua-ledger verify."
        )
    today = _objecting_today(explanation, fact)
    if today is not None:
        yield _today(today, is_done=not explanation.said)
        yield from objection_lines(today, names, words)


def _members(home: Home, fact: Recorded, explanation: Explanation | None) -> dict[str, object]:
    """What programs are told: without names, and nothing of a judgement where none was."""
    members: dict[str, object] = {"position": fact.position, "type": fact.type}
    if explanation is None or fact.judged is None:
        return members | {"judged": None}
    judged, today = fact.judged, _objecting_today(explanation, fact)
    return members | {
        "judged": {"at": judged.at, "rulebook": judged.rulebook, "read_to": judged.read_to},
        "said": list(map(objection_members, explanation.said)),
        "agrees": explanation.agrees,
        "why": explanation.why,
        "waivers": [] if explanation.agrees is None else [one.event.waiver for one in _waivers(home.ledger, judged)],
        "today": None if today is None else list(map(objection_members, today)),
    }


def _objecting_today(explanation: Explanation, fact: Recorded) -> list[Objection] | None:
    """What would object to it today, but for what objects only because it is done; None when it cannot be told."""
    if explanation.today is None:
        return None
    return [one for one in explanation.today if not _is_its_own_doing(one, fact)]


def _today(objections: Sequence[Objection], *, is_done: bool) -> str:
    if is_done:
        would = "these would object" if objections else "nothing would object"
        return f"It is done. Were it still to be decided today, {would}{':' if objections else '.'}"
    return "Today these would object:" if objections else "Today nothing would object."


def _used(waiver: Known[WaiverGranted]) -> str:
    """A waiver that an act needed, as a sentence."""
    said = waiver.event
    return (
        f"It needed waiver {said.waiver} of entry {waiver.position}: "
        f"the rule {said.rule} would have objected, and is waived until {said.expires}."
    )


def _is_its_own_doing(objection: Objection, fact: Recorded) -> bool:
    """Whether an objection only says of what was done that it is done."""
    done = not isinstance(fact.event, ActRefused) and max(objection.facts, default=0) >= fact.position
    return done and objection.wanting.startswith(DONE_ALREADY)


def _waivers(ledger: Ledger, judged: Judged) -> list[Known[WaiverGranted]]:
    """The waivers without which it would have been refused."""
    act = act_from(judged.command)
    first = list(ledger.facts(act.first_look(), until=judged.read_to))
    second = act.second_look(Standing(first))
    facts = {fact.position: fact for fact in (*first, *(ledger.facts(second, until=judged.read_to) if second else ()))}
    return waivers(act, Standing(facts[position] for position in sorted(facts)), parse_time(judged.at))
