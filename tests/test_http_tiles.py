"""Tiles over HTTP: the same bytes as `dua-ledger tiles` writes, of trees that were signed and of no others."""

from pathlib import Path

import pytest

from ledger.chain.tile import WIDTH, tile_at
from ledger.errors import Malformed
from ledger.events import HistoryViewed, OrganisationRegistered
from ledger.evidence.tiles import write_tiles
from tests.facts import commitment
from tests.http_office import HttpOffice, office
from tests.office import written

__all__ = ["office"]


def signed(office: HttpOffice, folder: Path) -> dict[str, bytes]:
    """What `tiles` writes once whatever is new is signed, by path."""
    notary = office.home.notary
    write_tiles(office.home.ledger.store, notary.checkpoint(), notary.vouched_keys(), folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def grow(office: HttpOffice, to: int) -> None:
    names = [f"O-{number}" for number in range(office.length, to)]
    written([OrganisationRegistered(organisation=one, name=commitment(9)) for one in names], office.home.ledger)


def served(office: HttpOffice, path: str) -> bytes | int:
    """What is answered: to nobody, but for entries, which an auditor asks for."""
    response = office.get("auditor" if "entries" in path else None, f"/{path}")
    return response.get_data() if response.status_code == 200 else response.status_code


def test_what_is_served_are_the_bytes_that_are_written_for_each_size_that_was_signed(office: HttpOffice, tmp_path):
    files = signed(office, tmp_path / "tiles")
    before = files.pop("checkpoint")
    grow(office, WIDTH + 5)
    after = signed(office, tmp_path / "tiles")

    assert before != after["checkpoint"] == served(office, "checkpoint")
    assert {path: served(office, path) for path in files} == files
    # Whoever takes entries along is on record, which is signed in its turn.
    del after["checkpoint"]
    assert {path: served(office, path) for path in after} == after
    assert any(".p/" in path for path in files)
    assert {"tile/0/000", "tile/entries/000", "tile/1/000.p/1"} <= after.keys()


def test_what_was_not_signed_is_not_served(office: HttpOffice, tmp_path):
    size = office.home.notary.checkpoint().size
    grow(office, size + 3)

    there = served(office, f"tile/0/000.p/{size}")
    assert isinstance(there, bytes)
    assert [served(office, f"tile/0/000.p/{width}") for width in (size + 1, size + 3)] == [404, 404]
    assert [served(office, path) for path in ("tile/0/000", "tile/0/001", "tile/1/000", "tile/7/000")] == 4 * [404]


def test_a_full_tile_may_be_kept_for_ever_and_nothing_else(office: HttpOffice):
    grow(office, WIDTH + 5)
    office.home.notary.checkpoint()

    def kept(path):
        return office.get(None, path).headers["Cache-Control"]

    assert "immutable" in kept("/tile/0/000")
    assert [kept(path) for path in ("/tile/0/001.p/5", "/checkpoint")] == ["no-store", "no-store"]


def test_taking_entries_along_is_on_record(office: HttpOffice):
    size = office.home.notary.checkpoint().size
    assert isinstance(served(office, f"tile/entries/000.p/{size}"), bytes)

    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert recorded.event == HistoryViewed(how="exported", request=None)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/067",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/100/000",
        "tile/entries/000.p/257",
        "tile/0/../0/000",
        "tile/0/000\n",
        "tile/data/000",
    ],
)
def test_a_tile_has_one_path(office: HttpOffice, path):
    with pytest.raises(Malformed):
        tile_at(path)
    assert served(office, path.replace("\n", "%0a")) in (401, 404)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/63/x999/x999/001.p/255", "tile/entries/x001/067.p/8"])
def test_a_path_is_that_of_the_tile_at_it(path):
    tile = tile_at(path)

    assert path in (tile.path, tile.entries_path)


def test_the_key_that_checks_what_was_signed_is_told(office: HttpOffice):
    told = office.get("data server", "/verifier-key").get_data(as_text=True)

    assert told.startswith("log.example.com+")
