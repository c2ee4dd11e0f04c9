"""Commands of data servers: who may open what, and what was opened."""

from collections.abc import Iterator

from api.commands.command import Acting, Command, Drafting, Wish
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import AccessPermitted, AmendmentIssued, DataSetOpened, DataSetRegistered, RequestSubmitted
from projections.acts import LetIn
from projections.judgement import judge_now


class Access(Command, frozen=True, kw_only=True):
    """A data server asks whether a person may open a data set, under a request or under any.

    `account` is all that is known of whom nobody knows: they are not let in, and that is on record.
    """

    dataset: str
    person: str | None = None
    request: str | None = None
    account: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """An act, under the request that lets the person in, or else under the one where least is in the way.

        Raises `Malformed` for a data set that the ledger does not know, whoever asks for it.
        """
        if (self.person is None) == (self.account is None):
            why = "asks, or somebody with an account of them: say one of them"
            raise Malformed("person", self.person or "", why, "person", "account")
        self._check_dataset(at)
        act = LetIn(
            principal=at.principal,
            request=self.request,
            person=self.person,
            dataset=self.dataset,
            **at.sealed(AccessPermitted, f"dataset:{self.dataset}", {"account": self.account}),
        )
        ways = [] if self.request or not self.person else list(self._ways(act, at))
        if len(ways) > 1:
            ways.sort(key=lambda way: self._objections(way, at))
        return Acting(ways[0] if ways else act, AccessPermitted)

    def _check_dataset(self, at: Drafting) -> None:
        # What was read before is not read again: the same are asked about many times a day.
        if not at.ledger.read([about(DataSetRegistered, tags=[f"dataset:{self.dataset}"])]).facts:
            raise Malformed("dataset", self.dataset, "is not in this ledger")

    def _objections(self, way: LetIn, at: Drafting) -> int:
        return len(judge_now(at.ledger, way, at.now).objections)

    def _ways(self, act: LetIn, at: Drafting) -> Iterator[LetIn]:
        """Under each request that asks for the data set with the person in its study group."""
        tags = [f"person:{self.person}", f"dataset:{self.dataset}"]
        reading = at.ledger.read([about(RequestSubmitted, AmendmentIssued, tags=tags)])
        asked = [fact.event for fact in reading.facts]
        named = [one.request for one in reversed(asked) if isinstance(one, RequestSubmitted | AmendmentIssued)]
        for request in dict.fromkeys(named):
            yield LetIn(principal=act.principal, request=request, person=self.person, dataset=self.dataset)


class Opened(Command, frozen=True, kw_only=True):
    """A data server reports that somebody opened a data set; `account` is all that is known of whom nobody knows."""

    dataset: str
    label: str | None = None
    person: str | None = None
    request: str | None = None
    account: str | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(DataSetOpened, f"dataset:{self.dataset}", {"account": self.account})
        return at.reports(
            DataSetOpened(dataset=self.dataset, label=self.label, person=self.person, request=self.request, **sealed)
        )
