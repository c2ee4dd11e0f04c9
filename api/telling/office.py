"""What governs the office told in words: policy, roles, refusals, keys, the calendar."""

from api.names import Names
from api.past import told_of_the_past
from api.telling.objections import objected
from api.telling.words import Words, listed, until
from ledger import events as e
from projections.rules.rule import Objection


def told_of_the_office(event: e.Event, names: Names, words: Words) -> str | None:
    """An event about roles, waivers, refusals and corrections as a sentence; None for any other."""
    match event:
        case e.LedgerOpened():
            return _told_of_the_opening(event)
        case e.PolicyPublished():
            return f"A policy of {event.institution} {event.office} was published."
        case e.RoleGranted():
            who = f"{event.principal} ({names(event.person)})" if event.person else event.principal
            return f"{who} is {event.role} from {event.starts}{until(event.ends)}."
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
    return None


def told_of_looking(event: e.Event, names: Names, _words: Words) -> str | None:
    """An event about keys, registers and looking at what is kept as a sentence; None for any other."""
    match event:
        case e.PastDataSetRecorded() | e.PastReleaseRecorded() | e.PastRegisterTakenIn():
            return told_of_the_past(event, names)
        case e.ApiKeyIssued():
            last = event.expires.isoformat(timespec="seconds")
            return f"{event.principal} got API key {event.apikey} as {event.role} until {last}."
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
    return None


def told_of_the_calendar(event: e.Event, names: Names, _words: Words) -> str | None:
    """An event that comes of the calendar, or tells somebody of it, as a sentence; None for any other."""
    match event:
        case e.ReminderFellDue():
            whom = listed(map(names, event.whom)) or "everybody concerned"
            when = f"{event.days} days {'after' if event.kind == 'destruction overdue' else 'before'}"
            return f"It was time to remind {whom}, {when if event.days else 'on the day'}: {_deadline(event)}."
        case e.DestructionRequired():
            what = f"version {event.label} of {event.dataset}"
            held = f"{names(event.person)} holds {what} without a right to it since {event.ended}"
            return f"{held}; it is to be destroyed by {event.due}."
        case e.NoticeRevived():
            return f"The notice of entry {event.of} ({event.kind}) that was refused for good is sent again."
        case e.DisclosureCompelled():
            data = listed((event.dataset, *event.also))
            notice = f"notice was given on {event.notice_on}" if event.notice_on else "no notice was given"
            return f"On {event.on} {data} had to be disclosed, under a {event.instrument}; {notice}."
        case e.NoticeSent() | e.NoticeRefused():
            whom = names(event.person) if event.person else "the office" if event.way == "e-mail" else "a program"
            how = "was sent" if isinstance(event, e.NoticeSent) else "was refused for good by the server of"
            to = f"to {whom}" if isinstance(event, e.NoticeSent) else whom
            return f"A notice of entry {event.of} ({event.kind}) {how} {to}, by {event.way}."
    return None


def _told_of_the_opening(event: e.LedgerOpened) -> str:
    if event.continues is None:
        return f"The ledger {event.origin} was opened."
    before = event.continues
    lost = (before.signed or 0) - before.size
    what = "" if lost <= 0 else f"; {lost:,} more had been signed and are lost"
    return f"The ledger {event.origin} was opened, carrying on {before.origin} from its entry {before.size:,}{what}."


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
    if event.act == "let-in" and event.dataset:
        who = names(event.person) if event.person else "somebody whom nobody knows"
        return f"To let {who} in to {event.dataset}"
    verb, _, thing = event.act.partition("-")
    if verb == "hand":
        verb, thing = "hand over", thing.removeprefix("over-")
    if event.act == "write-off":
        verb, thing = "write off", "holding"
    return f"To {verb} the {thing}" if thing else f"To {verb}"


def _in(request: str | None) -> str:
    return f" in {request}" if request else " in all requests"
