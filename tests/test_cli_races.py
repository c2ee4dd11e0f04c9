"""The same command from several processes at once."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import EXAMPLES, STOPPED_PROGRAM, Stages
from tests.stores import PATIENCE

pytestmark = pytest.mark.needs("gpg")


def test_requests_that_come_in_at_once_get_numbers_of_their_own(stages: Stages, tmp_path: Path):
    office = stages.at("opened").copied(tmp_path)
    line = ["submit", str(EXAMPLES / "mit-researcher"), "--json", "--home", str(office.home), "--actor", "staff:1"]

    running = [
        subprocess.Popen([*STOPPED_PROGRAM, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)
    ]
    came = [(*one.communicate(timeout=PATIENCE), one.returncode) for one in running]

    events: list[Any] = [fact.event for fact in office.facts("request.submitted.v1")]
    submitted = [event.request for event in events]
    assert [(err, code) for _, err, code in came] == 4 * [(b"", 0)]
    assert sorted(json.loads(out)["id"] for out, _, _ in came) == submitted == [f"R-2026-000{n}" for n in range(1, 5)]
    # Whoever is in all of them is known once.
    assert len(office.facts("person.registered.v1")) == len(stages.at("submitted").facts("person.registered.v1"))
