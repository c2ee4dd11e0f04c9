"""Acting on what was seen: a request that has moved on meanwhile is looked at again; what is had is not sent again."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.commands.people import Suspend
from api.commands.request import Return, Withdraw
from api.desk import Seen
from api.errors import Outdated
from ledger.events import RequestWithdrawn
from projections.acts import of_request
from tests.facts import ANA, DATA_SET, NOON, REQUEST
from tests.http_office import BY, ON_BOTH, OTHERS_REQUEST, PDF, HttpOffice, certify, form, office, told

__all__ = ["office"]

PATH = f"/requests/{REQUEST}"


def tag(office: HttpOffice, path: str = PATH, of="staff", **how) -> str:
    return office.get(of, path, **how).headers["ETag"]


def on(seen: str):
    return {"headers": {"If-Match": seen}}


@ON_BOTH
def test_on_what_was_seen_a_command_is_done(office: HttpOffice):
    assert office.post("staff", f"{PATH}/withdrawal", **on(tag(office))).status_code == 201


@pytest.mark.parametrize("what", ["withdrawal", "returns", "approval"])
def test_once_more_is_known_of_the_request_nothing_is_done(office: HttpOffice, what):
    seen = tag(office)
    form(office, f"{PATH}/legal-determinations", '{"consistent": false}')

    body = {"items": ["C1.2"]} if what == "returns" else {}
    with office.unchanged():
        response = office.post("staff", f"{PATH}/{what}", body, **on(seen))
        tried = office.post("staff", f"{PATH}/{what}?dry_run=true", body, **on(seen))

    assert (response.status_code, told(response)["type"]) == (412, "/docs#outdated")
    assert tried.status_code == 412
    assert office.post("staff", f"{PATH}/{what}", body, **on(tag(office))).status_code in (201, 409)


def test_what_is_recorded_about_other_requests_does_not_outdate_what_was_seen(office: HttpOffice):
    seen = tag(office)
    office.post("staff", f"/requests/{OTHERS_REQUEST}/withdrawal")
    office.get("staff", f"{PATH}/history")

    assert office.post("staff", f"{PATH}/withdrawal", **on(seen)).status_code == 201


@pytest.mark.parametrize("what", ["withdrawal", "approval", "waivers"])
def test_once_the_checklist_is_another_one_nothing_is_done(office: HttpOffice, what):
    """Though nothing that makes it so is about the request itself."""
    seen = tag(office)
    assert office.post("director", f"/people/{ANA}/suspensions", {"reason": "Unclear."}).status_code == 201
    assert tag(office) != seen

    body = {"rule": "couhes", "reason": "Urgent.", "expires": "2026-12-31"} if what == "waivers" else {}
    with office.unchanged():
        response = office.post("director", f"{PATH}/{what}", body, **on(seen))
        tried = office.post("director", f"{PATH}/{what}?dry_run=true", body, **on(seen))

    assert (response.status_code, told(response)["type"], tried.status_code) == (412, "/docs#outdated", 412)
    assert office.post("director", f"{PATH}/{what}", body, **on(tag(office))).status_code in (201, 409)


def test_what_changes_nothing_of_what_was_seen_does_not_outdate_it(office: HttpOffice):
    certify(office)
    seen = tag(office)
    asked = {"person": ANA, "dataset": DATA_SET, "request": REQUEST}
    assert office.post("data server", "/accesses", asked).status_code == 409

    assert tag(office) == seen
    assert office.post("staff", f"{PATH}/approval", **on(seen)).status_code == 201


def test_a_tag_of_the_same_entry_with_another_digest_matches_nothing(office: HttpOffice):
    last, _, digest = tag(office).strip('"').partition("-")

    with office.unchanged():
        for other in (f'"{last}-{digest[::-1]}"', f'"{int(last) + 1}-{digest}"'):
            assert office.post("staff", f"{PATH}/withdrawal", **on(other)).status_code == 412


def test_what_one_of_the_office_saw_another_may_act_on(office: HttpOffice):
    assert tag(office, of="staff") == tag(office, of="director")
    assert office.post("director", f"{PATH}/withdrawal", **on(tag(office, of="staff"))).status_code == 201


def test_a_day_later_a_request_has_waited_longer_than_was_seen(office: HttpOffice):
    seen = tag(office)
    office.clock.now = NOON + timedelta(days=3)

    assert tag(office) != seen
    assert office.post("staff", f"{PATH}/withdrawal", **on(seen)).status_code == 412


@ON_BOTH
def test_whatever_comes_between_the_look_and_the_append_is_looked_at_again(office: HttpOffice):
    """A person is suspended while a command that was told what its caller saw is past its look."""
    looks = []

    def holds(until: int) -> bool:
        looks.append(until)
        if len(looks) == 1:
            office.clerk.take(Suspend(person=ANA, reason="Unclear."), BY)
        return len(looks) < 2

    with pytest.raises(Outdated):
        office.clerk.take(Withdraw(request=REQUEST), BY, seen=Seen(REQUEST, holds))
    assert len(looks) == 2
    assert looks[1] == looks[0] + 1


@ON_BOTH
def test_what_was_done_once_has_its_outcome_again_whatever_was_seen(office: HttpOffice):
    seen = {"headers": {"If-Match": tag(office), "Idempotency-Key": "k"}}
    first = office.post("staff", f"{PATH}/withdrawal", **seen)
    again = office.post("staff", f"{PATH}/withdrawal", **seen)

    assert (first.status_code, again.get_data()) == (201, first.get_data())


@pytest.mark.parametrize("seen", ['"0-0123456789abcdef"', '"abc"', "", 'W/"1-0123456789abcdef"', "1", '"99999"'])
def test_a_tag_that_no_request_had_matches_nothing(office: HttpOffice, seen):
    with office.unchanged():
        assert office.post("staff", f"{PATH}/withdrawal", **on(seen)).status_code == 412


def test_a_tag_of_something_else_matches_nothing(office: HttpOffice):
    with office.unchanged():
        assert office.post("staff", f"/people/{ANA}/suspensions", **on(tag(office))).status_code == 412
        assert (
            office.post("staff", "/organisations", {"organisation": "O-1", "name": "x"}, **on("*")).status_code == 412
        )


def test_any_state_is_good_for_whoever_says_so_as_long_as_there_is_one(office: HttpOffice):
    assert office.post("staff", "/requests/R-1999-0001/withdrawal", **on("*")).status_code == 422
    assert office.post("staff", f"{PATH}/withdrawal", **on("*")).status_code == 201


def test_of_several_tags_the_latest_counts(office: HttpOffice):
    first = tag(office)
    form(office, f"{PATH}/legal-determinations", '{"consistent": false}')

    assert office.post("staff", f"{PATH}/withdrawal", **on(f"{first}, {tag(office)}")).status_code == 201


@ON_BOTH
def test_of_two_who_saw_the_same_only_one_acts(office: HttpOffice):
    """Also when both are past everything but the append."""
    ledger = office.home.ledger
    last = ledger.read([of_request(REQUEST)]).facts[-1].position
    seen = Seen(REQUEST, lambda until: next(ledger.facts([of_request(REQUEST)], last, until), None) is None)

    def act(number: int) -> bool:
        command = Return(request=REQUEST, items=("C1.2",)) if number % 2 else Withdraw(request=REQUEST)
        try:
            office.clerk.take(command, BY, seen=seen)
        except Outdated:
            return False
        return True

    with ThreadPoolExecutor(8) as together:
        done = list(together.map(act, range(8)))
    assert done.count(True) == 1


def test_what_is_had_already_is_not_sent_again(office: HttpOffice):
    first = office.get("staff", PATH)
    again = office.get("staff", PATH, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Ledger-Position"] == first.headers["Ledger-Position"]
    certify(office)
    changed = office.get("staff", PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.headers["ETag"] == first.headers["ETag"]) == (200, False)


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_who_asks_for_the_head_alone_has_that_of_the_answer(office: HttpOffice, accepted):
    how = {"headers": {"Accept-Encoding": accepted, "X-Request-ID": "same"}}
    whole, head = (office.ask("staff", method, PATH, **how) for method in ("GET", "HEAD"))
    how["headers"]["If-None-Match"] = whole.headers["ETag"]

    assert (head.status_code, dict(head.headers), head.get_data()) == (200, dict(whole.headers), b"")
    assert office.ask("staff", "HEAD", PATH, **how).status_code == 304


def test_each_form_of_an_answer_has_a_tag_of_its_own(office: HttpOffice):
    path = "/deadlines?within=36500"
    forms = [{}, {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}]
    tags = [tag(office, path, headers=one) for one in forms]

    assert len(set(tags)) == 3
    assert tag(office, path) == tags[0]
    packed = office.get("staff", PATH, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.get_data()) == office.get("staff", PATH).get_data()
    assert packed.headers["ETag"] != tag(office)
    assert office.post("staff", f"{PATH}/withdrawal", **on(packed.headers["ETag"])).status_code == 201


def test_nobody_acts_on_the_tag_of_another_time(office: HttpOffice):
    office.clock.now = NOON + timedelta(days=2)
    then = tag(office, f"{PATH}?as_of={NOON.date()}")

    with office.unchanged():
        assert office.post("staff", f"{PATH}/withdrawal", **on(then)).status_code == 412


def test_a_document_shown_with_it_does_not_stay_when_nothing_is_done(office: HttpOffice):
    seen = tag(office)
    office.post("staff", f"{PATH}/withdrawal")

    with office.unchanged():
        response = form(office, f"{PATH}/returns", '{"items": ["C1.2"]}', shown_by=PDF)
        assert response.status_code == 422
    assert office.types() == [RequestWithdrawn.wire_type()]
    assert seen != tag(office)
