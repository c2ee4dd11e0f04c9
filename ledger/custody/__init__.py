"""What the log only commits to: people's details, free text and documents, encrypted, with the keys that open them.

Nothing in here knows the log, an event or a rule, and nothing reads a clock of its own. No value, salt or key is ever
shown in an error, a representation or a file's name. Plain text is never written to a file.
"""

from ledger.custody.commitment import commit, member_of, purpose_of, verify_commitment
from ledger.custody.custody import MAX_TEXT_BYTES, Custody
from ledger.custody.documents import MAX_DOCUMENT_BYTES, Readable
from ledger.custody.kept import DOCUMENTS, Claim, Document, Erasure, Kept, Opened
from ledger.custody.lookup import LOOKUP_KEY, Findable, caseless
from ledger.custody.places import Places

__all__ = [
    "DOCUMENTS",
    "LOOKUP_KEY",
    "MAX_DOCUMENT_BYTES",
    "MAX_TEXT_BYTES",
    "Claim",
    "Custody",
    "Document",
    "Erasure",
    "Findable",
    "Kept",
    "Opened",
    "Places",
    "Readable",
    "caseless",
    "commit",
    "member_of",
    "purpose_of",
    "verify_commitment",
]
