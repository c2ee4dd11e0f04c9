"""What an act or a command leaves to each kind of it, each kind says."""

from inspect import isabstract

import msgspec
import pytest

from api.commands import Command
from api.http.table import ROUTES
from projections import acts
from projections.acts import Act, ApproveRequest, Ending, Releasing
from tests.facts import REQUEST
from tests.office_facts import THE_DIRECTOR


class Nothing(Act, frozen=True, kw_only=True, tag="do-nothing"):
    """Does not say what it becomes."""


class Something(Ending, frozen=True, kw_only=True, tag="end-something"):
    """Does not say what it ends, nor what it becomes."""


class Anywhere(Releasing, frozen=True, kw_only=True, tag="release-anywhere"):
    """Says neither what goes out, nor by which way, nor what it becomes."""


class Mute(Command, frozen=True, kw_only=True):
    """Does not say what it comes to."""


LACKING: dict[type[msgspec.Struct], tuple[str, ...]] = {
    Nothing: ("done",),
    Something: ("done", "held"),
    Anywhere: ("by", "chosen", "done"),
    Mute: ("draft",),
}


@pytest.mark.parametrize("kind", LACKING)
def test_what_does_not_say_all_that_is_left_to_it_cannot_be_made(kind):
    members = {"principal": THE_DIRECTOR, "request": REQUEST, "release": "L-2026-0001-1"}
    given = {member: members[member] for member in kind.__struct_fields__}

    with pytest.raises(TypeError, match=rf"abstract class {kind.__name__} .* {', '.join(map(repr, LACKING[kind]))}$"):
        kind(**given)


def test_what_says_it_is_made():
    class Everything(Nothing, frozen=True, kw_only=True, tag="do-everything"):
        done = ApproveRequest.done

    assert Everything(principal=THE_DIRECTOR, request=REQUEST).name == "do-everything"


def test_every_act_and_command_that_is_read_from_bytes_says_it():
    # What is read is made without being asked for it.
    read = [*acts.AnyAct.__args__, *(route.reading.command for route in ROUTES if route.reading)]

    assert [kind for kind in read if isabstract(kind)] == []
