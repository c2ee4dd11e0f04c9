"""A request that comes in again and again is folded as if each time had been."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.events import Event, RequestSubmitted
from projections.standing import Office
from projections.views.cases import Case, rows
from projections.views.days import Days
from tests.endings import departed, moved_away, restored, revoked
from tests.event_strategies import many
from tests.facts import ANA, BEN, REQUEST
from tests.office import recorded
from tests.office_facts import LONG_AGO, STRANGER, TODAY, TOMORROW, law, request, returned, wanted, withdrawn
from tests.view_facts import approved, executed, happened, issued

PEOPLE = st.sampled_from([ANA, BEN, STRANGER])


def came_in(group: Sequence[str] = (), dataset: str = "D-1") -> RequestSubmitted:
    return request(study_group=tuple(group), personnel=tuple(group), datasets=(wanted(dataset=dataset),))


SUBMITTED = st.builds(came_in, st.lists(PEOPLE, max_size=3), st.sampled_from(["D-1", "D-2"]))
LEFT = st.builds(departed, PEOPLE, st.sampled_from([LONG_AGO, TODAY, TOMORROW]))
OTHERS = st.sampled_from([law(), returned(), withdrawn(), approved(), issued(), executed()])
MEMBERS = st.builds(revoked, PEOPLE) | st.builds(restored, PEOPLE) | st.builds(moved_away, PEOPLE)

KNOWN = (
    "state",
    "since",
    "submitted",
    "study_group",
    "personnel",
    "datasets",
    "affiliations",
    "law",
    "closed",
    "_departed",
)


@given(
    st.lists(st.one_of(SUBMITTED, SUBMITTED, SUBMITTED, LEFT, MEMBERS, OTHERS), max_size=12),
    st.sets(st.integers(0, 11)),
)
@example([came_in([ANA]), departed(ANA), came_in([ANA]), came_in()], set())
@settings(many)
def test_a_request_adds_up_to_the_same_whether_each_time_that_it_came_in_is_folded_or_the_last(
    events: list[Event], looked_at: set[int]
):
    folded, each = Case(), Case.of(REQUEST, recorded(events))
    for fact in recorded(events):
        folded.fold(happened(fact.event, fact.position))
        if fact.position in looked_at:
            assert folded.standing.state

    assert rows(REQUEST, folded, Days(Office())) == rows(REQUEST, each, Days(Office()))
    assert [vars(folded.standing)[one] for one in KNOWN] == [vars(each.standing)[one] for one in KNOWN]
