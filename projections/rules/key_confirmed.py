"""C3: the contact confirmed the fingerprint of the key by a second channel."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("key-confirmed", "C3", "the key was confirmed by a second channel")


@RULE.objects
def unconfirmed(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Whoever can replace a key on its way can't answer the phone for its owner."""
    del day
    contact = standing.request(act.request).contact
    if contact.key and contact.key.confirmed is None:
        yield RULE.objection(
            "confirmation of the key by a second channel", contact.person, [contact.key.filed.position]
        )
