"""Where the problems of a register are told: row, column, what stands there, and why it cannot be taken."""

import csv
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from api.importing.reading import Problem
from api.spreadsheets import as_cell
from ledger.files import named_os_errors

FIRST = 10
COLUMNS = Problem._fields


class Report:
    """All problems in a new file, if there is to be one: JSON if it is called so, else CSV. The first are kept.

    What stands in a register is for its owner only, so the file has mode 0600; when the block does not end well there
    is no such file. Raises `AlreadyThere`, `StoreFull`, `Unreachable`.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.first: list[Problem] = []
        self.count = 0
        self._file: IO[str] | None = None
        self._as_json = path is not None and path.suffix == ".json"

    def __enter__(self) -> Self:
        if self.path is not None:
            with named_os_errors(self.path):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                # What is not in the register's encoding is told as it was read.
                self._file = os.fdopen(
                    os.open(self.path, flags, 0o600), "w", encoding="utf-8", errors="backslashreplace", newline=""
                )
                self._begin(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path is None or self._file is None:
            return
        with named_os_errors(self.path), self._file as file:
            if self._as_json:
                file.write("\n]\n" if self.count else "]\n")
        if kind is not None:
            self.path.unlink()

    def take(self, problem: Problem) -> None:
        """Tell a problem."""
        if self.path is not None and self._file is not None:
            with named_os_errors(self.path):
                self._write(self._file, problem)
        if len(self.first) < FIRST:
            self.first.append(problem)
        self.count += 1

    def _begin(self, file: IO[str]) -> None:
        if self._as_json:
            file.write("[")
        else:
            csv.writer(file).writerow(COLUMNS)

    def _write(self, file: IO[str], problem: Problem) -> None:
        if self._as_json:
            file.write((",\n" if self.count else "\n") + json.dumps(problem._asdict()))
        else:
            csv.writer(file).writerow([_cell(value) for value in problem])


def _cell(value: str | int | None) -> str | int | None:
    return as_cell(value) if isinstance(value, str) else value
