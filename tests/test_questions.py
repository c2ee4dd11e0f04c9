"""What the office asks on the command line, and what it is answered: on a terminal, as JSON, as CSV, as a page."""

import csv
import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from unicodedata import combining, east_asian_width
from zoneinfo import ZoneInfo

import pytest

from api.cli.kinds import When
from api.cli.tables import Form, Row, Table, Who, as_csv, as_text, show
from ledger.events import HistoryViewed
from ledger.home import VIEWS, open_home
from tests.facts import ANA, BEN, DATA_SET, REQUEST, Clock, fact
from tests.office_facts import STRANGER, returned
from tests.office_facts import couhes as determined
from tests.office_facts import request as submitted
from tests.question_facts import OPENED, ORIGIN, Answer, ask, named, office_home, returned_because
from tests.view_facts import AGREED, RELEASED, designated, opened_by, permitted, terminated

ENDED = "2026-12-01"
QUESTIONS = [
    ["inbox"],
    ["request", REQUEST],
    ["holders", DATA_SET],
    ["holdings", ANA],
    ["deadlines", "--within", "36500"],
    ["findings", "--all"],
]
every_question = pytest.mark.parametrize("words", [*QUESTIONS, ["accesses"]], ids=lambda words: words[0])
every_dated_question = pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: words[0])
NOBODY = "p-" + 32 * "9"
PLAIN_TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "ol", "li", "div", "span", "blockquote"} | {
    "footer"
}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which data went out; one access was by somebody unnamed."""
    home = tmp_path_factory.mktemp("released") / "home"
    return office_home(home, RELEASED, permitted(), opened_by(STRANGER))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a request lacks several things."""
    home = tmp_path_factory.mktemp("begun") / "home"
    lacking = submitted(description=None, funded=None)
    return office_home(home, couhes=None, reliance=None, law=None, request=lacking)


def columns(line: str) -> int:
    """How wide a line is on a terminal."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in line)


# What every question has in common.


@every_question
@pytest.mark.parametrize("width", [80, 100])
def test_an_answer_on_a_terminal_fits_and_says_for_which_position_it_holds(
    released: Path, words: list[str], width: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    answer = ask(released, *words)

    assert (answer.code, answer.err) == (0, "")
    assert re.fullmatch(r"This holds for position \d+\.", answer.out.splitlines()[-1])
    assert max(map(columns, answer.out.splitlines())) <= width
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out


@every_question
def test_json_is_one_object_with_the_position_and_the_rows(released: Path, words: list[str]):
    members = ask(released, *words, "--json").members
    with open_home(released) as home:
        assert members["position"] == home.ledger.store.length()
    assert isinstance(members["rows"], list)


@every_question
def test_csv_has_a_cell_for_each_member_of_the_rows_and_no_formula(released: Path, words: list[str]):
    rows = ask(released, *words, "--json").rows
    answer = ask(released, *words, "--csv")
    heading, *cells = csv.reader(StringIO(answer.out, newline=""))

    assert len(cells) == len(rows)
    assert set(heading) >= {column for row in rows for column in row}
    assert not [cell for row in cells for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert re.fullmatch(r"This holds for position \d+\.\n", answer.err)


@every_question
def test_ids_alone_are_printed_on_demand(released: Path, words: list[str]):
    for how in ([], ["--json"], ["--csv"]):
        assert "Ejemplo" not in ask(released, *words, "--ids", *how).out


@every_question
def test_json_and_csv_exclude_each_other(released: Path, words: list[str]):
    answer = ask(released, *words, "--json", "--csv")
    assert (answer.code, "exclude each other" in answer.err) == (2, True)


@every_dated_question
@pytest.mark.parametrize("clock", ["--as-of", "--known-at"])
@pytest.mark.parametrize("time", ["soon", "2026-02-30", "2026-11-21T12:00:00", "", "11/21/2026"])
def test_a_time_that_is_none_is_named(released: Path, words: list[str], clock: str, time: str):
    answer = ask(released, *words, clock, time)
    assert (answer.code, answer.out) == (2, "")
    assert f"{time!r} is no time such as 2026-03, 2026-03-31 or 2026-03-31T17:00:00-05:00" in answer.err


@every_dated_question
def test_the_views_that_are_kept_say_what_the_log_says_itself(released: Path, words: list[str]):
    far = "2200-01-01"
    known = [ask(released, *words, "--known-at", far, "--as-of", time, "--json").rows for time in (far, far)]
    now = Clock(datetime(2027, 1, 1, 12, tzinfo=UTC))
    assert known[0] == known[1]
    assert (
        ask(released, *words, "--json", clock=now).rows
        == ask(released, *words, "--as-of", "2027-01-01T12:00:00Z", "--json", clock=now).rows
    )


@every_dated_question
def test_nothing_was_so_and_nothing_known_before_the_ledger_began(released: Path, words: list[str]):
    for clock in ("--as-of", "--known-at"):
        answer = ask(released, *words, clock, "2020-01-01", "--json")
        if words[0] == "request":
            assert (answer.code, answer.err) == (2, f"Error: request '{REQUEST}': is not in this ledger at that time\n")
        else:
            assert answer.rows == []


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["request", "R-2026-0099"], 2, "request 'R-2026-0099': is not in this ledger"),
        (["request", "R-2026-0099", "--letter"], 2, "request 'R-2026-0099': is not in this ledger"),
        (["history", "R-2026-0099"], 2, "request 'R-2026-0099': is not in this ledger"),
        (["holders", "D-none"], 2, "dataset 'D-none': is not in this ledger"),
        (["holdings", NOBODY], 2, f"person '{NOBODY}': is not in this ledger"),
        (["holdings", "nobody@else.example"], 2, "person 'nobody@else.example': is the address of nobody in this"),
        (["holders", "D-\x1b[31m"], 2, r"dataset 'D-\x1b[31m': is not in this ledger"),
        (["request", ""], 2, "'' is no id of a request: it looks like R-2026-0001"),
        (["request", "R-\udcff"], 2, r"'R-\udcff' is no id of a request"),
        (["history", "R-\udcff"], 2, r"'R-\udcff' is no id of a request"),
        (["holdings", "x" * 300], 2, "is neither an id"),
    ],
)
def test_what_is_not_in_the_ledger_is_named(released: Path, words: list[str], code: int, sentence: str):
    answer = ask(released, *words)
    assert (answer.code, answer.out) == (code, "")
    assert sentence in answer.err


def test_a_day_counts_to_its_end_at_the_office():
    office = ZoneInfo("America/New_York")
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert When(date(2026, 11, 21), "day").ends(office) == datetime(2026, 11, 22, 4, 59, 59, 999999, tzinfo=UTC)
    assert When(date(2026, 11, 1), "month").ends(office) == datetime(2026, 12, 1, 4, 59, 59, 999999, tzinfo=UTC)
    assert When(noon, "instant").ends(office) == noon


def test_csv_is_as_rfc_4180_has_it_and_a_name_is_no_formula():
    names = {"p-1": "=SUM(A1)", "p-2": 'Ana "A", Ltd'}.__getitem__
    rows: list[Row] = [{"person": Who("p-1"), "whom": (Who("p-1"), Who("p-2")), "days": -1, "right": None, "ok": True}]

    assert as_csv(Table({}, rows), names) == (
        "person,person_name,whom,whom_name,days,right,ok\r\n"
        'p-1,\'=SUM(A1),p-1; p-2,"\'=SUM(A1); Ana ""A"", Ltd",-1,,yes\r\n'
    )
    assert as_csv(Table({"day": "last day"}, []), names) == "day\r\n"


@pytest.mark.parametrize("name", ["Ana", 200 * "x", "word " * 60, 70 * "学", "e\u0301" * 150, "", "a\nb\tc"])
def test_a_table_fits_whatever_it_is_about(name: str):
    rows: list[Row] = [{"person": Who("p-1"), "what": 120 * "y", "day": "2026-11-21"}]
    text = as_text(Table({"person": "person", "what": "what", "day": "when"}, rows), lambda _: name)

    assert max(map(columns, text.splitlines())) <= 100
    assert text.count("y") - name.count("y") == 120


@pytest.mark.parametrize("name", ["Ana", 200 * "x", "word " * 60, 70 * "学", "a\nb\tc"])
def test_where_no_terminal_reads_a_row_is_a_line_and_nothing_is_broken(name: str, capsys: pytest.CaptureFixture[str]):
    rows: list[Row] = [{"person": Who("p-1"), "what": 120 * "y", "day": "2026-11-21"}]
    show(Table({"person": "person", "what": "what", "day": "day"}, rows), 7, Form(False, False, lambda _: name), "")
    heading, row, holds = capsys.readouterr().out.splitlines()

    assert (heading.split(), holds) == (["person", "what", "day"], "This holds for position 7.")
    assert row.endswith(f"  {120 * 'y'}  2026-11-21")


# Who holds what.


def test_holders_are_told_with_their_right(released: Path):
    row = {
        "dataset": DATA_SET,
        "label": "1",
        "form": "identified",
        "request": REQUEST,
        "release": "L-1",
        "since": "2026-11-21",
        "agreement": "A-1",
        "until": "2027-01-15",
        "right": "until 2027-01-15",
        "state": "held",
        "due": "2027-02-14",
        "put_off": False,
        "in_force": True,
    }
    assert ask(released, "holders", DATA_SET, "--as-of", ENDED, "--json").rows == [
        {"person": ANA, "person_name": named(ANA), "how": "held"} | row,
        {"person": BEN, "person_name": named(BEN), "how": "presumed"} | row,
    ]


def test_who_holds_data_without_a_right_is_told_so(tmp_path: Path):
    home = office_home(tmp_path / "home", RELEASED, terminated(date(2026, 11, 25)))
    for time, right in (("2026-11-24", "until 2026-11-24"), ("2026-11-25", "ended 2026-11-24")):
        rows = ask(home, "holders", DATA_SET, "--as-of", time, "--json").rows
        assert [one["right"] for one in rows] == [right, right]


def test_holders_in_a_form_are_told_alone(released: Path):
    found = [
        len(ask(released, "holders", DATA_SET, "--form", form, "--json").rows)
        for form in ("identified", "de-identified")
    ]
    assert found == [2, 0]


def test_a_person_is_found_by_id_or_by_address(released: Path):
    by_id, by_address = (ask(released, "holdings", who, "--json").rows for who in (BEN, "Ben@Else.example"))
    assert by_id == by_address
    assert [one["how"] for one in by_id] == ["presumed"]


def test_deadlines_count_the_days_that_are_left(released: Path):
    rows = ask(released, "deadlines", "--as-of", "2027-01-10", "--within", "5", "--json").rows
    assert [(one["day"], one["days"], one["kind"], one["what"]) for one in rows] == [
        ("2027-01-15", 5, "agreement ends", "A-1"),
        ("2027-01-15", 5, "ethics determination expires", "E-couhes"),
        ("2027-01-15", 5, "ethics determination expires", "E-irb"),
    ]
    assert ask(released, "deadlines", "--as-of", "2027-01-10", "--within", "4", "--json").rows == []


def test_accesses_that_are_findings_are_told_alone(released: Path):
    everything = ask(released, "accesses", "--json").rows
    assert [(one["person"], one["how"], one["finding"]) for one in everything] == [
        (ANA, "permitted", False),
        (STRANGER, "opened", True),
    ]
    assert ask(released, "accesses", "--findings", "--json").rows == everything[1:]


# What waits, and what is missing.


def test_the_inbox_tells_whom_it_waits_for_and_for_how_many_working_days(tmp_path: Path):
    home = office_home(tmp_path / "home", AGREED[:2])
    rows = ask(home, "inbox", "--as-of", "2026-09-09", "--json").rows

    assert [(one["who"], one["whom"], one["next"], one["request"], one["working_days"]) for one in rows] == [
        ("researcher", [ANA], "sign A-1", REQUEST, 5),
        ("office", [], "sign A-1", REQUEST, 5),
    ]


def test_the_inbox_and_a_request_tell_what_keeps_it_from_being_approved_and_whose_turn_that_is(tmp_path: Path):
    home = office_home(tmp_path / "home", request=submitted(funded=None), couhes=determined(outcome="pending"))
    lacks = [
        "C1.2 source of funding (researcher)",
        "C1.4 Ana Ejemplo: home board's determination (board)",
    ]
    told = {"missing": 2, "missing_for": "approval", "lacks": lacks}

    (row,) = [one for one in ask(home, "inbox", "--json").rows if one["who"] == "office"]
    request = ask(home, "request", REQUEST, "--json").members
    (by_id,) = [one for one in ask(home, "inbox", "--json", "--ids").rows if one["who"] == "office"]

    assert row["next"] == "approve or decline"
    assert [{name: one[name] for name in told} for one in (row, request)] == [told, told]
    assert by_id["lacks"][1] == f"C1.4 {ANA}: home board's determination (board)"
    shown = ask(home, "request", REQUEST).out
    assert f"  has           2 missing for approval\n{'':<16}{lacks[0]}\n" in shown
    assert lacks[1] in ask(home, "inbox").out
    assert f"{lacks[0]}; {lacks[1]}" in ask(home, "inbox", "--csv").out


def test_a_request_that_lacks_nothing_is_told_to_have_all(tmp_path: Path):
    home = office_home(tmp_path / "home")
    (row,) = ask(home, "inbox", "--json").rows

    assert (row["next"], row["missing"], row["missing_for"], row["lacks"]) == ("approve or decline", 0, "approval", [])
    assert "  has           all for approval\n" in ask(home, "request", REQUEST).out


def test_the_oldest_comes_first_in_the_inbox(tmp_path: Path):
    other = submitted("R-2026-0002")
    home = office_home(tmp_path / "home", other, law=None)
    assert [one["request"] for one in ask(home, "inbox", "--json").rows] == [REQUEST, "R-2026-0002"]


def test_a_request_is_told_with_its_state_its_turn_and_its_checklist(begun: Path):
    members = ask(begun, "request", REQUEST, "--as-of", "2026-09-09", "--json").members

    assert (members["state"], members["researcher"], members["datasets"]) == (
        "submitted",
        ANA,
        [f"{DATA_SET} (identified)"],
    )
    assert [(one["who"], one["next"]) for one in members["turns"]] == [("office", "have the law determined")]
    wanting = {(one["rule"], one["about"]): one["status"] for one in members["rows"] if one["status"] != "there"}
    assert wanting == {
        ("funding-and-review", None): "missing",
        ("couhes", ANA): "missing",
        ("irb-and-couhes", BEN): "missing",
        ("citi-training", ANA): "missing",
        ("citi-training", BEN): "missing",
        ("purpose-described", None): "missing",
        ("law-determined", None): "pending",
        ("named-recipients", ANA): "missing",
        ("named-recipients", BEN): "missing",
        ("contact-named", REQUEST): "missing",
    }


LETTER = """\
Dear Ana Ejemplo,

Thank you for your request R-2026-0001 to MIT. Before we can go on with it, we
need from you:

  - the source of the funding, or that there is none
  - for Ana Ejemplo: an approval or exemption by COUHES
  - for =cmd()|'Bén \\x1b[31mØverland 学\\u202e: an approval or exemption by COUHES, or
    its word that it relies on the decision of their own institution's board
  - for Ana Ejemplo: a certificate of current CITI human-subjects training
  - for =cmd()|'Bén \\x1b[31mØverland 学\\u202e: a certificate of current CITI human-
    subjects training
  - a description of the research
  - which member of the study group is to be the point of contact, who
    downloads and decrypts the data

Please answer by e-mail, with the number R-2026-0001 in the subject and
letters and certificates attached as PDF files. All of it together is easiest
for us, but don't wait for what takes long. If anything here isn't clear, or
was sent already, just write or call.

With kind regards,

Institutional Research
MIT
"""


def test_the_letter_asks_in_plain_words_for_what_only_the_researcher_can_send(begun: Path):
    assert ask(begun, "request", REQUEST, "--letter") == Answer(0, LETTER, "")


def test_the_letter_explains_openpgp_when_the_key_is_missing(tmp_path: Path):
    home = office_home(tmp_path / "home", AGREED, designated())
    assert (
        "  - from Ana Ejemplo: a public OpenPGP key\n\nOpenPGP is a way to"
        in ask(home, "request", REQUEST, "--letter").out
    )


def test_the_letter_tells_what_is_on_its_way(tmp_path: Path):
    home = office_home(tmp_path / "home", couhes=determined(outcome="pending"))
    letter = ask(home, "request", REQUEST, "--letter").out
    assert "These are on their way" in letter
    assert "  - for Ana Ejemplo: the decision of COUHES\n" in letter


def test_the_letter_of_a_returned_request_says_for_what_it_comes_back(tmp_path: Path):
    back = f"Your request {REQUEST} comes back to you, for these items: C1.2. Please complete them"
    home = office_home(tmp_path / "home", returned(), law=None)
    letter = ask(home, "request", REQUEST, "--letter").out.replace("\n", " ")
    assert back in letter
    assert "Nothing is missing" not in letter
    assert "Please answer by e-mail" in letter

    home = office_home(tmp_path / "again", returned(), submitted(), law=None)
    assert back not in ask(home, "request", REQUEST, "--letter").out.replace("\n", " ")


def test_the_letter_of_a_returned_request_says_why_and_that_a_reason_was_erased(tmp_path: Path):
    home = office_home(tmp_path / "home", law=None)
    with open_home(home, Clock(OPENED + timedelta(days=2))) as opened:
        opened.ledger.append([fact(returned_because(opened, "Who pays?\n\x1b[2JAnd since when?"))])
        letter = ask(home, "request", REQUEST, "--letter").out
        assert "\n\nThis is why:\n\n    Who pays?\n    \\x1b[2JAnd since when?\n\nThank you" in letter
        opened.custody.erase(f"request:{REQUEST}", None)
    letter = ask(home, "request", REQUEST, "--letter").out
    assert "\n\nThe reason that was given for it has been erased.\n\nThank you" in letter
    assert "This is why" not in letter


# Histories.


def test_a_history_in_json_has_the_state_after_each_event(tmp_path: Path):
    home = office_home(tmp_path / "home", returned(), submitted(), law=None)
    answer = ask(home, "history", REQUEST, "--json", "--ids")

    assert [(one["type"], one["state"]) for one in answer.rows if one["type"].startswith("request.")] == [
        ("request.submitted.v1", "submitted"),
        ("request.returned.v1", "returned"),
        ("request.submitted.v1", "resubmitted"),
    ]
    assert all(one["texts"] == {} for one in answer.rows)
    assert "Ejemplo" not in answer.out


def test_a_history_says_whose_days_and_times_it_tells(released: Path):
    told = ask(released, "history", REQUEST).out.splitlines()

    assert told[-2] == "Times with a Z are UTC; days are those in America/New_York."


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_a_letter_is_no_table(released: Path, form: str):
    answer = ask(released, "request", REQUEST, "--letter", form)

    assert (answer.code, answer.out) == (2, "")
    assert "--letter is a text: it excludes --json and --csv" in answer.err


def test_that_somebody_reads_a_history_or_takes_it_along_is_on_record_and_not_shown_to_themselves(tmp_path: Path):
    home = office_home(tmp_path / "home", law=None)
    with open_home(home) as opened:
        length = opened.ledger.store.length()
    forms: list[list[object]] = [[], ["--json"], ["--html", tmp_path / "page.html"]]
    for looked_before, words in enumerate(forms):
        answer = ask(home, "history", REQUEST, *words)
        shown = answer.out + ((tmp_path / "page.html").read_text() if "--html" in words else "")
        assert (answer.code, shown.count("was looked at")) == (0, looked_before)
    assert ask(home, "history", REQUEST, "--actor", "guest:1").code == 3
    with open_home(home) as opened:
        looks = [(fact.actor, fact.event) for fact in opened.ledger.facts(after=length)]
    # Whoever has the folder in hand is recorded, not refused.
    read, taken = HistoryViewed(how="read", request=REQUEST), HistoryViewed(how="exported", request=REQUEST)
    assert looks == [("operator:local", event) for event in (read, taken, taken)]


class _Page(HTMLParser):
    """What stands in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "style"}

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_page_needs_nothing_else_and_everything_in_it_is_escaped(tmp_path: Path):
    home = office_home(tmp_path / "home", law=None)
    with open_home(home, Clock(OPENED + timedelta(days=2))) as opened:
        opened.ledger.append([fact(returned_because(opened, "Who <script>pays</script> & why?"))])
    answer = ask(home, "history", REQUEST, "--texts", "--html", tmp_path / "page.html")
    page = _Page()
    page.feed((tmp_path / "page.html").read_text(encoding="utf-8"))

    assert (answer.code, answer.err) == (0, "")
    assert page.tags == PLAIN_TAGS
    assert "reason: Who <script>pays</script> & why?" in page.words
    assert named(BEN) in page.words
    assert f"of the ledger {ORIGIN}" in page.words
    assert "Times are UTC; days are those in America/New_York." in page.words


def test_texts_are_shown_on_demand_and_told_to_be_erased_when_they_are(tmp_path: Path):
    home = office_home(tmp_path / "home", law=None)
    with open_home(home, Clock(OPENED + timedelta(days=2))) as opened:
        opened.ledger.append([fact(returned_because(opened, "Who pays?"))])
        assert "Who pays?" not in ask(home, "history", REQUEST).out
        assert "          | reason: Who pays?\n" in ask(home, "history", REQUEST, "--texts").out
        opened.custody.erase(f"request:{REQUEST}", None)
    assert "          | reason: (erased)\n" in ask(home, "history", REQUEST, "--texts").out


# The views that are kept.


@pytest.mark.parametrize("shared", [(), ("--processes", "2")])
def test_rebuilding_makes_the_views_anew_and_says_for_which_position_they_hold(released: Path, shared: tuple[str, ...]):
    with open_home(released) as home:
        length = home.ledger.store.length()
    before = ask(released, "holders", DATA_SET).out
    with closing(sqlite3.connect(released / VIEWS)) as views:
        views.execute("DELETE FROM holdings")
        views.commit()

    assert ask(released, "rebuild", *shared) == Answer(
        0, f"The views were made anew. They hold for position {length}.\n", ""
    )
    assert ask(released, "holders", DATA_SET).out == before


def test_a_history_as_a_page_takes_no_files_place(released: Path, tmp_path: Path):
    taken = tmp_path / "mine.html"
    taken.write_text("mine")

    answer = ask(released, "history", REQUEST, "--html", str(taken))

    assert (answer.code, taken.read_text()) == (1, "mine")
    assert "is there already, and is never overwritten" in answer.err
