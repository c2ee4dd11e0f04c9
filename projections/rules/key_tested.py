"""C3: key and transfer were tested, by the channel that the release takes."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Releasing
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Releasing]("key-tested", "C3", "key and transfer were tested by the channel of the release", waivable=True)


@RULE.objects
def untested(act: Releasing, standing: Standing, day: date) -> Iterator[Objection]:
    """Generally: policy requires it, and the director can waive it."""
    del day
    contact, policy = standing.request(act.request).contact, standing.office.policy.event
    key, channel = contact.key, act.by(standing)
    if key is None or channel is None or not policy.key_test_required or key.passed(channel):
        return
    test = key.tests.get(channel)
    yield RULE.objection(
        f"a test of the key by {channel}", contact.person, [key.filed.position, test and test.position]
    )
