"""What every test may ask for.

`@pytest.mark.needs("gpg")`: a test that needs a program of the system is skipped without it, and fails in CI.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.storage import Store, create_store, open_store
from tests.command_line import Stages
from tests.keys import keyring


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail, before any fixture is made, a test whose program is missing."""
    for mark in item.iter_markers("needs"):
        (program,) = mark.args
        if shutil.which(program) is None:
            refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            refuse(f"needs the program {program}, which is not installed here")


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/log.db"
    if request.param == "file":
        create_store(url)
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """Where an empty store in a file is."""
    url = f"sqlite:///{tmp_path}/log.db"
    create_store(url)
    return url


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """An office that does everything by the command line, at each stage of a request."""
    with keyring() as ring:
        yield Stages(tmp_path_factory.mktemp("stages"), ring)
