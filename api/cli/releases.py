"""Commands about releases: authorised and handed over, failed, received."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import CHANNEL, DATA_SET, DAY, FILE, RELEASE, REQUEST, TEXT, OneOf
from api.cli.wording import bar_over
from api.commands.release import Authorise, Fail, Receive, Stage
from api.handing_over import Handling, Release, Source, sources
from ledger.files import check_free
from ledger.openpgp import Progress, gpg_version
from projections.acts import getting


class _DataFile(click.ParamType[Any]):
    """A data set and the file that is a version of it."""

    name = "DATASET=FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        dataset, found, file = str(value).partition("=")
        if not found:
            self.fail(f"{value!a} is not a data set, = and a file.", param, ctx)
        path: Path = FILE.convert(file, param, ctx)
        return DATA_SET.convert(dataset, param, ctx), path


@click.command()
@acting
@click.argument("request", type=REQUEST)
@click.option("--data", type=_DataFile(), multiple=True, required=True, help="A data set and its file; repeatable.")
@click.option("--channel", type=CHANNEL, required=True, help="The channel by which it goes, such as sftp-drop.")
@click.option("--extracted-by", metavar="PERSON", required=True, help="Who extracted the data: an id or address.")
@click.option("--learners", type=click.IntRange(0, 2**53 - 1), help="About how many learners they are.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="Where to put the package.")
def release(
    hand: Hand,
    request: str,
    data: Sequence[tuple[str, Path]],
    channel: str,
    extracted_by: str,
    learners: int | None,
    target: Path,
) -> None:
    """Release data of REQUEST: authorise it, encrypt a package for the contact's key, and hand that over.

    What was authorised is judged once more when the package is there. A release that a rule objects to leaves no
    package; nor does one that fails, and that is recorded. With --dry-run only the authorisation is judged.
    """
    hand.known("request", request)
    files = {hand.known("dataset", dataset): path for dataset, path in data}
    if len(files) < len(data):
        raise click.UsageError("one file for each data set")
    who = hand.person(extracted_by)
    check_free(target)
    gpg_version()
    how = Handling(request, channel, who, learners, hand.manner.decided_by, hand.manner.documents)
    # Each file is read twice: to find its version, and into the package.
    with bar_over("Releasing", 2 * sum(path.stat().st_size for path in files.values())) as bar:
        found = sources(hand.clerk, files, bar.update)
        if hand.manner.dry_run:
            versions = tuple(one.chosen for one in found)
            hand.take(Authorise(request=request, channel=channel, versions=versions), notes=_for_oneself(hand, how))
        else:
            _release(hand, how, found, target, bar.update)


def _for_oneself(hand: Hand, how: Handling) -> list[str]:
    """That who extracted the data gets them: the first of the two judgements does not ask for it."""
    request = hand.clerk.drafting(hand.circumstances).request(how.request)
    return (
        ["handing it over would be refused: who extracts the data does not get them, says separate-duties"]
        if how.extracted_by in getting(request)
        else []
    )


def _release(hand: Hand, how: Handling, found: list[Source], target: Path, progress: Progress) -> None:
    """What was recorded is shown however it ends."""
    going = Release(hand.clerk, how, hand.circumstances)
    try:
        outcome = going.authorise(found)
        if not outcome.refused:
            outcome = going.hand_over(found, target, progress)
    except BaseException:
        if going.recorded:
            hand.show(going.recorded, gives="release", err=True)
        raise
    hand.show(going.recorded, gives="release")
    hand.leave(outcome)


@click.command("release-failed")
@reporting
@click.argument("release", type=RELEASE)
@click.option(
    "--stage", type=OneOf(Stage), default="delivery", show_default=True, help="At what stage it came to nothing."
)
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def release_failed(hand: Hand, release: str, stage: Stage, reason: str) -> None:
    """Record that RELEASE (L-...) came to nothing."""
    hand.take(Fail(request=hand.request_of("release", release), release=release, stage=stage, reason=reason))


@click.command()
@reporting
@click.argument("release", type=RELEASE)
@click.option("--on", type=DAY, help="When; today, if it is not said.")
def received(hand: Hand, release: str, on: date | None) -> None:
    """Record that the contact received and decrypted RELEASE (L-...)."""
    hand.take(Receive(request=hand.request_of("release", release), release=release, on=on))
