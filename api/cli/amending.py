"""Commands about agreements in force: amended, renewed."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from api.cli.acting import Hand, acting
from api.cli.kinds import AGREEMENT, DATA_SET, DAY, FILE, NAME, TEXT, OneOf
from api.commands import document_in
from api.commands.amending import Amend, Renew
from ledger.events.agreement import Covered, Kind
from ledger.events.catalogue import Form


class _InForm(click.ParamType[Any]):
    """A data set and the form in which it is agreed on."""

    name = "DATASET=FORM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Covered:
        dataset, _, form = str(value).partition("=")
        try:
            covered = {"dataset": DATA_SET.convert(dataset, param, ctx), "form": form}
            return msgspec.convert(covered, Covered)
        except msgspec.ValidationError:
            self.fail(f"{value!a} is not a data set, = and one of {', '.join(get_args(Form))}.", param, ctx)


@click.command()
@acting
@click.argument("agreement", type=AGREEMENT)
@click.option("--template", type=NAME, required=True, help="From which template, with its version.")
@click.option("--template-approved-by", metavar="PERSON", required=True, help="Who approved that: an id or address.")
@click.option("--text", type=FILE, required=True, help="Exactly the text that goes out: PDF, PNG, JPEG or text.")
@click.option("--add", metavar="PERSON", multiple=True, help="Who is named from then on, too; repeatable.")
@click.option("--remove", metavar="PERSON", multiple=True, help="Who is named no longer; repeatable.")
@click.option("--add-data", type=_InForm(), multiple=True, help="What it is about from then on, too; repeatable.")
@click.option("--remove-data", type=DATA_SET, multiple=True, help="What it is about no longer; repeatable.")
@click.option("--addendum", "beside", is_flag=True, help="It stands beside AGREEMENT and only adds to it.")
@click.option("--kind", type=OneOf(Kind), help="Of an addendum, if it is of another kind than AGREEMENT.")
@click.option("--otherwise", type=TEXT, help="Why it names people for whom its kind is not usual; kept in custody.")
def amend(
    hand: Hand,
    agreement: str,
    template: str,
    template_approved_by: str,
    text: Path,
    add: Sequence[str],
    remove: Sequence[str],
    add_data: Sequence[Covered],
    remove_data: Sequence[str],
    **how: Any,
) -> None:
    """Issue an amendment of AGREEMENT (A-...), or record why it could not be.

    It is signed and executed like the first, under a number of its own; until then nothing changes. Its end is said
    when it is executed. Who acts for another organisation now is named for that.
    """
    hand.take(
        Amend(
            request=hand.request_of("agreement", agreement),
            amends=agreement,
            template=template,
            template_approved_by=hand.person(template_approved_by),
            text=document_in(text),
            add=hand.people(add),
            remove=hand.people(remove),
            add_data=tuple(add_data),
            remove_data=tuple(remove_data),
            **how,
        ),
        gives="agreement",
    )


@click.command()
@acting
@click.argument("agreement", type=AGREEMENT)
@click.option("--until", "ends", type=DAY, help="The last day; as long as policy has it from today, if it is not said.")
@click.option("--report", type=FILE, required=True, help="The report of use: PDF, PNG, JPEG or text.")
def renew(hand: Hand, agreement: str, ends: date | None, report: Path) -> None:
    """Prolong AGREEMENT (A-...) while it is in force, or record why it could not be."""
    request = hand.request_of("agreement", agreement)
    hand.take(Renew(request=request, agreement=agreement, ends=ends, report=document_in(report)))
