"""Facts and objections told in words. Nothing depends on the wording; what counts stands in the log."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.names import Names
from api.past import told_of_the_past
from api.telling_holdings import SENTENCES as OF_HOLDINGS
from api.telling_holdings import told_of_holdings
from api.telling_outside import SENTENCES as FROM_OUTSIDE
from api.telling_outside import told_outside
from ledger import events as e
from ledger.codec import Recorded
from projections.rules.rule import Objection
from projections.rules.rulebook import rule


class Words(NamedTuple):
    """How things are called where a ledger is kept, and in which zone its dates are."""

    institution: str
    office: str
    board: str
    memorandum: str
    external_agreement: str
    zone: str

    def agreement(self, kind: str) -> str:
        """What an agreement of this kind is called."""
        return {"MOU": self.memorandum, "DUA": self.external_agreement}[kind]

    def day(self, at: datetime) -> date:
        """The date at the office."""
        return at.astimezone(ZoneInfo(self.zone)).date()


def words_of(policy: e.PolicyPublished) -> Words:
    """The words that a policy gives."""
    return Words(
        policy.institution,
        policy.office,
        policy.board,
        policy.memorandum,
        policy.external_agreement,
        policy.time_zone,
    )


MIT = words_of(e.PolicyPublished())


def told(event: e.Event, names: Names, words: Words = MIT) -> str:
    """An event as a sentence, with names."""
    match event:
        case e.LedgerOpenedV1():
            return told(event.upcast(), names, words)
        case e.LedgerOpened():
            return _told_of_the_opening(event)
        case e.PersonRegistered():
            return f"{names(event.person)} became known to the office."
        case e.PersonDetailsChanged():
            return f"Details of {names(event.person)} changed: {_listed(event.sealed())}."
        case e.PersonErased():
            return f"Erased of {names(event.person)}: {_listed(event.details) or 'everything'}."
        case e.OrganisationRegistered():
            return f"{names(event.organisation)} became known to the office."
        case e.AffiliationDetermined():
            where = {
                "home": f"of {words.institution}",
                "outside": "from outside",
                "in doubt": "of doubtful affiliation",
            }
            acts_for = f", for {names(event.organisation)}" if event.organisation else ""
            return f"{names(event.person)} takes part as somebody {where[event.affiliation]}{acts_for}."
        case e.DataSetRegistered():
            return f"The data set {event.dataset} ({event.kind} of {event.course_run}) entered the catalogue."
        case e.DataSetVersionAdded():
            return f"{event.dataset} got version {event.label}, {event.form}."
        case e.DataSetFormChanged():
            found = f"On {event.found_on} {names(event.found_by)} found version {event.label} of {event.dataset}"
            return f"{found} to be {event.form}."
        case e.DataSetRetired():
            return f"{event.dataset} is released no more."
        case _:
            return _told_of_requests(event, names, words)


def _told_of_the_opening(event: e.LedgerOpened) -> str:
    if event.continues is None:
        return f"The ledger {event.origin} was opened."
    before = event.continues
    lost = (before.signed or 0) - before.size
    what = "" if lost <= 0 else f"; {lost:,} more had been signed and are lost"
    return f"The ledger {event.origin} was opened, carrying on {before.origin} from its entry {before.size:,}{what}."


def _told_of_requests(event: e.Event, names: Names, words: Words) -> str:
    match event:
        case e.RequestSubmitted():
            wanted = (
                _listed(f"{one.dataset} ({one.form or 'form not said'})" for one in event.datasets) or "no data set yet"
            )
            group = _listed(map(names, event.study_group)) or "nobody yet"
            return f"{names(event.researcher)} asked for {wanted}; access for {group}."
        case e.RequestReturned():
            return f"The request was returned, for {_listed(event.items) or 'completion'}."
        case e.RequestWithdrawn():
            return "The request was withdrawn."
        case e.EthicsDetermined():
            board = f"the board of {names(event.organisation)}" if event.organisation else words.board
            until = f" until {event.expires}" if event.expires else ""
            whom = _listed(map(names, event.covers)) or "all personnel"
            since = f", from {event.on}" if event.on else ""
            return f"On protocol {event.protocol}, {board} found: {event.outcome}{since}{until}, for {whom}."
        case e.RelianceElected():
            return f"{words.board} elected on {event.on} to rely on determination {event.determination}."
        case e.DeterminationEnded():
            how = {"suspended": "was suspended", "lapsed": "lapsed"}[event.how]
            return f"Determination {event.determination} {how} on {event.on}."
        case e.TrainingCertified():
            until = f", valid until {event.expires}" if event.expires else ""
            return f"{names(event.person)} completed the training on {event.completed}{until}."
        case e.TrainingVerified():
            return f"A certificate of {names(event.person)} was found to be genuine."
        case e.LawDetermined():
            found = "consistent" if event.consistent else "not consistent"
            bases = _listed(
                f"{one.dataset} ({one.form}) to {one.recipients} recipients under {one.basis}" for one in event.bases
            )
            return f"The disclosure was found {found} with the law: {bases or 'no basis'}."
        case e.RequestApproved():
            return f"The request was approved{', with conditions' if event.conditions else ''}."
        case e.RequestDeclined():
            return "The request was declined."
        case _:
            return _told_of_agreements(event, names, words)


def _told_of_agreements(event: e.Event, names: Names, words: Words) -> str:
    match event:
        case e.AgreementIssued():
            amends = ""
            if isinstance(event, e.AmendmentIssued):
                amends = f", {'beside' if event.beside else 'an amendment of'} {event.amends}"
            whom = _listed(
                names(one.person) + (f" for {names(one.organisation)}" if one.organisation else "")
                for one in event.recipients
            )
            data = _listed(f"{one.dataset} ({one.form})" for one in event.datasets)
            what = (
                f"{words.agreement(event.kind)} {event.agreement}{amends}, from template {event.template}, was issued"
            )
            approved = f"{names(event.template_approved_by)} had approved the template"
            return f"{what}: it names {whom or 'nobody'} and {data or 'no data set'}; {approved}."
        case e.AgreementSigned():
            how = {"openpgp": "by OpenPGP", "scan": "in ink", "e-signature": "by an e-signature"}[event.evidence]
            for_whom = f" for {names(event.organisation)}" if event.organisation else ""
            attested = f", as {names(event.attested_by)} attests" if event.attested_by else ""
            signed = f"{names(event.signer)} signed {event.agreement} as {event.capacity}{for_whom}"
            return f"{signed} on {event.on}, {how}{attested}."
        case e.AgreementExecuted():
            return f"Agreement {event.agreement} is in force from {event.starts} until {event.ends}."
        case e.AgreementRenewed():
            return f"Agreement {event.agreement} was renewed until {event.ends}{_waived(event.waivers)}."
        case e.AgreementExpired():
            return f"Agreement {event.agreement} ran out: it is no longer in force on {event.on}."
        case e.AgreementTerminated():
            return f"Agreement {event.agreement} was terminated: it is no longer in force on {event.on}."
        case _:
            return _told_of_contacts(event, names, words)


def _told_of_contacts(event: e.Event, names: Names, words: Words) -> str:
    match event:
        case e.ContactDesignated():
            return f"{names(event.person)} became the point of contact."
        case e.KeyFiled():
            until = f"; nothing can be encrypted for it from {words.day(event.expires)}" if event.expires else ""
            address = "" if event.names_address else "; it does not name their address"
            return f"{names(event.person)} filed key {event.key}{until}{address}."
        case e.KeyConfirmed():
            settles = ", and that it is theirs though it does not name their address" if event.settles_address else ""
            how = f"by {event.by}" if event.by != "in person" else event.by
            return f"Key {event.key} was confirmed {how} to {names(event.confirmed_to)} on {event.on}{settles}."
        case e.KeyRejected():
            return f"Key {event.key} was rejected."
        case e.KeyRevoked():
            why = {"no longer used": "it is no longer used", "lost": "it was lost", "compromised": "it is compromised"}
            return f"Key {event.key} was given up by its owner on {event.on}: {why[event.why]}."
        case e.KeyTestSent():
            return f"A test of key {event.key} was sent by {event.channel}."
        case e.KeyTestPassed():
            return f"The contact read the test of key {event.key} back: the key and {event.channel} both work."
        case e.KeyTestFailed():
            came = "what came back was wrong" if event.answer else "nothing came back"
            return f"The test of key {event.key} by {event.channel} failed: {came}."
        case _:
            return _told_of_releases(event, names, words)


def _told_of_releases(event: e.Event, names: Names, words: Words) -> str:
    match event:
        case e.ReleaseAuthorised():
            data = _listed(f"{one.dataset} version {one.label} ({one.form})" for one in event.versions)
            parties = _listed(names(one.person) for one in event.parties)
            way = f"to {names(event.contact)} by {event.channel}"
            what = f"Release {event.release} of {data or 'nothing'} {way} was authorised"
            return f"{what}, for {parties or 'nobody'}{_waived(event.waivers)}."
        case e.ReleaseHandedOver():
            data = _listed(f"{one.dataset} version {one.label}" for one in event.package.files)
            learners = "" if event.learners is None else f", about {event.learners:,} learners"
            what = f"The package of release {event.release} ({data or 'nothing'}{learners})"
            how = f"encrypted for key {event.key} of {names(event.contact)}, was handed over to {event.channel}"
            return f"{what}, extracted by {names(event.extracted_by)} and {how}{_waived(event.waivers)}."
        case e.ReleaseFailed():
            return f"Release {event.release} came to nothing, at {event.stage}."
        case e.ReleaseReceived():
            return f"{names(event.contact)} received and decrypted release {event.release} on {event.on}."
        case e.AccessPermitted():
            return f"{names(event.person)} was let in to {event.dataset}, under {event.agreement}."
        case e.DataSetOpened():
            who = names(event.person) if event.person else "Somebody unknown"
            version = f", version {event.label}" if event.label else ""
            under = f", under {event.request}" if event.request else ""
            return f"{who} opened {event.dataset}{version}{under}."
        case _:
            return _told_of_the_office(event, names, words)


def _told_of_the_office(event: e.Event, names: Names, words: Words) -> str:
    match event:
        case e.PolicyPublished():
            return f"A policy of {event.institution} {event.office} was published."
        case e.RoleGranted():
            who = f"{event.principal} ({names(event.person)})" if event.person else event.principal
            return f"{who} is {event.role} from {event.starts}{_until(event.ends)}."
        case e.RoleEnded():
            return f"{event.principal} is {event.role} no longer."
        case e.PersonSuspended():
            return f"{names(event.person)} was suspended{_in(event.request)}."
        case e.SuspensionLifted():
            return f"The suspension of {names(event.person)}{_in(event.request)} was lifted."
        case e.PersonDebarred():
            return f"{names(event.person)} takes part in no new request until {event.until}."
        case e.DebarmentLifted():
            return f"The debarment of {names(event.person)} was lifted."
        case e.WaiverGranted():
            return f"Waiver {event.waiver} excepts the request from the rule {event.rule} until {event.expires}."
        case e.ActRefused():
            objections = (Objection(one.rule, one.about, one.wanting, one.facts) for one in event.objections)
            reasons = "; ".join(objected(one, names, words) for one in objections)
            return f"{_wished(event, names)} was refused. {reasons or 'No reason was given'}."
        case e.FactCorrected():
            return f"What entry {event.corrected} says is not so, and counts no longer."
        case _:
            return _told_of_looking(event, names)


def _told_of_looking(event: e.Event, names: Names) -> str:
    match event:
        case e.PastDataSetRecorded() | e.PastReleaseRecorded() | e.PastRegisterTakenIn():
            return told_of_the_past(event, names)
        case e.ApiKeyIssued():
            until = event.expires.isoformat(timespec="seconds")
            return f"{event.principal} got API key {event.apikey} as {event.role} until {until}."
        case e.ApiKeyRevoked():
            return f"API key {event.apikey} was revoked."
        case e.LogKeyRotated():
            return f"The key {event.log_key} signs for the log from here on, too."
        case e.LogKeyRetired():
            return f"The key {event.log_key} signs for the log no more."
        case e.HistoryViewed():
            what = event.request or (names(event.person) if event.person else "the log")
            return f"{'The history' if event.how == 'read' else 'A copy of the history'} of {what} was looked at."
        case e.DocumentOpened():
            return f"A document of entry {event.entry} was opened."
        case _:
            return _told_of_the_calendar(event, names)


def _told_of_the_calendar(event: e.Event, names: Names) -> str:
    match event:
        case e.ReminderFellDue():
            whom = _listed(map(names, event.whom)) or "everybody concerned"
            when = f"{event.days} days {'after' if event.kind == 'destruction overdue' else 'before'}"
            return f"It was time to remind {whom}, {when if event.days else 'on the day'}: {_deadline(event)}."
        case e.DestructionRequired():
            what = f"version {event.label} of {event.dataset}"
            right = f"The right of {names(event.person)} to {what} ended on {event.ended}"
            return f"{right}; it is to be destroyed by {event.due}."
        case e.DisclosureCompelled():
            data = _listed((event.dataset, *event.also))
            notice = f"notice was given on {event.notice_on}" if event.notice_on else "no notice was given"
            return f"On {event.on} {data} had to be disclosed, under a {event.instrument}; {notice}."
        case e.NoticeSent() | e.NoticeRefused():
            whom = names(event.person) if event.person else "the office" if event.way == "e-mail" else "a program"
            how = "was sent" if isinstance(event, e.NoticeSent) else "was refused for good by the server of"
            to = f"to {whom}" if isinstance(event, e.NoticeSent) else whom
            return f"A notice of entry {event.of} ({event.kind}) {how} {to}, by {event.way}."
        case _:
            told_elsewhere = told_outside(event, names) or told_of_holdings(event, names)
            if told_elsewhere is None:
                raise AssertionError(event)
            return told_elsewhere


def _deadline(event: e.ReminderFellDue) -> str:
    what = f"{event.dataset} {event.what}" if event.dataset else event.what
    match event.kind:
        case "agreement ends":
            return f"agreement {what} ends on {event.day}"
        case "ethics determination expires":
            return f"determination {what} expires on {event.day}"
        case "training expires":
            return f"training expires on {event.day}"
        case "key expires":
            return f"key {what} expires on {event.day}"
    return f"{what} is to be destroyed by {event.day}"


def _wished(event: e.ActRefused, names: Names) -> str:
    if event.act == "let-in" and event.person and event.dataset:
        return f"To let {names(event.person)} in to {event.dataset}"
    verb, _, thing = event.act.partition("-")
    if verb == "hand":
        verb, thing = "hand over", thing.removeprefix("over-")
    if event.act == "write-off":
        verb, thing = "write off", "holding"
    return f"To {verb} the {thing}" if thing else f"To {verb}"


# What a rule says is wanting, where "somebody needs it" would not say it well.
_SENTENCES = [
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"an open request: it is (.+)", "{about} is {0}, and only what is before the office is decided"),
        (r"an approved request: it is (.+)", "{about} is {0}, and has to be approved first"),
        (r"somebody else to decide", "{about} plays a part in the request, so somebody else has to decide"),
        (r"an end of the suspension", "{about} is suspended"),
        (r"an end of the debarment", "{about} is debarred from new requests"),
        (r"an agreement in force", "{about} is not in force"),
        (r"an amendment that is a (.+), too", "{about} is a {0}, and what is of another kind stands beside it"),
        (r"a first day (by .+)", "{about} is in force at once or not at all: its first day has to be {0}"),
        (r"an end after (.+)", "{about} goes on until {0} already"),
        (r"an end before it is terminated, on (.+)", "{about} is terminated, on {0}"),
        (r"a place in the catalogue", "{about} is not in the catalogue"),
        (r"a place in the study group", "{about} is not in the study group"),
        (r"a place among the personnel", "{about} is not among the personnel"),
        (r"registration", "{about} is not registered"),
        (r"a place in an agreement in force", "no agreement in force names {about}"),
        (r"a place in an agreement about (.+)", "no agreement in force names {about} for {0}"),
        (r"a request for it(?:, (.+))?", "the request does not ask for {about}, {0}"),
        (r"a number that is not taken", "the number {about} is taken"),
        (r"an agreement that is neither executed nor ended", "{about} is executed already, or has ended"),
        (r"a release that is still to be handed over", "{about} was handed over already, or has failed"),
        (r"the (agreement|request)", "there is no such {0}"),
        (r"an authorisation", "{about} was never authorised"),
        (r"an end of agreement (.+)", "agreement {0}, which names {about}, has not ended"),
        (
            r"an end of the record of disclosure (.+)",
            "{about} is in the record of disclosure {0}, which has to be kept",
        ),
        (r"an end by (.+)", "{about} may not go on after {0}"),
        (r"a last day that is not before the first", "the last day of {about} is before its first"),
        (r"a last day that is not over", "the last day of {about} is over"),
        (r"a place in the catalogue: it is retired", "{about} is retired"),
        (r"version (.+)", "{about} has no version {0}"),
        (r"the bytes of version (.+)", "the file is not version {0} of {about}, byte for byte"),
        (r"(the (?:versions|key|parties) .+)", "{about} does not keep to {0}"),
        (r"consistency with the law", "the disclosure was found not to be consistent with the law"),
        (r"legal determination", "the law was not determined since the request last came in"),
        (r"legal basis for (.+)", "{about} has no legal basis for {0}"),
        (r"approval by somebody else than the researcher", "{about} approved their own request"),
        (
            r"approval by the dean .+",
            "{about} approved a head's own request, which takes the dean or the next above",
        ),
        (r"a rule that can be waived: that is (.+)", "{about} is never waived, only {0}"),
        (r"a key that has not expired", "the key of {about} has expired"),
        (r"a key that is not revoked", "the key of {about} is revoked"),
        (r"OpenPGP key", "{about} has no key on file"),
        (
            r"the contact's address in the key, .+",
            "the key of {about} does not name their address, nor was that settled",
        ),
        (r"confirmation of the key by a second channel", "the key of {about} is not confirmed by a second channel"),
        (r"a test of the key by (.+)", "the key of {about} has not passed a test by {0}"),
        (r"point of contact", "{about} has no point of contact"),
        (r"form", "it is not said in which form {about} is wanted"),
        (r"something to release", "there is nothing to release"),
        (r"current CITI training", "{about} has no current CITI training"),
        (r"verification of the CITI certificate", "the CITI certificate of {about} is not verified"),
        (r"home board's determination or reliance", "{about} has neither a determination nor the reliance of {board}"),
        (r"home board's (.+)", "{about} has no {0} of {board}"),
        (r"letter of their own (.+)", "there is no letter of the board of {about}, only its determination"),
        (r"determination of their own .+", "{about} has no determination of their own institution's board"),
        (r"signature of the (authorised official)", "the {0} of {about} has not signed"),
        (r"signature of the (.+)", "{about} is not signed by the {0}"),
        (r"(the organisation that they act for)", "{about} is not named for {0}"),
        (r"(.+), or a reason", "{about} needs {0}, or there has to be a reason"),
        (r"(recipients|data sets|study group)", "{about} names no {0}"),
        (r"(source of funding|purpose|description of the research)", "{about} gives no {0}"),
        (r"peer review, and by whom", "nothing is said of peer review, or not by whom"),
        (r"(faculty sponsor)", "{about} names no {0}"),
        (r"(name|institution|department|address)", "the {0} of {about} is not known"),
        (r"e-mail or phone", "neither e-mail nor phone of {about} is known"),
        (r"(approval by .+)", "the request of {about} has no {0}"),
        *FROM_OUTSIDE,
        *OF_HOLDINGS,
    )
]


def objected(objection: Objection, names: Names, words: Words = MIT) -> str:
    """An objection in words: the rule with its source, whom it is about, what is wanting."""
    try:
        source = f" ({rule(objection.rule).source})"
    except KeyError:
        source = ""
    return f"{objection.rule}{source}: {_objection(objection, names, words)}"


def _objection(objection: Objection, names: Names, words: Words) -> str:
    about = names(objection.about) if objection.about else "the request"
    for pattern, sentence in _SENTENCES:
        if found := pattern.fullmatch(objection.wanting):
            groups = [_in_words(group or "", words) for group in found.groups()]
            return sentence.format(*groups, about=about, board=words.board).rstrip(", ")
    return f"{about} needs {_in_words(objection.wanting, words)}"


def _in_words(text: str, words: Words) -> str:
    """With the names that the two kinds of agreement have here."""
    return re.sub(r"\b(MOU|DUA)\b", lambda found: words.agreement(found[0]), text)


def shown_by(objection: Objection) -> str:
    """Which facts show it, to be put behind the objection; nothing where it is that there are none."""
    if not objection.facts:
        return ""
    return f" [{'entry' if len(objection.facts) == 1 else 'entries'} {_listed(map(str, objection.facts))}]"


def circumstances(fact: Recorded, names: Names, words: Words = MIT) -> str:
    """Who recorded it, for whom, when it had happened if that was not when it was recorded, and what shows it."""
    parts = [f"recorded by {fact.actor}"]
    if fact.on_behalf_of:
        parts.append(f"on behalf of {names(fact.on_behalf_of)}")
    happened = words.day(fact.occurred_at)
    if happened != words.day(fact.recorded_at) or fact.precision != "instant":
        exactly = {"instant": "on", "day": "on", "month": "in", "not-later-than": "not later than"}[fact.precision]
        parts.append(f"happened {exactly} {f'{happened:%Y-%m}' if fact.precision == 'month' else happened}")
    if fact.documents:
        parts.append(f"shown by {len(fact.documents)} document{'s' if len(fact.documents) > 1 else ''}")
    return ", ".join(parts)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _until(day: date | None) -> str:
    return f" until {day}" if day else ""


def _in(request: str | None) -> str:
    return f" in {request}" if request else " in all requests"


def _waived(waivers: Iterable[str]) -> str:
    used = _listed(waivers)
    return f", by waiver {used}" if used else ""
