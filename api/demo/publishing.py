"""What is asked and published of the data: a journal that wants them passed on, and a table with a small cell."""

from datetime import timedelta

from api.demo.stage import AMAL, DIRECTOR, FORUM, HANNA, PAT, Stage, chapter, say

PAPER = "10.5555/collective.2027.17"
JOURNAL = "The editors of Measured Teaching"
# How many learners who wrote so much in the forum passed or left: in the first table, three of them stand alone.
SMALL = """\
posts,outcome,learners
none,passed,412
none,left,2310
1 to 9,passed,655
1 to 9,left,97
10 or more,passed,88
10 or more,left,3
"""
LARGE = """\
posts,outcome,learners
none,passed,412
none,left,2310
any,passed,743
any,left,100
"""


def a_journal_asks(stage: Stage) -> None:
    """A recipient refers, and the office answers with an aggregate."""
    chapter("A journal asks for the data")
    say(
        "The editors of a journal want to check a figure, and ask Amal to send them the forum. She may not pass it on: "
        "in one step she refers them to the office, where they wait among the queries."
    )
    stage.noon_of(stage.today + timedelta(days=5))
    about = f"--kind pass-on --request {stage.request} --dataset {FORUM} --doi {PAPER}"
    stage.run(f"refer {AMAL} --asker '{JOURNAL}' {about} --purpose 'to check the second figure of the paper'")
    stage.run("queries --open")
    say("Ira looks herself, has her table checked, and answers with it. The data stay where they are.")
    aggregate = stage.file("aggregate.csv", LARGE)
    query = f"Q-{stage.today.year}-0001"
    stage.run(f"check-table {aggregate}")
    answer = f"--smallest-cell 100 --file {aggregate} --answer 'The figure holds; the counts are enclosed.'"
    stage.run(f"answer-query {query} office-verifies {answer}", DIRECTOR)
    say("Whoever is asked about the same paper again finds what was said.")
    stage.run(f"queries --about {PAPER}")


def a_table_is_sent_back(stage: Stage) -> None:
    """A cell of 3, and the better table."""
    chapter("A table is sent back, and a better one passes")
    say("Hanna sends the paper's table before it is printed. In one cell there are three learners.")
    small = stage.file("table.csv", SMALL)
    paper = f"--kind article --title 'Who writes, stays' --told-by {HANNA} --author {HANNA} --author {AMAL}"
    stage.run(f"check-table {small}")
    stage.run(f"notify-publication {stage.request} {paper} --table {small}")
    publication = f"B{stage.request[1:]}-1"
    review = f"review-publication {publication} --reviewer {PAT} --result"
    stage.run(f"{review} changes-needed --smallest-cell 3")
    stage.run(f"ask-changes {publication} --reason 'three learners stand alone in the last row'", DIRECTOR)
    say("She puts the groups together.")
    large = stage.file("table-again.csv", LARGE)
    stage.run(f"check-table {large} --against {stage.request}")
    stage.run(f"notify-publication {stage.request} {paper} --publication {publication} --table {large}")
    stage.run(f"{review} fit-to-be-published --smallest-cell 100")
    stage.run(f"pass-publication {publication}", DIRECTOR)
    stage.run(f"record-publication {publication} --on {stage.today} --doi {PAPER}")
