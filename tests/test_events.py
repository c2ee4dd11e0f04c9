"""Events: declared once, pinned for ever, found by every id that they hold."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import date
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger.events
from ledger import codec
from ledger.codec import MAX_INTEGER, Codec
from ledger.errors import Malformed
from ledger.events import DECLARED, Event, FactCorrected, PersonErased, PersonRegistered
from ledger.events.ids import END, SEALED, TAG, DataSetId, Date, Digest, Name, PersonId, RequestId, Sealed
from tests.event_strategies import events, many, members
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, commitment, data_set, person, submitted, version_added

NAME = "^[!-~]([ -~]{0,253}[!-~])?"
DIGEST = "^[0-9a-f]{64}"
COMMITMENT = "^[0-9a-f]{64} sealed"
PERSON_ID = "^p-[0-9a-f]{32} person"
DATA_SET_ID = "^D-[A-Za-z0-9._-]{1,80} dataset"
REQUEST_ID = "^R-[0-9]{4}-[0-9]{4,9} request"
AGREEMENT_ID = "^A-[A-Za-z0-9._-]{1,80} agreement"
KEY_ID = "^K-[A-Za-z0-9._-]{1,80} key"
RELEASE_ID = "^L-[A-Za-z0-9._-]{1,80} release"
WAIVER_ID = "^W-[A-Za-z0-9._-]{1,80} waiver"
ORGANISATION_ID = "^O-[A-Za-z0-9._-]{1,80} organisation"
CHANNEL = "^[a-z][a-z0-9-]{0,40}"
PRINCIPAL_ID = "^[a-z][a-z-]{0,20}:[A-Za-z0-9._-]{1,64}"
BASES = "34 CFR 99.30 | 34 CFR 99.31(a)(1)(i) | 34 CFR 99.31(a)(6) | 34 CFR 99.31(b)"
REGISTER_ID = "^[a-z0-9][a-z0-9._-]{0,60} register"
QUERY_ID = "^Q-[0-9]{4}-[0-9]{4,9} query"
PUBLICATION_ID = "^B-[A-Za-z0-9._-]{1,80} publication"
DOI = r"^10\.[0-9]{4,9}/[!-@\[-~]{1,200} doi"
INCIDENT_ID = "^I-[A-Za-z0-9._-]{1,80} incident"
HOLD_ID = "^H-[A-Za-z0-9._-]{1,80} hold"
ATTESTATION_ID = "^X-[A-Za-z0-9._-]{1,80} attestation"
FINDING_ID = "^F-[1-9][0-9]{0,15}-[a-z-]{1,60} finding"
HOLDINGS = f"({{person: {PERSON_ID}, dataset: {DATA_SET_ID}, label: {NAME}}})*"
FINDING_KINDS = (
    "access by somebody unnamed | copy by a non-holder | copy to somebody unnamed | copy under a closed request | "
    "late incident | overdue destruction | past release under no agreement | publication without review | "
    "received without training | written off"
)
API_KEY_ID = "^T-[0-9a-f]{16} apikey"
ROLES = "acting director | admin | alternate | auditor | compliance | data server | director | researcher | staff"
CAPACITIES = "authorised official | home signatory | office | researcher"
SIZE = "0 to 9007199254740991"
POSITION = "1 to 9007199254740991"

# What stands here stands in logs. Events are added; none is changed or removed. A changed shape is a new version.
PINNED = {
    "ledger.opened.v1": {
        "origin": NAME,
        "log_key": NAME,
    },
    "ledger.opened.v2": {
        "origin": NAME,
        "log_key": NAME,
        "continues?": f"{{origin: {NAME}, size: {POSITION}, root: {DIGEST}, signed: {POSITION} | null}} | null",
    },
    "person.registered.v1": {
        "person": PERSON_ID,
        "name?": f"{COMMITMENT} | null",
        "institution?": f"{COMMITMENT} | null",
        "department?": f"{COMMITMENT} | null",
        "address?": f"{COMMITMENT} | null",
        "email?": f"{COMMITMENT} | null",
        "phone?": f"{COMMITMENT} | null",
    },
    "person.details-changed.v1": {
        "person": PERSON_ID,
        "name?": f"{COMMITMENT} | null",
        "institution?": f"{COMMITMENT} | null",
        "department?": f"{COMMITMENT} | null",
        "address?": f"{COMMITMENT} | null",
        "email?": f"{COMMITMENT} | null",
        "phone?": f"{COMMITMENT} | null",
    },
    "person.erased.v1": {
        "person": PERSON_ID,
        "details": "(address | department | email | institution | name | phone)*",
        "last_copy_lapses": "date",
    },
    "organisation.registered.v1": {
        "organisation": ORGANISATION_ID,
        "name": COMMITMENT,
    },
    "person.affiliation-determined.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "affiliation": "home | in doubt | outside",
        "organisation": f"{ORGANISATION_ID} | null",
    },
    "dataset.registered.v1": {
        "dataset": DATA_SET_ID,
        "course_run": NAME,
        "kind": "forum | other | person-course | survey | tracking-log",
    },
    "dataset.version-added.v1": {
        "dataset": DATA_SET_ID,
        "label": NAME,
        "form": "de-identified | identified",
        "digest": DIGEST,
    },
    "dataset.form-changed.v1": {
        "dataset": DATA_SET_ID,
        "label": NAME,
        "form": "de-identified | identified",
        "found_by": PERSON_ID,
        "found_on": "date",
        "method": COMMITMENT,
    },
    "dataset.retired.v1": {
        "dataset": DATA_SET_ID,
    },
    "request.submitted.v1": {
        "request": REQUEST_ID,
        "researcher": PERSON_ID,
        "researcher_is_student?": "bool",
        "sponsor?": f"{PERSON_ID} | null",
        "researcher_heads_department?": "bool",
        "funded?": "bool | null",
        "funding?": f"{COMMITMENT} | null",
        "peer_reviewed?": "bool | null",
        "reviewers?": f"{COMMITMENT} | null",
        "head_approval?": (
            f"{{by: {PERSON_ID}, capacity: dean | department head | equivalent | next above, "
            f"document: {DIGEST}}} | null"
        ),
        "datasets?": f"({{dataset: {DATA_SET_ID}, form: de-identified | identified | null}})*",
        "personnel?": f"({PERSON_ID})*",
        "study_group?": f"({PERSON_ID})*",
        "purposes?": "(improving teaching and curriculum | scholarship on teaching and learning)*",
        "description?": f"{COMMITMENT} | null",
        "description_document?": f"{DIGEST} | null",
    },
    "request.returned.v1": {
        "request": REQUEST_ID,
        "items": "(C1.1 | C1.2 | C1.3 | C1.4 | C1.5 | C1.6 | C1.7 | C2 | C3)*",
        "reason?": f"{COMMITMENT} | null",
    },
    "request.withdrawn.v1": {
        "request": REQUEST_ID,
    },
    "request.withdrawn.v2": {
        "request": REQUEST_ID,
        "reason?": f"{COMMITMENT} | null",
    },
    "ethics.determined.v1": {
        "determination": "^E-[A-Za-z0-9._-]{1,80} determination",
        "request": REQUEST_ID,
        "organisation": f"{ORGANISATION_ID} | null",
        "protocol": NAME,
        "outcome": "approved | exempt | not human subjects | pending",
        "on": "date | null",
        "expires": "date | null",
        "covers": f"({PERSON_ID})*",
        "document": f"{DIGEST} | null",
    },
    "ethics.reliance-elected.v1": {
        "request": REQUEST_ID,
        "determination": "^E-[A-Za-z0-9._-]{1,80} determination",
        "on": "date",
        "document": f"{DIGEST} | null",
    },
    "ethics.determination-ended.v1": {
        "determination": "^E-[A-Za-z0-9._-]{1,80} determination",
        "request": REQUEST_ID,
        "how": "lapsed | suspended",
        "on": "date",
    },
    "training.certified.v1": {
        "person": PERSON_ID,
        "completed": "date",
        "expires": "date | null",
        "document": DIGEST,
    },
    "training.verified.v1": {
        "person": PERSON_ID,
        "certificate": DIGEST,
    },
    "law.determined.v1": {
        "request": REQUEST_ID,
        "consistent": "bool",
        "bases": (
            f"({{dataset: {DATA_SET_ID}, form: de-identified | identified, recipients: home | "
            f"outside, basis: {BASES}}})*"
        ),
        "counsel_note?": f"{COMMITMENT} | null",
    },
    "request.approved.v1": {
        "request": REQUEST_ID,
        "conditions?": f"{COMMITMENT} | null",
    },
    "request.declined.v1": {
        "request": REQUEST_ID,
        "reason": COMMITMENT,
    },
    "agreement.issued.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "kind": "DUA | MOU",
        "template": NAME,
        "template_approved_by": PERSON_ID,
        "text": DIGEST,
        "recipients": f"({{person: {PERSON_ID}, organisation: {ORGANISATION_ID} | null}})*",
        "datasets": f"({{dataset: {DATA_SET_ID}, form: de-identified | identified}})*",
        "otherwise?": f"{COMMITMENT} | null",
    },
    "agreement.signed.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "text": DIGEST,
        "signer": PERSON_ID,
        "capacity": CAPACITIES,
        "organisation": f"{ORGANISATION_ID} | null",
        "on": "date",
        "evidence": "e-signature | openpgp | scan",
        "document": DIGEST,
        "key?": f"{DIGEST} | null",
        "fingerprint?": f"{COMMITMENT} | null",
        "attested_by?": f"{PERSON_ID} | null",
    },
    "agreement.executed.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "starts": "date",
        "ends": "date",
        "waivers?": f"({WAIVER_ID})*",
    },
    "agreement.terminated.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "on": "date",
        "reason?": f"{COMMITMENT} | null",
    },
    "contact.designated.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
    },
    "key.filed.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "fingerprint": COMMITMENT,
        "document": DIGEST,
        "made": "datetime",
        "expires": "datetime | null",
        "names_address": "bool",
    },
    "key.confirmed.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "confirmed_to": PERSON_ID,
        "by": "in person | letter | phone | video",
        "on": "date",
        "settles_address?": "bool",
    },
    "key.rejected.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "reason?": f"{COMMITMENT} | null",
    },
    "key.revoked.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "on": "date",
        "why": "compromised | lost | no longer used",
    },
    "key-test.sent.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "channel": CHANNEL,
        "nonce": COMMITMENT,
    },
    "key-test.passed.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "channel": CHANNEL,
    },
    "key-test.failed.v1": {
        "key": KEY_ID,
        "request": REQUEST_ID,
        "channel": CHANNEL,
        "answer?": f"{COMMITMENT} | null",
    },
    "release.authorised.v1": {
        "release": RELEASE_ID,
        "request": REQUEST_ID,
        "contact": PERSON_ID,
        "key": KEY_ID,
        "channel": CHANNEL,
        "versions": f"({{dataset: {DATA_SET_ID}, label: {NAME}, form: de-identified | identified}})*",
        "parties": (f"({{person: {PERSON_ID}, organisation: {ORGANISATION_ID} | null, agreement: {AGREEMENT_ID}}})*"),
        "bases": (
            f"({{dataset: {DATA_SET_ID}, form: de-identified | identified, recipients: home | "
            f"outside, basis: {BASES}}})*"
        ),
        "waivers?": f"({WAIVER_ID})*",
    },
    "release.handed-over.v1": {
        "release": RELEASE_ID,
        "request": REQUEST_ID,
        "contact": PERSON_ID,
        "key": KEY_ID,
        "channel": CHANNEL,
        "package": (
            f"{{files: ({{dataset: {DATA_SET_ID}, label: {NAME}, size: {SIZE}, digest: {DIGEST}}})*, "
            f"plain_size: {SIZE}, plain_sha256: {DIGEST}, cipher_size: {SIZE}, "
            f"cipher_sha256: {DIGEST}}}"
        ),
        "key_ids": COMMITMENT,
        "extracted_by": PERSON_ID,
        "learners": f"{SIZE} | null",
        "waivers?": f"({WAIVER_ID})*",
    },
    "release.failed.v1": {
        "release": RELEASE_ID,
        "request": REQUEST_ID,
        "stage": "delivery | handing over | packing",
        "reason?": f"{COMMITMENT} | null",
    },
    "release.received.v1": {
        "release": RELEASE_ID,
        "request": REQUEST_ID,
        "contact": PERSON_ID,
        "on": "date",
    },
    "access.permitted.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "dataset": DATA_SET_ID,
        "agreement": AGREEMENT_ID,
    },
    "dataset.opened.v1": {
        "dataset": DATA_SET_ID,
        "label": f"{NAME} | null",
        "person": f"{PERSON_ID} | null",
        "request": f"{REQUEST_ID} | null",
        "account?": f"{COMMITMENT} | null",
    },
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
    "past-dataset.recorded.v1": {
        "dataset": DATA_SET_ID,
        "title": r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}",
        "register": REGISTER_ID,
    },
    "past-release.recorded.v1": {
        "register": REGISTER_ID,
        "row": "^[0-9a-f]{32}",
        "reference": f"{NAME} | null",
        "organisation": ORGANISATION_ID,
        "person": f"{PERSON_ID} | null",
        "dataset": DATA_SET_ID,
        "form": "aggregated | de-identified | identified",
        "agreement": f"{NAME} | null",
        "agreement_version": f"{NAME} | null",
        "basis": f"{NAME} | null",
        "provided": "repeated transfer | system access | transfer",
        "on": "date",
        "dated": "day | month | not-later-than",
    },
    "past-register.taken-in.v1": {
        "register": REGISTER_ID,
        "file": DIGEST,
        "map": DIGEST,
        "taken": SIZE,
        "left_out": SIZE,
    },
    "query.received.v1": {
        "query": QUERY_ID,
        "kind": "copy | methods or code | other | pass on | replicate | verify",
        "by?": f"{PERSON_ID} | null",
        "asker?": f"{COMMITMENT} | null",
        "asked?": f"{PERSON_ID} | null",
        "referred_by?": f"{PERSON_ID} | null",
        "datasets?": f"({DATA_SET_ID})*",
        "request?": f"{REQUEST_ID} | null",
        "publication?": f"{PUBLICATION_ID} | null",
        "doi?": f"{DOI} | null",
        "purpose?": f"{COMMITMENT} | null",
    },
    "query.answered.v1": {
        "query": QUERY_ID,
        "outcome": (
            "addendum | not about data | office verifies | own request | public data suffice | refused | to counsel"
        ),
        "request?": f"{REQUEST_ID} | null",
        "agreement?": f"{AGREEMENT_ID} | null",
        "publication?": f"{PUBLICATION_ID} | null",
        "smallest_cell?": "0 to 100000 | null",
        "answer?": f"{COMMITMENT} | null",
        "document?": f"{DIGEST} | null",
    },
    "query.withdrawn.v1": {
        "query": QUERY_ID,
        "reason?": f"{COMMITMENT} | null",
    },
    "publication.notified.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "kind": "article | data set | other | preprint | report | talk | thesis",
        "title": COMMITMENT,
        "told_by?": f"{PERSON_ID} | null",
        "authors?": f"({PERSON_ID})*",
        "manuscript?": f"{DIGEST} | null",
        "tables?": f"({DIGEST})*",
    },
    "publication.reviewed.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "reviewer": PERSON_ID,
        "on": "date",
        "smallest_cell": "0 to 100000 | null",
        "result": "changes needed | fit to be published",
        "note?": f"{COMMITMENT} | null",
    },
    "publication.changes-asked.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "reason": COMMITMENT,
    },
    "publication.passed.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "waivers?": f"({WAIVER_ID})*",
    },
    "publication.recorded.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "on": "date",
        "doi?": f"{DOI} | null",
    },
    "publication.withdrawn.v1": {
        "publication": PUBLICATION_ID,
        "request": REQUEST_ID,
        "on": "date",
        "reason?": f"{COMMITMENT} | null",
    },
    "amendment.issued.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "kind": "DUA | MOU",
        "template": NAME,
        "template_approved_by": PERSON_ID,
        "text": DIGEST,
        "recipients": f"({{person: {PERSON_ID}, organisation: {ORGANISATION_ID} | null}})*",
        "datasets": f"({{dataset: {DATA_SET_ID}, form: de-identified | identified}})*",
        "otherwise?": f"{COMMITMENT} | null",
        "amends": AGREEMENT_ID,
        "beside?": "bool",
    },
    "agreement.renewed.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "ends": "date",
        "report": DIGEST,
        "waivers?": f"({WAIVER_ID})*",
    },
    "agreement.expired.v1": {
        "agreement": AGREEMENT_ID,
        "request": REQUEST_ID,
        "on": "date",
    },
    "person.debarred.v1": {
        "person": PERSON_ID,
        "until": "date",
        "reason?": f"{COMMITMENT} | null",
    },
    "person.debarment-lifted.v1": {
        "person": PERSON_ID,
    },
    "person.debarment-lifted.v2": {
        "person": PERSON_ID,
        "reason?": f"{COMMITMENT} | null",
    },
    "disclosure.compelled.v1": {
        "instrument": "court order | other | search warrant | statute | subpoena",
        "on": "date",
        "dataset": DATA_SET_ID,
        "to": COMMITMENT,
        "scope": COMMITMENT,
        "counsel": COMMITMENT,
        "document": DIGEST,
        "notice_on?": "date | null",
        "no_notice?": f"{COMMITMENT} | null",
        "learners?": f"{SIZE} | null",
        "also?": f"({DATA_SET_ID})*",
    },
    "reminder.fell-due.v1": {
        "kind": (
            "agreement ends | destruction due | destruction overdue | ethics determination expires | "
            "key expires | training expires"
        ),
        "what": NAME,
        "day": "date",
        "days": "0 to 100000",
        "whom": f"({PERSON_ID})*",
        "request?": f"{REQUEST_ID} | null",
        "dataset?": f"{DATA_SET_ID} | null",
    },
    "destruction.required.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "dataset": DATA_SET_ID,
        "label": NAME,
        "ended": "date",
        "due": "date",
    },
    **{
        wire_type: {
            "of": POSITION,
            "kind": NAME,
            "way": "e-mail | webhook",
            "message": NAME,
            "person?": f"{PERSON_ID} | null",
            "request?": f"{REQUEST_ID} | null",
        }
        for wire_type in ("notice.sent.v1", "notice.refused.v1")
    },
    "notice.revived.v1": {
        "refusal": POSITION,
        "of": POSITION,
        "kind": NAME,
        "way": "e-mail | webhook",
        "message": NAME,
        "person?": f"{PERSON_ID} | null",
        "request?": f"{REQUEST_ID} | null",
    },
    "copy.reported.v1": {
        "request": REQUEST_ID,
        "dataset": DATA_SET_ID,
        "label": NAME,
        "by": f"{PERSON_ID} | null",
        "person": f"{PERSON_ID} | null",
        "since": "date",
        "place?": f"{COMMITMENT} | null",
        "account?": f"{COMMITMENT} | null",
    },
    "copies.declared.v1": {
        "request": REQUEST_ID,
        "by": PERSON_ID,
    },
    "destruction.attested.v1": {
        "attestation": ATTESTATION_ID,
        "request": REQUEST_ID,
        "by": PERSON_ID,
        "on": "date",
        "holdings": HOLDINGS,
        "copies": "0 to 100000",
        "media": COMMITMENT,
        "method": COMMITMENT,
        "exceptions?": f"{COMMITMENT} | null",
    },
    "destruction.accepted.v1": {
        "attestation": ATTESTATION_ID,
        "request": REQUEST_ID,
        "holdings": HOLDINGS,
        "reason?": f"{COMMITMENT} | null",
    },
    "holding.written-off.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "dataset": DATA_SET_ID,
        "label": NAME,
        "reason": COMMITMENT,
    },
    "incident.reported.v1": {
        "incident": INCIDENT_ID,
        "what": "lost device | misdirected | other | passed on | published | unauthorised access",
        "discovered": "datetime",
        "told": "datetime",
        "requests": f"({REQUEST_ID})*",
        "people": f"({PERSON_ID})*",
        "datasets": f"({DATA_SET_ID})*",
        "account?": f"{COMMITMENT} | null",
    },
    "incident.contained.v1": {
        "incident": INCIDENT_ID,
        "requests": f"({REQUEST_ID})*",
        "people": f"({PERSON_ID})*",
        "datasets": f"({DATA_SET_ID})*",
        "how": COMMITMENT,
    },
    "incident.closed.v1": {
        "incident": INCIDENT_ID,
        "requests": f"({REQUEST_ID})*",
        "people": f"({PERSON_ID})*",
        "datasets": f"({DATA_SET_ID})*",
        "reason": COMMITMENT,
    },
    "access.revoked.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "on": "date",
        "reason?": f"{COMMITMENT} | null",
    },
    "access.restored.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "reason?": f"{COMMITMENT} | null",
    },
    "person.departed.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "on": "date",
        "reason?": f"{COMMITMENT} | null",
    },
    "person.moved.v1": {
        "request": REQUEST_ID,
        "person": PERSON_ID,
        "on": "date",
        "organisation": f"{ORGANISATION_ID} | null",
    },
    "legal-hold.placed.v1": {
        "hold": HOLD_ID,
        "request": f"{REQUEST_ID} | null",
        "dataset": f"{DATA_SET_ID} | null",
        "person": f"{PERSON_ID} | null",
        "reason": COMMITMENT,
    },
    "legal-hold.lifted.v1": {
        "hold": HOLD_ID,
        "request": f"{REQUEST_ID} | null",
        "dataset": f"{DATA_SET_ID} | null",
        "person": f"{PERSON_ID} | null",
        "reason?": f"{COMMITMENT} | null",
    },
    "request.closed.v1": {
        "request": REQUEST_ID,
    },
    "finding.assigned.v1": {
        "finding": FINDING_ID,
        "entry": POSITION,
        "kind": FINDING_KINDS,
        "request": f"{REQUEST_ID} | null",
        "person": f"{PERSON_ID} | null",
        "owner": PRINCIPAL_ID,
    },
    "finding.closed.v1": {
        "finding": FINDING_ID,
        "entry": POSITION,
        "kind": FINDING_KINDS,
        "request": f"{REQUEST_ID} | null",
        "person": f"{PERSON_ID} | null",
        "reason": COMMITMENT,
    },
}

PLAIN = (
    msgspec.inspect.LiteralType,
    msgspec.inspect.NoneType,
    msgspec.inspect.DateType,
    msgspec.inspect.BoolType,
)
every_event = pytest.mark.parametrize("event", DECLARED, ids=lambda event: event.wire_type())


class GroupMoved(Event, name="group.moved", version=1, sealed_for="head"):
    """Holds an id in every way in which an event may hold one."""

    head: PersonId
    deputy: PersonId | None = None
    members: tuple[PersonId, ...] = ()
    pairs: tuple[tuple[PersonId, DataSetId], ...] = ()
    requests: tuple[RequestId, ...] | None = None
    reason: Sealed | None = None
    note: Sealed | None = None
    label: Name = "moved"


def test_every_declared_event_is_pinned_with_its_version_and_its_shape():
    assert {event.wire_type(): shape(event) for event in DECLARED} == PINNED


def test_every_event_of_the_package_is_declared():
    assert {event for module in stages() for event in events_in(module)} == set(DECLARED)


@every_event
def test_an_event_stands_in_the_file_of_its_stage_and_can_be_imported_from_the_package(event):
    assert event.__module__ in {module.__name__ for module in stages()}
    assert getattr(ledger.events, event.__name__) is event
    assert event.__name__ in ledger.events.__all__


@every_event
def test_an_event_says_in_a_sentence_what_has_happened(event):
    assert re.fullmatch(r"[A-Z][^\n]+[.]", (event.__doc__ or "").partition("\n")[0])


@every_event
def test_an_event_is_frozen_keyword_only_and_takes_no_unknown_members(event):
    settings = event.__struct_config__
    kinds = {parameter.kind for parameter in inspect.signature(event).parameters.values()}

    assert (settings.frozen, settings.forbid_unknown_fields, kinds) == (True, True, {inspect.Parameter.KEYWORD_ONLY})


def test_an_event_cannot_be_changed():
    registered: Any = person()

    with pytest.raises(AttributeError):
        registered.name = commitment(2)


def test_an_event_takes_no_member_by_its_place():
    by_place: list[Any] = [ANA, (), date(2026, 12, 21)]

    with pytest.raises(TypeError):
        PersonErased(*by_place)


@every_event
def test_each_member_can_be_decoded_and_is_bounded(event):
    assert [(field.name, why) for field in members(event) for why in unfit(field.type)] == []
    assert all(field.name.isascii() for field in members(event))


@pytest.mark.campaign
@many
@given(event=events(*DECLARED, GroupMoved))
def test_every_id_in_an_event_is_a_tag_and_every_commitment_sealed_for_somebody(event):
    held = [
        (name, mark, value)
        for field in members(type(event))
        for name, mark, value in marked(field.name, field.type, getattr(event, field.name))
    ]

    if isinstance(event, FactCorrected):
        return
    assert event.tags() == {f"{mark[TAG]}:{value}" for _, mark, value in held if TAG in mark}
    assert list(event.sealed().items()) == [(name, value) for name, mark, value in held if SEALED in mark]
    assert not event.sealed() or [event.subject()] == [
        f"{mark[TAG]}:{value}" for name, mark, value in held if name == event.sealed_for
    ]


def test_a_correction_is_found_by_whatever_finds_the_fact_that_it_corrects():
    corrected = FactCorrected(corrected=7, about=(f"person:{ANA}", f"request:{REQUEST}"), reason=commitment())

    assert corrected.tags() == {f"person:{ANA}", f"request:{REQUEST}"}
    assert corrected.subject() == f"request:{REQUEST}"


@every_event
def test_an_event_that_can_seal_something_belongs_to_somebody(event):
    # Documents belong to the same person or request, so an event may belong to somebody and seal nothing.
    assert bool(event.sealed_for) or not any("sealed" in held for held in shape(event).values())


@pytest.mark.parametrize(
    "kind",
    [PersonId, DataSetId, RequestId, Sealed, Digest, Name, codec.Principal, codec.Salt],
    ids=["PersonId", "DataSetId", "RequestId", "Sealed", "Digest", "Name", "Principal", "Salt"],
)
@many
@given(data=st.data())
def test_nothing_may_follow_what_a_member_holds(kind, data):
    fits = data.draw(st.from_regex(kind.__metadata__[0].pattern, fullmatch=True))
    tail = data.draw(st.sampled_from(["\n", "\r", "\0", " \n"]))

    assert msgspec.convert(fits, kind) == fits
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fits + tail, kind)


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-1-1", "20260101", "2026-01-01\n", "٢٠٢٦-01-01"],
)
def test_a_day_that_is_in_no_calendar_is_no_date(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Date)


def test_every_id_is_a_tag():
    moved = GroupMoved(head=ANA, deputy=BEN, members=(EVA, ANA), pairs=((BEN, DATA_SET),), requests=(REQUEST,))

    assert moved.tags() == {
        *(f"person:{ANA}", f"person:{BEN}", f"person:{EVA}"),
        *(f"dataset:{DATA_SET}", f"request:{REQUEST}"),
    }


def test_what_is_not_given_is_no_tag():
    assert GroupMoved(head=ANA).tags() == {f"person:{ANA}"}


def test_the_commitments_that_are_given_are_sealed_for_somebody():
    moved = GroupMoved(head=ANA, deputy=BEN, reason=commitment(7))

    assert (moved.sealed(), moved.subject()) == ({"reason": commitment(7)}, f"person:{ANA}")


def test_the_tags_of_events_of_ours():
    assert person().tags() == {f"person:{ANA}"}
    assert data_set().tags() == version_added().tags() == {f"dataset:{DATA_SET}"}
    assert submitted(researcher=ANA, study_group=(ANA, BEN)).tags() == {
        *(f"request:{REQUEST}", f"dataset:{DATA_SET}"),
        *(f"person:{ANA}", f"person:{BEN}"),
    }


def test_what_events_of_ours_seal():
    assert person(email=commitment(2)).sealed() == {"name": commitment(1), "email": commitment(2)}
    assert (submitted().sealed(), submitted().subject()) == ({"description": commitment()}, f"request:{REQUEST}")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        *(("", 1), ("person", 1), ("Person.registered", 1), ("person.Registered", 1), ("person..registered", 1)),
        *((".registered", 1), ("person.", 1), ("person.registered\n", 1), ("person.registered.v1", 1), ("pérson.x", 1)),
        *(("person/x.y", 1), ("person registered.x", 1), ("person.registered", 0), ("person.registered", -1)),
    ],
)
def test_a_declaration_with_a_bad_name_or_version_is_refused(name, version):
    with pytest.raises(Malformed) as refusal:
        type("Bad", (Event,), {"__annotations__": {"person": PersonId}}, name=name, version=version)

    assert (refusal.value.what, refusal.value.value) == ("wire name", f"{name}.v{version}")


def test_a_declaration_without_name_and_version_is_refused():
    with pytest.raises(Malformed, match="Nameless"):
        type("Nameless", (Event,), {})


@pytest.mark.parametrize("member", ["version", "wire_name", "sealed_for", "tags", "subject", "sealed", "upcast"])
def test_a_member_that_would_hide_what_every_event_has_is_refused(member):
    with pytest.raises(Malformed) as refusal:
        type("Hiding", (Event,), {"__annotations__": {member: Name}}, name="thing.hidden", version=1)

    assert (refusal.value.what, refusal.value.value) == ("member", member)


def test_a_wire_name_and_version_that_is_declared_twice_is_refused():
    class PersonMet(Event, name="person.registered", version=1):
        """Somebody was met."""

    with pytest.raises(Malformed) as refusal:
        Codec([PersonRegistered, PersonMet])

    assert refusal.value.value == "person.registered.v1"


@every_event
def test_every_version_leads_up_to_the_newest_of_its_name(event):
    versions = sorted(other.version for other in DECLARED if other.wire_name == event.wire_name)

    assert versions == list(range(1, len(versions) + 1))
    assert ("upcast" in vars(event)) == (event.version < len(versions))


def shape(event: type[Event]) -> dict[str, str]:
    """The members of an event, each with what it may hold; a question mark says that it need not be given."""
    return {field.encode_name + ("" if field.required else "?"): spelled(field.type) for field in members(event)}


def spelled(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.StrType():
            return (kind.pattern or "text").removesuffix(END)
        case msgspec.inspect.Metadata():
            marks = [mark if value is True else value for mark, value in (kind.extra or {}).items()]
            return " ".join([spelled(kind.type), *marks])
        case msgspec.inspect.LiteralType():
            return " | ".join(map(str, kind.values))
        case msgspec.inspect.UnionType():
            return " | ".join(map(spelled, kind.types))
        case msgspec.inspect.VarTupleType():
            return f"({spelled(kind.item_type)})*"
        case msgspec.inspect.StructType():
            return "{" + ", ".join(f"{field.encode_name}: {spelled(field.type)}" for field in kind.fields) + "}"
        case msgspec.inspect.IntType():
            return f"{kind.ge} to {kind.le}"
        case msgspec.inspect.NoneType():
            return "null"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def stages() -> list[ModuleType]:
    """The modules of the package in which events are declared."""
    names = [module.name for module in pkgutil.iter_modules(ledger.events.__path__)]
    return [importlib.import_module(f"ledger.events.{name}") for name in names if name not in {"event", "ids"}]


def events_in(module: ModuleType) -> Iterator[type[Event]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Event) and found.__module__ == module.__name__:
            yield found


def unfit(kind: msgspec.inspect.Type) -> Iterator[str]:
    """Why this type cannot stand in a payload, or could hold what RFC 8785 would write otherwise."""
    match kind:
        case msgspec.inspect.Metadata():
            yield from unfit(kind.type)
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from unfit(one)
        case msgspec.inspect.VarTupleType():
            yield from unfit(kind.item_type)
        case msgspec.inspect.TupleType():
            for one in kind.item_types:
                yield from unfit(one)
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from unfit(field.type)
        case msgspec.inspect.StrType():
            if kind.pattern is None:
                yield "is text without a pattern"
        case msgspec.inspect.IntType():
            if kind.ge is None or kind.le is None or kind.ge < -MAX_INTEGER or kind.le > MAX_INTEGER:
                yield "is a number without bounds within 2**53 - 1"
        case msgspec.inspect.DateTimeType() if kind.tz:
            return
        case _ if isinstance(kind, PLAIN):
            return
        case _:
            yield f"is of a kind that no event holds yet: {kind}"


def marked(name: str, kind: msgspec.inspect.Type, value: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The texts within a member that are marked, with their marks."""
    match kind, value:
        case msgspec.inspect.Metadata(), str():
            yield name, kind.extra or {}, value
        case msgspec.inspect.UnionType(), _:
            for one in kind.types:
                yield from marked(name, one, value)
        case msgspec.inspect.VarTupleType(), tuple():
            for item in value:
                yield from marked(name, kind.item_type, item)
        case msgspec.inspect.TupleType(), tuple():
            for one, item in zip(kind.item_types, value, strict=True):
                yield from marked(name, one, item)
        case msgspec.inspect.StructType(), msgspec.Struct():
            for field in kind.fields:
                yield from marked(field.name, field.type, getattr(value, field.name))
