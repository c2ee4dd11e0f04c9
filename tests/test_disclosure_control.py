"""Disclosure control: known answers, and any tables (K3, S3)."""

import json
import re
import subprocess
import sys
from collections import Counter
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Malformed
from projections.disclosure_control import Report, Source, Wish, check, fewest
from tests.stores import CAMPAIGN

BY_COUNT: dict[str, Any] = {"by": ("course", "gender"), "counted": ("learners",)}
HEADER = "course,gender,learners"


def source(text: str | bytes, name: str = "table.csv") -> Source:
    content = text if isinstance(text, bytes) else text.encode()
    return Source(name, lambda: BytesIO(content))


def table(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def looked(text: str | bytes, *earlier: str, smallest: int = 5, **wish: Any) -> Report:
    before = [source(one, f"B-{number}") for number, one in enumerate(earlier, 1)]
    return check(source(text), Wish(smallest, **wish), before)


def found(report: Report) -> list[tuple[str, int, str, int]]:
    return [(one.kind, one.row, one.column, one.people) for one in report.findings]


# Cells.


@pytest.mark.parametrize(("count", "is_small"), [(0, False), (1, True), (4, True), (5, False), (6, False)])
def test_a_cell_that_counts_somebody_counts_as_many_as_policy_has_it(count: int, is_small: bool):
    report = looked(table("6.002x,f,41", f"6.002x,m,{count}"), **BY_COUNT)

    assert found(report) == ([("small cell", 3, "learners", count)] if is_small else [])


def test_a_finding_tells_row_column_categories_and_why():
    (one,) = looked(table("6.002x,f,3"), **BY_COUNT).findings

    assert str(one) == (
        "row 2, column learners (course 6.002x, gender f): counts 3, and policy has it that a cell counts 5 or more"
    )


@pytest.mark.parametrize("hidden", ["", "*", "-", "\N{EN DASH}", "<5", "< 10", "n/a", ".."])
def test_a_hidden_cell_that_its_total_gives_away_is_found(hidden: str):
    report = looked(table("6.002x,f,41", f"6.002x,m,{hidden}", "6.002x,total,44"), **BY_COUNT)

    assert found(report) == [("hidden cell", 3, "learners", 3)]


def test_a_hidden_cell_that_is_large_is_no_matter():
    assert found(looked(table("x,f,41", "x,m,*", "x,total,46"), **BY_COUNT)) == []
    assert found(looked(table("x,f,41", "x,m,*", "x,total,45"), **BY_COUNT)) == [("hidden cell", 3, "learners", 4)]


def test_two_hidden_cells_are_safe_together_where_they_count_enough():
    def two(total: int) -> Report:
        return looked(table("x,f,41", "x,m,*", "x,other,*", f"x,total,{total}"), **BY_COUNT)

    assert found(two(46)) == []
    assert found(two(45)) == [("remainder", 5, "learners", 4)]


def test_what_the_columns_do_not_give_away_the_rows_may():
    """Each row has two hidden cells, but the columns have one each, of which the rest follows."""
    text = "grade,f,m,total\nA,10,20,30\nB,*,*,9\nC,12,30,42\ntotal,25,56,81\n"

    assert found(looked(text)) == [("hidden cell", 3, "f", 3)]


def test_hidden_cells_that_only_one_choice_of_small_counts_makes_up_are_found():
    """Below 5 each, and 8 together: 4 and 4. Of 7 together, nobody knows which of them counts 3."""
    for total, counts in (("49", "4"), ("48", "between 3 and 4")):
        report = looked(table("x,f,41", "x,m,<5", "x,d,<5", f"x,total,{total}"), **BY_COUNT)
        assert found(report) == [("bounded cell", row, "learners", 4) for row in (3, 4)]
        assert all(one.why.endswith(f"no more for it than that it counts {counts}") for one in report.findings)


@pytest.mark.parametrize("total", [46, 50])
def test_what_totals_tell_no_more_of_than_the_marks_do_is_safe(total: int):
    """Of 5 together each counts 1 to 4, as its mark says. Of hidden cells without a bound nothing is known."""
    marks = ("<5", "<5") if total == 46 else ("*", "*")
    assert found(looked(table("x,f,41", f"x,m,{marks[0]}", f"x,d,{marks[1]}", f"x,total,{total}"), **BY_COUNT)) == []


def test_a_hidden_cell_is_worked_out_by_way_of_another():
    text = "grade,f,m,total\nA,*,20,26\nB,*,*,30\ntotal,16,40,56\n"

    assert found(looked(text)) == []
    assert found(looked(text.replace("16,40,56", "9,47,56"))) == [("hidden cell", 3, "f", 3)]


def test_a_hidden_total_is_no_secret_where_its_cells_are_shown():
    text = "grade,f,m,total\nA,10,20,*\nB,*,30,39\ntotal,19,50,69\n"

    assert [(one.row, one.column) for one in looked(text).findings] == []
    assert found(looked(text.replace("B,*,30,39", "B,*,*,33").replace("19,50,69", "13,50,63"))) == [
        ("hidden cell", 3, "f", 3)
    ]


def test_those_whom_a_table_does_not_list_are_few():
    assert found(looked(table("x,f,41", "x,m,60", "x,total,104"), **BY_COUNT)) == [("remainder", 4, "learners", 3)]
    assert found(looked(table("x,f,41", "x,m,60", "x,total,106"), **BY_COUNT)) == []


def test_counts_with_thousands_and_a_decimal_point_are_counts():
    assert found(looked(table('x,f,"1,004"', "x,m,3.0"), **BY_COUNT)) == [("small cell", 3, "learners", 3)]


def test_every_column_of_counts_that_is_said_is_looked_at():
    text = "country,m,f,total,share\nDE,12,*,15,0.5\n"
    both, one = (looked(text, by=("country",), counted=counted) for counted in (("m", "f", "total"), ("total",)))

    assert (both.counts, found(both), found(one)) == (("m", "f", "total"), [("hidden cell", 2, "f", 3)], [])


# Totals that are called otherwise.


@pytest.mark.parametrize(
    ("label", "wish", "kind"),
    [
        ("Gesamt", {}, "hidden cell"),
        ("Everybody", {}, "possible total"),
        ("Everybody", {"totals": ("everybody",)}, "hidden cell"),
        ("2012", {}, None),
    ],
)
def test_a_total_gives_a_hidden_cell_away_whatever_it_is_called(label: str, wish: dict[str, Any], kind: str | None):
    report = looked(f"country,learners\nUS,20\nDE,*\n{label},23\n", by=("country",), counted=("learners",), **wish)

    expected = [(kind, 3, "learners", 3)] if kind else []
    assert [one for one in found(report) if one[0] != "remainder"] == expected
    assert report.totals == (() if kind in (None, "possible total") else (label,))


def test_what_may_be_a_total_is_told_with_what_it_would_give_away():
    (one,) = looked("country,learners\nUS,20\nDE,*\nEverybody,23\n").findings

    assert str(one) == (
        "row 3, column learners (country DE): is hidden, and can be worked out: of the total in row 4 the others"
        " leave 3; that is, if Everybody is the total of the others, as its count allows"
    )


@pytest.mark.parametrize(("count", "is_found"), [(19, False), (20, False), (21, True), (24, True), (25, False)])
def test_only_what_counts_no_less_than_the_others_may_be_their_total(count: int, is_found: bool):
    assert bool(looked(f"country,learners\nUS,20\nDE,*\nEverybody,{count}\n").found) is is_found


def test_a_line_that_is_shown_proves_what_is_a_total_or_that_it_is_none():
    text = "country,f,m\nUS,20,30\nDE,*,9\nEverybody,23,{}\n"
    proved, refuted = looked(text.format(39)), looked(text.format(40))

    assert (proved.totals, found(proved)) == (("Everybody",), [("hidden cell", 3, "f", 3)])
    assert (refuted.totals, found(refuted)) == ((), [])


def test_a_column_may_be_the_total_of_the_others():
    assert found(looked("country,f,m,alles\nUS,20,30,50\nDE,9,*,12\n")) == [("hidden cell", 3, "m", 3)]
    assert found(looked("country,alles,f,m\nUS,50,20,30\nDE,12,9,*\n")) == [("hidden cell", 3, "m", 3)]


def test_a_total_that_the_table_does_not_have_is_told():
    with pytest.raises(Malformed, match=r"total 'Summa': is neither a category of table.csv nor"):
        looked(table("x,f,41"), **BY_COUNT, totals=("Summa",))


# How a table is read where nobody says it.


def test_columns_of_counts_and_of_categories_are_told_apart():
    report = looked("year,course,learners,certified,share\n2012,x,41,9,0.22\n2013,x,60,2,0.03\n")

    assert (report.by, report.counts, report.others) == (("year", "course"), ("learners", "certified"), ("share",))
    assert found(report) == [("small cell", 3, "certified", 2)]


def test_a_table_with_years_as_columns_is_one_of_counts():
    report = looked("course,2012,2013\nx,41,3\n")

    assert (report.by, report.counts, found(report)) == (("course",), ("2012", "2013"), [("small cell", 2, "2013", 3)])


def test_rows_are_counted_where_there_are_no_counts():
    report = looked("user,course\n" + "".join(f"u{n},{'x' if n < 20 else 'y'}\n" for n in range(23)), by=("course",))

    assert (report.cells, found(report)) == (2, [("small cell", 22, "course", 3)])


def test_the_only_column_of_counts_is_counted_where_categories_are_said_and_no_counts():
    report = looked("country,learners,share\nUS,41,0.8\nMC,3,0.2\n", by=("country",))

    assert (report.counts, report.others, found(report)) == (
        ("learners",),
        ("share",),
        [("small cell", 3, "learners", 3)],
    )


def test_a_column_of_counts_is_not_passed_over_where_the_categories_that_are_said_stand_in_several_rows():
    text = "country,gender,learners\n" + "".join(f"US,{gender},3\n" for gender in "fmoxyz")

    with pytest.raises(Malformed, match=r"column 'learners': .* holds counts, or else its rows are records"):
        looked(text, by=("country",))


def test_several_columns_of_counts_are_told_where_rows_are_counted():
    report = looked("country,learners,certified\n" + 6 * "US,41,3\n", by=("country",))

    assert (report.counts, report.others, report.cells) == ((), ("learners", "certified"), 1)


# The fewest, where nobody says how a table is to be read.


@pytest.mark.parametrize(
    ("text", "people"),
    [
        (table("x,f,41", "x,m,5"), None),
        (table("x,f,41", "x,m,4"), 4),
        (table("x,f,40", "x,m,*", "x,total,43"), 3),
        ("country,certified\n" + 6 * "US,1\n" + 6 * "MC,0\n", 1),
        ("country,learners\n" + 6 * "US,7\n", None),
        ("course,country\n" + 5 * "x,US\n" + "x,MC\n", 1),
        ("course,country\n" + 5 * "x,US\n", None),
        ("course,mean\nx,0.5\ny,0.7\n", None),
        ("user,learners\n" + "".join(f"u{number},1\n" for number in range(5_001)), 1),
    ],
    ids=["large", "small", "hidden", "records", "large records", "rows", "many rows", "means", "many records"],
)
def test_the_fewest_people_whom_a_table_singles_out_are_found(text: str, people: int | None):
    assert fewest(source(text), 5) == people


def test_what_is_no_table_singles_nobody_out_and_is_not_read():
    with pytest.raises(Malformed, match="is not UTF-8"):
        fewest(source(b"course,learners\n\xff,3\n"), 5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_what_spreadsheets_save_is_read(delimiter: str, bom: bytes):
    text = table("x,f,41", "x,m,3", ",,").replace(",", delimiter).replace("\n", "\r\n")

    assert found(looked(bom + text.encode(), **BY_COUNT)) == [("small cell", 3, "learners", 3)]


# Groups.


def test_k_is_the_size_of_the_smallest_group_and_single_rows_are_told():
    text = "age,country,grade\n" + 5 * "20,US,A\n" + 4 * "30,us,A\n" + "30, US ,B\n" + "81,MC,A\n" + 2 * "40,FR,C\n"
    report = looked(text, quasi=("age", "country"))

    assert report.groups is not None
    assert (report.groups.k, report.groups.groups, report.groups.small, report.groups.single) == (1, 4, 2, 1)
    assert found(report) == [("small group", 12, "age, country", 1), ("small group", 13, "age, country", 2)]
    assert report.findings[0].why == "is the only row with these values: it singles somebody out"


@pytest.mark.parametrize("way", ["by", "quasi"])
def test_of_many_findings_the_first_are_told_and_all_are_counted(way: str):
    wish: dict[str, Any] = {way: ("user",)}
    report = looked("user\n" + "".join(f"u{number}\n" for number in range(1_500)), **wish)

    assert (report.found, len(report.findings), report.findings[-1].row) == (1_500, 1_000, 1_001)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("cde")), max_size=40), smallest=st.integers(2, 9))
def test_groups_and_cells_are_what_counting_gives(rows: list[tuple[str, str]], smallest: int):
    text = "one,two\n" + "".join(f"{one},{two}\n" for one, two in rows)
    sizes = Counter(rows)
    by = looked(text, smallest=smallest, by=("one", "two"))
    quasi = looked(text, smallest=smallest, quasi=("one", "two"))

    small = sorted((rows.index(row) + 2, size) for row, size in sizes.items() if size < smallest)
    assert sorted((one.row, one.people) for one in by.findings) == small
    assert sorted((one.row, one.people) for one in quasi.findings) == small
    assert quasi.groups is not None
    assert quasi.groups.k == min(sizes.values(), default=0)


# Tables with totals, of which any cells may be hidden.

GENDERS, COURSES = ("f", "m", "o"), ("x", "y")


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    """The counts of a table with all its totals, and which of its cells are hidden."""
    inner = {key: draw(st.integers(0, 12)) for key in product(COURSES, GENDERS)}
    counts = {
        (course, gender): sum(
            count for (c, g), count in inner.items() if course in (c, "total") and gender in (g, "total")
        )
        for course in (*COURSES, "total")
        for gender in (*GENDERS, "total")
    }
    return counts, draw(st.sets(st.sampled_from(sorted(counts)), max_size=6))


@settings(max_examples=80, deadline=None)
@given(made=tables())
def test_whatever_is_worked_out_is_so_and_what_follows_from_a_line_is_worked_out(made: Any):
    counts, hidden = made
    marks = {key: "<5" if count < 5 else "*" for key, count in counts.items()}
    lines = [f"{c},{g},{marks[c, g] if (c, g) in hidden else n}" for (c, g), n in counts.items()]
    report = looked(table(*lines), **BY_COUNT)
    for one in report.findings:
        if one.kind == "bounded cell":
            least, most = re.findall(r"\d+", one.why)[0], one.people
            assert int(least) <= counts[one.where[0][1], one.where[1][1]] <= most
    told = {one.where: one for one in report.findings if one.kind == "hidden cell"}

    for key, count in counts.items():
        where = (("course", key[0]), ("gender", key[1]))
        line = [[one for one in counts if one[place] == key[place]] for place in (0, 1)]
        is_alone = any({one for one in cells if one in hidden} == {key} for cells in line)
        if key in hidden and is_alone and 0 < count < 5:
            assert told[where].people == count
        if where in told:
            assert (key in hidden, told[where].people) == (True, count)
    shown = [one for one in report.findings if one.kind == "small cell"]
    assert {(one.where[0][1], one.where[1][1]) for one in shown} == {
        key for key, count in counts.items() if 0 < count < 5 and key not in hidden
    }


# Beside a table that was passed.


@pytest.mark.parametrize(("now", "tells"), [(60, 0), (59, 1), (56, 4), (55, 0), (64, 4), (65, 0)])
def test_cells_that_differ_by_few_from_what_was_passed_tell_of_these_few(now: int, tells: int):
    report = looked(table("x,f,41", f"x,m,{now}"), table("x,f,41", "x,m,60"), **BY_COUNT)

    assert found(report) == ([("difference", 3, "learners", tells)] if tells else [])
    assert report.compared == ("B-1",)


def test_a_table_that_is_finer_is_added_up_to_be_compared():
    finer = "course,gender,country,learners\nX,F,US,30\nX,F,FR,9\nX,m,US,60\n"

    assert found(looked(finer, table("x,f,41", "x,m,60"))) == [("difference", 2, "learners", 2)]
    assert found(looked(table("x,f,41", "x,m,60"), finer)) == [("difference", 2, "learners", 2)]


def test_what_has_a_hidden_part_is_not_added_up():
    finer = "course,gender,country,learners\nx,f,US,30\nx,f,FR,*\nx,m,US,60\n"

    assert found(looked(finer, table("x,f,31", "x,m,60"))) == []


def test_a_table_about_something_else_is_said_not_to_be_compared():
    report = looked(table("x,f,41"), "unit,views\n1a,77\n", "no,counts\na,b\n", **BY_COUNT)

    assert (report.findings, report.compared, report.incomparable) == ((), (), ("B-1", "B-2"))


# What cannot be read is told with row and column.

WRONG: list[tuple[str | bytes, str]] = [
    ("", "table 'table.csv': is empty: it has no header"),
    ("\n\n", "table 'table.csv': is empty: it has no header"),
    ("Boston,12\nAustin,30\n", "row 1, column 2 of 'table.csv': holds the number 12 where its name should be"),
    ("a,,b\n", "row 1, column 2 of 'table.csv': has no name"),
    ("a,b,a\n", "row 1, column 3 of 'table.csv': has the name of column 1, a"),
    (table("x,f"), "row 2 of 'table.csv': has 2 cells, and the header names 3 columns"),
    (table("x,f,1,2"), "row 2 of 'table.csv': has 4 cells"),
    (table("x,f,9", "x,m,=B2+1"), "row 3, column learners of 'table.csv': begins with =, so a spreadsheet"),
    (table("@SUM(A1),f,9"), "row 2, column course of 'table.csv': begins with @"),
    (table("x, +A1,9"), "row 2, column gender of 'table.csv': begins with +"),
    (table("x,f,many"), "row 2, column learners of 'table.csv': is no count"),
    (table("x,f,2.5"), "row 2, column learners of 'table.csv': is no count"),
    (table("x,f,-3"), "row 2, column learners of 'table.csv': is no count"),
    (table("x,f,9", "x,f,8"), "row 3, column learners of 'table.csv': has the categories of row 2, x, f"),
    (table('x,"f,9', "y,m,8"), "row 2, column 2 of 'table.csv': begins with a quotation mark that is never closed"),
    (table('x,"f"g,9'), "row 2, column 2 of 'table.csv': goes on behind a closing quotation mark"),
    (table("x,f,9", "\0,f,9"), "row 3 of 'table.csv': holds a zero byte"),
    (table("x,f,9").encode() + b"x,\xe9t\xe9,9\n", "row 3, column 2 of 'table.csv': is not UTF-8 (byte 0xe9)"),
    (table("x,f,9").encode("utf-16"), "table 'table.csv': is not UTF-8 but UTF-16"),
    (table("x,f," + 200_000 * "9"), "row 2, column 3 of 'table.csv': "),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_cannot_be_read_is_told_with_row_and_column(text: str | bytes, told: str):
    with pytest.raises(Malformed) as caught:
        looked(text, **(BY_COUNT if HEADER in str(text) else {}))

    assert str(caught.value).startswith(told)


def test_a_table_without_counts_and_one_as_long_as_records_have_to_be_said_how_to_read():
    with pytest.raises(Malformed, match="has no column of counts"):
        looked("course,gender\nx,f\n")
    with pytest.raises(Malformed, match="5,001 rows, as records have"):
        looked("course,learners\n" + "".join(f"c{n},9\n" for n in range(5_001)))
    with pytest.raises(Malformed, match="is none of table"):
        looked(table("x,f,9"), by=("nobody",))


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=60) | st.text('ab,"\n\r;=-0*\t ', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_told_to_be_no_table(content: bytes):
    wishes: list[dict[str, Any]] = [{}, {"quasi": ("a",)}, {"by": ("a",)}]
    told: set[str] = set()
    for wish in wishes:
        try:
            looked(content, **wish)
        except Malformed as error:
            told.add(error.what.partition(" ")[0])

    assert told <= {"table", "row", "column"}


# A million rows.

# The program, with a word on its own memory, in KiB. What `getrusage` says begins on Linux with what its parent had.
PROGRAM = """
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from api.cli import main
try:
    main(sys.argv[1:], prog_name="dua-ledger")
finally:
    status = Path("/proc/self/status")
    if status.exists():
        peak = int(status.read_text().partition("VmHWM:")[2].split()[0])
    else:
        peak = getrusage(RUSAGE_SELF).ru_maxrss // 1024
    print(peak, file=sys.stderr)
"""


def looked_elsewhere(path: Path, quasi: str) -> tuple[Any, int]:
    """What a process of its own finds, and the MiB that it took."""
    line = [sys.executable, "-c", PROGRAM, "check-table", str(path), "--smallest", "5", "--quasi", quasi, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return json.loads(done.stdout), int(done.stderr) // 1024


@pytest.mark.campaign
def test_a_million_rows_are_looked_at_in_the_memory_that_their_groups_take(tmp_path: Path):
    count = 1_000_000 if CAMPAIGN else 10_000
    with (tmp_path / "many.csv").open("w") as file:
        file.write("user,country,age\n")
        file.writelines(f"u{number},c{number % 7},{number % 11}\n" for number in range(count))

    few, for_few = looked_elsewhere(tmp_path / "many.csv", "country,age")
    each, for_each = looked_elsewhere(tmp_path / "many.csv", "user")

    assert (few["rows"], few["groups"]["groups"], few["groups"]["k"], few["found"]) == (count, 77, count // 77, 0)
    assert (each["groups"]["k"], each["groups"]["single"], each["found"]) == (1, count, count)
    assert len(each["findings"]) == 1_000
    assert for_few < 100
    assert for_each < 100 + 250 * count // 1024**2
