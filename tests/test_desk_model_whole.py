"""The desk against a model of a whole office: whatever comes after a release, nothing that it allowed broke a clause.

Stories that end well are told with a thing left out, or others happening in between: what the desk does in each of
them is what the model of `tests.desk_model_outside` says, who knows none of its rules.
"""

import pytest

from projections.acts import Act
from tests.desk_beside_whole import WholeDesk
from tests.desk_thrown_later import STORIES


@pytest.mark.parametrize("story", STORIES)
def test_a_story_that_nothing_disturbs_ends_well(story: str):
    """Else the model and the desk would agree in refusing everything."""
    desk = WholeDesk()
    desk.an_office_opens()
    desk.another_release()
    desk.data_have_gone_out(story, None, [], 0, None)
    last = [act for act in STORIES[story] if isinstance(act, Act)][-1]
    refused = [fact.position for fact in desk.ledger.facts() if fact.type == "act.refused.v1"]
    assert len(desk.model.log) not in refused, last
    desk.teardown()
