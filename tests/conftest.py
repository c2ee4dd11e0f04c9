"""What every test may ask for.

`@pytest.mark.needs("gpg")`: a test that needs a program of the system is skipped without it, and fails in CI.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest
from hypothesis import HealthCheck, settings

from ledger.custody import Custody
from ledger.storage import Store, create_store, open_store
from tests import postgres
from tests.command_line import Stages
from tests.custody_facts import Folder, Shared
from tests.keys import keyring
from tests.stores import CAMPAIGN, LATER, PATIENCE, POSTGRES, url_of

# What a search tries depends neither on chance nor on how busy the machine is; a campaign looks elsewhere each time.
settings.register_profile(
    "usual", deadline=None, derandomize=not CAMPAIGN, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("usual")

# Thousands of homes are made and thrown away: in memory, where there is room, nobody waits until they are on disk. That
# they are asked to be there is seen in what the system is called for; what a disk bears is asked in a campaign.
MEMORY, ROOM = "/dev/shm", 2**31


def is_roomy(place: str) -> bool:
    """Whether much can be written to a place, and programs started from there."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC


in_memory = not CAMPAIGN and os.access(MEMORY, os.W_OK) and is_roomy(MEMORY)
if in_memory:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

# A test may start a hundred programs, and each imports all of the ledger: that is to be compiled once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is set for the ledger of whoever starts the tests is none of theirs.
for name in [one for one in os.environ if one.startswith("DUA_LEDGER_")]:
    del os.environ[name]

# Whoever starts the tests in the background of a shell has Ctrl-C ignored, also by every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int | None:
    """How many processes run the tests, unless the environment says it: some always wait for programs or the disk."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return processors + 2


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail, before any fixture is made, a test whose program is missing."""
    for mark in item.iter_markers("needs"):
        (program,) = mark.args
        if postgres.program(program) is None:
            refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            refuse(f"needs the program {program}, which is not installed here")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server for tests that do not ask what a power cut leaves."""
    careless = ["fsync=off", "full_page_writes=off", "min_wal_size=32MB", "max_wal_size=64MB"]
    with postgres.server(*careless, below=MEMORY if in_memory else "/tmp") as started:
        yield started


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """Where an empty store on PostgreSQL is."""
    with postgres_server.ledger() as url:
        yield url


@pytest.fixture
def service_url(postgres_server: postgres.Server, postgres_url: str) -> str:
    """The store as the service reaches it."""
    return postgres_url.replace(f"{postgres.ADMIN}@", f"{postgres_server.service()}@")


@pytest.fixture(params=["file", "memory", POSTGRES])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    with open_store(url_of(request.param, request)) as opened:
        yield opened


@pytest.fixture(params=["file", POSTGRES])
def shared_url(request: pytest.FixtureRequest) -> str:
    """Where an empty store is that several processes may use, of each kind."""
    return url_of(request.param, request)


@pytest.fixture(params=["file", *LATER])
def kept_at(request: pytest.FixtureRequest) -> str | None:
    """Where a home that several processes use keeps what it has: the URL of a database, or None for its folder."""
    return None if request.param == "file" else str(request.getfixturevalue("service_url"))


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """A folder that custody's files are made in, or, where a test is over both, a database too."""
    if getattr(request, "param", "file") == "postgres":
        return Shared(tmp_path, request.getfixturevalue("service_url"))
    return Folder(tmp_path)


@pytest.fixture
def custody(folder: Folder) -> Iterator[Custody]:
    """Custody that nothing is kept in."""
    with folder.create() as opened:
        yield opened


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """Where an empty store in a file is."""
    url = f"sqlite:///{tmp_path}/log.db"
    create_store(url)
    return url


@pytest.fixture
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes from a test what the environment says of homes, keys and witnesses."""
    for variable in ("HOME", "LOCK_STORE", "KEY_PASSPHRASE", "REQUIRE_WITNESS"):
        monkeypatch.delenv(f"DUA_LEDGER_{variable}", raising=False)
    # That this machine is busy is no reason to call a witness silent.
    monkeypatch.setenv("DUA_LEDGER_WITNESS_SECONDS", str(PATIENCE))


@pytest.fixture
def traceable() -> None:
    """Skips where one process may not watch another."""
    if run(["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode:
        pytest.skip("strace may not trace processes here")


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """An office that does everything by the command line, at each stage of a request."""
    with keyring() as ring:
        yield Stages(tmp_path_factory.mktemp("stages"), ring)
