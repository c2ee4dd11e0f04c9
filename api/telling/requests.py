"""Requests, what boards and counsel found, agreements and contacts told in words."""

from api.names import Names
from api.telling.words import Words, listed, waived
from ledger import events as e


def told_of_requests(event: e.Event, names: Names, words: Words) -> str | None:
    """An event about a request, or about what is decided on it, as a sentence; None for any other."""
    match event:
        case e.RequestSubmitted():
            wanted = (
                listed(f"{one.dataset} ({one.form or 'form not said'})" for one in event.datasets) or "no data set yet"
            )
            group = listed(map(names, event.study_group)) or "nobody yet"
            return f"{names(event.researcher)} asked for {wanted}; access for {group}."
        case e.RequestReturned():
            return f"The request was returned, for {listed(event.items) or 'completion'}."
        case e.RequestWithdrawn():
            return "The request was withdrawn."
        case e.EthicsDetermined():
            board = f"the board of {names(event.organisation)}" if event.organisation else words.board
            until = f" until {event.expires}" if event.expires else ""
            whom = listed(map(names, event.covers)) or "all personnel"
            since = f", from {event.on}" if event.on else ""
            found = f"{event.outcome}{since}{until}, for {whom}"
            return f"On protocol {event.protocol}, {board} found: {found} (determination {event.determination})."
        case e.RelianceRequested():
            asked = f"{words.board} was asked{f' on {event.on}' if event.on else ''}"
            return f"{asked} to rely on determination {event.determination}."
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
            bases = listed(
                f"{one.dataset} ({one.form}) to {one.recipients} recipients under {one.basis}" for one in event.bases
            )
            return f"The disclosure was found {found} with the law: {bases or 'no basis'}."
        case e.RequestApproved():
            return f"The request was approved{', with conditions' if event.conditions else ''}."
        case e.RequestDeclined():
            return "The request was declined."
    return None


def told_of_agreements(event: e.Event, names: Names, words: Words) -> str | None:
    """An event about an agreement as a sentence; None for any other."""
    match event:
        case e.AgreementIssued():
            amends = ""
            if isinstance(event, e.AmendmentIssued):
                amends = f", {'beside' if event.beside else 'an amendment of'} {event.amends}"
            whom = listed(
                names(one.person) + (f" for {names(one.organisation)}" if one.organisation else "")
                for one in event.recipients
            )
            data = listed(f"{one.dataset} ({one.form})" for one in event.datasets)
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
            return f"Agreement {event.agreement} was renewed until {event.ends}{waived(event.waivers)}."
        case e.AgreementExpired():
            return f"Agreement {event.agreement} ran out: it is no longer in force on {event.on}."
        case e.AgreementTerminated():
            return f"Agreement {event.agreement} was terminated: it is no longer in force on {event.on}."
    return None


def told_of_contacts(event: e.Event, names: Names, words: Words) -> str | None:
    """An event about the point of contact and their key as a sentence; None for any other."""
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
    return None
