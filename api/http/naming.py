"""People as a body names them: by their id, or by their e-mail address, as at the command line.

An address is found by its keyed hash. Whom a researcher names so takes part in a request of theirs: every other address
is answered alike, so that nobody learns from an answer whom the office knows.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from api.commands import Command
from api.commands.people import RegisterPerson
from api.http.call import Call
from api.http.own import own_people
from api.http.problems import BadField, BadRequest
from api.register import known_person
from ledger.errors import Malformed
from ledger.events.ids import END

DESCRIBED = msgspec.Meta(description="Who it is, by id or e-mail address.")
Who = Annotated[str, msgspec.Meta(pattern=rf"^(p-[0-9a-f]{{32}}|[^@\s]+@[^@\s]+){END}"), DESCRIBED]
# The members of commands that name people, wherever they are texts.
NAMING = frozenset(
    {
        "add",
        "asked",
        "attested_by",
        "authors",
        "by",
        "confirmed_to",
        "covers",
        "extracted_by",
        "found_by",
        "on_behalf_of",
        "people",
        "person",
        "referred_by",
        "remove",
        "reviewer",
        "signer",
        "template_approved_by",
        "told_by",
    }
)
_TEXTS = (str, str | None, tuple[str, ...])


def names_people(command: type[Command], member: str, hint: Any) -> bool:
    """Whether a member of a command names people whom the ledger has to know."""
    return member in NAMING and hint in _TEXTS and not issubclass(command, RegisterPerson)


def by_id(call: Call, said: Mapping[str, Any], naming: frozenset[str] = NAMING) -> dict[str, Any]:
    """What is said, with ids for addresses in members that name people. Raises `BadRequest` for nobody's."""
    return {member: _by_id(call, value, f"/{member}") if member in naming else value for member, value in said.items()}


def _by_id(call: Call, value: Any, pointer: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_by_id(call, one, f"{pointer}/{place}") for place, one in enumerate(value))
    return _found(call, value, pointer) if isinstance(value, str) and "@" in value else value


def _found(call: Call, address: str, pointer: str) -> str:
    researcher = call.caller.role == "researcher"
    why = "is the address of nobody in your requests" if researcher else "is not in this ledger"
    try:
        found = known_person(call.ledger, call.home.custody, address)
    except Malformed as error:
        # Whose else it is, the office alone may know.
        found, why = None, why if researcher else error.why
    if found is None or (researcher and found not in own_people(call)):
        raise BadRequest("unprocessable", "Nothing was recorded.", BadField(detail=f"person {why}", pointer=pointer))
    return found
