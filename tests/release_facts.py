"""What the rules of releases are tried on: both acts of a release, and a request that is ready for each."""

from typing import Any

import pytest

from ledger.events import Event
from ledger.events.review import Basis
from projections.acts import Act
from tests.facts import data_set, version_added
from tests.office import Done
from tests.office_acts import authorise, authorised, hand_over, handed_over
from tests.office_facts import basis, request, wanted
from tests.office_requests import ready

AUTHORISED = authorised().event
ACTS = [authorise(), hand_over()]
each_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
BOTH_FORMS = request(datasets=(wanted(), wanted("de-identified")))
TWO_SETS = request(datasets=(wanted(), wanted(dataset="D-other")))
NO_PLACE = "a place in an agreement in force"
OTHER_SET = [data_set("D-other"), version_added(dataset="D-other")]


def before(act: Act, **changes: Event | None) -> list[Event]:
    """A request that is ready for this act."""
    return [*ready(**changes), *([AUTHORISED] if act == hand_over() else [])]


def done(act: Act, **changes: Any) -> Done:
    return authorised(**changes) if act == authorise() else handed_over(**changes)


def bases_for(*things: tuple[str, str]) -> list[Basis]:
    """A basis to disclose each of these data sets, in its form, to anybody."""
    return [basis(who, dataset=dataset, form=form) for dataset, form in things for who in ("home", "outside")]
