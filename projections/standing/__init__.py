"""Standings: what the facts add up to, as far as a decision needs it.

Folding may not fail, ask or wait; nothing in here reads a store or asks a clock. Each part keeps the facts that made it
so with their positions, because whoever decides must be able to say what it looked at.
"""

from projections.standing.affiliations import INSTITUTIONS
from projections.standing.agreement import AgreementStanding
from projections.standing.concern import HoldStanding, IncidentStanding
from projections.standing.contact import ContactStanding, KeyStanding
from projections.standing.copies import AttestationStanding, CopiesStanding
from projections.standing.dataset import DataSetStanding
from projections.standing.determination import Determination, awaiting_reliance
from projections.standing.holding import Holding, as_held, attested_by, holdings, open_holdings, origin
from projections.standing.known import Known
from projections.standing.office import Office
from projections.standing.person import PersonStanding, day_before
from projections.standing.publication import PublicationStanding
from projections.standing.query import QueryStanding
from projections.standing.release import ReleaseStanding
from projections.standing.request import RequestStanding
from projections.standing.stage import USES, Stage, stage_on
from projections.standing.standing import FOLDED, PASSED_OVER, Standing, uncorrected
from projections.standing.state import BEFORE_THE_OFFICE, CAME_IN, GRANTED, MOVES, OVER, State, moved

__all__ = [
    "BEFORE_THE_OFFICE",
    "CAME_IN",
    "FOLDED",
    "GRANTED",
    "INSTITUTIONS",
    "MOVES",
    "OVER",
    "PASSED_OVER",
    "USES",
    "AgreementStanding",
    "AttestationStanding",
    "ContactStanding",
    "CopiesStanding",
    "DataSetStanding",
    "Determination",
    "HoldStanding",
    "Holding",
    "IncidentStanding",
    "KeyStanding",
    "Known",
    "Office",
    "PersonStanding",
    "PublicationStanding",
    "QueryStanding",
    "ReleaseStanding",
    "RequestStanding",
    "Stage",
    "Standing",
    "State",
    "as_held",
    "attested_by",
    "awaiting_reliance",
    "day_before",
    "holdings",
    "moved",
    "open_holdings",
    "origin",
    "stage_on",
    "uncorrected",
]
