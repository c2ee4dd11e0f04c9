"""Access decisions by OpenID AuthZEN 1.0, held against what the standard says of requests and responses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.receipt import parse_receipt
from ledger.events import (
    AccessPermitted,
    ActRefused,
)
from projections.judgement import judge_again
from tests.authzen_schemas import DECISION, DECISIONS, EVALUATION, EVALUATIONS, METADATA, fits
from tests.event_strategies import JSON
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST
from tests.http_office import OTHERS_REQUEST, HttpOffice, executed, office, told
from tests.office_facts import STRANGER
from tests.packet_facts import anything

__all__ = ["executed", "office"]

ONE, SEVERAL = "/access/v1/evaluation", "/access/v1/evaluations"
DEEP = b'{"context":' + 100_000 * b'{"a":' + b"1" + 100_001 * b"}"


def evaluation(person: str = ANA, dataset: str = DATA_SET, **others: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": person},
        "action": {"name": "open"},
        "resource": {"type": "dataset", "id": dataset},
        **others,
    }


def asked(office: HttpOffice, body: Any, path: str = ONE, **how: Any):
    return office.client.post(
        path, json=body, headers={"Authorization": f"Bearer {office.keys['data server'].text}"}, **how
    )


def decision(response) -> dict[str, Any]:
    assert (response.status_code, response.mimetype) == (200, "application/json"), response.get_data()
    said: dict[str, Any] = told(response)
    assert fits(DECISION, said)
    return said


def test_who_is_named_may_and_that_is_on_record(executed: HttpOffice):
    said = decision(asked(executed, evaluation()))
    receipt = f"/entries/{executed.length}/receipt"
    assert said == {"decision": True, "context": {"entry": executed.length, "receipt": receipt}}
    proof = executed.get("data server", said["context"]["receipt"])
    assert (proof.status_code, parse_receipt(proof.get_data()).index + 1) == (200, said["context"]["entry"])

    (recorded,) = list(executed.home.ledger.facts(after=executed.length - 1))
    assert recorded.event == AccessPermitted(request=REQUEST, person=ANA, dataset=DATA_SET, agreement="A-1")


def test_who_is_not_named_may_not_and_that_is_on_record(executed: HttpOffice):
    said = decision(asked(executed, evaluation(STRANGER)))

    assert (said["decision"], said["context"]["entry"]) == (False, executed.length)
    (recorded,) = list(executed.home.ledger.facts(after=executed.length - 1))
    assert isinstance(recorded.event, ActRefused)
    assert said["context"]["rules"] == sorted({one.rule for one in recorded.event.objections})
    assert (recorded.event.person, recorded.event.dataset) == (STRANGER, DATA_SET)


@pytest.mark.parametrize("person", [ANA, STRANGER])
def test_a_dry_run_decides_the_same_and_records_nothing(executed: HttpOffice, person):
    with executed.unchanged():
        tried = decision(asked(executed, evaluation(person, context={"dry_run": True})))

    assert tried["decision"] is decision(asked(executed, evaluation(person)))["decision"]


@pytest.mark.parametrize("said", ["yes", "true", "false", 1, None])
def test_a_dry_run_that_is_neither_true_nor_false_is_malformed_and_nothing_is_recorded(executed: HttpOffice, said):
    context = {"dry_run": said}
    with executed.unchanged():
        alone = asked(executed, evaluation(context=context))
        around = asked(executed, {**several(None, ANA, STRANGER), "context": context}, SEVERAL)
        parts = asked(executed, {"evaluations": [evaluation(context=context)]}, SEVERAL)

    for answer in (alone, around):
        assert (answer.status_code, told(answer)["errors"][0]["pointer"]) == (400, "/context/dry_run")
    (part,) = told(parts)["evaluations"]
    assert (part["decision"], part["context"]["errors"][0]["pointer"]) == (False, "/context/dry_run")


def test_a_person_is_known_by_their_address_too(executed: HttpOffice):
    assert decision(asked(executed, evaluation("Ana@Example.edu")))["decision"] is True
    assert decision(asked(executed, evaluation("somebody@example.edu")))["decision"] is False


def test_a_request_that_is_named_is_the_one_that_is_judged(executed: HttpOffice):
    def under(request):
        return asked(
            executed, evaluation(resource={"type": "dataset", "id": DATA_SET, "properties": {"request": request}})
        )

    assert decision(under(REQUEST))["decision"] is True
    assert decision(under(OTHERS_REQUEST))["decision"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"type": "robot", "id": ANA}},
        {"subject": {"type": "user", "id": " "}},
        {"action": {"name": "delete"}},
        {"resource": {"type": "document", "id": DATA_SET}},
        {"resource": {"type": "dataset", "id": "../6.002x"}},
        {"resource": {"type": "dataset", "id": "D-NOPE"}},
        {"resource": {"type": "dataset", "id": "D-NOPE"}, "subject": {"type": "user", "id": "nobody@example.edu"}},
        {"resource": {"type": "dataset", "id": DATA_SET, "properties": {"request": "R-1999-0001"}}},
        {"resource": {"type": "dataset", "id": DATA_SET, "properties": {"request": 7}}},
    ],
)
def test_what_no_rule_is_for_is_denied_and_nothing_recorded(executed: HttpOffice, change):
    with executed.unchanged():
        said = decision(asked(executed, evaluation(**change)))

    assert said == {"decision": False, "context": {"reason": "nothing that is decided here"}}


@pytest.mark.parametrize("who", ["nobody@example.edu", "Ana Ejemplo", "p-" + 32 * "9"])
@pytest.mark.parametrize("under", [{}, {"request": REQUEST}])
def test_whom_nobody_knows_is_refused_and_what_they_are_called_is_in_custody_alone(executed: HttpOffice, who, under):
    sought = evaluation(who, resource={"type": "dataset", "id": DATA_SET, "properties": under})
    with executed.unchanged():
        tried = decision(asked(executed, {**sought, "context": {"dry_run": True}}))
    said = decision(asked(executed, sought))

    kept = {"entry": executed.length, "receipt": f"/entries/{executed.length}/receipt"}
    assert said == {"decision": False, "context": {"rules": ["named-recipients"], **kept}}
    assert tried == {"decision": False, "context": {"rules": ["named-recipients"]}}
    (recorded,) = list(executed.home.ledger.facts(after=executed.length - 1))
    refused = recorded.event
    assert isinstance(refused, ActRefused)
    assert (refused.person, refused.dataset, refused.request) == (None, DATA_SET, under.get("request"))
    assert recorded.judged is not None
    account = recorded.judged.command["account"]
    assert executed.home.custody.unseal(account) == who
    entry = executed.home.ledger.store.entry(executed.length)
    assert entry is not None
    assert who.encode() not in entry.raw
    explained = judge_again(executed.home.ledger, recorded, NOON)
    assert explained is not None
    assert explained.agrees


@pytest.mark.parametrize("member", ["subject", "action", "resource"])
def test_what_has_to_be_there_is_malformed_without(executed: HttpOffice, member):
    body = evaluation()
    del body[member]

    with executed.unchanged():
        assert asked(executed, body).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"type": "user"}},
        {"subject": {"id": ANA}},
        {"subject": {"type": "user", "id": 7}},
        {"subject": "Ana"},
        {"action": {}},
        {"action": {"name": ["open"]}},
        {"resource": {"type": "dataset"}},
        {"resource": None},
        {"context": "now"},
    ],
)
def test_what_does_not_have_the_shape_of_the_standard_is_malformed(executed: HttpOffice, change):
    body = evaluation(**change)
    assert not fits(EVALUATION, body)
    with executed.unchanged():
        assert [asked(executed, body, path).status_code for path in (ONE, SEVERAL)] == [400, 400]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", DEEP, b'{"subject":' + b"[" * 100_000])
def test_what_is_no_request_at_all_is_malformed(executed: HttpOffice, body):
    for path in (ONE, SEVERAL):
        with executed.unchanged():
            response = executed.post("data server", path, json=None, data=body, content_type="application/json")
        assert response.status_code == (413 if len(body) > 256 * 1024 else 400)


def test_members_that_the_standard_does_not_know_are_passed_over(executed: HttpOffice):
    further = evaluation(further={"x": 1}) | {
        "subject": {"type": "user", "id": ANA, "properties": {"group": "x"}, "y": 2}
    }

    assert decision(asked(executed, further))["decision"] is True


def test_no_idempotency_key_is_asked_for_and_a_request_id_comes_back(executed: HttpOffice):
    headers = {"Authorization": f"Bearer {executed.keys['data server'].text}", "X-Request-ID": "bfe9eb29-ab87"}

    response = executed.client.post(ONE, json=evaluation(), headers=headers)

    assert (decision(response)["decision"], response.headers["X-Request-ID"]) == (True, "bfe9eb29-ab87")


# Several in one request.


def several(semantic: str | None = None, *people: str) -> dict[str, Any]:
    """Each of these people, the rest once for all of them."""
    around = evaluation()
    del around["subject"]
    parts = [{"subject": {"type": "user", "id": person}} for person in people]
    return around | {"evaluations": parts} | ({"options": {"evaluations_semantic": semantic}} if semantic else {})


@pytest.mark.parametrize(
    ("semantic", "people", "decisions"),
    [
        (None, [ANA, STRANGER, ANA], [True, False, True]),
        ("execute_all", [ANA, STRANGER, ANA], [True, False, True]),
        ("deny_on_first_deny", [ANA, STRANGER, ANA], [True, False]),
        ("permit_on_first_permit", [STRANGER, ANA, STRANGER], [False, True]),
        ("deny_on_first_deny", [ANA, BEN], [True, True]),
    ],
)
def test_several_are_answered_in_order_as_far_as_is_asked(executed: HttpOffice, semantic, people, decisions):
    before = executed.length
    response = asked(executed, several(semantic, *people), SEVERAL)

    said = told(response)
    assert (response.status_code, fits(DECISIONS, said)) == (200, True)
    assert [one["decision"] for one in said["evaluations"]] == decisions
    assert executed.length == before + len(decisions)


def test_a_part_says_otherwise_than_what_stands_around(executed: HttpOffice):
    body = several(None, ANA, ANA) | {"context": {"dry_run": True}}
    body["evaluations"][1]["resource"] = {"type": "dataset", "id": "D-other"}

    with executed.unchanged():
        said = told(asked(executed, body, SEVERAL))["evaluations"]
    assert [one["decision"] for one in said] == [True, False]


WORDS = st.text(max_size=8) | st.sampled_from(["user", "dataset", "open", "read", ANA, STRANGER, DATA_SET])
OBJECTS = st.dictionaries(st.text(max_size=4) | st.sampled_from(["request", "dry_run"]), JSON, max_size=3)


def entities(*required: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(dict.fromkeys(required, WORDS), optional={"properties": OBJECTS})


MEMBERS = {
    "subject": entities("type", "id"),
    "resource": entities("type", "id"),
    "action": entities("name"),
    "context": OBJECTS,
}
REQUESTS = st.fixed_dictionaries({}, optional={name: some | JSON for name, some in MEMBERS.items()})
WHOLE = st.fixed_dictionaries({name: MEMBERS[name] for name in EVALUATION["required"]}, optional={"context": OBJECTS})


def taken(body: dict[str, Any]) -> bool:
    """Whether it is as the standard has it, and says plainly whether it is a dry run, of which that knows nothing."""
    return fits(EVALUATION, body) and isinstance(body.get("context", {}).get("dry_run", False), bool)


@given(body=WHOLE | REQUESTS)
@anything(100, 5_000)
def test_whatever_the_standard_allows_is_decided_and_what_it_forbids_is_malformed(executed: HttpOffice, body):
    before = executed.length
    response = asked(executed, body)

    assert (response.status_code == 200) == taken(body)
    if response.status_code == 200:
        decision(response)
    else:
        assert (response.status_code, executed.length) == (400, before)


PARTS = st.lists(REQUESTS, max_size=3)


@given(around=WHOLE | REQUESTS, parts=PARTS)
@anything(100, 5_000)
def test_whatever_several_are_asked_the_answer_is_as_the_standard_has_it(executed: HttpOffice, around, parts):
    response = asked(executed, {**around, "evaluations": parts}, SEVERAL)

    if response.status_code == 200:
        assert any(fits(schema, told(response)) for schema in (DECISION, DECISIONS))
    else:
        assert response.status_code == 400
    if fits(EVALUATIONS, {**around, "evaluations": parts}) and taken(around):
        assert response.status_code == 200


@pytest.mark.parametrize("parts", [{}, {"evaluations": []}])
def test_without_parts_it_is_one_that_stands_for_itself(executed: HttpOffice, parts):
    assert decision(asked(executed, evaluation() | parts, SEVERAL))["decision"] is True


def test_a_part_that_is_malformed_is_denied_and_the_others_are_decided(executed: HttpOffice):
    body, before = several(None, ANA, ANA), executed.length
    body["evaluations"][1:1] = [{"action": {"name": "open"}}, {"subject": "ana"}, {}]

    response = asked(executed, body, SEVERAL)

    said = told(response)
    assert (response.status_code, fits(DECISIONS, said)) == (200, True)
    assert [one["decision"] for one in said["evaluations"]] == [True, False, False, False, True]
    assert said["evaluations"][2]["context"]["errors"][0]["pointer"] == "/subject"
    assert executed.length == before + 2


def test_a_part_takes_over_of_which_kind_a_thing_is_and_nothing_else(executed: HttpOffice):
    body = evaluation(resource={"type": "dataset", "properties": {"request": OTHERS_REQUEST}})
    body["evaluations"] = [{"resource": {"id": DATA_SET}}, {"resource": {"type": "dataset"}}]

    said = told(asked(executed, body, SEVERAL))["evaluations"]
    assert [one["decision"] for one in said] == [True, False]


@pytest.mark.parametrize("change", [{"options": {"evaluations_semantic": "some"}}, {"evaluations": 101 * [{}]}])
def test_what_cannot_be_answered_so_is_malformed(executed: HttpOffice, change):
    with executed.unchanged():
        assert asked(executed, evaluation() | change, SEVERAL).status_code == 400


def test_the_metadata_say_where_to_ask_and_need_no_key(office: HttpOffice):
    response = office.client.get("/.well-known/authzen-configuration", base_url="https://ledger.example.edu")

    assert fits(METADATA, told(response))
    assert told(response) == {
        "policy_decision_point": "https://ledger.example.edu",
        "access_evaluation_endpoint": "https://ledger.example.edu/access/v1/evaluation",
        "access_evaluations_endpoint": "https://ledger.example.edu/access/v1/evaluations",
    }
