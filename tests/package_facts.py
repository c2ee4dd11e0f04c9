"""Files that are packed for somebody, and where the package is to be."""

import io
import tarfile
from pathlib import Path

import pytest

MARKER = b"Learner 4711 failed 6.002x"


@pytest.fixture
def sources(tmp_path: Path) -> list[tuple[str, Path]]:
    """Three files of different sizes, as pairs of name and path."""
    folder = tmp_path / "extracted"
    folder.mkdir()
    contents = {"grades.csv": MARKER * 40_000, "empty.csv": b"", "Läs mig.txt": b"x" * 512}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [(name, folder / name) for name in contents]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "outgoing"
    folder.mkdir()
    return folder / "R-2026-0001.tar.gpg"


def unpacked(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        files = {member.name: opened.extractfile(member) for member in opened}
        return {name: file.read() for name, file in files.items() if file}


def source_in(folder: Path, content: bytes = MARKER) -> Path:
    source = folder / "source"
    source.write_bytes(content)
    return source
