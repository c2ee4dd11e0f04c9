"""What is let in to the desk: whatever is not changes nothing, not even by being refused.

An act comes from somebody whose role entitles to it, and is about a request that the ledger knows. A report comes from
somebody of the office, is of something that is reported, about things that are known, and of a request that has come so
far; its dates do not contradict each other, and do not lie ahead. No clock and no store: time and facts are handed in.
"""

from api.admission.acts import admit_act, admit_form
from api.admission.circumstances import admit_circumstances
from api.admission.corrections import CORRECTABLE
from api.admission.entitlement import ENTITLED, OPERATOR, admit_import, admit_office, office_in
from api.admission.kinds import INTRODUCED_BY, NOT_REPORTED, introducing
from api.admission.reports import admit_reports, looked_at
from api.admission.times import check_time, followed

__all__ = [
    "CORRECTABLE",
    "ENTITLED",
    "INTRODUCED_BY",
    "NOT_REPORTED",
    "OPERATOR",
    "admit_act",
    "admit_circumstances",
    "admit_form",
    "admit_import",
    "admit_office",
    "admit_reports",
    "check_time",
    "followed",
    "introducing",
    "looked_at",
    "office_in",
]
