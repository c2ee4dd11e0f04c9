"""Who holds what, as resources; what registers of the past say stands beside it."""

from api.http import shapes
from api.http.asking import check_known
from api.http.call import Answer, Call
from api.http.moments import AboutATime, Inquiry
from api.http.reading_in import parameters
from ledger.events import DataSetRegistered, OrganisationRegistered, PastDataSetRecorded, PersonRegistered
from ledger.events.past import PastForm
from projections.upkeep import Answer as Viewed
from projections.views import answers, past


class WhichForm(AboutATime, frozen=True, kw_only=True):
    """Only versions in this form."""

    form: PastForm | None = None


def holders(call: Call) -> Answer:
    """Tell who holds versions of a data set; now, or at another time."""
    wanted, dataset = parameters(call.request, WhichForm), call.ids["dataset"]
    asked = Inquiry(call, wanted)
    check_known(call, f"dataset:{dataset}", DataSetRegistered, PastDataSetRecorded)
    return _held(
        call,
        asked.view(
            lambda views: (
                answers.holders(views, dataset, wanted.form, asked.today),
                past.past_holders(views, dataset, wanted.form),
            )
        ),
    )


def holdings(call: Call) -> Answer:
    """Tell what a person holds; now, or at another time."""
    who, asked = call.ids["person"], Inquiry(call, parameters(call.request, AboutATime))
    check_known(call, f"person:{who}", PersonRegistered)
    return _held(
        call,
        asked.view(lambda views: (answers.holdings(views, who, asked.today), past.past_holdings_of_person(views, who))),
    )


def holdings_for(call: Call) -> Answer:
    """Tell what an organisation holds, and people for it; now, or at another time."""
    whose, asked = call.ids["organisation"], Inquiry(call, parameters(call.request, AboutATime))
    check_known(call, f"organisation:{whose}", OrganisationRegistered)
    return _held(
        call,
        asked.view(
            lambda views: (
                answers.holdings_for(views, whose, asked.today),
                past.past_holdings_of_organisation(views, whose),
            )
        ),
    )


Held = tuple[list[answers.Holding], list[past.PastHolding]]


def _held(call: Call, viewed: Viewed[Held]) -> Answer:
    held, imported = viewed.rows
    rows = tuple(shapes.Holding(person_name=call.name(one.person), **one._asdict()) for one in held)
    told = tuple(_imported(call, one) for one in imported)
    return Answer(shapes.Holdings(rows=rows, imported=told), position=viewed.position)


def _imported(call: Call, one: past.PastHolding) -> shapes.Imported:
    return shapes.Imported(
        organisation_name=call.name(one.organisation), person_name=call.name(one.person), **one._asdict()
    )
