"""The same command from several processes at once."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.command_line import EXAMPLES, STOPPED_PROGRAM, Office, Stages
from tests.stores import PATIENCE, POSTGRES

pytestmark = pytest.mark.needs("gpg")


def handed_in_at_once(office: Office, packets: Iterable[Path]) -> list[str]:
    """The ids of the requests that these packets make, each handed in by somebody else at once."""
    where = ["--json", "--home", str(office.home), "--actor", "staff:1"]
    running = [
        subprocess.Popen(
            [*STOPPED_PROGRAM, "submit", str(packet), *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for packet in packets
    ]
    came = [(*one.communicate(timeout=PATIENCE), one.returncode) for one in running]
    assert {(err, code) for _, err, code in came} == {(b"", 0)}
    return sorted(json.loads(out)["id"] for out, _, _ in came)


def copy_of_its_own(folder: Path, number: int) -> Path:
    """A packet that differs from every other in a comment."""
    packet = copytree(EXAMPLES / "mit-researcher", folder / f"packet-{number}")
    with (packet / "request.toml").open("a") as file:
        file.write(f"# {number}\n")
    return packet


def test_a_packet_that_is_handed_in_by_several_at_once_makes_one_request(stages: Stages, tmp_path: Path, kept_at):
    office = stages.at("opened").copied(tmp_path)
    office.moved_to(kept_at)
    came = handed_in_at_once(office, 4 * [EXAMPLES / "mit-researcher"])

    events: list[Any] = [fact.event for fact in office.facts("request.submitted.v1")]
    assert (came, [event.request for event in events]) == (4 * ["R-2026-0001"], ["R-2026-0001"])


@pytest.mark.parametrize("kept_at", ["file", POSTGRES], indirect=True)
def test_requests_that_come_in_at_once_get_numbers_of_their_own(stages: Stages, tmp_path: Path, kept_at):
    office = stages.at("opened").copied(tmp_path)
    office.moved_to(kept_at)
    came = handed_in_at_once(office, [copy_of_its_own(tmp_path, number) for number in range(4)])

    events: list[Any] = [fact.event for fact in office.facts("request.submitted.v1")]
    submitted = [event.request for event in events]
    assert came == submitted == [f"R-2026-000{n}" for n in range(1, 5)]
    # Whoever is in all of them is known once.
    assert len(office.facts("person.registered.v1")) == len(stages.at("submitted").facts("person.registered.v1"))
