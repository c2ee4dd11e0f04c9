"""What is taken along as evidence: releases drawn by lot, and audit bundles, which need no ledger to be checked."""

from typing import Annotated

import msgspec

from api.bundling import bundle_about, bundle_of_past_release
from api.http import lists
from api.http.asking import check_known
from api.http.call import Answer, Call, not_found
from api.http.reading_in import parameters
from api.sampling import drawn
from ledger.events import DataSetRegistered, HistoryViewed, PastDataSetRecorded, PastReleaseRecorded, PersonRegistered
from ledger.evidence.bundle import Kind

ZIP = "application/zip"
# The query of a bundle in which everything is opened.
WHOLE = "open=details&open=texts&open=documents"


class Lots(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many are drawn, and from what; the same releases come of the same seed and the same log."""

    seed: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    number: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 25
    imported: bool = False


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of custody is opened in a bundle; nothing, if not said."""

    open: tuple[Kind, ...] = ()


def sample(call: Call) -> Answer:
    """Draw releases by lot, by SHA-256 of the seed and the position of each; nobody chooses who didn't choose it."""
    wanted, position = parameters(call.request, Lots), call.ledger.store.length()
    rows = tuple(
        lists.Drawn.of(
            one,
            party_name=call.name(one.party),
            evidence=f"/requests/{one.request}/bundle?{WHOLE}" if one.request else f"/entries/{one.position}/bundle",
        )
        for one in drawn(call.ledger, wanted.seed, wanted.number, position, imported=wanted.imported)
    )
    return Answer(lists.Sample(seed=wanted.seed, rows=rows), position=position)


def request_bundle(call: Call) -> Answer:
    """Give an audit bundle of all that a request rests on, and of nothing else. That it is taken along is recorded."""
    number = call.ids["request"]
    call.standing(number)
    return _bundle(call, "request", number, HistoryViewed(how="exported", request=number))


def person_bundle(call: Call) -> Answer:
    """Give an audit bundle of all that carries a person. That it is taken along is recorded."""
    who = call.ids["person"]
    check_known(call, f"person:{who}", PersonRegistered)
    return _bundle(call, "person", who, HistoryViewed(how="exported", request=None, person=who))


def dataset_bundle(call: Call) -> Answer:
    """Give an audit bundle of all that carries a data set. That it is taken along is recorded."""
    dataset = call.ids["dataset"]
    check_known(call, f"dataset:{dataset}", DataSetRegistered, PastDataSetRecorded)
    return _bundle(call, "dataset", dataset, HistoryViewed(how="exported", request=None))


def _bundle(call: Call, kind: str, id_: str, looked: HistoryViewed) -> Answer:
    made = bundle_about(call.home, f"{kind}:{id_}", parameters(call.request, Opening).open)
    return _zipped(made, id_, call.looked(looked))


def past_bundle(call: Call) -> Answer:
    """Give an audit bundle of what a register says of one past release. That it is taken along is recorded."""
    position = call.ids["position"]
    entry = call.ledger.store.entry(position)
    if entry is None or not isinstance(call.ledger.codec.decode(entry).event, PastReleaseRecorded):
        raise not_found()
    made = bundle_of_past_release(call.home, position, parameters(call.request, Opening).open)
    return _zipped(made, str(position), call.looked(HistoryViewed(how="exported", request=None)))


def _zipped(made: bytes, name: str, position: int) -> Answer:
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Answer(made, position=position, headers=headers, media_type=ZIP)
