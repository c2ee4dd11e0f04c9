"""How notices are sent stands in a file: what makes no sense in it is turned away by name."""

from pathlib import Path

import pytest

import api.notices
from api.notices.settings import SHOWN_BY, settings_in
from ledger.errors import Malformed
from tests.command_line import dua_ledger
from tests.noticing import Place, place

__all__ = ["place"]


@pytest.mark.parametrize(
    "text",
    [
        "[email",
        "[email]\nserver = 1",
        "[email]\nsince = 2026-11-21",
        "[mail]",
        '[email]\nsince = 2026-11-21\nserver = "x"\nfrom = "nobody"\noffice = "ir@example.edu"',
        '[email]\nsince = 2026-11-21\nserver = "x"\nfrom = "ir@example.edu"\noffice = "a@example.edu, b@example.edu"',
        '[[webhook]]\nname = "x"\nsince = 2026-11-21\nurl = "ftp://x"\nkey_file = "k"',
        2 * '[[webhook]]\nname = "x"\nsince = 2026-11-21\nurl = "http://x"\nkey_file = "k"\n',
    ],
)
def test_settings_that_make_no_sense_are_turned_away_by_name(place: Place, text: str):
    (place.home.path / "notices.toml").write_text(text)
    with pytest.raises(Malformed, match=r"^notices\.toml"):
        settings_in(place.home.path)


def test_the_example_of_settings_is_one_that_can_be_used(place: Place):
    example = Path(api.notices.__file__).with_name("example.toml")
    (place.home.path / "notices.toml").write_bytes(example.read_bytes())
    found = settings_in(place.home.path)

    assert found.email is not None
    assert (found.email.security, [one.kinds for one in found.webhook]) == ("starttls", [("finding",)])
    assert f"{example.parent.name}/{example.name}" in SHOWN_BY


def test_without_settings_nothing_is_sent_and_it_is_said_why(place: Place):
    outcome = dua_ledger("send", home=place.home.path, clock=place.clock)
    assert (outcome.code, "notices.toml: is not there" in outcome.err) == (1, True)
