"""Events of the office and of its ledger: their wire names and shapes, pinned."""

from tests.event_shapes import (
    API_KEY_ID,
    CAPACITIES,
    COMMITMENT,
    DATA_SET_ID,
    DIGEST,
    NAME,
    PERSON_ID,
    POSITION,
    PRINCIPAL_ID,
    REQUEST_ID,
    ROLES,
    WAIVER_ID,
)

# What stands here stands in logs. Events are added; none is changed or removed. A changed shape is a new version.
OF_THE_OFFICE = {
    "policy.published.v1": {
        "institution?": NAME,
        "office?": NAME,
        "board?": NAME,
        "memorandum?": NAME,
        "external_agreement?": NAME,
        "time_zone?": NAME,
        "memorandum_capacities?": f"({CAPACITIES})*",
        "external_agreement_capacities?": f"({CAPACITIES})*",
        "smallest_cell?": "0 to 100000",
        "reminder_days?": "(0 to 100000)*",
        "agreement_months?": "0 to 100000",
        "incident_hours?": "0 to 100000",
        "key_test_required?": "bool",
        "destruction_days?": "0 to 100000",
        "publication_reviewers?": "0 to 100000",
        "training_months?": "0 to 100000",
        "accepts_not_human_subjects?": "bool",
    },
    "role.granted.v1": {
        "principal": PRINCIPAL_ID,
        "person": f"{PERSON_ID} | null",
        "role": ROLES,
        "starts": "date",
        "ends": "date | null",
    },
    "role.ended.v1": {
        "principal": PRINCIPAL_ID,
        "role": ROLES,
    },
    "person.suspended.v1": {
        "person": PERSON_ID,
        "request": f"{REQUEST_ID} | null",
        "reason?": f"{COMMITMENT} | null",
    },
    "person.suspension-lifted.v1": {
        "person": PERSON_ID,
        "request": f"{REQUEST_ID} | null",
    },
    "waiver.granted.v1": {
        "waiver": WAIVER_ID,
        "request": REQUEST_ID,
        "rule": NAME,
        "reason": COMMITMENT,
        "expires": "date",
    },
    "act.refused.v1": {
        "act": NAME,
        "request": f"{REQUEST_ID} | null",
        "objections": f"({{rule: {NAME}, about: {NAME} | null, wanting: {NAME}, facts: ({POSITION})*}})*",
        "person?": f"{PERSON_ID} | null",
        "dataset?": f"{DATA_SET_ID} | null",
    },
    "api-key.issued.v1": {
        "apikey": API_KEY_ID,
        "principal": PRINCIPAL_ID,
        "role": ROLES,
        "scope": "(access | governing | reading | recording)*",
        "digest": DIGEST,
        "expires": "datetime",
    },
    "api-key.revoked.v1": {
        "apikey": API_KEY_ID,
    },
    "history.viewed.v1": {
        "how": "exported | read",
        "request": f"{REQUEST_ID} | null",
        "person?": f"{PERSON_ID} | null",
    },
    "document.opened.v1": {
        "entry": POSITION,
        "document": DIGEST,
        "request?": f"{REQUEST_ID} | null",
        "person?": f"{PERSON_ID} | null",
    },
    "fact.corrected.v1": {
        "corrected": POSITION,
        "about": f"({NAME})*",
        "reason?": f"{COMMITMENT} | null",
    },
    "log-key.rotated.v1": {
        "log_key": NAME,
    },
    "log-key.retired.v1": {
        "log_key": NAME,
    },
}
