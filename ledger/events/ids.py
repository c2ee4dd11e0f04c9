"""The kinds of value that events are made of.

An id that names something is also a tag of every event that holds it, `<kind>:<id>`, so that the event is found by it.
A sealed member holds a commitment, 64 hex digits, to a text that only custody keeps; a filed one to a document, which
stands among the documents of its entry too.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

TAG = "tag"
SEALED = "sealed"
# Python's `$` alone would also match before a line end.
END = r"$(?!\n)"

PersonId = Annotated[str, Meta(pattern="^p-[0-9a-f]{32}" + END, extra={TAG: "person"})]
DataSetId = Annotated[str, Meta(pattern="^D-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "dataset"})]
OrganisationId = Annotated[str, Meta(pattern="^O-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "organisation"})]
DeterminationId = Annotated[str, Meta(pattern="^E-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "determination"})]
RequestId = Annotated[str, Meta(pattern="^R-[0-9]{4}-[0-9]{4,9}" + END, extra={TAG: "request"})]

Sealed = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END, extra={SEALED: True})]
Filed = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Date = date
Name = Annotated[str, Meta(pattern="^[!-~]([ -~]{0,253}[!-~])?" + END)]
