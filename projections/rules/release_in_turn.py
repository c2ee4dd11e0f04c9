"""C3: a package goes out once, as it was authorised: the same versions, for the same key."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import AuthoriseRelease, HandOverRelease, Releasing
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Releasing]("release-in-turn", "C3", "a package goes out once, as it was authorised")


@RULE.objects
def authorised_before(act: Releasing, standing: Standing, at: datetime) -> Iterator[Objection]:
    """A release is authorised once."""
    del at
    known = standing.request(act.request).releases[act.release]
    if isinstance(act, AuthoriseRelease) and known.authorised:
        yield RULE.objection("a number that is not taken", act.release, [known.authorised.position])


@RULE.objects
def not_as_authorised(act: Releasing, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Whoever has become the contact since, or filed another key, needs another authorisation."""
    del at
    if not isinstance(act, HandOverRelease):
        return
    request = standing.request(act.request)
    known = request.releases[act.release]
    if known.authorised is None:
        yield RULE.objection("an authorisation", act.release)
        return
    facts = [one.position for one in (known.authorised, known.handed_over, known.failed) if one]
    if known.handed_over or known.failed:
        yield RULE.objection("a release that is still to be handed over", act.release, facts)
    said = known.authorised.event
    if {(one.dataset, one.label) for one in said.versions} != {(one.dataset, one.label) for one in act.package.files}:
        yield RULE.objection("the versions that were authorised", act.release, facts)
    key = request.contact.key
    if key is None or key.filed.event.key != said.key:
        yield RULE.objection("the key for which it was authorised", act.release, facts)


@RULE.objects
def another_file(act: Releasing, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Byte for byte what the catalogue has."""
    del at
    if not isinstance(act, HandOverRelease):
        return
    for file in act.package.files:
        version = standing.dataset(file.dataset).versions.get(file.label)
        if version and version.event.digest != file.digest:
            yield RULE.objection(f"the bytes of version {file.label}", file.dataset, [version.position])
