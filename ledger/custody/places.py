"""Where custody is: in files of a home, or in schemas of a PostgreSQL database that several homes share."""

from dataclasses import dataclass
from pathlib import Path

from ledger.custody.documents import DocumentFolder, Documents, DocumentTable
from ledger.errors import NotALedger


@dataclass(frozen=True)
class Places:
    """Where custody keeps its files; the keys may lie on another disk, and out of the others' backup.

    What is a text is the URL of a PostgreSQL database; documents are then where the vault is.
    """

    keys: Path | str
    key_encryption_key: Path
    vault: Path | str
    documents: Path | str

    @classmethod
    def inside(cls, folder: Path) -> "Places":
        """All of them in one folder, under their usual names."""
        return cls(folder / "keys.db", folder / "key-encryption-key", folder / "custody.db", folder / "documents")


def made_documents(documents: Path | str) -> Documents:
    """A new folder for documents, or the table that `dua-ledger migrate` made. Raises `AlreadyThere`."""
    return DocumentTable(documents) if isinstance(documents, str) else DocumentFolder.create(documents)


def opened_documents(documents: Path | str) -> Documents:
    """The folder or the table with documents. Raises `NotALedger` where there is none."""
    if isinstance(documents, str):
        return DocumentTable(documents)
    if not documents.is_dir():
        raise NotALedger(documents, "is no folder with documents")
    return DocumentFolder(documents)
