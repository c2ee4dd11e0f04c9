"""Who and what is not let in at the desk: nothing is recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from api.desk import Desk
from api.errors import NotEntitled
from ledger.errors import ClockBehind, LedgerError, Malformed
from projections.acts import Act, ApproveRequest
from tests.desk_office import Office, office, prepared
from tests.facts import ANA, NOON, REQUEST, nothing_written
from tests.office import HOUSE
from tests.office_acts import approve, decline
from tests.office_facts import OTHER_REQUEST, THE_DIRECTOR, role, suspended

__all__ = ["office", "prepared"]


class Shred(Act, frozen=True, kw_only=True, tag="shred-request"):
    """Nothing that this office does."""

    done = ApproveRequest.done


class Burn(ApproveRequest, frozen=True, kw_only=True, tag="approve-request"):
    """Looks like another act, with more to it."""

    ashes: int = 0


MALFORMED: dict[str, Any] = {
    "not one of ours": Shred(principal=THE_DIRECTOR, request=REQUEST),
    "more than one of ours": Burn(principal=THE_DIRECTOR, request=REQUEST),
    "conditions in plain words": approve(conditions="in plain words"),
    "conditions as bytes": approve(conditions=b"bytes"),
    "conditions of no kind": approve(conditions=object()),
    "no reason": decline(reason=None),
    "nobody": approve(principal=""),
    "a long name": approve(principal="x" * 300),
    "a name of two lines": approve(principal="line\nend"),
    "a number": approve(principal=7),
    "a short request": approve(request="R-1"),
    "a tag for a request": approve(request="request:" + REQUEST),
    "no request": approve(request=None),
    "a request with a line end": approve(request=REQUEST + "\n"),
}


@pytest.mark.parametrize("act", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_act_changes_nothing(prepared: Office, act):
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.act(act, HOUSE)
    with nothing_written(prepared.store), pytest.raises(Malformed):
        prepared.desk.objections(act, HOUSE)


def test_an_act_on_a_request_that_the_ledger_does_not_know_changes_nothing(prepared: Office):
    with nothing_written(prepared.store), pytest.raises(Malformed) as unknown:
        prepared.desk.act(approve(request=OTHER_REQUEST), HOUSE)

    assert (unknown.value.what, unknown.value.value) == ("request", OTHER_REQUEST)


@pytest.mark.parametrize("act", [approve(principal="staff:2"), decline(principal="staff:2")], ids=lambda act: act.name)
def test_an_act_by_somebody_who_holds_no_role_for_it_changes_nothing(prepared: Office, act):
    prepared.holds(role(principal="staff:2", role="auditor"))
    with nothing_written(prepared.store), pytest.raises(NotEntitled) as caught:
        prepared.desk.act(act, HOUSE)

    roles = ("director", "acting director", "alternate", "staff")
    assert (caught.value.principal, caught.value.act, caught.value.roles) == ("staff:2", act.name, roles)
    assert isinstance(caught.value, LedgerError)
    assert str(caught.value) == (
        f"'staff:2' may not {act.name}: that takes a role of director, acting director, alternate, staff"
    )


@pytest.mark.parametrize("held", ["director", "acting director", "alternate", "staff", "admin"])
def test_who_types_what_somebody_else_decided_is_of_the_office(prepared: Office, held):
    prepared.holds(role(principal="staff:2", role=held))

    assert not prepared.desk.act(approve(), msgspec.structs.replace(HOUSE, actor="staff:2")).refused


@pytest.mark.parametrize("held", [None, "auditor", "compliance", "data server"])
def test_who_is_not_of_the_office_types_nothing(prepared: Office, held):
    if held:
        prepared.holds(role(principal="staff:2", role=held))
    with nothing_written(prepared.store), pytest.raises(NotEntitled) as caught:
        prepared.desk.act(approve(), msgspec.structs.replace(HOUSE, actor="staff:2"))
    assert caught.value.principal == "staff:2"


@pytest.mark.parametrize(
    "circumstances",
    [
        {"actor": ""},
        {"actor": "Dr Ana Ejemplo"},
        {"actor": "staff:"},
        {"via": "x\ny"},
        {"on_behalf_of": ""},
        {"on_behalf_of": "staff:1"},
        {"on_behalf_of": "Ana Ejemplo"},
        {"documents": ("a letter",)},
        {"precision": "year"},
        {"occurred_at": NOON.replace(tzinfo=None)},
        {"occurred_at": NOON + timedelta(microseconds=1)},
        {"occurred_at": datetime(1969, 12, 31, tzinfo=UTC)},
    ],
    ids=repr,
)
def test_circumstances_that_no_entry_can_hold_change_nothing(prepared: Office, circumstances):
    strange = msgspec.structs.replace(HOUSE, **circumstances)
    for wish in (lambda: prepared.desk.act(approve(), strange), lambda: prepared.desk.report(suspended(ANA), strange)):
        with nothing_written(prepared.store), pytest.raises(Malformed):
            wish()


def test_a_clock_without_a_time_zone_is_not_believed(prepared: Office):
    naive = Desk(prepared.ledger, lambda: NOON.replace(tzinfo=None))
    yesterday = msgspec.structs.replace(HOUSE, occurred_at=NOON - timedelta(days=1))
    for wish in (
        lambda: naive.act(approve(), HOUSE),
        lambda: naive.act(approve(), yesterday),
        lambda: naive.objections(approve(), HOUSE),
        lambda: naive.report(suspended(ANA), HOUSE),
    ):
        with nothing_written(prepared.store), pytest.raises(Malformed) as caught:
            wish()
        assert caught.value.what == "time"


def test_by_a_clock_from_before_the_roles_it_is_the_clock_that_is_told_of(prepared: Office):
    prepared.clock.go(-timedelta(days=40 * 365))
    for wish in (lambda: prepared.desk.act(approve(), HOUSE), lambda: prepared.desk.report(suspended(ANA), HOUSE)):
        with nothing_written(prepared.store), pytest.raises(ClockBehind):
            wish()
