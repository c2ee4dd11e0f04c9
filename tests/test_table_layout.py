"""Tables as people read them on terminals of any width, and where no terminal is."""

import os
import pty
import subprocess
import termios
from pathlib import Path

import pytest

from api.cli.layout import laid_out
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


def test_ids_of_people_are_whole_whatever_stands_beside_them():
    person = "p-" + 32 * "f"
    assert laid_out(["person", "what"], [[person, "word " * 20]], 50).splitlines()[1].startswith(f"{person}  word")


def test_an_answer_is_as_wide_as_the_terminal_that_it_is_printed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Who asks for a width by it is given that.
    monkeypatch.delenv("COLUMNS", raising=False)
    home = office_home(tmp_path / "home", RELEASED)
    here, there = pty.openpty()
    for width, whole in ((100, False), (160, True)):
        termios.tcsetwinsize(there, (24, width))
        subprocess.run([PROGRAM, "holders", DATA_SET, "--home", home], stdout=there, timeout=PATIENCE, check=True)
        told = os.read(here, 65_536).decode().splitlines()
        assert (len(told) == 4, max(map(len, told)) <= width) == (whole, True)
    os.close(here)
    os.close(there)
