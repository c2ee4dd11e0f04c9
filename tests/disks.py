"""Disks of a test's own: small ones, which can be filled and grow, and media that are only read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import run
from typing import NamedTuple

import pytest


class Disk(NamedTuple):
    """A disk of its own."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}/log.db"

    def resize(self, size: str) -> None:
        run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def fill(self, name: str, leave: int = 0) -> Path:
        """Put a file there that takes all room but so many bytes."""
        filler = self.path / name
        free = os.statvfs(self.path)
        filler.write_bytes(b"x" * (free.f_bavail * free.f_frsize - leave))
        return filler

    @contextmanager
    def only_read(self) -> Iterator[None]:
        """Nothing can be written there."""
        run(["mount", "-o", "remount,ro", self.path], check=True)
        try:
            yield
        finally:
            run(["mount", "-o", "remount,rw", self.path], check=True)

    @contextmanager
    def seen_by_others(self, path: Path) -> Iterator[Path]:
        """The same disk, for a machine that can only read it, while others go on writing."""
        path.mkdir()
        run(["mount", "--bind", self.path, path], check=True)
        try:
            run(["mount", "-o", "remount,ro,bind", path], check=True)
            yield path
        finally:
            run(["umount", path], check=True)


@contextmanager
def mounted(path: Path, size: str) -> Iterator[Disk]:
    """An empty disk of a size, where one may mount any."""
    path.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=False, capture_output=True).returncode:
        pytest.skip("may not mount a disk here")
    try:
        yield Disk(path)
    finally:
        run(["umount", path], check=True)


@contextmanager
def rights_of_nobody() -> Iterator[None]:
    """For root, who may do everything: the rights of nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
