"""Who asks from outside and what is published, at the command line: queries, publications; with real keys."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import IRA, ROSA, STOPPED_PROGRAM, TOM, Office, Stages
from tests.facts import NOON, Clock
from tests.stores import PATIENCE

pytestmark = pytest.mark.needs("gpg")

REFER = f"refer {ROSA} --kind replicate --asker 'The Journal of Learning' --dataset D-6.002x-pc --request R-2026-0001"
NOTIFY = f"notify-publication R-2026-0001 --kind article --title 'On grades' --told-by {ROSA} --author {ROSA}"
REVIEW = f"review-publication B-2026-0001-1 --reviewer {IRA} --result"
TABLE = b"course,gender,learners\n6.002x,f,41\n6.002x,m,60\n"
SMALL = b"course,gender,learners\n6.002x,f,41\n6.002x,m,3\n"


@pytest.fixture
def office(stages: Stages, tmp_path: Path) -> Office:
    """An office that released data to Tom, of Rosa's request."""
    return stages.at("released").copied(tmp_path)


def rows(office: Office, line: str) -> list[Any]:
    """What a question answers, for programs."""
    said: list[Any] = json.loads(office.done(f"{line} --json --ids").out)["rows"]
    return said


def test_what_stands_under_a_query_and_names_whom_is_erased_is_told_to_remain(office: Office):
    office.done("register-person 'Pia Reuter' --email pia@example.net")
    asks = "receive-query --by pia@example.net --kind copy --purpose 'My thesis' --dataset D-6.002x-pc"
    office.done(f"{asks} --asked {ROSA}")
    erased = office.done("erase pia@example.net --yes")
    assert erased.lines[-2:] == [
        "Not erased, because it belongs to more than this person; look through it for their words or name:",
        "  query Q-2026-0001: 1 text",
    ]


ANSWER = "answer-query Q-2026-0001 office-verifies --smallest-cell 100 --file"


@pytest.mark.parametrize("name", ["small.csv", "small.txt"])
def test_an_aggregate_counts_what_its_table_counts_whatever_is_typed_in(office: Office, name: str):
    office.put(name, b"country,learners\nUS,3\nDE,70\n")
    office.done(REFER)
    refused = office(f"{ANSWER} {{{name}}}")
    assert (refused.code, "a cell of Q-2026-0001 counts 3 only, and has to count 5" in refused.out) == (3, True)


def test_of_an_aggregate_without_small_cells_the_table_says_the_smallest(office: Office):
    office.put("fits.csv", b"country,learners\nUS,5\nDE,70\n")
    office.done(REFER)
    assert office.done(f"{ANSWER} {{fits.csv}}").lines[0].endswith("whose smallest cell is 5.")


def test_what_is_no_table_counts_what_is_typed_in(office: Office):
    office.put("letter.txt", b"Dear editors\nWe find what they found.\nThe office\n")
    office.done(REFER)
    assert office.done(f"{ANSWER} {{letter.txt}}").lines[0].endswith("whose smallest cell is 100.")


def test_what_is_called_a_table_and_cannot_be_read_answers_nothing(office: Office):
    office.put("broken.csv", b"country,learners\nUS,30,4\n")
    office.done(REFER)
    with office.nothing_happens():
        broken = office(f"{ANSWER} {{broken.csv}}")
    assert (broken.code, "broken.csv" in broken.err, "has 3 cells" in broken.err) == (2, True, True)


def test_a_journal_asks_a_recipient_who_refers_it_and_the_office_answers_with_an_aggregate(office: Office):
    office.put("aggregate.csv", TABLE)
    referred = office.done(REFER, "queries --open")
    waits = [row for row in rows(office, "inbox") if row["next"].endswith("Q-2026-0001")]
    office.done("answer-query Q-2026-0001 to-counsel")
    counsel = [row for row in rows(office, "inbox") if row["next"].endswith("Q-2026-0001")]
    too_small = office("answer-query Q-2026-0001 office-verifies --file {aggregate.csv} --smallest-cell 4")
    answered = office.done("answer-query Q-2026-0001 office-verifies --file {aggregate.csv} --smallest-cell 41")
    again = office("answer-query Q-2026-0001 refused --answer 'We said all.'")

    assert referred.lines[1].split()[:4] == ["Q-2026-0001", "open", "0", "replicate"]
    assert [(row["who"], row["next"], row["request"], row["state"]) for row in (*waits, *counsel)] == [
        ("office", "answer query Q-2026-0001", "R-2026-0001", "open"),
        ("counsel", "advise on query Q-2026-0001", "R-2026-0001", "with counsel"),
    ]
    assert (too_small.code, too_small.lines[:2]) == (
        3,
        [
            "Refused",
            (
                "  aggregate-only (S2): a cell of Q-2026-0001 counts 4 only, and has to count 5 "
                f"[entry {office.facts('query.received.v1')[0].position}]"
            ),
        ],
    )
    assert answered.lines[0].endswith(
        "Query Q-2026-0001 was answered: the office looked itself, and answers with an aggregate,"
        " whose smallest cell is 41."
    )
    assert (again.code, "Q-2026-0001 is answered, and is answered once" in again.out) == (3, True)
    assert rows(office, "queries --open") == []
    assert [row["state"] for row in rows(office, "queries --about D-6.002x-pc")] == ["office verifies"]
    assert rows(office, "queries --about 10.1000/nobody") == []
    for unknown, why in (("D-nope", "is not in this ledger, and nobody has asked"), ("nonsense", "is neither a DOI")):
        turned_away = office(f"queries --about {unknown}")
        assert (turned_away.code, unknown in turned_away.err, why in turned_away.err) == (2, True, True)
    assert office.done("verify --processes 1").out.startswith("All holds")


def test_the_history_of_a_request_tells_who_asked_about_it_and_what_they_were_told(office: Office):
    office.done(REFER, REFER.replace(" --request R-2026-0001", "") + " --again")
    office.done("answer-query Q-2026-0001 refused --answer 'Not now.'", "withdraw-query Q-2026-0002")

    told = office.done("history R-2026-0001").out

    assert (
        "Somebody asked Rosa Quill to replicate a study (D-6.002x-pc, R-2026-0001),"
        " and Rosa Quill referred them to the office: query Q-2026-0001."
    ) in told
    assert "Query Q-2026-0001 was answered: " in told.split("query Q-2026-0001.")[1]
    assert [word in told for word in ("Journal", "Not now.", "Q-2026-0002")] == [False, False, False]


def test_a_query_that_is_typed_twice_makes_one(office: Office):
    office.done(REFER)
    with office.nothing_happens():
        twice = office(REFER)
    other = office.done(f"{REFER} --purpose 'To see whether it holds'", f"{REFER} --again")
    office.done("withdraw-query Q-2026-0001", "withdraw-query Q-2026-0003")
    tomorrow = Office(office.folder, Clock(NOON + timedelta(days=1)))

    assert (twice.code, "query 'Q-2026-0001': says the very same of that day, and is open" in twice.err) == (2, True)
    assert other.lines[0] == "Q-2026-0003"
    assert office.done(REFER).lines[0] == "Q-2026-0004"
    assert tomorrow.done(REFER).lines[0] == "Q-2026-0005"


def test_who_asks_is_sealed_and_so_is_what_for(office: Office):
    office.done(f"{REFER} --purpose 'To see whether it holds'", f"receive-query --kind copy --by {IRA}")
    received: Any = [fact.event for fact in office.facts("query.received.v1")]

    assert [one.query for one in received] == ["Q-2026-0001", "Q-2026-0002"]
    assert office.opened(received[0].asker) == "The Journal of Learning"
    assert office.opened(received[0].purpose) == "To see whether it holds"
    assert (received[1].asker, received[1].by, received[1].asked) == (None, office.person(IRA), None)


def test_a_table_with_a_cell_of_three_is_sent_back_and_appears_when_it_was_passed(office: Office):
    office.put("small.csv", SMALL)
    office.put("table.csv", TABLE)
    looked = office("check-table {small.csv}")
    office.done(f"{NOTIFY} --table {{small.csv}}", f"{REVIEW} 'changes needed' --smallest-cell 3")
    refused = office("pass-publication B-2026-0001-1")
    office.done("ask-changes B-2026-0001-1 --reason 'A cell of three'")
    waits = [row["next"] for row in rows(office, "inbox") if "B-" in row["next"]]
    office.done(
        f"{NOTIFY} --publication B-2026-0001-1 --table {{table.csv}}",
        f"{REVIEW} fit-to-be-published --smallest-cell 41",
    )
    office.done("pass-publication B-2026-0001-1")
    office.done("record-publication B-2026-0001-1 --on 2026-11-21 --doi https://doi.org/10.1000/XYZ")
    office.done("receive-query --kind verify --asker 'A reader' --doi 10.1000/xyz")

    assert (looked.code, "row 3, column learners (course 6.002x, gender m): counts 3" in looked.out) == (3, True)
    assert refused.code == 3
    assert [line.split()[0] for line in refused.lines[1:3]] == ["publication-reviewed", "smallest-cell"]
    assert waits == ["change B-2026-0001-1"]
    assert [(row["state"], row["doi"], row["unreviewed"]) for row in rows(office, "publications")] == [
        ("appeared", "10.1000/xyz", False)
    ]
    (asked,) = rows(office, "queries --about https://doi.org/10.1000/XYZ")
    assert (asked["publication"], asked["request"]) == ("B-2026-0001-1", "R-2026-0001")
    assert rows(office, "queries --about B-2026-0001-1") == [asked]


def test_every_count_that_is_named_is_looked_at_and_what_was_taken_for_a_total_is_told(office: Office):
    office.put("wide.csv", b"country,m,f,all of them\nDE,12,*,25\n")
    counts = "check-table {wide.csv} --by country --count m --count f --count 'all of them'"
    untold, told = office(counts), office(f"{counts} --total 'all of them' --smallest 14")

    assert (untold.code, "taken for totals: none is called so, as" in untold.out) == (0, True)
    assert "--total LABEL says what is one" in untold.out
    assert (told.code, "taken for totals: all of them" in told.out) == (3, True), told
    assert "can be worked out: of the total in row 2 the others leave 13" in told.out


def test_what_its_tables_count_keeps_a_publication_from_being_passed_whatever_its_reviewer_typed_in(office: Office):
    office.put("records.csv", b"country,certified\n" + 12 * b"US,1\n")
    office.done(f"{NOTIFY} --table {{records.csv}}", f"{REVIEW} fit-to-be-published --smallest-cell 6")
    refused = office("pass-publication B-2026-0001-1")

    assert (refused.code, [line.split()[0] for line in refused.lines[1:2]]) == (3, ["smallest-cell"])
    assert "a cell of B-2026-0001-1 counts 1 only, and has to count 5" in refused.out
    assert office.done("verify --processes 1").out.startswith("All holds")


def test_a_table_that_cannot_be_looked_at_is_not_passed(office: Office):
    office.put("broken.csv", b"country,learners\nUS,41,7\n")
    office.done(f"{NOTIFY} --table {{broken.csv}}", f"{REVIEW} fit-to-be-published --smallest-cell 6")
    stopped = office("pass-publication B-2026-0001-1")

    assert stopped.code == 2
    assert "row 2 of 'B-2026-0001-1, table 1': has 3 cells" in stopped.err


def test_nobody_reviewed_a_publication_before_it_was_told_of(office: Office):
    office.done(f"{NOTIFY} --occurred-at 2026-11-10")
    early = office(f"{REVIEW} fit-to-be-published --smallest-cell 41 --on 2026-11-09")

    assert (early.code, "is before publication B-2026-0001-1 was told of, on 2026-11-10" in early.err) == (2, True)
    office.done(f"{REVIEW} fit-to-be-published --smallest-cell 41 --on 2026-11-10")


def test_queries_tell_who_asks_in_words_to_those_who_may_see_names(office: Office):
    office.done(REFER)

    assert {"Journal", "Learning"} <= set(office.done("queries").out.split())
    assert "Journal" not in office.done("queries --ids").out
    assert [row["asker"] for row in json.loads(office.done("queries --json").out)["rows"]] == [
        "The Journal of Learning"
    ]
    assert [row["asker"] for row in rows(office, "queries")] == [None]


def test_a_later_table_is_compared_with_those_that_were_passed(office: Office):
    office.put("table.csv", TABLE)
    office.put("later.csv", TABLE.replace(b"60", b"59"))
    office.done(f"{NOTIFY} --table {{table.csv}}", f"{REVIEW} fit-to-be-published --smallest-cell 41")
    before = office("check-table {later.csv} --against R-2026-0001")
    office.done("pass-publication B-2026-0001-1")
    after = [office("check-table {later.csv} --against", of) for of in ("R-2026-0001", "B-2026-0001-1")]

    assert (before.code, before.err) == (0, "")
    assert [one.code for one in after] == [3, 3]
    assert (
        "difference: row 3, column learners (course 6.002x, gender m): counts 59,"
        " and the table B-2026-0001-1, table 1 (row 3) 60: that tells of 1"
    ) in after[0].lines


def test_what_appeared_without_review_is_recorded_and_listed(office: Office):
    office.done("notify-publication R-2026-0001 --kind preprint --title 'Seen on the net'")
    office.done("record-publication B-2026-0001-1 --on 2026-11-01")

    (found,) = rows(office, "publications --unreviewed")
    late = office("pass-publication B-2026-0001-1")
    office.done("publish-policy --publication-reviewers 0")

    assert (found["publication"], found["state"], found["passed"], found["unreviewed"]) == (
        *("B-2026-0001-1", "appeared", None),
        True,
    )
    assert late.code == 3
    assert rows(office, "publications --unreviewed") == []


def test_what_appeared_without_review_is_a_finding_until_somebody_closes_it(office: Office):
    office.done("notify-publication R-2026-0001 --kind preprint --title 'Seen on the net'")
    office.done("record-publication B-2026-0001-1 --on 2026-11-01")
    (fact,) = office.facts("publication.recorded.v1")
    (found,) = rows(office, "findings --kind publication-without-review")
    to = f"deal with publication without review, entry {fact.position}"

    assert (found["position"], found["request"], found["since"]) == (fact.position, "R-2026-0001", "2026-11-01")
    assert to in {row["next"] for row in rows(office, "inbox")}
    office.done(f"assign-finding {fact.position} --to staff:1")
    assert [row["owner"] for row in rows(office, "findings")] == ["staff:1"]
    office.done(f"close-finding {fact.position} --reason 'It was retracted.'")
    assert rows(office, "findings") == []
    assert to not in {row["next"] for row in rows(office, "inbox")}


def test_what_was_known_of_a_query_on_another_day_can_be_asked(office: Office):
    office.done(f"{REFER} --occurred-at 2026-11-03", "answer-query Q-2026-0001 refused --answer no")

    def states(when: str) -> list[str]:
        return [row["state"] for row in rows(office, f"queries {when}")]

    assert [states(when) for when in ("", "--as-of 2026-11-02", "--as-of 2026-11-03", "--known-at 2026-11-20")] == [
        *(["refused"], [], ["open"], []),
    ]
    (waits,) = [
        row for row in rows(office, "inbox --as-of 2026-11-10") if row["who"] == "office" and row["state"] == "open"
    ]
    assert waits["working_days"] == 5


WRONG = [
    ("refer {nobody@example.edu} --kind copy --asker X", "nobody"),
    (f"refer {ROSA} --kind copy", "asker"),
    (f"refer {ROSA} --kind copy --asker X --by {IRA}", "asker"),
    (f"refer {ROSA} --kind copy --asker X --doi 11.1/x", "DOI"),
    (f"refer {ROSA} --kind copy --asker X --publication B-1", "B-1"),
    (f"refer {ROSA} --kind copy --asker X --dataset D-none", "D-none"),
    ("answer-query Q-2026-0009 refused --answer no", "Q-2026-0009"),
    ("answer-query Q-2026-0001 refused", "answer"),
    ("answer-query Q-2026-0001 share-it", "share-it"),
    ("answer-query Q-2026-0001 refused --answer no --request R-2026-0001", "R-2026-0001"),
    ("answer-query Q-2026-0001 own-request --request R-2026-0009", "R-2026-0009"),
    ("answer-query Q-2026-0001 refused --answer no --publication B-1", "B-1"),
    ("withdraw-query Q-2026-0002", "Q-2026-0002"),
    ("review-publication B-1 --reviewer x --result fit-to-be-published --smallest-cell 5", "B-1"),
    ("record-publication B-2026-0001-1 --on 2026-11-22", "2026-11-22"),
    (f"{REVIEW} fit-to-be-published --smallest-cell 0", "smallest-cell"),
    (f"{NOTIFY} --publication B-2026-0001-1", "B-2026-0001-1"),
    ("withdraw-publication B-none", "B-none"),
    ("publications --request R-2026-0009", "R-2026-0009"),
    ("check-table {pc.csv} --against R-2026-0009", "R-2026-0009"),
    ("check-table {pc.csv} --by nobody", "nobody"),
]


def test_what_makes_no_sense_is_told_and_changes_nothing(office: Office):
    office.done(REFER, NOTIFY)
    with office.nothing_happens():
        outcomes = [office(line) for line, _ in WRONG]

    assert [(one.code, one.out) for one in outcomes] == len(WRONG) * [(2, "")]
    assert [line for (line, names), one in zip(WRONG, outcomes, strict=True) if names not in one.err] == []


def test_a_query_is_withdrawn_once_and_a_publication_too(office: Office):
    office.done(REFER, NOTIFY, "withdraw-query Q-2026-0001 --reason 'Solved'", "withdraw-publication B-2026-0001-1")

    again = [office(line) for line in ("withdraw-query Q-2026-0001", "withdraw-publication B-2026-0001-1")]

    assert [one.code for one in again] == [2, 2]
    assert [row["state"] for row in (*rows(office, "queries"), *rows(office, "publications"))] == 2 * ["withdrawn"]


def test_of_two_answers_at_once_to_one_query_one_is_refused_or_conflicts(office: Office, kept_at):
    office.moved_to(kept_at)
    office.done(REFER)
    answers = ["refused --answer no", "office-verifies --answer 'It holds.'", "refused --answer never"]

    came = at_once(office, [f"answer-query Q-2026-0001 {answer}" for answer in answers])

    assert sorted(code for _, code in came) == [0, 3, 3]
    assert len(office.facts("query.answered.v1")) == 1
    refused: list[Any] = [fact.event for fact in office.facts("act.refused.v1")]
    assert {one.objections[0].wanting for one in refused} == {"an open query: it is answered"}


def test_queries_and_publications_that_come_in_at_once_get_numbers_of_their_own(office: Office, kept_at):
    office.moved_to(kept_at)
    asked = f"{REFER} --again"
    came = at_once(office, [asked, asked, NOTIFY, NOTIFY])

    assert [code for _, code in came] == [0, 0, 0, 0]
    assert sorted(out.split()[0] for out, _ in came) == [
        *("B-2026-0001-1", "B-2026-0001-2"),
        *("Q-2026-0001", "Q-2026-0002"),
    ]


def at_once(office: Office, lines: list[str]) -> list[tuple[str, int]]:
    """What these lines come to, each typed in a process of its own: what is printed, and the exit code."""
    running = [
        subprocess.Popen(
            [*STOPPED_PROGRAM, *office.words(line), "--home", str(office.home), "--actor", "staff:1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in lines
    ]
    return [(one.communicate(timeout=PATIENCE)[0], one.returncode) for one in running]


def test_a_recipient_says_no_more_than_that_they_refer_and_publish_themselves(office: Office):
    tom = office.person(TOM)
    office.done(f"grant-role web:tom researcher --from 2026-01-01 --person {TOM}")
    mine = f"refer {TOM} --kind copy --asker 'A friend'"

    with office.nothing_happens():
        refused = [office(line, actor="web:tom") for line in (REFER, NOTIFY, "answer-query Q-2026-0001 to-counsel")]
    allowed = [office(line, actor="web:tom") for line in (mine, NOTIFY.replace(ROSA, TOM))]

    assert [one.code for one in refused] == [3, 3, 2]
    assert [one.code for one in allowed] == [0, 0]
    assert [getattr(fact.event, "referred_by", tom) for fact in office.facts()[-2:]] == [tom, tom]
