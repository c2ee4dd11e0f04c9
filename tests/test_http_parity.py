"""Whatever can be asked or done at the command line has a route, or a reason why it has none."""

import io
import json
import zipfile

import pytest

from api.cli import COMMANDS
from api.http.document import PUBLIC_ANSWERS
from api.http.table import ROUTES
from ledger.events import HistoryViewed
from ledger.evidence.bundle_check import check_bundle
from ledger.evidence.logkeys import log_keys
from tests.facts import ANA, BEN, DATA_SET, REQUEST, erased
from tests.http_office import OTHERS_REQUEST, HttpOffice, executed, form, office, told
from tests.office import written
from tests.office_facts import FAR_OFF, LONG_AGO, STRANGER, waiver
from tests.past_facts import past_release
from tests.question_facts import ask
from tests.view_facts import authorised, handed_over, received

__all__ = ["executed", "office"]

OF_A_REQUEST, OF_A_RELEASE = "/requests/{request}", "/requests/{request}/releases/{release}"
OF_AN_AGREEMENT = "/requests/{request}/agreements/{agreement}"
OF_A_PUBLICATION = "/requests/{request}/publications/{publication}"
OF_A_DETERMINATION = "/requests/{request}/determinations/{determination}"
# Which routes do what a command does.
ROUTED = {
    "erase": ["POST /people/{person}/erasure"],
    "entries": ["GET /entries"],
    "show": ["GET /entries/{position}"],
    "vkey": ["GET /verifier-key"],
    "checkpoint": ["GET /checkpoint"],
    "receipt": ["GET /entries/{position}/receipt"],
    "tiles": ["GET /tile/{level}/{number}", "GET /tile/entries/{bundle}"],
    "bundle": ["GET /requests/{request}/bundle", "GET /people/{person}/bundle", "GET /datasets/{dataset}/bundle"],
    "notices": ["GET /notices", "GET /notices/told"],
    "publish-policy": ["POST /policies"],
    "grant-role": ["POST /roles"],
    "end-role": ["POST /role-ends"],
    "grant-waiver": [f"POST {OF_A_REQUEST}/waivers"],
    "correct": ["POST /corrections"],
    "register-dataset": ["POST /datasets"],
    "add-version": ["POST /datasets/{dataset}/versions"],
    "change-form": ["POST /datasets/{dataset}/form-changes"],
    "retire-dataset": ["POST /datasets/{dataset}/retirement"],
    "register-person": ["POST /people"],
    "change-details": ["POST /people/{person}/details"],
    "register-organisation": ["POST /organisations"],
    "affiliation": [f"POST {OF_A_REQUEST}/affiliations"],
    "suspend": ["POST /people/{person}/suspensions"],
    "lift": ["POST /people/{person}/suspension-lifts"],
    "debar": ["POST /people/{person}/debarments"],
    "lift-debarment": ["POST /people/{person}/debarment-lifts"],
    "certify": ["POST /people/{person}/trainings"],
    "verify-training": ["POST /people/{person}/training-verifications"],
    "submit": ["POST /requests", f"POST {OF_A_REQUEST}/submissions"],
    "return": [f"POST {OF_A_REQUEST}/returns"],
    "withdraw": [f"POST {OF_A_REQUEST}/withdrawal"],
    "determination": [f"POST {OF_A_REQUEST}/determinations"],
    "request-reliance": [f"POST {OF_A_DETERMINATION}/reliance-requests"],
    "reliance": [f"POST {OF_A_DETERMINATION}/reliances"],
    "end-determination": [f"POST {OF_A_DETERMINATION}/end"],
    "determine": [f"POST {OF_A_REQUEST}/legal-determinations"],
    "approve": [f"POST {OF_A_REQUEST}/approval"],
    "decline": [f"POST {OF_A_REQUEST}/declination"],
    "issue": [f"POST {OF_A_REQUEST}/agreements"],
    "sign": [f"POST {OF_AN_AGREEMENT}/openpgp-signatures", f"POST {OF_AN_AGREEMENT}/signatures"],
    "execute": [f"POST {OF_AN_AGREEMENT}/execution"],
    "amend": [f"POST {OF_A_REQUEST}/amendments"],
    "renew": [f"POST {OF_AN_AGREEMENT}/renewals"],
    "terminate": [f"POST {OF_AN_AGREEMENT}/termination"],
    "designate": [f"POST {OF_A_REQUEST}/contacts"],
    "file-key": [f"POST {OF_A_REQUEST}/keys"],
    "confirm-key": [f"POST {OF_A_REQUEST}/key/confirmation"],
    "reject-key": [f"POST {OF_A_REQUEST}/key/rejection"],
    "revoke-key": [f"POST {OF_A_REQUEST}/key/revocation"],
    "test-key": [f"POST {OF_A_REQUEST}/key/tests", f"POST {OF_A_REQUEST}/key/test-answers"],
    "release": [f"POST {OF_A_REQUEST}/releases", f"POST {OF_A_RELEASE}/package", f"GET {OF_A_RELEASE}/package"],
    "release-failed": [f"POST {OF_A_RELEASE}/failure"],
    "received": [f"POST {OF_A_RELEASE}/receipt"],
    "refer": ["POST /queries"],
    "receive-query": ["POST /queries"],
    "answer-query": ["POST /queries/{query}/answer"],
    "withdraw-query": ["POST /queries/{query}/withdrawal"],
    "notify-publication": [f"POST {OF_A_REQUEST}/publications"],
    "review-publication": [f"POST {OF_A_PUBLICATION}/reviews"],
    "ask-changes": [f"POST {OF_A_PUBLICATION}/returns"],
    "pass-publication": [f"POST {OF_A_PUBLICATION}/passing"],
    "record-publication": [f"POST {OF_A_PUBLICATION}/appearance"],
    "withdraw-publication": [f"POST {OF_A_PUBLICATION}/withdrawal"],
    "check-table": ["POST /tables/check"],
    "compelled-disclosure": ["POST /compelled-disclosures"],
    "report-copy": [f"POST {OF_A_REQUEST}/copies"],
    "declare-copies": [f"POST {OF_A_REQUEST}/copy-declarations"],
    "attest": [f"POST {OF_A_REQUEST}/attestations"],
    "accept-attestation": [f"POST {OF_A_REQUEST}/attestations/{{attestation}}/acceptance"],
    "write-off": [f"POST {OF_A_REQUEST}/write-offs"],
    "depart": ["POST /people/{person}/departures", "GET /people/{person}/departure"],
    "move": ["POST /people/{person}/moves"],
    "place-hold": ["POST /holds"],
    "lift-hold": ["POST /holds/{hold}/lifting"],
    "close": [f"POST {OF_A_REQUEST}/closing"],
    "report-incident": ["POST /incidents"],
    "contain-incident": ["POST /incidents/{incident}/containment"],
    "close-incident": ["POST /incidents/{incident}/closing"],
    "revoke-access": [f"POST {OF_A_REQUEST}/access-revocations"],
    "restore-access": [f"POST {OF_A_REQUEST}/access-restorations"],
    "assign-finding": ["POST /findings/{entry}/assignment"],
    "close-finding": ["POST /findings/{entry}/closing"],
    "access": ["POST /accesses", "POST /access/v1/evaluation", "POST /access/v1/evaluations"],
    "opened": ["POST /openings"],
    "may": ["GET /permissions"],
    "inbox": ["GET /inbox"],
    "request": [f"GET {OF_A_REQUEST}", f"GET {OF_A_REQUEST}/letter"],
    "holders": ["GET /datasets/{dataset}/holders"],
    "holdings": [
        "GET /people/{person}/holdings",
        "GET /organisations/{organisation}/holdings",
        "GET /holdings-without-right",
    ],
    "deadlines": ["GET /deadlines"],
    "accesses": ["GET /accesses"],
    "queries": ["GET /queries"],
    "publications": ["GET /publications"],
    "findings": ["GET /findings"],
    "history": [f"GET {OF_A_REQUEST}/history"],
    "explain": ["GET /entries/{position}"],
    "agreements": ["GET /coverage"],
    "disclosures": ["GET /disclosures"],
    "stats": ["GET /stats"],
    "sample": ["GET /releases/sample", "GET /entries/{position}/bundle"],
    "roles": ["GET /roles"],
    "views-of": [f"GET {OF_A_REQUEST}/views", "GET /people/{person}/views"],
    "waivers": ["GET /waivers"],
    "erased": ["GET /erasures"],
    "issue-api-key": ["POST /api-keys"],
    "revoke-api-key": ["POST /api-keys/{apikey}/revocation"],
}
# What has none, by why.
ONLY_THERE = {
    "is about the files and keys of a home, for whoever is logged in where they lie": (
        *("init", "migrate", "join", "copy", "move-house", "verify", "sweep", "rebuild", "backup"),
        *("backup-keys", "restore", "appoint", "rotate-key", "rewrap-keys", "retire-key", "serve", "demo"),
    ),
    "is called by the clock of the machine": ("tick", "send"),
    "needs no ledger": ("check-receipt", "witness", "openapi"),
    "takes a register of any size, with a map that its operator wrote": ("import",),
}


def test_whatever_the_command_line_does_has_a_route_or_a_reason_why_not():
    there = [name for names in ONLY_THERE.values() for name in names]
    routed = {route for routes in ROUTED.values() for route in routes}
    routes = {route.name for route in ROUTES} | {f"GET {path}" for path in PUBLIC_ANSWERS}

    assert sorted([*ROUTED, *there]) == sorted(COMMANDS)
    assert routed <= routes


def test_erasures_are_told_with_what_is_gone_by_when(office: HttpOffice):
    written([erased(BEN, details=("phone",))], office.home.ledger)

    (row,) = told(office.get("auditor", "/erasures"))["rows"]

    assert row == {
        "person": BEN,
        "details": ["phone"],
        "erased": "2026-11-21",
        "by": row["by"],
        "last_copy_lapses": "2026-12-21",
        "position": office.length,
    }
    assert told(office.get("auditor", "/erasures?known_at=2026-01-01"))["rows"] == []


def test_agreements_are_told_with_what_they_cover_those_of_the_past_beside_them(executed: HttpOffice):
    written([past_release(agreement="DUA 7")], executed.home.ledger)

    answer = told(executed.get("compliance", "/coverage"))

    own = {
        "agreement": "A-1",
        "version": None,
        "how": "in force",
        "parties": [{"id": ANA, "name": "Ana Ejemplo"}],
        "datasets": [DATA_SET],
        "forms": ["identified"],
        "since": str(LONG_AGO),
        "dated": "day",
        "until": str(FAR_OFF),
        "releases": None,
    }
    assert (answer["rows"][0], answer["without_agreement"]) == (own, 0)
    assert [(one["agreement"], one["how"]) for one in answer["rows"][1:]] == [
        ("A-2", "in force"),
        ("DUA 7", "imported"),
    ]
    assert told(executed.get("staff", "/coverage?dataset=D-none"))["rows"] == []


def findings(office: HttpOffice, bundle: bytes):
    """What is wrong with a bundle, for whoever has the log's key."""
    return check_bundle(bundle, log_keys(office.home.ledger.store)).findings


@pytest.mark.parametrize("seed", ["2026-11", "=1+1"])
def test_the_same_releases_of_the_past_are_drawn_for_the_same_seed_with_their_evidence(office: HttpOffice, seed):
    written([past_release(reference=f"{number}") for number in range(5)], office.home.ledger)
    path = f"/releases/sample?seed={seed.replace('+', '%2B')}&number=2&imported=true"

    first, again = (told(office.get("auditor", path)) for _ in range(2))
    bundles = [office.get("auditor", row["evidence"]) for row in first["rows"]]

    assert (first, len(first["rows"]), first["seed"]) == (again, 2, seed)
    for bundle in bundles:
        assert (bundle.status_code, bundle.mimetype) == (200, "application/zip")
        assert findings(office, bundle.get_data()) == ()


def test_a_bundle_of_a_request_is_made_for_auditors_and_that_it_is_taken_along_is_on_record(office: HttpOffice):
    bundle = office.get("auditor", f"/requests/{REQUEST}/bundle?open=details")

    assert findings(office, bundle.get_data()) == ()
    (last,) = office.home.ledger.facts(after=office.length - 1)
    assert last.event == HistoryViewed(how="exported", request=REQUEST)
    with zipfile.ZipFile(io.BytesIO(bundle.get_data())) as files:
        content = b"".join(map(files.read, files.namelist()))
    assert (b"Ana Ejemplo" in content, OTHERS_REQUEST.encode() in content) == (True, False)


def test_what_a_request_lacks_is_written_as_a_letter_and_only_for_whose_it_is(office: HttpOffice):
    letter = office.get("researcher", f"/requests/{REQUEST}/letter")

    assert (letter.status_code, letter.mimetype) == (200, "text/plain")
    assert letter.get_data(as_text=True).startswith("Dear Ana Ejemplo,\n\nThank you for your request R-2026-0001")
    assert office.get("researcher", f"/requests/{OTHERS_REQUEST}/letter").status_code == 404
    assert office.post("staff", f"/requests/{REQUEST}/withdrawal").status_code == 201
    assert office.get("staff", f"/requests/{REQUEST}/letter").status_code == 422


def test_the_letter_tells_the_office_and_who_asked_why_a_request_was_returned(office: HttpOffice):
    office.post("staff", f"/requests/{REQUEST}/returns", {"items": ["C1.2"], "reason": "Who pays?"})

    told = {of: office.get(of, f"/requests/{REQUEST}/letter").text for of in ("researcher", "staff", "auditor")}

    assert ["\n\nThis is why:\n\n    Who pays?\n\n" in text for text in told.values()] == [True, True, False]
    assert "\n\nYou hear from us why.\n\n" in told["auditor"]


def test_a_request_says_whose_turn_it_is(office: HttpOffice):
    (turn,) = told(office.get("researcher", f"/requests/{REQUEST}"))["turns"]

    assert (turn["who"], turn["next"], turn["working_days"]) == ("office", "approve or decline", 0)


ASKED = {
    "queries": "/queries",
    "publications": "/publications",
    "inbox": "/inbox",
    "findings": "/findings",
    "deadlines --within 9000": "/deadlines?within=9000",
    "accesses": "/accesses",
    "agreements": "/coverage",
    "roles": "/roles",
    "waivers": "/waivers",
    "stats --year 2026": "/stats?year=2026",
    f"holders {DATA_SET}": f"/datasets/{DATA_SET}/holders",
    f"holdings {ANA}": f"/people/{ANA}/holdings",
    f"views-of {REQUEST}": f"/requests/{REQUEST}/views",
    "sample --seed 1 1": "/releases/sample?seed=1&number=1",
}
# What a table puts together, or into words, of what stands in members of their own over HTTP.
IN_OTHER_WORDS = {
    "queries": {"about", "way"},
    "agreements": {"parties", "parties_name"},
    f"holders {DATA_SET}": {"right", "in_force"},
    f"holdings {ANA}": {"right", "in_force"},
    f"views-of {REQUEST}": {"how"},
    "stats --year 2026": {"median_days"},
    "sample --seed 1 1": {"file"},
}


def test_a_list_tells_whatever_the_table_of_the_command_line_tells(executed: HttpOffice):
    referred = {"kind": "pass on", "asker": "A colleague", "asked": ANA, "referred_by": ANA, "datasets": [DATA_SET]}
    notified = json.dumps({"kind": "article", "title": "What learners do", "told_by": ANA, "authors": [ANA]})
    reviewed = {"reviewer": STRANGER, "result": "fit to be published", "smallest_cell": 20}
    publications = f"/requests/{REQUEST}/publications"
    done = (
        executed.post("staff", "/queries", referred),
        form(executed, publications, notified),
        executed.post("staff", f"{publications}/B-2026-0001-1/reviews", reviewed),
        executed.post("data server", "/openings", {"person": STRANGER, "dataset": DATA_SET}),
        executed.get("staff", f"/requests/{REQUEST}/history"),
    )
    assert [one.status_code for one in done] == [201, 201, 201, 201, 200]
    written([authorised(), handed_over(), received(), waiver()], executed.home.ledger)

    for typed, path in ASKED.items():
        rows = ask(executed.home.path, *typed.split(), "--json", clock=executed.clock).rows
        wanted = [{name: row[name] for name in row.keys() - IN_OTHER_WORDS.get(typed, set())} for row in rows]
        asked = told(executed.get("auditor", path))["rows"]
        found = [{name: row.get(name, "untold") for name in one} for one, row in zip(wanted, asked, strict=True)]
        assert (typed, found) == (typed, wanted)
        assert wanted
