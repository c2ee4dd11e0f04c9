"""The documents of the worked packets, and what draws them: `python -m tests.letters` writes them anew."""

from collections.abc import Iterator, Sequence
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "api" / "packets" / "examples"

COUHES = ("Committee on the Use of Humans as Experimental Subjects", "Massachusetts Institute of Technology")
IRB = ("Institutional Review Board", "Lakeside College")
CITI = ("CITI Program", "Human Subjects Research, Social and Behavioral, Basic Course")

LETTERS: dict[str, tuple[str, ...]] = {
    "mit-researcher/couhes-exemption.pdf": (
        *COUHES,
        "",
        "Protocol 2509001745: How hints are used in 6.002x",
        "Principal investigator: Rosa Quill",
        "Covered: Rosa Quill, Tom Abara",
        "",
        "2025-09-22: The study is exempt. The exemption has no end.",
    ),
    "mit-researcher/department-approval.pdf": (
        "Department of Wave Studies",
        "",
        "2025-09-29",
        "I approve Rosa Quill's request for MITx data.",
        "Ines Calder, department head",
    ),
    "mit-researcher/citi-quill.pdf": (*CITI, "", "Rosa Quill", "Completed 2025-08-18", "Expires 2028-08-17"),
    "mit-researcher/citi-abara.pdf": (*CITI, "", "Tom Abara", "Completed 2025-09-04", "Expires 2028-09-03"),
    "outside-with-reliance/irb-approval.pdf": (
        *IRB,
        "",
        "Protocol LC-25-0310: Why learners stop",
        "Principal investigator: Noor Vance. All personnel of the protocol are covered.",
        "",
        "Approved 2025-10-06. The approval ends on 2028-10-05.",
    ),
    "outside-with-reliance/chair-approval.pdf": (
        "Department of Education, Lakeside College",
        "",
        "2025-10-09",
        "As chair of the graduate programme, and for the head who is on leave, I approve the request",
        "of Noor Vance for MITx data.",
        "Paul Imhoff",
    ),
    "outside-with-reliance/citi-vance.pdf": (*CITI, "", "Noor Vance", "Completed 2025-03-10", "Expires 2028-03-09"),
    "outside-with-reliance/proposal.pdf": (
        "Why learners stop",
        "Noor Vance, Lakeside College",
        "",
        "We look for the week in which learners stop, and at what they did in the week before it.",
        "Findings are counts and rates over at least fifty learners.",
    ),
    "mixed-group/letters/couhes-approval.pdf": (
        *COUHES,
        "",
        "Protocol 2508001702: Study groups that form by themselves",
        "Principal investigator: Hanna Lindqvist",
        "Covered: Hanna Lindqvist, Jun Okada",
        "",
        "Approved 2025-08-25. The approval ends on 2028-08-24.",
    ),
    "mixed-group/letters/couhes-reliance.pdf": (
        *COUHES,
        "",
        "2025-10-20: COUHES elects to rely on the determination of Lakeside College's",
        "Institutional Review Board on protocol LC-25-0288.",
    ),
    "mixed-group/letters/irb-exemption.pdf": (
        *IRB,
        "",
        "Protocol LC-25-0288: Study groups that form by themselves",
        "Covered: Amal Serrano",
        "",
        "2025-09-15: The study is exempt. The exemption has no end.",
    ),
    "mixed-group/certificates/lindqvist.pdf": (
        *CITI,
        "",
        "Hanna Lindqvist",
        "Completed 2025-05-19",
        "Expires 2028-05-18",
    ),
    "mixed-group/certificates/okada.pdf": (*CITI, "", "Jun Okada", "Completed 2022-02-01", "Expires 2025-01-31"),
    "mixed-group/certificates/serrano.pdf": (*CITI, "", "Amal Serrano", "Completed 2025-06-02"),
}


def pdf(lines: Sequence[str]) -> bytes:
    """A PDF file (ISO 32000-1) of one page with these lines of ASCII text."""
    shown = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines)
    stream = f"BT /F1 11 Tf 16 TL 72 720 Td\n{shown}\nET"
    font = "<< /Font << /F1 5 0 R >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources {font} >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return "".join(_file(objects)).encode("ascii")


def _file(objects: Sequence[str]) -> Iterator[str]:
    written = "%PDF-1.4\n"
    table = ["0000000000 65535 f \n"]
    for number, content in enumerate(objects, 1):
        table.append(f"{len(written):010} 00000 n \n")
        written += f"{number} 0 obj\n{content}\nendobj\n"
    size = len(table)
    yield written
    yield f"xref\n0 {size}\n{''.join(table)}"
    yield f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"


def _escaped(line: str) -> str:
    return "".join(f"\\{letter}" if letter in "()\\" else letter for letter in line)


def write() -> None:
    for name, lines in LETTERS.items():
        file = EXAMPLES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pdf(lines))


if __name__ == "__main__":
    write()
