"""What rules about copies, incidents and endings find wanting, and refusals of such acts, in words."""

import pytest

from api.names import unnamed
from api.telling import objected, told
from ledger.events import ActRefused
from projections.rules.rule import Objection
from tests.endings import ATTESTATION, HOLD, INCIDENT, incident
from tests.facts import ANA, DATA_SET, REQUEST


@pytest.mark.parametrize(
    ("rule", "about", "wanting", "sentence"),
    [
        ("no-open-incident", INCIDENT, "an end of the incident", f"{INCIDENT} is open"),
        ("no-open-query", "Q-2026-0001", "an answer", "Q-2026-0001 waits for an answer"),
        ("no-open-publication", "B-1", "an end of the review", "B-1 is still under review"),
        ("no-hold", HOLD, "an end of the legal hold", f"legal hold {HOLD} is in force"),
        ("erasable", "Ana", f"an end of incident {INCIDENT}", f"Ana is involved in {INCIDENT}, which is open"),
        ("erasable", "Ana", f"an end of legal hold {HOLD}", f"legal hold {HOLD}, which involves Ana, is in force"),
        (
            "no-open-holding",
            "Ana",
            f"an end of the holding of {DATA_SET} version 1",
            f"Ana still holds {DATA_SET} version 1, as far as is known",
        ),
        ("held-still", "Ana", "a holding of D-1 version 2", "Ana holds no D-1 version 2, as far as is known"),
        ("named-recipients", "Ana", "a right that has not ended", "Ana takes part no more, or their right was revoked"),
        (
            "request-ended",
            REQUEST,
            "a request under way: it is withdrawn",
            f"{REQUEST} is withdrawn, and only what was approved is closed",
        ),
        ("request-ended", "A-1", "an agreement that is over", "A-1 is not over"),
        ("attestation-sound", ATTESTATION, "the attestation", "there is no such attestation"),
        ("attestation-sound", "Ana", "an attestation of their own", "Ana has left, and so attests alone"),
        (
            "attestation-sound",
            ATTESTATION,
            "a reason in spite of the exceptions",
            f"{ATTESTATION} has exceptions, and no reason was given to accept them",
        ),
        (
            "attestation-sound",
            ATTESTATION,
            "a reason in spite of no copies",
            f"{ATTESTATION} is of no copies at all, and no reason was given to accept that",
        ),
        (
            "independent-decision",
            "Ana",
            "a decision by somebody else",
            "Ana has a part in it, so somebody else has to decide",
        ),
        ("incident-contained", INCIDENT, "containment", f"{INCIDENT} is not contained yet"),
        ("incident-contained", INCIDENT, "an incident that is open", f"{INCIDENT} is closed already"),
    ],
)
def test_objections_are_sentences(rule: str, about: str, wanting: str, sentence: str):
    assert objected(Objection(rule, about, wanting), unnamed).partition("): ")[2] == sentence


@pytest.mark.parametrize(
    ("act", "wished"),
    [
        ("accept-attestation", "To accept the attestation was refused."),
        ("write-off", "To write off the holding was refused."),
        ("close-request", "To close the request was refused."),
        ("close-incident", "To close the incident was refused."),
    ],
)
def test_a_refusal_says_what_was_wished_for(act: str, wished: str):
    refusal = ActRefused(act=act, request=REQUEST, person=ANA, dataset=DATA_SET, objections=())
    assert told(refusal, unnamed).startswith(wished)


def test_an_incident_is_told_in_utc_and_with_all_that_it_concerns():
    assert told(incident(REQUEST, people=(ANA,), datasets=(DATA_SET,)), unnamed) == (
        f"Incident {INCIDENT} (lost device) was reported, discovered 2026-11-21 11:00Z, told 2026-11-21 12:00Z; "
        f"it concerns {REQUEST}, {ANA}, {DATA_SET}."
    )
