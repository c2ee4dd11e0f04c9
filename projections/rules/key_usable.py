"""C3: the contact has filed a key that can be encrypted for now."""

from collections.abc import Iterator
from datetime import date, datetime

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("key-usable", "C3", "the contact has a key that can be encrypted for")


@RULE.objects_at
def expired(act: Act, standing: Standing, at: datetime) -> Iterator[Objection]:
    """A key expires at a time of day."""
    contact = standing.request(act.request).contact
    if contact.key and contact.key.is_expired(at):
        yield RULE.objection("a key that has not expired", contact.person, [contact.key.filed.position])


@RULE.objects
def without_key(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Nor is a revoked one any use; one that was rejected is none."""
    contact = standing.request(act.request).contact
    if contact.designated is None:
        return
    key = contact.key
    if key is None:
        rejected = [one.rejected.position for one in contact.keys.values() if one.rejected]
        yield RULE.objection("OpenPGP key", contact.person, [contact.designated.position, *rejected])
        return
    if key.is_revoked(day):
        facts = [key.filed.position, key.revoked and key.revoked.position]
        yield RULE.objection("a key that is not revoked", contact.person, facts)
