"""C3: a request has one point of contact, who is in its study group."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("contact-named", "C3", "one member of the study group is the point of contact")


@RULE.objects
def without_contact(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Nobody else downloads and decrypts."""
    del day
    request = standing.request(act.request)
    designated = request.contact.designated
    if designated is None:
        yield RULE.objection("point of contact", act.request)
    elif designated.event.person not in request.study_group:
        yield RULE.objection("a place in the study group", designated.event.person, [designated.position])
