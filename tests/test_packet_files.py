"""The files of a packet: how the request is read, in which line what stands, and which documents can be used."""

import os
import stat
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.packets import read_packet
from api.packets.form import Form
from api.packets.lines import lines_of
from tests.letters import pdf
from tests.packet_facts import NAMES, TODAY, VALUES, anything, folder, found, told, toml

__all__ = ["folder"]

# The request.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b'a = 1\nb = "x\n', ":2: is no TOML, in column 7: Illegal character '\\n'", id="open text"),
        pytest.param(b"a = 2026-02-30\n", ":1: is no TOML, in column 5: Invalid date or datetime", id="no such day"),
        pytest.param(b'format = 1\nb = """', ": is no TOML, at its end: Unterminated string", id="open at the end"),
        pytest.param(b"a = 1\na = 2\n", ":2: is no TOML, in column 6: Cannot overwrite a value", id="a field twice"),
        pytest.param(
            b"a = 1\0",
            ":1: is no TOML, in column 6: Expected newline or end of document after a statement",
            id="control character",
        ),
        pytest.param(b"a = " + 5000 * b"[", ": is nested too deeply", id="nested without end"),
        pytest.param(b"a = " + 40 * b"[" + 40 * b"]", ": is nested too deeply", id="nested deeply"),
        pytest.param(b"\n" + b".".join(9000 * [b"a"]) + b" = 1", ":2: a name has too many parts", id="long name"),
        pytest.param("format = 1".encode("utf-16"), ": is in UTF-16: save it as UTF-8", id="UTF-16"),
        pytest.param((256 * 1024 + 1) * b"#", ": has more than the 262,144 bytes allowed", id="too large"),
    ],
)
def test_a_request_that_cannot_be_read_says_where(content, said, folder):
    folder.request.write_bytes(content)

    packet = folder.read()

    assert [str(problem) for problem in packet.problems] == [f"request.toml{said}"]
    assert (packet.rejected, packet.form) == (True, Form())


def test_a_number_without_end_is_no_toml(folder):
    folder.request.write_bytes(b"a = " + 5000 * b"9")

    assert [problem.what[:12] for problem in folder.read().problems] == ["is no TOML: "]


def test_a_byte_order_mark_is_malformed_and_the_rest_is_checked_all_the_same(folder):
    folder.put("contact.key_file")
    folder.request.write_bytes(b"\xef\xbb\xbf" + folder.request.read_bytes())

    assert [str(problem) for problem in folder.read().problems] == [
        "request.toml:1: begins with a byte-order mark: save it as UTF-8 without one",
        "request.toml:10 contact.key_file: C3: is missing",
    ]


def test_a_byte_that_is_no_utf_8_is_malformed_and_the_rest_is_checked_all_the_same(folder):
    folder.edit('key_file = "abara.asc"', "")
    folder.request.write_bytes(
        folder.request.read_bytes().replace(b"Wave Studies", "Wellenlehre für alle".encode("latin-1"))
    )

    assert [str(problem) for problem in folder.read().problems] == [
        "request.toml:38: has a byte that cannot stand there in UTF-8: save it as UTF-8",
        "request.toml:84 contact.key_file: C3: is missing",
    ]


def test_line_ends_of_windows_are_none_the_worse(folder):
    folder.request.write_bytes(folder.request.read_bytes().replace(b"\n", b"\r\n"))

    assert folder.problems() == []


def test_a_packet_without_a_request_is_malformed(folder, tmp_path):
    folder.request.unlink()
    assert folder.problems() == ["malformed - : is not in the packet's folder"]

    folder.request.mkdir()
    assert folder.problems() == ["malformed - : is not a regular file"]

    assert told(read_packet(tmp_path / "nowhere", TODAY).problems) == ["malformed - : is not in the packet's folder"]


def test_a_request_that_is_a_link_is_malformed(folder):
    folder.request.rename(folder.path / "other.toml")
    folder.request.symlink_to("other.toml")

    assert folder.problems() == ["malformed - : is a symbolic link, or behind one"]


# Lines.


def test_lines_are_told_behind_values_of_several_lines():
    text = (
        '''# 1
title = """
[[people]]
name = "nobody" ]"""
[a]
"x.y" = 1; z'''.replace("; z", "")
        + """
b.c = { d = [1,
  2] }
list = [
  "[no.header]",
  '''it's = "]"'''
]
[[people]]

email = '''
'''
name = 1
[[people]]
name = 2
[people.at.home]
why = 3
[[a.deep]]
[[a.deep]]
x = 4
"""
    )

    assert lines_of(text) == {
        ("title",): 2,
        ("a",): 5,
        ("a", "x.y"): 6,
        ("a", "b"): 7,
        ("a", "b", "c"): 7,
        ("a", "b", "c", "d"): 7,
        ("a", "list"): 9,
        ("people", 1): 13,
        ("people", 1, "email"): 15,
        ("people", 1, "name"): 17,
        ("people", 2): 18,
        ("people", 2, "name"): 19,
        ("people", 2, "at", "home"): 20,
        ("people", 2, "at", "home", "why"): 21,
        ("a", "deep", 1): 22,
        ("a", "deep", 2): 23,
        ("a", "deep", 2, "x"): 24,
    }


def test_no_line_is_told_behind_a_value_that_is_too_long():
    assert lines_of(f'a = 1\nb = """\n{20_000 * "x"}\n"""\nc = 1\n') == {("a",): 1}


# Documents.

NEITHER_KIND = "is neither PDF nor PNG, JPEG or text: its first bytes say so, whatever its name"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../secret.pdf", "lies outside the packet's folder"),
        ("letters/../../secret.pdf", "lies outside the packet's folder"),
        ("/etc/passwd", "lies outside the packet's folder"),
        ("letters\\approval.pdf", "has a backslash: folders and files are separated by /"),
        ("link.pdf", "is a symbolic link, or behind one"),
        ("dangling.pdf", "is a symbolic link, or behind one"),
        ("linked/citi-abara.pdf", "is a symbolic link, or behind one"),
        ("folder", "is not a regular file"),
        ("folder/", "is not a regular file"),
        (".", "is not a regular file"),
        ("pipe", "is not a regular file"),
        ("socket", "is not a regular file"),
        ("folder/none.pdf/", None),
        ("empty.pdf/none.pdf", None),
        ("empty.pdf", "is empty"),
        ("program.pdf", NEITHER_KIND),
        ("word.pdf", NEITHER_KIND),
        ("latin-1.txt", NEITHER_KIND),
        ("text.pdf", "is named .pdf, and begins as text/plain does"),
        ("letter.JPG", "is named .jpg, and begins as application/pdf does"),
        ("large.pdf", "has more than the 26,214,400 bytes allowed"),
        (255 * "ü", "cannot be read: File name too long"),
    ],
)
def test_a_document_that_cannot_be_one_is_malformed(name, why, folder):
    (folder.path.parent / "secret.pdf").write_bytes(pdf(["secret"]))
    (folder.path / "link.pdf").symlink_to(folder.path.parent / "secret.pdf")
    (folder.path / "dangling.pdf").symlink_to("nowhere.pdf")
    (folder.path / "linked").symlink_to(folder.path, target_is_directory=True)
    (folder.path / "folder").mkdir()
    os.mkfifo(folder.path / "pipe")
    os.mknod(folder.path / "socket", stat.S_IFSOCK | 0o600)
    (folder.path / "empty.pdf").touch()
    (folder.path / "text.pdf").write_text("To whom it may concern")
    (folder.path / "letter.JPG").write_bytes(pdf(["approved"]))
    (folder.path / "program.pdf").write_bytes(b"\x7fELF\x02\x01\x01\x00")
    (folder.path / "word.pdf").write_bytes(b"PK\x03\x04")
    (folder.path / "latin-1.txt").write_bytes("für".encode("latin-1"))
    with (folder.path / "large.pdf").open("wb") as large:
        large.write(b"%PDF-1.4")
        large.truncate(25 * 1024 * 1024 + 1)

    folder.put("head_approval.document", name)

    shown = name if len(name) <= 60 else f"{name[:57]}..."
    said = f'malformed C1.2: "{shown}" {why}' if why else f'missing C1.2: "{shown}" is not in the packet\'s folder'
    assert folder.problems() == found("head_approval.document", said)


def test_a_request_and_a_document_may_be_as_large_as_is_allowed(folder):
    with (folder.path / "citi-abara.pdf").open("ab") as large:
        large.truncate(25 * 1024 * 1024)
    content = folder.request.read_bytes()
    folder.request.write_bytes(content + (256 * 1024 - len(content)) * b"#")

    assert folder.problems() == []


def png() -> bytes:
    """The picture of one black dot (RFC 2083)."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    written = [
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pdf(["approved"]), "application/pdf"),
        (png(), "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"From: the dean\r\n\r\nYes.\f", "text/plain"),
        (b"\xef\xbb\xbfYes.", "text/plain"),
        (4095 * b"x" + "ü".encode(), "text/plain"),
    ],
    ids=["PDF", "PNG", "JPEG", "text", "text with a mark", "text cut in a letter"],
)
def test_a_document_is_known_by_its_first_bytes_whatever_its_name(content, media_type, folder):
    (folder.path / "letters").mkdir()
    (folder.path / "letters" / "approval").write_bytes(content)

    folder.put("head_approval.document", "letters//./approval")

    packet = folder.read()
    assert told(packet.problems) == []
    assert packet.documents["letters//./approval"].media_type == media_type


def test_a_private_key_is_refused_by_name(folder):
    (folder.path / "abara.asc").write_bytes(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n")

    why = "holds a private key, which nobody else may ever have: revoke it, and send the public key of another"
    assert folder.problems() == found("contact.key_file", f'malformed C3: "abara.asc" {why}')


# Anything at all.


@pytest.mark.campaign
@anything(100, full=20_000)
@given(content=st.binary(max_size=200) | st.text().map(lambda text: text.encode(errors="ignore")))
def test_whatever_the_bytes_of_a_request_nothing_is_raised(folder, content):
    folder.request.write_bytes(content)

    assert folder.read().rejected


@pytest.mark.campaign
@anything(50, full=5_000)
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_every_field_is_found_in_its_line(table):
    text = toml(table)
    lines = lines_of(text)

    assert {at: line for at, line in lines.items() if len(at) == 1} == {
        (name,): number for number, name in enumerate(table, 1)
    }
    assert all(line <= len(table) for line in lines.values())
