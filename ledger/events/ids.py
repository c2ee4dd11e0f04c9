"""The kinds of value that events are made of.

An id that names something is also a tag of every event that holds it, `<kind>:<id>`, so that the event is found by it.
A sealed member holds a commitment, 64 hex digits, to a text that only custody keeps; a filed one to a document, which
stands among the documents of its entry too. A cited one repeats a commitment that another entry made.
"""

from datetime import date, datetime
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
AgreementId = Annotated[str, Meta(pattern="^A-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "agreement"})]
KeyId = Annotated[str, Meta(pattern="^K-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "key"})]
ReleaseId = Annotated[str, Meta(pattern="^L-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "release"})]
WaiverId = Annotated[str, Meta(pattern="^W-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "waiver"})]
RegisterId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]{0,60}" + END, extra={TAG: "register"})]
QueryId = Annotated[str, Meta(pattern="^Q-[0-9]{4}-[0-9]{4,9}" + END, extra={TAG: "query"})]
PublicationId = Annotated[str, Meta(pattern="^B-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "publication"})]
# A paper, as the world knows it: without the address before it, and in small letters, which mean the same in a DOI.
Doi = Annotated[str, Meta(pattern=r"^10\.[0-9]{4,9}/[!-@\[-~]{1,200}" + END, extra={TAG: "doi"})]
IncidentId = Annotated[str, Meta(pattern="^I-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "incident"})]
HoldId = Annotated[str, Meta(pattern="^H-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "hold"})]
AttestationId = Annotated[str, Meta(pattern="^X-[A-Za-z0-9._-]{1,80}" + END, extra={TAG: "attestation"})]
# What was found, by the entry that shows it and by its kind.
FindingId = Annotated[str, Meta(pattern="^F-[1-9][0-9]{0,15}-[a-z-]{1,60}" + END, extra={TAG: "finding"})]
ApiKeyId = Annotated[str, Meta(pattern="^T-[0-9a-f]{16}" + END, extra={TAG: "apikey"})]

Sealed = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END, extra={SEALED: True})]
Filed = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Cited = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Date = date
Time = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Size = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Position = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Name = Annotated[str, Meta(pattern="^[!-~]([ -~]{0,253}[!-~])?" + END)]
# What something is called in a catalogue or a register, in any script.
Title = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}" + END)]
# How something travels, in a word of the office's own, such as sftp-drop.
Channel = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,40}" + END)]
# Whoever or whatever has proved who it is, such as staff:17 or server:notebooks: opaque, and nobody's own name.
PrincipalId = Annotated[str, Meta(pattern="^[a-z][a-z-]{0,20}:[A-Za-z0-9._-]{1,64}" + END)]
