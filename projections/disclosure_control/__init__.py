"""Disclosure control: what in a table that is to be published would single people out (K3, S3).

Bytes of a table in, findings out. Nothing in here opens files, reads the ledger, or decides whether a table is passed:
a small cell that nobody could find by adding up may still say too much, and people look at each table, too.
"""

from projections.disclosure_control.cells import TOTALS
from projections.disclosure_control.checking import Report, Wish, check
from projections.disclosure_control.fewest import fewest
from projections.disclosure_control.finding import Finding
from projections.disclosure_control.reading import Source, header_of

__all__ = ["TOTALS", "Finding", "Report", "Source", "Wish", "check", "fewest", "header_of"]
