"""Facts told in words: every declared event has a sentence, with names and without holes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.names import unnamed
from api.telling import told
from ledger.events import DECLARED, Event
from tests.event_strategies import events, many


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.wire_type())
@pytest.mark.campaign
@many
@given(data=st.data())
def test_every_event_is_told_in_one_sentence_without_holes(kind: type[Event], data: st.DataObject):
    event = data.draw(events(kind))
    sentence = told(event, unnamed)

    assert sentence.endswith(".")
    assert "None" not in sentence
