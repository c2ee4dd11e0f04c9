"""What a worker of the server starts with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.http.worker import HOME, LARGEST, RATE, REQUIRED, URL, WITNESS_SECONDS
from ledger.home import create_home, open_home
from tests.facts import data_set, fact

# Says how many facts are in memory, and whether garbage is looked for among what is there from the start.
STARTED = """
import gc
from api.http.worker import make
from ledger.memory import Memory
gateway = make()
is_spared = gc.get_freeze_count() > 10_000
gc.unfreeze()
(memory,) = [one for one in gc.get_objects() if isinstance(one, Memory)]
print(memory._stretches[1].last - memory._stretches[0].after, is_spared)
"""


def started(home: Path) -> tuple[int, bool]:
    settings = {HOME: str(home), URL: "", RATE: "10", LARGEST: "1000000", REQUIRED: "0", WITNESS_SECONDS: "1"}
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, check=False, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts, is_spared = done.stdout.split()
    return int(facts), is_spared == "True"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    create_home(made, "log.example.com", actor="staff:1", via="command line")
    with open_home(made) as opened:
        opened.ledger.append([fact(data_set(f"D-{number}")) for number in range(300)])
    return made


def test_a_worker_has_the_last_facts_in_memory_from_its_start(home: Path):
    with open_home(home) as opened:
        facts, is_spared = started(home)
        assert facts == opened.ledger.store.head().position >= 300
        assert is_spared
