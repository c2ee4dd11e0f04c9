"""Which rules judge which act. `VERSION` is raised whenever a rule would answer differently."""

from datetime import datetime

from projections.acts import Act, ApproveRequest, DeclineRequest
from projections.rules import (
    data_and_group,
    funding_and_review,
    home_ethics,
    law_determined,
    nobody_suspended,
    open_request,
    outside_ethics,
    purpose_described,
    researcher_known,
    separate_duties,
    student_sponsored,
)
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

VERSION = 1

RULEBOOK: dict[type[Act], tuple[Rule[Act], ...]] = {
    ApproveRequest: (
        open_request.RULE,
        researcher_known.RULE,
        student_sponsored.RULE,
        funding_and_review.RULE,
        data_and_group.RULE,
        home_ethics.RULE,
        outside_ethics.RULE,
        purpose_described.RULE,
        law_determined.RULE,
        nobody_suspended.RULE,
        separate_duties.RULE,
    ),
    DeclineRequest: (open_request.RULE, separate_duties.RULE),
}


def judge(act: Act, standing: Standing, at: datetime) -> list[Objection]:
    """Everything that the rules hold against an act at a time; nothing, when it may be done."""
    return [objection for rule in RULEBOOK[type(act)] for objection in rule.judge(act, standing, at)]


def rule(id_: str) -> Rule[Act]:
    """The rule with this id. Raises `KeyError`."""
    return {rule.id: rule for rules in RULEBOOK.values() for rule in rules}[id_]
