"""C3: a package goes out once, as it was authorised: the same versions, for the same key, to the same parties."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AuthoriseRelease, HandOverRelease, Releasing, bases, parties
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Releasing]("release-in-turn", "C3", "a package goes out once, as it was authorised")


@RULE.objects
def authorised_before(act: Releasing, standing: Standing, day: date) -> Iterator[Objection]:
    """A release is authorised once."""
    del day
    taken = standing.taken(act.release)
    if isinstance(act, AuthoriseRelease) and taken:
        yield RULE.objection("a number that is not taken", act.release, [taken])


@RULE.objects
def not_as_authorised(act: Releasing, standing: Standing, day: date) -> Iterator[Objection]:
    """What has changed since needs another authorisation: that is the record of whom the data went to, and why."""
    if not isinstance(act, HandOverRelease):
        return
    request = standing.request(act.request)
    known = request.release(act.release)
    if known.authorised is None:
        yield RULE.objection("an authorisation", act.release)
        return
    facts = [one.position for one in (known.authorised, known.handed_over, known.failed) if one]
    if known.handed_over or known.failed:
        yield RULE.objection("a release that is still to be handed over", act.release, facts)
    said = known.authorised.event
    packed = {(one.dataset, one.label, standing.dataset(one.dataset).form(one.label)) for one in act.package.files}
    if packed != {(one.dataset, one.label, one.form) for one in said.versions}:
        yield RULE.objection("the versions that were authorised, in their form", act.release, facts)
    people, wanted = act.people(standing), act.wanted(standing)
    to, on = set(parties(people, wanted, request, day)), set(bases(people, wanted, request))
    if not (to <= set(said.parties) and on <= set(said.bases)):
        yield RULE.objection("the parties and bases for which it was authorised", act.release, facts)
    key = request.contact.key
    if key is None or key.filed.event.key != said.key:
        yield RULE.objection("the key for which it was authorised", act.release, facts)


@RULE.objects
def another_file(act: Releasing, standing: Standing, day: date) -> Iterator[Objection]:
    """Byte for byte what the catalogue has."""
    del day
    if not isinstance(act, HandOverRelease):
        return
    for file in act.package.files:
        version = standing.dataset(file.dataset).versions.get(file.label)
        if version and version.event.digest != file.digest:
            yield RULE.objection(f"the bytes of version {file.label}", file.dataset, [version.position])
