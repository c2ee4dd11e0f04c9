"""What people read on terminals of any width, and where no terminal is."""

import os
import pty
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from api.cli.layout import folded, laid_out
from tests.command_line import PROGRAM
from tests.facts import DATA_SET
from tests.question_facts import office_home
from tests.stores import PATIENCE
from tests.view_facts import RELEASED

TITLES = ["who", "what", "since"]
ROWS = [["Rosa Quill", "D-6.002x-forum, D-6.002x-pc", "2026-11-21"], ["Tom", "", "2026-11-22"]]


def told(*lines: str) -> str:
    return "\n".join(lines)


def test_what_has_room_stands_in_one_line():
    assert laid_out(TITLES, ROWS, 51) == told(
        "who         what                         since",
        "Rosa Quill  D-6.002x-forum, D-6.002x-pc  2026-11-21",
        "Tom                                      2026-11-22",
    )


def test_what_has_none_goes_on_in_the_next_line_where_a_word_ends():
    assert laid_out(TITLES, ROWS, 40) == told(
        "who         what              since",
        "Rosa Quill  D-6.002x-forum,   2026-11-21",
        "            D-6.002x-pc",
        "Tom                           2026-11-22",
    )


MANY = ["form", "who", "what", "since", "under"]
LONG = ["de-identified", "Rosa", "D-6.002x-forum", "2026-11-21", "A-2026-0001-1"]


def test_words_are_broken_behind_hyphens_where_nothing_else_fits():
    assert laid_out(MANY, [LONG], 50) == told(
        "form        who   what       since      under",
        "de-         Rosa  D-6.002x-  2026-11-   A-2026-",
        "identified        forum      21         0001-1",
    )


def test_where_even_that_does_not_fit_each_row_has_lines_of_its_own():
    assert laid_out(MANY, [LONG, ["", "Tom", "D-6.002x-forum " * 3, "", ""]], 40) == told(
        "form   de-identified",
        "who    Rosa",
        "what   D-6.002x-forum",
        "since  2026-11-21",
        "under  A-2026-0001-1",
        "",
        "who    Tom",
        "what   D-6.002x-forum D-6.002x-forum",
        "       D-6.002x-forum",
    )


@pytest.mark.parametrize(
    ("line", "in_lines"),
    [
        ("short", ["short"]),
        ("No: she may not read what it is about here", ["No: she may not read", "  what it is about", "  here"]),
        ("  citi-training (C1.6): not current", ["  citi-training", "    (C1.6): not", "    current"]),
        ("    12  Rosa Quill asked for it", ["    12  Rosa Quill", "        asked for it"]),
        ("leaf 0123456789abcdef0123456789abcdef", ["leaf", "  0123456789abcdef0123456789abcdef"]),
    ],
)
def test_a_sentence_goes_on_in_the_next_line_between_words(line: str, in_lines: list[str]):
    assert folded(line, 20).splitlines() == in_lines
    assert folded(line, None) == line


def test_ids_of_people_are_whole_whatever_stands_beside_them():
    person = "p-" + 32 * "f"
    assert (
        laid_out(["person", "what"], [[person, "word word word"]] * 4, 50).splitlines()[1].startswith(f"{person}  word")
    )


def test_where_columns_would_take_more_lines_each_row_has_lines_of_its_own():
    rows = [["de-identified", "Rosa", "D-6.002x-forum " * 20, "2026-11-21", "A-2026-0001-1"]]
    assert laid_out(MANY, rows, 62).splitlines()[:2] == ["form   de-identified", "who    Rosa"]
    assert laid_out(MANY, [LONG], 50).startswith("form  ")


def on_a_terminal(width: int, *words: object) -> list[str]:
    """The lines that the program prints there."""
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (24, width))
    # Readline has told this process of another width, behind Python's back.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([PROGRAM, *map(str, words)], stdout=there, env=environment) as called:
        os.close(there)
        told = b""
        # Nobody is left to write: on Linux that is an error.
        with suppress(OSError):
            while some := os.read(here, 4096):
                told += some
        assert called.wait(PATIENCE) == 0
    os.close(here)
    return told.decode().splitlines()


def test_an_answer_is_as_wide_as_the_terminal_that_it_is_printed_on(tmp_path: Path):
    home = office_home(tmp_path / "home", RELEASED)
    narrow, wide = (on_a_terminal(width, "holders", DATA_SET, "--home", home) for width in (100, 160))

    assert max(map(len, narrow)) <= 100 < max(map(len, wide)) <= 160
    assert len(narrow) > len(wide) == 4
