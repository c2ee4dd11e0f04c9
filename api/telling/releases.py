"""Releases and accesses told in words."""

from api.names import Names
from api.telling.words import Words, listed, waived
from ledger import events as e


def told_of_releases(event: e.Event, names: Names, _words: Words) -> str | None:
    """An event about a release or an access as a sentence; None for any other."""
    match event:
        case e.ReleaseAuthorised():
            data = listed(f"{one.dataset} version {one.label} ({one.form})" for one in event.versions)
            parties = listed(names(one.person) for one in event.parties)
            way = f"to {names(event.contact)} by {event.channel}"
            what = f"Release {event.release} of {data or 'nothing'} {way} was authorised"
            return f"{what}, for {parties or 'nobody'}{waived(event.waivers)}."
        case e.ReleaseHandedOver():
            data = listed(f"{one.dataset} version {one.label}" for one in event.package.files)
            learners = "" if event.learners is None else f", about {event.learners:,} learners"
            what = f"The package of release {event.release} ({data or 'nothing'}{learners})"
            how = f"encrypted for key {event.key} of {names(event.contact)}, was handed over to {event.channel}"
            return f"{what}, extracted by {names(event.extracted_by)} and {how}{waived(event.waivers)}."
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
    return None
