"""The letter to a researcher about what their request lacks, in plain words, in the office's name."""

from collections.abc import Iterator, Sequence
from textwrap import fill

from api.history import text_of
from api.names import Names
from ledger.custody import Custody
from ledger.errors import Malformed
from ledger.events import PolicyPublished, RequestReturned
from projections.checklist import Line
from projections.standing import OVER, Standing, State

WIDTH = 78
OPENPGP = (
    "OpenPGP is a way to encrypt a file so that one person alone can open it: the owner of a pair of keys. They make "
    "the pair on their own computer, with a free program such as GnuPG, Gpg4win or GPG Suite, keep the secret key to "
    "themselves, and send us the public key, a file whose name usually ends in .asc. We shall call them to compare "
    "the key's fingerprint, then send a small test file, and later encrypt the data so that nobody else can read them."
)


def letter(
    request: str, standing: Standing, lines: Sequence[Line], names: Names, custody: Custody | None = None
) -> str:
    """What is missing and only the researcher's side can send, what we wait for elsewhere, and how to answer.

    With the reason for which a request was returned, if a custody is handed in. Raises `Malformed` for a request that
    goes no further: nobody is asked for what it lacks.
    """
    state = standing.request(request).state
    if state in OVER:
        raise Malformed("request", request, f"is {state}, and nothing is asked for any more")
    policy = standing.office.policy.event
    submitted = standing.request(request).submitted
    researcher = names(submitted.event.researcher) if submitted else ""
    said = [(line, plainly(line, policy, names)) for line in lines]
    missing = _once(text for line, text in said if line.status == "missing" and text)
    pending = _once(text for line, text in said if line.status == "pending" and text)
    parts = [
        f"Dear {researcher},",
        *_comes_back(request, standing, custody),
        *_asked_for(request, missing, state, policy),
    ]
    if any(line.rule == "key-usable" and line.status == "missing" for line in lines):
        parts.append(_paragraph(OPENPGP))
    if pending:
        parts += ["These are on their way, and need nothing from you now unless you hear from us:", _listed(pending)]
    is_asked = bool(missing) or state is State.RETURNED
    parts += [*_how_to_answer(request, is_asked), f"With kind regards,\n\n{policy.office}\n{policy.institution}"]
    return "\n\n".join(parts)


def plainly(line: Line, policy: PolicyPublished, names: Names) -> str:
    """What a line of the checklist wants, for somebody who has never read it; nothing, where the office sees to it."""
    who = names(line.about) if line.about else ""
    match line.rule:
        case "researcher-known":
            return f"your {'e-mail address or phone number' if line.wanting == 'e-mail or phone' else line.wanting}"
        case "student-sponsor":
            return "the name of a member of the faculty who sponsors your request, since you are a student"
        case "funding-and-review" | "purpose-described":
            return _STATED.get(line.wanting, line.wanting)
        case "data-and-group":
            return _of_the_group(line, who)
        case "couhes" | "irb-and-couhes":
            return _of_boards(line, who, policy)
        case "citi-training" if line.status == "missing":
            return f"for {who}: a certificate of current CITI human-subjects training"
        case "named-recipients" if line.status == "pending":
            return f"for {who}: the signatures under the agreement that we sent out"
        case "contact-named":
            return "which member of the study group is to be the point of contact, who downloads and decrypts the data"
        case "key-usable":
            return f"from {who}: {'a public OpenPGP key' if line.wanting == 'OpenPGP key' else line.wanting}"
        case "key-tested" if line.status == "pending":
            return f"from {who}: the word that is in the test file"
    return ""


_STATED = {
    "source of funding": "the source of the funding, or that there is none",
    "peer review, and by whom": "whether the research was peer reviewed, and by whom",
    "approval by the department head or equivalent": "the approval by the head of your department, or an equivalent",
    "approval by somebody else than the researcher": "an approval by somebody other than yourself",
    "approval by the dean or the next above, of a head's own request": (
        "the approval by the dean or whoever is next above you, since you head the department yourself"
    ),
    "description of the research": "a description of the research",
    "purpose": "what the research is for: improving teaching and curriculum, or scholarship on teaching and learning",
}


def _of_the_group(line: Line, who: str) -> str:
    match line.wanting:
        case "data sets":
            return "which data sets you ask for"
        case "form":
            return f"whether you need {line.about} identified or de-identified"
        case "study group":
            return "the names of everybody who will have access to the data"
        case "a place among the personnel":
            return f"whether {who}, who is in the study group, takes part in the project"
    return f"who {who} is: name, institution and e-mail address"


def _of_boards(line: Line, who: str, policy: PolicyPublished) -> str:
    own, home = "their own institution's board", policy.board
    where = home if line.wanting.startswith("home") else own
    if line.status == "pending":
        return f"for {who}: the decision of {where}"
    if "letter" in line.wanting:
        return f"for {who}: the letter of {where}"
    if line.wanting.endswith("reliance"):
        return f"for {who}: an approval or exemption by {home}, or its word that it relies on the decision of {own}"
    return f"for {who}: an approval or exemption by {where}"


def _comes_back(request: str, standing: Standing, custody: Custody | None) -> Iterator[str]:
    """What a request was returned for and why, whatever the checklist says of it."""
    known = standing.request(request)
    if known.state is State.RETURNED and known.last_return:
        items = ", ".join(known.last_return.event.items)
        again = "Please complete them, and send it to us again."
        yield _paragraph(f"Your request {request} comes back to you, for these items: {items}. {again}")
        yield from _reason(known.last_return.event, custody)


def _reason(returned: RequestReturned, custody: Custody | None) -> Iterator[str]:
    if returned.reason is None:
        return
    if custody is None:
        yield "You hear from us why."
    elif (reason := text_of(custody, returned.reason)) is None:
        yield "The reason that was given for it has been erased."
    else:
        yield "This is why:"
        yield _set_off(reason)


def _asked_for(request: str, missing: Sequence[str], state: State, policy: PolicyPublished) -> Iterator[str]:
    if not missing:
        if state is State.RETURNED:
            return
        yield _paragraph(
            f"Thank you for your request {request} to {policy.institution}. Nothing is missing from you now."
        )
        return
    thanks = (
        f"Thank you for your request {request} to {policy.institution}. Before we can go on with it, we need from you:"
    )
    yield _paragraph(thanks)
    yield _listed(missing)


def _how_to_answer(request: str, is_asked: bool) -> Iterator[str]:
    if is_asked:
        yield _paragraph(
            f"Please answer by e-mail, with the number {request} in the subject and letters and certificates attached "
            "as PDF files. All of it together is easiest for us, but don't wait for what takes long. If anything here "
            "isn't clear, or was sent already, just write or call."
        )


def _once(texts: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ") for text in texts)


def _set_off(text: str) -> str:
    """What somebody wrote, in their own lines."""
    return "\n".join(fill(line, WIDTH, initial_indent="    ", subsequent_indent="    ") for line in text.splitlines())


def _paragraph(text: str) -> str:
    return fill(text, WIDTH)
