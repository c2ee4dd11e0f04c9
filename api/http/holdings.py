"""Who holds what, as resources; what registers of the past say stands beside it."""

from api.http import lists
from api.http.asking import check_known
from api.http.call import Answer, Call
from api.http.moments import AboutATime, Inquiry
from api.http.reading_in import parameters
from ledger.events import DataSetRegistered, OrganisationRegistered, PastDataSetRecorded, PersonRegistered
from ledger.events.past import PastForm
from projections.upkeep import Answer as Viewed
from projections.views import answers, past

Held = tuple[list[answers.Holding], list[past.PastHolding]]


class ByRight(AboutATime, frozen=True, kw_only=True):
    """Only what is held without a right to it."""

    without_right: bool = False


class Which(ByRight, frozen=True, kw_only=True):
    """Also what is destroyed, to see what is gone."""

    gone: bool = False


class WhichForm(Which, frozen=True, kw_only=True):
    """Only versions in this form."""

    form: PastForm | None = None


def holders(call: Call) -> Answer:
    """Tell who holds versions of a data set; now, or at another time."""
    wanted, dataset = parameters(call.request, WhichForm), call.ids["dataset"]
    asked = Inquiry(call, wanted)
    check_known(call, f"dataset:{dataset}", DataSetRegistered, PastDataSetRecorded)
    viewed = asked.view(
        lambda views: (
            answers.holders(views, dataset, wanted.form, asked.today, gone=wanted.gone),
            past.past_holders(views, dataset, wanted.form),
        ),
        *("holders", dataset, wanted.form, wanted.gone),
    )
    return _held(call, viewed, without_right=wanted.without_right)


def holdings(call: Call) -> Answer:
    """Tell what a person holds; now, or at another time."""
    who, wanted = call.ids["person"], parameters(call.request, Which)
    asked = Inquiry(call, wanted)
    check_known(call, f"person:{who}", PersonRegistered)
    viewed = asked.view(
        lambda views: (
            answers.holdings(views, who, asked.today, gone=wanted.gone),
            past.past_holdings_of_person(views, who),
        ),
        *("holdings", who, wanted.gone),
    )
    return _held(call, viewed, without_right=wanted.without_right)


def holdings_for(call: Call) -> Answer:
    """Tell what an organisation holds, and people for it; now, or at another time."""
    whose, wanted = call.ids["organisation"], parameters(call.request, ByRight)
    asked = Inquiry(call, wanted)
    check_known(call, f"organisation:{whose}", OrganisationRegistered)
    viewed = asked.view(
        lambda views: (
            answers.holdings_for(views, whose, asked.today),
            past.past_holdings_of_organisation(views, whose),
        )
    )
    return _held(call, viewed, without_right=wanted.without_right)


def without_right(call: Call) -> Answer:
    """Tell what anybody holds without a right to it; now, or at another time."""
    asked = Inquiry(call, parameters(call.request, AboutATime))
    viewed = asked.view(
        lambda views: (answers.held_without_right(views, asked.today), past.past_holdings_without_right(views))
    )
    held, (imported, not_known) = viewed.rows
    return Answer(_told(call, held, imported, not_known), position=viewed.position)


def _held(call: Call, viewed: Viewed[Held], *, without_right: bool) -> Answer:
    held, imported = viewed.rows
    not_known = None
    if without_right:
        held, (imported, not_known) = [one for one in held if not one.right], past.without_right(imported)
    return Answer(_told(call, held, imported, not_known), position=viewed.position)


def _told(
    call: Call, held: list[answers.Holding], imported: list[past.PastHolding], not_known: int | None
) -> lists.Holdings:
    rows = tuple(lists.Holding.of(one, person_name=call.name(one.person)) for one in held)
    told = tuple(
        lists.Imported.of(
            one,
            right=one.right,
            organisation_name=call.name(one.organisation),
            person_name=call.name(one.person),
        )
        for one in imported
    )
    return lists.Holdings(rows=rows, imported=told, right_not_known=not_known)
