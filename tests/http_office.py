"""An office that is asked over HTTP: a ledger home with a request of Ana's, and somebody with a key in every role."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, get_args

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from api.apikeys import NewKey, new_key
from api.commands import Clerk
from api.commands.governance import IssueApiKey
from api.commands.people import RegisterPerson
from api.desk import Circumstances
from api.http.app import create_app
from api.http.call import Parts
from api.http.callers import LastUse
from api.http.monitor import Monitor
from api.http.rates import Rates
from ledger.events import (
    AgreementExecuted,
    AgreementIssued,
    RequestApproved,
    TrainingCertified,
    TrainingVerified,
)
from ledger.events.agreement import Covered, Recipient
from ledger.events.governance import Role, Scope
from ledger.home import Home, create_home, open_home
from tests import stores
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, Clock, commitment, submitted, version_added
from tests.moved import Moved, moved
from tests.office import written
from tests.office_facts import DIRECTOR, ELSEWHERE, FAR_OFF, LONG_AGO, STRANGER, role
from tests.office_requests import complete
from tests.postgres import Server

ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)
BY = Circumstances(actor="staff:director", via="command line")
# More than any test asks for at once.
RATE = 10_000
FORM = "multipart/form-data"
PDF = b"%PDF-1.4 a letter"
IN_FILES = pytest.mark.parametrize("office", ["file"], indirect=True)
# What tells most about a store is asked of both each time, and all the rest in a campaign.
ON_BOTH = pytest.mark.parametrize("office", ["file", stores.POSTGRES], indirect=True)
OTHERS_REQUEST = "R-2026-0002"
LATER = NOON + timedelta(days=90)


ANA_AS_SHE_IS = RegisterPerson(
    person=ANA,
    name="Ana Ejemplo",
    institution="Home",
    department="Physics",
    address="1 Way",
    email="ana@example.edu",
    phone="1",
)


def principal(of: str) -> str:
    """The principal who holds a role."""
    return f"staff:{of.replace(' ', '-')}"


def issued(clerk: Clerk, random_bytes: Callable[[int], bytes], of: Role, **changes: Any) -> NewKey:
    """A new key for whoever holds a role."""
    made = new_key(random_bytes)
    rest: dict[str, Any] = {"principal": principal(of), "role": of, "expires": LATER, "scope": SCOPES}
    clerk.take(IssueApiKey(apikey=made.apikey, digest=made.digest, **(rest | changes)), BY)
    return made


class HttpOffice:
    """A ledger home behind the API, with a key for each role."""

    def __init__(self, home: Home, clock: Clock, chance: Random, keys: Mapping[Role, NewKey]) -> None:
        self.home, self.clock, self.keys = home, clock, keys
        self.clerk = Clerk(home, clock)
        self._random = chance.randbytes
        last_use, monitor, rates = LastUse(home.path / "last-use"), Monitor(home.ledger), Rates(clock, RATE)
        parts = Parts(home, clock, self._random, last_use, monitor, rates)
        self.parts = parts
        self.app = create_app(parts)
        self.client: FlaskClient = self.app.test_client()
        self._count = 0

    def issue(self, of: Role, **changes: Any) -> NewKey:
        """A key for whoever holds a role."""
        return issued(self.clerk, self._random, of, **changes)

    def ask(self, of: Role | None, method: str, path: str, key: Any = None, **how: Any) -> TestResponse:
        """What somebody in a role is answered, or nobody; every POST has a key of its own."""
        self._count += 1
        headers = {"Idempotency-Key": f'"ask-{self._count}"'} if method == "POST" else {}
        if of is not None or key is not None:
            headers["Authorization"] = f"Bearer {key or (of and self.keys[of].text)}"
        headers |= how.pop("headers", {})
        return self.client.open(path, method=method, headers=headers, **how)

    def get(self, of: Role | None, path: str, **how: Any) -> TestResponse:
        return self.ask(of, "GET", path, **how)

    def post(self, of: Role | None, path: str, body: Any = None, **how: Any) -> TestResponse:
        return self.ask(of, "POST", path, **{"json": {} if body is None else body, **how})

    @property
    def length(self) -> int:
        return self.home.ledger.store.length()

    def types(self, last: int = 1) -> list[str]:
        """The types of the last entries."""
        return [fact.type for fact in self.home.ledger.facts()][-last:]

    def names_kept(self) -> int:
        """How much custody keeps."""
        return len(list(self.home.custody.commitments()))

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing is recorded, and nothing kept."""
        before = self.length, self.names_kept()
        yield
        assert (self.length, self.names_kept()) == before


@pytest.fixture(params=["file", *stores.LATER])
def office(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HttpOffice]:
    """Ana's request is before the office, and can be approved; another is of somebody else."""
    server = None if request.param == "file" else request.getfixturevalue("postgres_server")
    with an_office(tmp_path, tmp_path_factory, server) as found:
        yield found


@contextmanager
def an_office(folder: Path, made_below: pytest.TempPathFactory, server: Server | None = None) -> Iterator[HttpOffice]:
    """An office as `office` is one, with its home in a folder, or, as the service reaches it, on a server."""
    base = made_below.getbasetemp()
    pattern, chance, keys = _furnished(base / "http-office")
    clock = Clock(NOON)
    with (
        _copied(pattern, base / "http-office-moved", folder / "home", server),
        open_home(folder / "home", clock) as home,
    ):
        yield HttpOffice(home, clock, copy(chance), keys)


@contextmanager
def _copied(pattern: Path, between: Path, to: Path, server: Server | None) -> Iterator[None]:
    if server is None:
        shutil.copytree(pattern, to)
        yield
    else:
        with _moved(pattern, between, server).copied(to):
            yield


@cache
def _moved(pattern: Path, folder: Path, server: Server) -> Moved:
    return moved(pattern, folder, server)


class Furnished(NamedTuple):
    """A home, what chance is left for it, and the keys of its office."""

    path: Path
    chance: Random
    keys: Mapping[Role, NewKey]


@cache
def _furnished(path: Path) -> Furnished:
    """The home that every office begins with, made once."""
    clock, chance = Clock(NOON), Random(7)
    create_home(path, "log.example.com", actor="staff:director", via="command line", clock=clock)
    with open_home(path, clock) as home:
        grants = [
            role(principal=principal(one), person=ANA if one == "researcher" else None, role=one) for one in ROLES
        ]
        written(grants, home.ledger)
        clerk = Clerk(home, clock)
        clerk.take(ANA_AS_SHE_IS, BY)
        facts = complete(role=None, ana=None)
        written([*facts, version_added(), submitted(OTHERS_REQUEST, STRANGER)], home.ledger)
        return Furnished(path, chance, {one: issued(clerk, chance.randbytes, one) for one in ROLES})


def told(response: TestResponse) -> Any:
    """What a response says in JSON."""
    return json.loads(response.get_data())


def form(office: HttpOffice, path: str, command: str | None = None, of: Any = "staff", **files: Any):
    """A form with a command and files, each as its bytes or as bytes under a name."""
    data: dict[str, Any] = {"command": command} if command is not None else {}
    for part, some in files.items():
        each = some if isinstance(some, list) else [some]
        data[part] = [file(part, one) if isinstance(one, bytes) else file(*one) for one in each]
    return sent(office, path, data, of)


def file(name: str, content: bytes) -> FileStorage:
    return FileStorage(BytesIO(content), filename=name)


def sent(office: HttpOffice, path: str, data: dict[str, Any], of: Any = "staff", **how: Any):
    # What the client itself encodes may go through a file that it leaves open.
    boundary, body = encode_multipart(data)
    return office.ask(of, "POST", path, data=body, content_type=f"{FORM}; boundary={boundary}", **how)


def certificate(completed: date = LONG_AGO, expires: date = FAR_OFF) -> str:
    return f'{{"completed": "{completed}", "expires": "{expires}"}}'


def certify(office: HttpOffice) -> None:
    for person in (ANA, BEN):
        assert form(office, f"/people/{person}/trainings", certificate(), certificate=PDF).status_code == 201


@pytest.fixture
def executed(office: HttpOffice) -> HttpOffice:
    """Ana and Ben may open what was asked for, under an agreement in force."""
    named = (Recipient(person=ANA, organisation=None),)
    covered = (Covered(dataset=DATA_SET, form="identified"),)
    mou = AgreementIssued(
        agreement="A-1",
        request=REQUEST,
        kind="MOU",
        template="MOU",
        template_approved_by=DIRECTOR,
        text=commitment(7),
        recipients=named,
        datasets=covered,
    )
    dua = AgreementIssued(
        agreement="A-2",
        request=REQUEST,
        kind="DUA",
        template="DUA",
        template_approved_by=DIRECTOR,
        text=commitment(8),
        recipients=(Recipient(person=BEN, organisation=ELSEWHERE),),
        datasets=covered,
    )
    trained = [
        TrainingCertified(person=one, completed=LONG_AGO, expires=FAR_OFF, document=commitment(number))
        for number, one in enumerate((ANA, BEN), 20)
    ]
    facts = [
        *trained,
        *(TrainingVerified(person=one.person, certificate=one.document) for one in trained),
        RequestApproved(request=REQUEST),
        *(mou, dua),
        *(AgreementExecuted(agreement=one, request=REQUEST, starts=LONG_AGO, ends=FAR_OFF) for one in ("A-1", "A-2")),
    ]
    written(facts, office.home.ledger)
    return office
