"""The command that makes audit bundles."""

import re
from pathlib import Path

import click

from api.bundling import bundle_about, bundle_of_range
from api.cli import options
from api.cli.acting import clock
from api.cli.looking import check_bundling, looked
from api.cli.wording import counted
from api.signing import have_witnessed
from ledger.evidence.bundle import Kind
from ledger.files import check_free, new_file
from ledger.home import open_home

_RANGE = re.compile(r"([1-9][0-9]{0,15})-([1-9][0-9]{0,15})")


@click.command()
@options.home
@options.actor
@options.witnesses
@click.option("--request", help="All that carries this request, and what its decisions rest on.")
@click.option("--person", help="All that carries this person.")
@click.option("--dataset", help="All that carries this data set.")
@click.option("--range", "between", help="The entries from one position to another, such as 5-9.")
@click.option("--to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to make.")
@click.option("--details", is_flag=True, help="Open the details of the people and organisations concerned.")
@click.option("--texts", is_flag=True, help="Open reasons, conditions, notes.")
@click.option("--documents", is_flag=True, help="Put documents in, with agreements, signatures and keys.")
def bundle(
    path: Path,
    actor: str,
    witnesses: options.Witnesses,
    request: str | None,
    person: str | None,
    dataset: str | None,
    between: str | None,
    to: Path,
    details: bool,
    texts: bool,
    documents: bool,
) -> None:
    """Make an audit bundle: entries with proofs that they stand in this ledger, for somebody who has nothing else.

    It holds nothing of custody but what is asked for: of the request and the people in it, or of the person alone. What
    documents say of others is not looked at. Its checkpoint is the newest, which witnesses are asked to cosign.
    `verify` checks it, and so do sha256sum, openssl, python3 and gpg, as the page in it says. That somebody takes it
    along is recorded before the file is there; the office and auditors may.
    """
    asked = {"request:": request, "person:": person, "dataset:": dataset}
    tags = [f"{kind}{id_}" for kind, id_ in asked.items() if id_ is not None]
    if len(tags) + (between is not None) != 1:
        raise click.UsageError("give one of --request, --person, --dataset and --range")
    kinds: dict[Kind, bool] = {"details": details, "texts": texts, "documents": documents}
    opening = [kind for kind, wanted in kinds.items() if wanted]
    if between is not None and opening:
        raise click.UsageError("a range is about everybody: nothing of custody is opened in it")
    check_free(to.absolute())
    with open_home(path.absolute(), clock()) as home:
        check_bundling(home, actor)
        # Who does not cosign what is there is named with the record that follows.
        have_witnessed(home.notary, home.path, witnesses.seconds)
        made = bundle_about(home, tags[0], opening) if between is None else bundle_of_range(home, *_positions(between))
        looked(home, actor, "exported", witnesses, request=request, person=person)
    new_file(to.absolute(), made)
    click.echo(f"Wrote {to}, {counted(len(made), 'byte')}.")


def _positions(between: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(between)
    if found is None:
        raise click.BadParameter("is not two positions with a dash, such as 5-9", param_hint="--range")
    return int(found[1]), int(found[2])
