"""What the office does with files: a package is made and handed over, a nonce is sent.

A release is judged twice: when it is authorised, and again when its package is there. Until it is recorded as handed
over, the package lies under a hidden name beside the place where it is to be; when that is refused, it is destroyed.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

from api.commands import Clerk, Command, Document
from api.commands.contact import SendKeyTest, active_key
from api.commands.release import Authorise, Fail, HandOver, Stage
from api.desk import Circumstances, Outcome
from ledger.boundary import about
from ledger.errors import AlreadyThere, Malformed
from ledger.events import DataSetVersionAdded, ReleaseAuthorised
from ledger.events.release import Package, Packed
from ledger.files import check_free, named_os_errors, new_file, sync_folder
from ledger.openpgp import PackageFacts, Progress, encrypt_package, seal_nonce
from ledger.openpgp.package import check_names
from projections.acts import Chosen

CHUNK_BYTES = 1 << 20
NONCE_BYTES = 10


class Handling(NamedTuple):
    """How a release is handled: by which channel, who extracted the data, about how many learners they are.

    `documents` show who authorised it.
    """

    request: str
    channel: str
    extracted_by: str
    learners: int | None = None
    decided_by: str | None = None
    documents: tuple[Document, ...] = ()


class Source(NamedTuple):
    """A file that is a version of a data set, under the name that it has in a package."""

    chosen: Chosen
    name: str
    path: Path


def no_progress(done: int) -> None:
    """Tell nobody."""
    del done


def digest_of(path: Path, progress: Progress = no_progress) -> str:
    """The SHA-256 of a file, in hex. Raises `Unreachable`."""
    digest = sha256()
    with named_os_errors(path), path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            progress(len(chunk))
    return digest.hexdigest()


def sources(clerk: Clerk, files: Mapping[str, Path], progress: Progress = no_progress) -> list[Source]:
    """Which versions of data sets these files are, byte for byte.

    Raises `Malformed` for a file that is no version of its data set, `Unreachable` for one that cannot be read,
    `UnsafeName` for one whose name could do harm where the package is opened.
    """
    named = [(dataset, f"{dataset}-{path.name}", path) for dataset, path in files.items()]
    check_names([name for _, name, _ in named])
    return [
        Source(_version(clerk, dataset, path, digest_of(path, progress)), name, path) for dataset, name, path in named
    ]


def _version(clerk: Clerk, dataset: str, path: Path, digest: str) -> Chosen:
    for fact in clerk.home.ledger.facts([about(DataSetVersionAdded, tags=[f"dataset:{dataset}"])]):
        if isinstance(fact.event, DataSetVersionAdded) and fact.event.digest == digest:
            return Chosen(dataset=dataset, label=fact.event.label)
    raise Malformed("file", str(path), f"is no version of {dataset}: none has the SHA-256 {digest}")


class Release:
    """A release on its way, step by step; whatever fails on the way is recorded as its failure, and raised.

    `recorded` is what was recorded so far, however it ended.
    """

    def __init__(self, clerk: Clerk, how: Handling, circumstances: Circumstances) -> None:
        self._clerk, self._how, self._circumstances = clerk, how, circumstances
        self._release = ""
        self.recorded: list[Outcome] = []

    def authorise(self, found: list[Source]) -> Outcome:
        """The first judgement."""
        command = Authorise(
            request=self._how.request, channel=self._how.channel, versions=tuple(one.chosen for one in found)
        )
        outcome = self._take(command, decided_by=self._how.decided_by, documents=self._how.documents)
        if not outcome.refused:
            event = self._clerk.home.ledger.codec.decode(outcome.entries[-1]).event
            self._release = cast(ReleaseAuthorised, event).release
        return outcome

    def hand_over(self, found: list[Source], target: Path, progress: Progress = no_progress) -> Outcome:
        """The package at `target`, and the second judgement; nothing is there when that is a refusal.

        Raises `AlreadyThere` when something is at `target`, and what `encrypt_package` raises.
        """
        hidden = target.with_name(f".{target.name}.not-handed-over")
        facts = self._packed(found, hidden, progress)
        try:
            outcome = self._take(self._handing_over(found, facts), decided_by=self._how.decided_by)
        except BaseException as error:
            hidden.unlink(missing_ok=True)
            self._fails("handing over", str(error) or type(error).__name__)
            raise
        if outcome.refused:
            hidden.unlink(missing_ok=True)
            self._fails("handing over", refusal_of(outcome))
        else:
            _move(hidden, target)
        return outcome

    def _packed(self, found: list[Source], hidden: Path, progress: Progress) -> PackageFacts:
        try:
            return packed(self._clerk, self._how.request, found, hidden, self._circumstances, progress)
        except BaseException as error:
            self._fails("packing", str(error) or type(error).__name__)
            raise

    def _handing_over(self, found: list[Source], facts: PackageFacts) -> HandOver:
        how = self._how
        return wish_to_hand_over(how.request, self._release, found, facts, how.extracted_by, how.learners)

    def _fails(self, stage: Stage, reason: str) -> None:
        self._take(Fail(request=self._how.request, release=self._release, stage=stage, reason=reason))

    def _take(self, command: Command, **how: Any) -> Outcome:
        outcome = self._clerk.take(command, self._circumstances, **how)
        self.recorded.append(outcome)
        return outcome


def refusal_of(outcome: Outcome) -> str:
    """Why a release came to nothing that was refused."""
    return f"refused, as entry {outcome.entries[-1].position} says"


def packed(
    clerk: Clerk,
    request: str,
    found: list[Source],
    target: Path,
    circumstances: Circumstances,
    progress: Progress = no_progress,
) -> PackageFacts:
    """The package of these files at `target`, for the key of the request's contact; raises as `encrypt_package`."""
    key, at = _contacts_key(clerk, request, circumstances)
    return encrypt_package([(one.name, one.path) for one in found], key, target, at=at, progress=progress)


def sealed_for_contact(clerk: Clerk, request: str, nonce: str, circumstances: Circumstances) -> bytes:
    """A small armored file with this nonce, for the key of the request's contact. Raises what `seal_nonce` raises."""
    key, at = _contacts_key(clerk, request, circumstances)
    return seal_nonce(nonce, key, at)


def _contacts_key(clerk: Clerk, request: str, circumstances: Circumstances) -> tuple[bytes, datetime]:
    drafting = clerk.drafting(circumstances)
    return drafting.kept(active_key(request, drafting).filed.event.document).content, drafting.now


def wish_to_hand_over(
    request: str,
    release: str,
    found: list[Source],
    facts: PackageFacts,
    extracted_by: str,
    learners: int | None,
) -> HandOver:
    """To hand over the package that these files have become."""
    files = {file.name: file for file in facts.files}
    package = Package(
        files=tuple(
            Packed(
                dataset=one.chosen.dataset,
                label=one.chosen.label,
                size=files[one.name].size,
                digest=files[one.name].sha256,
            )
            for one in found
        ),
        plain_size=facts.plain_size,
        plain_sha256=facts.plain_sha256,
        cipher_size=facts.cipher_size,
        cipher_sha256=facts.cipher_sha256,
    )
    return HandOver(
        request=request,
        release=release,
        package=package,
        key_ids=facts.recipients,
        extracted_by=extracted_by,
        learners=learners,
    )


def send_key_test(
    clerk: Clerk,
    request: str,
    channel: str,
    target: Path,
    circumstances: Circumstances,
    documents: Sequence[Document] = (),
) -> Outcome:
    """A small file at `target` with a nonce for the contact's key, and the record that it is on its way.

    Raises `AlreadyThere` when something is at `target`, and what `seal_nonce` raises.
    """
    nonce = secrets.token_hex(NONCE_BYTES)
    command = SendKeyTest(request=request, channel=channel, nonce=nonce)
    message = sealed_for_contact(clerk, request, nonce, circumstances)
    clerk.take(command, circumstances, dry_run=True)
    check_free(target)
    new_file(target, message)
    try:
        return clerk.take(command, circumstances, documents=documents)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _move(hidden: Path, target: Path) -> None:
    """Give a file the name that it is to have, unless something has it by now."""
    with named_os_errors(target):
        try:
            os.link(hidden, target)
        except FileExistsError as error:
            raise AlreadyThere(target, f"was made meanwhile; the package that was handed over is {hidden}") from error
        hidden.unlink()
    sync_folder(target.parent)
