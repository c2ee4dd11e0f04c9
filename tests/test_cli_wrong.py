"""What is wrong with a command: one sentence that names it, an exit code, and nothing that was recorded or kept."""

from pathlib import Path

import pytest

from tests.command_line import DATA, RELEASE, ROSA, SEND, Stages
from tests.wrong_lines import WRONG

pytestmark = pytest.mark.needs("gpg")


def brief(value: str) -> str:
    return value if len(value) < 200 else value[:40]


@pytest.fixture(scope="module")
def files(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are no good for what they are handed in as."""
    folder: Path = tmp_path_factory.mktemp("files")
    ring = stages.tom.ring
    contents = {
        "other.sig": stages.rosa.sign(b"another text", stages.hour_ago),
        "secret.asc": stages.tom.secret(),
        "both.asc": stages.tom.public() + stages.rosa.public(),
        "signing.asc": ring.owner("Tom Abara <tom@example.edu>", encryption="").public(),
        "other.bin": b"\x00\x01",
        "empty": b"",
        "pc*.csv": DATA,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(("stage", "line", "said"), WRONG, ids=brief)
def test_what_makes_no_sense_is_wrong_usage_and_nothing_happens(
    stages: Stages, files: Path, stage: str, line: str, said: str
):
    office = stages.at(stage)
    for path in files.iterdir():
        line = line.replace(f"{{{path.name}}}", str(path))

    with office.nothing_happens():
        told = office(line)

    assert (told.code, told.out) == (2, "")
    assert said in told.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (f"{SEND} --to {{letter.txt}}", "letter.txt"),
        ("test-key R-2026-0001 --channel courier --to {letter.txt}", "letter.txt"),
        ("test-key R-2026-0001 --channel courier --to {letter.txt} --dry-run", "letter.txt"),
        (f"{SEND} --to {{nowhere/package.gpg}}", "nowhere"),
        ("test-key R-2026-0001 --channel courier --to {nowhere/nonce.asc}", "nowhere"),
    ],
)
def test_where_no_file_can_be_put_nothing_is_begun(stages: Stages, line: str, where: str):
    office = stages.at("key tested")

    with office.nothing_happens():
        told = office(line)

    assert (told.code, told.out) == (1, "")
    assert f"{office.folder}/{where}" in told.err
    assert sorted(path.name for path in office.folder.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("line", "who", "what"),
    [
        ("retire-dataset D-6.002x-forum --actor staff:9", "staff:9", "report dataset.retired"),
        (f"suspend {ROSA} --reason why --actor operator:local", "operator:local", "report person.suspended"),
        ("decline R-2026-0001 --reason why --actor staff:9", "staff:9", "decline-request"),
        ("decline R-2026-0001 --reason why --decided-by staff:9", "staff:9", "decline-request"),
        ("decline R-2026-0001 --reason why --decided-by staff:1 --actor staff:9", "staff:9", "decline-request"),
    ],
)
def test_whoever_may_not_wish_it_is_told_and_nothing_happens(stages: Stages, line: str, who: str, what: str):
    office = stages.at("submitted")

    with office.nothing_happens():
        told = office(line)

    assert (told.code, told.out) == (3, "")
    assert told.err.startswith(f"Error: '{who}' may not {what}: that takes a role of ")


def test_a_malformed_packet_is_not_taken_in_and_everything_wrong_with_it_is_listed(stages: Stages, tmp_path: Path):
    office = stages.at("opened")
    (tmp_path / "request.toml").write_text('format = 1\n[contact]\nperson = "x"\nfax = 1\n')

    with office.nothing_happens():
        told = office(f"submit {tmp_path}")

    assert (told.code, told.out) == (2, "")
    assert "  malformed: request.toml:4 contact.fax: " in told.err
    assert told.err.endswith(f"Error: {tmp_path} was not taken in; nothing was recorded\n")


def test_a_release_is_received_once(stages: Stages, tmp_path: Path):
    office = stages.at("released").copied(tmp_path)
    office.done("received L-2026-0001-1")

    with office.nothing_happens():
        told = office("received L-2026-0001-1")

    assert told == (2, "", "Error: release 'L-2026-0001-1': was received already, as entry 34 says\n")


def test_a_package_that_cannot_be_made_is_told_with_what_was_recorded(stages: Stages, tmp_path: Path):
    office = stages.at("key tested").copied(tmp_path)
    (office.folder / ".package.gpg.not-handed-over").mkdir()

    told = office(RELEASE)

    assert (told.code, told.out) == (1, "")
    assert [line[8:] for line in told.err.splitlines()[1:3]] == [
        (
            "Release L-2026-0001-1 of D-6.002x-pc version 1 (identified) to Tom Abara by sftp-drop was authorised, "
            "for Rosa Quill, Tom Abara."
        ),
        "Release L-2026-0001-1 came to nothing, at packing.",
    ]
    assert told.err.splitlines()[-1].startswith("Error: ")
    assert not (office.folder / "package.gpg").exists()
