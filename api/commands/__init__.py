"""Commands: what people may wish or tell, in their own words: one file for each stage of the life of a request.

A command holds plain texts and whole documents. It is drafted into an act or reports, whose members are commitments:
once without keeping anything, to find out whether it can be let in, and then with custody. So what is turned away
leaves nothing behind. No command decides anything: that is the desk's.
"""

from api.commands.clerk import Clerk
from api.commands.command import Command, Document, document_in

__all__ = ["Clerk", "Command", "Document", "document_in"]
