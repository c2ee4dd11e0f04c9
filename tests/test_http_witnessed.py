"""The server where witnesses are required, and what it says when the log is not signed or not witnessed in time."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api.http.app import create_app
from api.signing import SOON, appointed_in
from ledger.evidence.logkeys import log_keys
from ledger.evidence.witness import Witness, create_witness
from ledger.evidence.witnessing import Appointed, add_appointed
from ledger.home import open_lock_store
from tests.facts import ANA, REQUEST, version_added
from tests.http_office import PDF, HttpOffice, certificate, form, office, told
from tests.office import written
from tests.ports import NOWHERE
from tests.stores import PATIENCE
from tests.witnesses import NAME, Served, served

__all__ = ["office"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")
APPROVAL = f"/requests/{REQUEST}/approval"
JUST_OVER = SOON + timedelta(seconds=1)


@pytest.fixture
def strict(office: HttpOffice) -> HttpOffice:
    """An office that records nothing that no witness has cosigned up to."""
    parts = office.parts._replace(required=1, witness_seconds=PATIENCE)
    office.client = create_app(parts).test_client()
    return office


@pytest.fixture
def witness(office: HttpOffice, tmp_path: Path) -> Iterator[Served]:
    vkey = create_witness(tmp_path / "witness", NAME)
    with Witness(tmp_path / "witness") as opened:
        opened.add(*log_keys(office.home.ledger.store))
    with served(tmp_path / "witness") as one:
        appoint(office, Appointed(one.url, vkey))
        yield one


@pytest.fixture
def nobody(tmp_path: Path) -> Appointed:
    """A witness that does not answer."""
    vkey = create_witness(tmp_path / "nobody", "nobody.example")
    return Appointed(NOWHERE, vkey)


def appoint(office: HttpOffice, witness: Appointed) -> None:
    add_appointed(office.home.path / "keys/witnesses", witness)


RECORDED = {
    "an act": lambda office: office.post("director", APPROVAL),
    "a document": lambda office: form(office, f"/people/{ANA}/trainings", certificate(), certificate=PDF),
    "a look": lambda office: office.get("auditor", f"/requests/{REQUEST}/history"),
}


@pytest.mark.parametrize("ask", RECORDED.values(), ids=list(RECORDED))
def test_where_witnesses_are_required_nothing_is_recorded_or_kept_without_them(
    strict: HttpOffice, nobody: Appointed, ask: Callable[[HttpOffice], TestResponse]
):
    appoint(strict, nobody)
    with strict.unchanged():
        answer = ask(strict)

    assert (answer.status_code, told(answer)["type"]) == (503, "/docs#not-witnessed")
    assert told(answer)["detail"] == "1 have to before anything is recorded, and 0 did in time. Try again."
    assert answer.headers["Retry-After"] == "1"


def test_where_witnesses_are_required_it_can_be_asked_and_tried_without_them(strict: HttpOffice):
    with strict.unchanged():
        assert strict.get("auditor", f"/requests/{REQUEST}").status_code == 200
        assert strict.post("director", f"{APPROVAL}?dry_run=true").status_code == 200


def test_what_is_recorded_where_a_witness_is_required_stands_on_what_it_has_cosigned(
    strict: HttpOffice, nobody: Appointed, witness: Served
):
    # One is enough; nobody waits for the other.
    appoint(strict, nobody)
    for _ in range(2):
        before = strict.length
        assert RECORDED["a document"](strict).status_code == 201
        with open_lock_store(strict.home.path) as lock:
            assert lock.cosigned_sizes() == [before]
    assert strict.get("auditor", f"/requests/{REQUEST}/history").status_code == 200


def test_what_was_done_once_under_a_key_is_told_again_without_witnesses(strict: HttpOffice, witness: Served):
    again = {"headers": {"Idempotency-Key": '"once"'}}
    done = strict.post("director", APPROVAL, **again)
    witness.kill()
    with strict.unchanged():
        assert told(strict.post("director", APPROVAL, **again)) == told(done)


def test_readiness_says_who_has_not_cosigned_and_for_how_long(office: HttpOffice, nobody: Appointed, witness: Served):
    office.home.notary.witnessed(appointed_in(office.home.path), PATIENCE)
    cosigned = office.length
    office.clock.go(JUST_OVER)
    assert told(office.get(None, "/readyz")) == {"status": "ok", "records": True, "waits": False, "warnings": []}
    assert RECORDED["a document"](office).status_code == 201
    office.clock.go(SOON)
    assert told(office.get(None, "/readyz")) == {"status": "ok", "records": True, "waits": False, "warnings": []}
    office.clock.go(timedelta(seconds=1))
    (warning,) = told(office.get(None, "/readyz"))["warnings"]
    assert re.fullmatch(rf"not witnessed by {NAME} since 20\S+Z, when it cosigned {cosigned} entries", warning)
    appoint(office, nobody)
    assert told(office.get(None, "/readyz"))["warnings"] == [warning, "never witnessed by nobody.example"]


def test_readiness_says_since_when_the_log_is_not_signed(office: HttpOffice):
    signed = office.home.notary.checkpoint().size
    # As when the key is not at hand.
    written([version_added(label="2027-1")], office.home.ledger)
    assert told(office.get(None, "/readyz"))["warnings"] == []
    office.clock.go(JUST_OVER)
    (warning,) = told(office.get(None, "/readyz"))["warnings"]
    assert re.fullmatch(rf"NOT SIGNED since 20\S+Z: the entries from {signed + 1} on", warning)


def test_a_server_that_requires_witnesses_is_not_ready_without_them(strict: HttpOffice, nobody: Appointed):
    answer = strict.get(None, "/readyz")
    assert (answer.status_code, told(answer)["type"]) == (503, "/docs#not-witnessed")
    appoint(strict, nobody)
    assert strict.get(None, "/readyz").status_code == 200
    strict.clock.go(JUST_OVER)
    assert strict.get(None, "/readyz").status_code == 503


def test_what_is_wrong_with_the_evidence_itself_is_told_nobody_outside(office: HttpOffice):
    (office.home.path / "keys/witnesses").write_text("nonsense\n")
    assert told(office.get(None, "/readyz"))["warnings"] == ["it can't be told what is signed and witnessed"]
