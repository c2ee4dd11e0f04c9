"""A release whose process is told to end in the middle, with a real one and the real gpg."""

import os
import signal
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests.command_line import STOPPED_PROGRAM, Office, Stages
from tests.stores import PATIENCE

pytestmark = pytest.mark.needs("gpg")

# So large that encrypting it takes a while; before that, on disk it takes no room.
SIZE = 1 << 28


@pytest.fixture
def large(stages: Stages, tmp_path: Path) -> Office:
    """An office that can release a large version."""
    office = stages.at("key tested").copied(tmp_path / "office")
    with office.put("large.csv", b"").open("wb") as file:
        file.truncate(SIZE)
    office.done("add-version D-6.002x-pc 2 --form identified --file {large.csv}")
    return office


def releasing(office: Office, temporary: Path, *before: str) -> subprocess.Popen[bytes]:
    """A release that has written some of its package."""
    temporary.mkdir()
    (office.folder / "out").mkdir()
    line = "release R-2026-0001 --data D-6.002x-pc={large.csv} --channel sftp-drop --to {out/package.gpg}"
    words = [*office.words(line), "--extracted-by", "ira.stein@example.edu", "--home", str(office.home)]
    process = subprocess.Popen(
        [*before, *STOPPED_PROGRAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary), "DUA_LEDGER_ACTOR": "staff:1"},
    )
    until = monotonic() + PATIENCE
    while not any(one.stat().st_size for one in (office.folder / "out").glob("*.part")) and monotonic() < until:
        assert process.poll() is None, process.communicate()
        sleep(0.01)
    return process


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_release_that_is_told_to_end_leaves_nothing_and_says_that_it_failed(
    large: Office, tmp_path: Path, told: signal.Signals
):
    process = releasing(large, tmp_path / "temporary")
    process.send_signal(told)
    out, err = process.communicate(timeout=PATIENCE)

    left = [list(folder.iterdir()) for folder in (large.folder / "out", tmp_path / "temporary")]
    assert (process.returncode, out, left) == (1, b"", [[], []])
    assert b"Aborted!" in err
    events: list[Any] = [fact.event for fact in large.facts("release.failed.v1")]
    assert [(one.stage, large.opened(one.reason)) for one in events] == [("packing", "KeyboardInterrupt")]


def test_a_release_below_nohup_goes_on_when_the_terminal_goes_away(large: Office, tmp_path: Path):
    process = releasing(large, tmp_path / "temporary", "nohup")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=PATIENCE)

    assert (process.returncode, large.facts("release.failed.v1")) == (0, [])
    assert [one.name for one in (large.folder / "out").iterdir()] == ["package.gpg"]


def test_a_release_without_room_for_its_package_does_not_say_that_nothing_was_recorded(large: Office):
    line = "release R-2026-0001 --data D-6.002x-pc={large.csv} --channel sftp-drop --to {package.gpg}"
    words = [*large.words(line), "--extracted-by", "ira.stein@example.edu", "--home", str(large.home)]
    done = subprocess.run(
        ["prlimit", "--fsize=4194304", *STOPPED_PROGRAM, *words],
        capture_output=True,
        env=os.environ | {"DUA_LEDGER_ACTOR": "staff:1"},
        check=False,
    )

    last = done.stderr.decode().splitlines()[-1]
    assert (done.returncode, len(large.facts("release.failed.v1"))) == (1, 1)
    assert "no room to write" in last
    assert "nothing was recorded" not in last
