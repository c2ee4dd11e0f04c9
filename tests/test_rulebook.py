"""The rulebook is whole: every rule and act stands in it as it was pinned, in a file of its own, and is tested."""

import ast
import importlib
import pkgutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import projections.rules
from projections import acts
from projections.acts import Act, act_from, as_command
from projections.rules.rule import Objection, Rule
from projections.rules.rulebook import RULEBOOK, rule
from tests.facts import ANA
from tests.rulebook_pins import EVERY_ACT, PINNED, PINNED_ACTS

NO_RULES = {"rule", "rulebook", "ethics"}  # what else is in the package
SOURCES = {
    "C1",
    "C1.1",
    "C1.2",
    "C1.3",
    "C1.4",
    "C1.5",
    "C1.6",
    "C1.7",
    "C2",
    "C3",
    "K1",
    "K2",
    "K3",
    "S1",
    "S2",
    "S3",
    "policy",
    "34 CFR 99.32",
}

RULE_MODULES = sorted({module.name for module in pkgutil.iter_modules(projections.rules.__path__)} - NO_RULES)
every_rule_file = pytest.mark.parametrize("name", RULE_MODULES)


def rule_in(name: str) -> tuple[Rule[Any], str]:
    """The rule in a file, and the first words of that file."""
    module = importlib.import_module(f"projections.rules.{name}")
    found: Rule[Any] = module.RULE
    return found, module.__doc__ or ""


def all_rules() -> dict[str, Rule[Any]]:
    return {one.id: one for rules in RULEBOOK.values() for one in rules}


def test_every_rule_has_the_id_the_source_and_the_sentence_that_were_pinned():
    assert [(one.id, one.source, one.sentence, one.waivable) for one in all_rules().values()] == PINNED


def test_every_act_is_judged_by_the_rules_that_were_pinned():
    assert {act_name(act): [one.id for one in rules] for act, rules in RULEBOOK.items()} == PINNED_ACTS


def act_name(act: type[Act]) -> str:
    return str(act.__struct_config__.tag)


def test_every_act_that_can_be_read_back_has_rules_and_roles():
    declared = {act for act in vars(acts).values() if isinstance(act, type) and issubclass(act, Act)}

    assert set(RULEBOOK) == declared - {Act, acts.Releasing, acts.Ending} == set(acts.AnyAct.__args__)
    assert all(RULEBOOK[act] and act.roles for act in RULEBOOK)


@pytest.mark.parametrize("act", EVERY_ACT, ids=lambda act: act.name + sha256(repr(act).encode()).hexdigest()[:4])
def test_an_act_is_read_back_from_a_judgement_as_it_was(act):
    assert act_from(as_command(act)) == act


@pytest.mark.parametrize("act", EVERY_ACT, ids=lambda act: act.name + sha256(repr(act).encode()).hexdigest()[:4])
def test_what_is_known_for_an_act_is_found_by_an_equal_one(act):
    assert hash(act_from(as_command(act))) == hash(act)


def test_what_can_be_waived_does_not_change_within_a_day():
    assert {one.id for one in all_rules().values() if one.at_time} == {"key-usable"}
    assert not any(one.waivable and one.at_time for one in all_rules().values())


@every_rule_file
def test_every_file_holds_one_rule_that_is_in_the_rulebook(name):
    found, _ = rule_in(name)

    assert rule(found.id) is found
    assert [one.id for one in all_rules().values()].count(found.id) == 1


def test_every_rule_has_a_file_of_its_own():
    assert {rule_in(name)[0].id for name in RULE_MODULES} == set(all_rules())
    assert len(RULE_MODULES) == len(all_rules())


@every_rule_file
def test_a_file_begins_with_the_source_of_its_rule_and_says_it_in_one_sentence(name):
    found, said = rule_in(name)
    source, _, sentence = said.partition(": ")

    assert source.casefold() == found.source.casefold()
    assert set(found.source.split(", ")) <= SOURCES
    assert sentence.endswith(".")
    assert sentence.count(".") - sentence.count("C1.") == 1
    assert "\n" not in said


@every_rule_file
def test_every_rule_is_seen_to_object_in_the_tests_of_the_rules(name):
    files = sorted(Path(__file__).parent.glob("test_rules*.py"))

    assert rule_in(name)[0].id in {word for file in files for word in words_in(file, "refused")}


def words_in(file: Path, function: str) -> list[str]:
    """The first word in each call of a function in a file."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    return [
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == function and isinstance(call.args[0], ast.Constant)
    ]


def test_a_rule_is_found_by_its_id_alone():
    assert rule("couhes").sentence == "researchers of the home institution have its board's approval or exemption"
    with pytest.raises(KeyError):
        rule("no-such-rule")


def test_an_objection_names_each_fact_once_in_order_and_leaves_out_what_is_not_there():
    assert rule("couhes").objection("a board", ANA, [5, None, 3, 5, 0]) == Objection("couhes", ANA, "a board", (3, 5))
