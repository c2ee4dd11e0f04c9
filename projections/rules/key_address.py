"""C3: the key names the contact's address, or it was settled that it is theirs all the same."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("key-address", "C3", "the key names the contact's address, or that is settled", waivable=True)


@RULE.objects
def nameless(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """The confirmation by a second channel can settle it."""
    del day
    contact = standing.request(act.request).contact
    key = contact.key
    if key is None or key.filed.event.names_address:
        return
    if key.confirmed is None or not key.confirmed.event.settles_address:
        facts = [key.filed.position, key.confirmed and key.confirmed.position]
        yield RULE.objection("the contact's address in the key, or that it is settled", contact.person, facts)
