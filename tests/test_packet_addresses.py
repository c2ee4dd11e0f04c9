"""An e-mail address in a packet has letters of every language, and nothing that nobody sees."""

import re
import unicodedata
from typing import get_args

import pytest

from api.packets.form import Address
from tests.packet_facts import folder
from tests.packet_pins import ADDRESS

__all__ = ["folder"]

ADDRESSES = [
    "zoë@example.edu",
    "zoe\u0308@example.edu",
    "ana@bücher.example",
    "用户@例子.广告",
    "अजय@डाटा.भारत",
    "квіточка@пошта.укр",
    "θσερ@εχαμπλε.ψομ",
    "o'neil+mitx@xn--bcher-kva.example",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_an_address_may_have_letters_of_every_language(address, folder):
    folder.put("people[3].email", address)
    folder.put("head_approval.by", address.upper())

    assert folder.problems() == []


@pytest.mark.parametrize(
    "address",
    [
        "zo ë@x.de",
        "zoë@x",
        "zoë@@x.de",
        "zoë@ü..de",
        "zoë@ü_.de",
        "zoë@.de",
        "@ü.de",
        "zoë",
        '"zoë"@x.de',
        "<zoë@x.de>",
    ],
)
def test_letters_of_every_language_do_not_make_an_address(address, folder):
    folder.put("people[3].email", address)

    assert f'malformed - people[3].email: {ADDRESS}, not "{address}"' in folder.problems()


NOT_SEEN = {"Cc", "Co", "Cs", "Zl", "Zp", "Zs"}
TURNS_WRITING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS_OF_DIRECTION = {"\u061c", "\u200e", "\u200f"}
LEAVE_NO_TRACE = {"\xad", "\u034f", "\u200b", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\U000e0041", "\u115f", "\u3164"}


def test_what_nobody_sees_and_what_turns_writing_around_is_in_no_address():
    unseen = {
        letter
        for letter in map(chr, range(0x110000))
        if unicodedata.category(letter) in NOT_SEEN or unicodedata.bidirectional(letter) in TURNS_WRITING
    }
    _, meta = get_args(Address)
    is_address = re.compile(meta.pattern).search

    for letter in unseen | MARKS_OF_DIRECTION | LEAVE_NO_TRACE:
        assert not is_address(f"a{letter}b@example.edu"), ascii(letter)
        assert not is_address(f"ab@ex{letter}ample.edu"), ascii(letter)
