"""K2: whoever asks for data is not sent back to the recipient as if they had asked about something else."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AnswerQuery
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[AnswerQuery]("about-data", "K2", "what is asked of data is not passed off as a matter of methods")

# To verify and to replicate are requests for data, as the agreement has it.
FOR_DATA = ("pass on", "copy", "verify", "replicate")


@RULE.objects
def asked_for_data(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """The author may answer for methods and code, also where the question names data sets."""
    del day
    received = standing.query(act.query).received
    if act.outcome != "not about data" or received is None:
        return
    said = received.event
    if said.kind in FOR_DATA or (said.kind == "other" and said.datasets):
        yield RULE.objection(f"an answer for data: it asks to {said.kind}", act.query, [received.position])
