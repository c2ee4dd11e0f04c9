"""What rules hold against an act told in words."""

import re

from api.names import Names
from api.telling.holdings import SENTENCES as OF_HOLDINGS
from api.telling.outside import SENTENCES as FROM_OUTSIDE
from api.telling.words import MIT, Words, listed
from projections.rules.rule import Objection
from projections.rules.rulebook import rule

# What a rule says is wanting, where "somebody needs it" would not say it well.
_SENTENCES = [
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"an open request: it is (.+)", "{about} is {0}, and only what is before the office is decided"),
        (r"an approved request: it is (.+)", "{about} is {0}, and has to be approved first"),
        (r"somebody else to decide", "{about} plays a part in the request, so somebody else has to decide"),
        (r"somebody else to extract the data", "{about} takes part in the request: somebody else has to extract"),
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
        (r"a person whom the ledger knows", "nobody in this ledger is whoever asks"),
        (r"a place in an agreement about (.+)", "no agreement in force names {about} for {0}"),
        (r"a request for it(?:, (.+))?", "the request does not ask for {about}, {0}"),
        (r"a change", "{about} would change nothing: neither people, nor data, nor a word"),
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
        (r"a version of it", "there is no version of {about} in the catalogue"),
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
    return f" [{'entry' if len(objection.facts) == 1 else 'entries'} {listed(map(str, objection.facts))}]"
