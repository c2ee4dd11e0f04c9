"""People are found by their addresses and organisations by their names, by whoever holds the keys and nobody else."""

import hmac
import os
import random
import unicodedata
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.custody import LOOKUP_KEY, Custody, Erasure, Findable, caseless
from ledger.errors import Damaged, LedgerError, Malformed, Tampered
from tests.custody_facts import ANA, BEN, OVER_BOTH, Folder
from tests.stores import CAMPAIGN

MIT = "organisation:O-mit"
ADDRESS = "ana@example.edu"
texts = st.text(st.characters(exclude_categories=["Cs"]))


def register(custody: Custody, subject: str, **details: str) -> dict[str, str]:
    return custody.seal(subject, "organisation.registered" if subject == MIT else "person.registered", details)


def found(custody: Custody, text: str = ADDRESS, kind: Findable = "person") -> list[str]:
    return [one.subject for one in custody.find(kind, text)]


def marks(folder: Folder) -> list[tuple[object, ...]]:
    return folder.run("keys.db", "SELECT mark FROM salts WHERE mark IS NOT NULL")


# Found.


@OVER_BOTH
def test_a_person_is_found_by_their_address(custody: Custody):
    sealed = register(custody, ANA, name="Ana", email=ADDRESS)
    register(custody, BEN, name="Ben", email="ben@example.edu")

    (one,) = custody.find("person", ADDRESS)

    assert (one.commitment, one.subject, one.purpose) == (sealed["email"], ANA, "person.registered/email")


def test_an_organisation_is_found_by_its_name(custody: Custody):
    register(custody, MIT, name="Massachusetts Institute of Technology")

    assert found(custody, "massachusetts  institute of TECHNOLOGY", "organisation") == [MIT]


def test_what_is_sealed_is_still_found_when_custody_is_opened_again(folder: Folder):
    with folder.create() as custody:
        register(custody, ANA, email=ADDRESS)

    with folder.open() as custody:
        assert found(custody) == [ANA]


def test_nobody_is_found_by_anything_else(custody: Custody):
    register(custody, ANA, name="Ana", email=ADDRESS, phone="+1 617 253 1000", note=ADDRESS)
    register(custody, MIT, name="MIT", email="ir@example.edu")
    custody.seal("request:R-2026-0001", "request.submitted", {"email": "x@example.edu", "name": "x"})

    assert [found(custody, text) for text in ("Ana", "+1 617 253 1000", "", "MIT", "x@example.edu")] == [[]] * 5
    assert [found(custody, text, "organisation") for text in ("ir@example.edu", "Ana", ADDRESS, "x")] == [[]] * 4
    assert len(found(custody)) == 1


@OVER_BOTH
def test_several_with_one_address_are_all_found(custody: Custody):
    register(custody, ANA, email=ADDRESS)
    register(custody, BEN, email=ADDRESS.upper())

    assert sorted(found(custody)) == [ANA, BEN]


def test_a_former_address_goes_on_finding_its_person(custody: Custody):
    register(custody, ANA, email=ADDRESS)
    register(custody, ANA, email="ana@elsewhere.example")

    assert (found(custody), found(custody, "ana@elsewhere.example")) == ([ANA], [ANA])


# The same address.


@pytest.mark.parametrize(
    "other",
    ["ZOË@EXAMPLE.EDU", "zoe\u0308@example.edu", "ZOE\u0308@Example.Edu", " zoë@example.edu "],
    ids=["in capitals", "put together otherwise", "both", "between blanks"],
)
def test_an_address_written_otherwise_is_the_same(custody: Custody, other: str):
    register(custody, ANA, email="zoë@example.edu")

    assert found(custody, other) == [ANA]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zoë@example.edu", "zoe@example.edu"),
        ("ﬁn@example.edu", "ﬀn@example.edu"),
        ("x²@example.edu", "x2@example.edu"),
        ("\uff41na@example.edu", "ana@example.edu"),
        ("\u0430na@example.edu", "ana@example.edu"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
    ],
    ids=ascii,
)
def test_an_address_that_only_looks_alike_is_another(custody: Custody, one: str, other: str):
    register(custody, ANA, email=one)

    assert found(custody, other) == []


@given(texts)
def test_what_is_caseless_is_so_already(text: str):
    assert caseless(caseless(text)) == caseless(text)


@given(texts, st.sampled_from(["NFC", "NFD"]))
def test_how_letters_are_put_together_makes_no_difference(text: str, form):
    assert caseless(unicodedata.normalize(form, text)) == caseless(text)


# By whom.


def test_a_mark_is_what_the_format_says(custody: Custody, folder: Folder):
    register(custody, ANA, email="Zoë@Example.edu")

    message = b"person\n" + "zoë@example.edu".encode()
    assert marks(folder) == [(hmac.digest(custody.secret(LOOKUP_KEY), message, "sha256"),)]


def test_without_the_key_store_there_is_nothing_to_try_addresses_on(custody: Custody, folder: Folder):
    """The mark is in the key store alone, and tells nothing without a secret that is wrapped there."""
    register(custody, ANA, email=ADDRESS)
    (mark,) = (one for (one,) in marks(folder) if isinstance(one, bytes))
    public = [b"", b"lookup", bytes(32), (folder.path / "keys.db").read_bytes()[:32]]
    message = f"person\n{ADDRESS}".encode()

    assert [file.name for file, content in folder.contents().items() if mark in content] == ["keys.db"]
    assert mark not in {hmac.digest(key, message, "sha256") for key in public} | {sha256(message).digest()}
    assert not any(custody.secret(LOOKUP_KEY) in content for content in folder.contents().values())


def test_the_same_address_has_another_mark_in_another_ledger(tmp_path: Path):
    there = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with Folder(tmp_path / name).create() as custody:
            register(custody, ANA, email=ADDRESS)
            there += marks(Folder(tmp_path / name))

    assert len(set(there)) == 2


def test_a_person_and_an_organisation_of_one_name_have_different_marks(custody: Custody, folder: Folder):
    register(custody, ANA, email="MIT")
    register(custody, MIT, name="MIT")

    assert len(set(marks(folder))) == 2


def test_what_no_text_can_be_is_found_by_nobody_and_not_shown(custody: Custody):
    with pytest.raises(Malformed) as refusal:
        custody.find("person", "ana\ud800@example.edu")

    assert "ana" not in str(refusal.value)


# Erased.


@pytest.mark.parametrize(
    ("members", "erased"),
    [(None, Erasure(salts=3, keys=1, values=3)), ({"email"}, Erasure(salts=2, values=2))],
    ids=["everything", "only the address"],
)
def test_whose_address_is_erased_is_found_by_it_no_more_and_no_file_has_its_mark(
    custody: Custody, folder: Folder, members: set[str] | None, erased: Erasure
):
    register(custody, ANA, name="Ana", email=ADDRESS)
    register(custody, ANA, email="ana@elsewhere.example")
    gone = [mark for (mark,) in marks(folder) if isinstance(mark, bytes)]
    register(custody, BEN, name="Ben", email="ben@example.edu")
    assert folder.found(gone) == gone

    assert custody.erase(ANA, members) == erased

    assert folder.found(gone) == []
    assert [found(custody, text) for text in (ADDRESS, "ana@elsewhere.example", "ben@example.edu")] == [[], [], [BEN]]


def test_erasing_something_else_leaves_a_person_to_be_found(custody: Custody):
    register(custody, ANA, name="Ana", email=ADDRESS)

    custody.erase(ANA, {"name"})

    assert found(custody) == [ANA]


@OVER_BOTH
def test_somebody_erased_who_comes_back_is_found_again(custody: Custody):
    register(custody, ANA, email=ADDRESS)
    custody.erase(ANA)
    sealed = register(custody, ANA, email=ADDRESS)

    assert [one.commitment for one in custody.find("person", ADDRESS)] == [sealed["email"]]


@OVER_BOTH
def test_what_is_swept_is_found_no_more(custody: Custody):
    register(custody, ANA, email=ADDRESS)

    custody.sweep(lambda commitment: False, custody.find("person", ADDRESS)[0].created_at.replace(year=2027))

    assert found(custody) == []


@pytest.mark.parametrize(
    ("database", "statement"),
    [("custody.db", "DELETE FROM sealed"), ("keys.db", "DELETE FROM subject_keys")],
    ids=["no box", "no key"],
)
def test_what_a_crash_left_half_sealed_or_half_erased_is_not_found(
    custody: Custody, folder: Folder, database: str, statement: str
):
    register(custody, ANA, email=ADDRESS)
    folder.run(database, statement)

    assert found(custody) == []


# Altered.


ALTERATIONS = {
    "the marks change places": """
        UPDATE salts SET mark = (SELECT mark FROM salts other WHERE other.mark IS NOT NULL AND other.mark != salts.mark)
        WHERE mark IS NOT NULL
    """,
    "one has another's mark": "UPDATE salts SET mark = (SELECT max(mark) FROM salts) WHERE mark IS NOT NULL",
    "a name has the mark of an address": """
        UPDATE salts SET mark = (SELECT mark FROM salts other WHERE other.subject = 'person:p-ana' AND mark IS NOT NULL)
        WHERE subject = 'person:p-ben' AND purpose LIKE '%/name'
    """,
    "the subjects change places": """
        UPDATE salts SET subject = CASE subject WHEN 'person:p-ana' THEN 'person:p-ben' ELSE 'person:p-ana' END
    """,
    "no marks": "UPDATE salts SET mark = NULL",
    "blank marks": "UPDATE salts SET mark = x''",
}


@pytest.mark.parametrize("statement", ALTERATIONS.values(), ids=ALTERATIONS)
def test_an_altered_mark_leads_to_an_error_or_to_nobody_and_never_to_somebody_else(folder: Folder, statement: str):
    with folder.create() as custody:
        sealed = [
            register(custody, subject, name=name, email=f"{name}@example.edu")
            for subject, name in ((ANA, "ana"), (BEN, "ben"))
        ]
    folder.run("keys.db", statement)

    with folder.open() as custody:
        for name, subject in (("ana", ANA), ("ben", BEN)):
            assert outcome(custody, f"{name}@example.edu") in ([], [subject], "Tampered")
        unreadable = [one for details in sealed for one in details.values() if not opens(custody, one)]
    assert unreadable, "and what was altered is found where it stands"


def outcome(custody: Custody, address: str) -> list[str] | str:
    try:
        return found(custody, address)
    except LedgerError as error:
        return type(error).__name__


def opens(custody: Custody, commitment: str) -> bool:
    try:
        custody.unseal(commitment)
    except Tampered:
        return False
    return True


def test_an_index_that_leads_to_somebody_else_is_an_error(folder: Folder):
    """The table stays as it is, so each address opens; only the index beside it is altered."""
    with folder.create() as custody:
        one = bytes.fromhex(register(custody, ANA, email="ana@example.edu")["email"])
        other = bytes.fromhex(register(custody, BEN, email="ben@example.edu")["email"])
    aside = bytes(range(32))
    in_the_index(folder, {one: aside, other: one, aside: other})

    with folder.open() as custody:
        assert [outcome(custody, f"{name}@example.edu") for name in ("ana", "ben")] == ["Tampered", "Tampered"]
        with pytest.raises(Damaged, match=r"keys\.db"):
            custody.check_files()


def test_an_index_that_leads_nowhere_is_damage(folder: Folder):
    with folder.create() as custody:
        register(custody, ANA, email=ADDRESS)
        custody.check_files()
    ((mark,),) = marks(folder)
    assert isinstance(mark, bytes)
    in_the_index(folder, {mark: bytes(32)})

    with folder.open() as custody:
        assert found(custody) == []
        with pytest.raises(Damaged, match=r"keys\.db"):
            custody.check_files()


def in_the_index(folder: Folder, changes: dict[bytes, bytes]) -> None:
    """Replace bytes in the page of the index, one after the other."""
    ((number,),) = folder.run("keys.db", "SELECT rootpage FROM sqlite_schema WHERE name = 'marks'")
    ((size,),) = folder.run("keys.db", "PRAGMA page_size")
    assert isinstance(number, int)
    assert isinstance(size, int)
    page = slice((number - 1) * size, number * size)
    content = bytearray((folder.path / "keys.db").read_bytes())
    for old, new in changes.items():
        assert old in content[page]
        content[page] = content[page].replace(old, new)
    (folder.path / "keys.db").write_bytes(content)


@pytest.mark.campaign
@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_no_flipped_bit_makes_somebody_somebody_else(folder: Folder, database: str):
    people = {f"{name}@example.edu": f"person:p-{name}" for name in ("ana", "ben", "eva")}
    with folder.create() as custody:
        for address, subject in people.items():
            register(custody, subject, email=address)
    pristine = (folder.path / database).read_bytes()
    dice = random.Random(os.environ.get("SEED", "lookup"))
    for bit in dice.sample(range(8 * len(pristine)), 20_000 if CAMPAIGN else 300):
        flipped = bytearray(pristine)
        flipped[bit // 8] ^= 1 << bit % 8
        (folder.path / database).write_bytes(flipped)
        with suppress(LedgerError), folder.open() as custody:
            for address, subject in people.items():
                with suppress(LedgerError):
                    assert found(custody, address) in ([], [subject]), bit
        (folder.path / database).write_bytes(pristine)


def test_without_its_secret_nobody_is_found_and_nothing_findable_is_sealed(custody: Custody, folder: Folder):
    register(custody, ANA, email=ADDRESS)
    folder.run("keys.db", f"DELETE FROM secrets WHERE name = '{LOOKUP_KEY}'")
    before = folder.contents()

    with folder.open() as reopened:
        for refused in (lambda: found(reopened), lambda: register(reopened, BEN, email="ben@example.edu")):
            with pytest.raises(Tampered, match=LOOKUP_KEY):
                refused()

    assert folder.contents() == before
