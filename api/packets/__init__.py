"""Request packets: folders with a filled-in `request.toml`, the documents that it names, and the contact's key.

In here a packet is read, checked and turned into reports. Nothing is recorded and nothing judged; no clock is asked,
and no file of a packet changed. Only `as_reports` writes to custody, and only for a packet that is not malformed.

    request.toml -> filling -> form -> checks -> packet -> reports -> the desk
                                documents ---^

`template/` has the form with its explanations, `examples/` three packets filled in.
"""

from api.packets.form import Form
from api.packets.packet import Packet, read_packet
from api.packets.problem import Kind, Problem
from api.packets.reports import Office, Register, Rejected, Report, as_reports

__all__ = [
    "Form",
    "Kind",
    "Office",
    "Packet",
    "Problem",
    "Register",
    "Rejected",
    "Report",
    "as_reports",
    "read_packet",
]
