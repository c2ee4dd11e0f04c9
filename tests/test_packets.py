"""What is found wrong, missing or pending in a packet: one thing at a time, and all at once."""

import pytest
from hypothesis import given

from api.packets import read_packet
from api.packets.form import Form
from tests.letters import EXAMPLES, LETTERS, pdf
from tests.packet_facts import AS_SHIPPED, TODAY, Folder, anything, broken_tables, fields_of, folder, found, steps, told
from tests.packet_pins import BOARDS, CHANGED, NO_ADDRESS, NO_RESEARCHER, TAKEN_AWAY

__all__ = ["folder"]


# The packets that ship.


@pytest.mark.parametrize("example", AS_SHIPPED)
def test_a_worked_packet_lacks_what_it_says_that_it_lacks(example):
    assert told(read_packet(EXAMPLES / example, TODAY).problems) == AS_SHIPPED[example]


@pytest.mark.parametrize("name", LETTERS)
def test_a_shipped_letter_is_what_draws_it(name):
    assert (EXAMPLES / name).read_bytes() == pdf(LETTERS[name])


@pytest.mark.parametrize("name", LETTERS)
def test_the_cross_references_of_a_shipped_letter_lead_to_its_objects(name):
    content = (EXAMPLES / name).read_bytes()

    start = int(content.split(b"startxref\n")[1].split()[0])
    table = content[start:].split(b"trailer")[0].split(b"\n")[3:-1]

    assert [content[int(row[:10]) :].split(b" ")[0] for row in table] == [b"%d" % n for n in range(1, len(table) + 1)]


def test_every_file_of_a_worked_packet_is_named_in_it():
    for example in AS_SHIPPED:
        packet = read_packet(EXAMPLES / example, TODAY)
        files = {str(file.relative_to(packet.folder)) for file in packet.folder.rglob("*") if file.is_file()}

        assert files == {"request.toml", *packet.documents, *([packet.key.name] if packet.key else [])}


def test_the_template_explains_every_field_and_says_nothing():
    text = (EXAMPLES.parent / "template" / "request.toml").read_text(encoding="utf-8")

    packet = read_packet(EXAMPLES.parent / "template", TODAY)

    assert [field for field in fields_of(Form) if not any(f"{field} =" in line for line in text.splitlines())] == []
    assert told(packet.of_kind("malformed")) == [f"malformed C1.6 people[1].email: {NO_ADDRESS}", NO_RESEARCHER][::-1]
    assert {problem.what for problem in packet.of_kind("missing")} >= {"is missing"}


# One thing missing or wrong at a time.


@pytest.mark.parametrize(
    ("example", "field", "said"),
    [
        pytest.param(example, field, said, id=f"{example}, {field}")
        for example, rows in TAKEN_AWAY.items()
        for field, said in rows.items()
    ],
)
def test_what_is_taken_away_is_missing(example, field, said, tmp_path):
    folder = Folder(tmp_path / "packet", example)

    folder.put(field)

    said = [f"missing {said}: is missing"] if isinstance(said, str) else said
    assert folder.problems() == sorted([*AS_SHIPPED[example], *found(field, *said)])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [pytest.param(*row, id=f"{number}, {row[0]}") for number, row in enumerate(CHANGED)],
)
def test_what_cannot_be_so_is_named(field, value, said, folder):
    folder.put(field, value)

    assert folder.problems() == found(field, *said)


@pytest.mark.parametrize(
    ("example", "field", "value", "settled", "said"),
    [pytest.param(*row, id=f"{number}, {row[1]}") for number, row in enumerate(BOARDS)],
)
def test_boards_are_asked_for_person_by_person(example, field, value, settled, said, tmp_path):
    folder = Folder(tmp_path / "packet", example)

    folder.put(field, value)

    assert folder.problems() == sorted({*AS_SHIPPED[example], *found(field, *said)} - set(settled))


def test_a_list_may_have_sixty_entries(folder):
    folder.put("ethics[1].covers", 60 * ["rosa.quill@example.edu"])

    assert [problem.field for problem in folder.read().problems if "entries" in problem.what] == []


def test_every_field_of_the_form_is_taken_away_once_and_is_wrong_once():
    taken_away = {steps(field)[-1] for rows in TAKEN_AWAY.values() for field in rows}
    wrong = {step for field, _, said in CHANGED if said for step in steps(field)}

    assert fields_of(Form) - taken_away == set()
    assert fields_of(Form) - wrong == {"id", "form"} - wrong


def test_a_data_set_that_is_not_in_the_catalogue_is_named(folder):
    assert told(folder.read(catalogue={"D-6.002x-pc"}).problems) == []
    assert told(folder.read(catalogue={"D-other"}).problems) == [
        'malformed - data_sets[1].id: "D-6.002x-pc" is not in the catalogue'
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x-1_Y", "x-1_Y"),
        ("", '""'),
        ("a b", '"a b"'),
        ("ü", '"ü"'),
        ("\x1b[2J", r'"\x1b[2J"'),
        (60 * "x", 60 * "x"),
        (61 * "x", f'"{57 * "x"}..."'),
    ],
)
def test_a_name_that_could_mislead_is_quoted(name, told, folder):
    folder.write(folder.table() | {name: 1})

    assert [problem.field for problem in folder.read().problems] == [told]


def test_one_request_names_no_more_than_an_entry_can_hold(folder):
    people = [{"email": f"p{number}@example.edu", "part": "none", "name": "P"} for number in range(54)]
    table = folder.table()
    table["people"] += people
    folder.write(table)
    assert folder.problems() == []

    table["people"] += [{"email": "one.more@example.edu", "part": "none", "name": "P"}]
    folder.write(table)
    assert folder.problems() == ["malformed - people: and data sets are 59 together, and one request can name 58"]


# All at once.


def test_everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_file(folder):
    folder.edit("student = false", 'student = "no"\nteacher = true')
    folder.edit('by = "Two members', '# by = "Two members')
    folder.edit('form = "identified"', 'form = ""')
    folder.edit("citi_completed = 2025-08-18", "citi_completed = 2027-01-01")
    folder.edit('citi_document = "citi-abara.pdf"', 'citi_document = "/etc/passwd"')
    folder.edit('covers = ["rosa.quill@example.edu", "tom.abara@example.edu"]', 'covers = ["rosa.quill@example.edu"]')
    folder.edit('outcome = "exempt"', "")
    folder.edit("[contact]", "[contacts]")

    fields = "person, student, faculty_sponsor, heads_department"
    assert [str(problem) for problem in folder.read().problems] == [
        'request.toml:9 researcher.student: has to be true or false, without quotes, not "no"',
        f"request.toml:10 researcher.teacher: is not known here; known here are {fields}",
        "request.toml:18 peer_review.by: C1.2: is missing",
        "request.toml:31 data_sets[1].form: C1.3: is missing",
        "request.toml:44 people[1].citi_completed: 2027-01-01 is in the future",
        "request.toml:48 people[2]: C1.4: no determination of the home institution's board covers them",
        'request.toml:56 people[2].citi_document: C1.6: "/etc/passwd" lies outside the packet\'s folder',
        "request.toml:65 ethics[1].outcome: C1.4: is missing",
        "request.toml:85 contacts: is not known here; did you mean contact?",
        "request.toml contact.key_file: C3: is missing",
        "request.toml contact.person: C3: is missing",
    ]


# Anything at all.


@pytest.mark.campaign
@anything(200, full=20_000)
@given(broken_tables())
def test_whatever_stands_in_a_request_problems_are_told_in_order_and_nothing_is_raised(folder, table):
    folder.write(table)

    problems = folder.read().problems

    lines = folder.request.read_text(encoding="utf-8").count("\n") + 1
    told_lines = [problem.line for problem in problems if problem.line is not None]
    assert told_lines == sorted(told_lines)
    assert all(1 <= line <= lines for line in told_lines)
    assert len(set(problems)) == len(problems)
    assert all(problem.item for problem in problems if problem.kind != "malformed")
    assert all(str(problem).isprintable() for problem in problems)
