"""What makes no sense at the command line: the stage of an office, what is typed, and what its last line says."""

import os

from tests.command_line import EXAMPLES, INES, IRA, RELEASE, ROSA, SEND, TOM

IN_INK = f"--scan {{scan.pdf}} --text {{mou.txt}} --on 2026-11-21 --attested-by {INES}"
ISSUE = f"issue {{}} --kind MOU --template MOU-1 --template-approved-by {IRA} --text"
SIGN = f"sign A-2026-0001-1 --signer {ROSA} --as researcher"
BY_KEY = "--signature {rosa.sig} --key {rosa.asc}"
BASIS = "identified home '34 CFR 99.31(a)(1)(i)'"
DETERMINED = "--protocol 2601 --outcome approved --on 2026-01-05"
OTHER_DATA = SEND.replace("pc.csv", "mou.txt")

# The stage, what is typed, and what its last line says.
WRONG = [
    # Principals.
    (
        "opened",
        "grant-role 'Ana Ejemplo' director --from 2026-01-01",
        ("'Ana Ejemplo' is no id of a principal: it looks like staff:17, and is nobody's name."),
    ),
    (
        "opened",
        "retire-dataset D-6.002x-pc --actor Ana",
        ("'Ana' is no id of a principal: it looks like staff:17, and is nobody's name."),
    ),
    (
        "submitted",
        "approve R-2026-0001 --decided-by Ana",
        ("'Ana' is no id of a principal: it looks like staff:17, and is nobody's name."),
    ),
    (
        "opened",
        "grant-role staff:2 boss --from 2026-01-01",
        (
            "'boss' is none of director, acting-director, alternate, staff, auditor, compliance, admin, data-server, "
            "researcher."
        ),
    ),
    (
        "opened",
        "end-role staff:1 director",
        "Error: role 'director': of staff:1 is the last by which roles are given: grant another first",
    ),
    (
        "issued",
        f"{SIGN} {IN_INK.replace('2026-11-21', '2026-11-20')}",
        "Error: date '2026-11-20': is before agreement A-2026-0001-1 was issued, on 2026-11-21",
    ),
    (
        "issued",
        f"sign A-2026-0001-1 --signer {IRA} --as office {IN_INK.replace(INES, IRA)}",
        "is who signed: that takes somebody else",
    ),
    (
        "opened",
        "grant-role staff:1 director --from 2026-06-01",
        "Error: role 'director': is held by staff:1 in that time already",
    ),
    (
        "opened",
        "grant-role staff:2 staff --from 2026-06-01 --until 2026-05-31",
        "Error: ends '2026-05-31': is before it begins, on 2026-06-01",
    ),
    ("opened", "end-role staff:2 staff", "Error: role 'staff': was not given to staff:2"),
    (
        "issued",
        f"sign A-2026-0001-1 --signer {TOM} --as office {IN_INK.replace(INES, IRA)}",
        "takes part in request R-2026-0001, and is no office",
    ),
    (
        "issued",
        f"sign A-2026-0001-1 --signer {IRA} --as home-signatory {IN_INK.replace(INES, ROSA)}",
        "asks in request R-2026-0001: that takes somebody else",
    ),
    ("opened", f"erase {IRA} --detail phone --yes", "has no phone here: nothing to erase"),
    ("opened", "publish-policy", "Error: give at least one parameter: those that are not given stay as they are"),
    ("opened", "publish-policy --smallest-cell 1", "Error: smallest cell 1: is less than 2"),
    ("opened", "publish-policy --agreement-months 0", "Error: agreement months 0: is less than 1"),
    ("opened", "publish-policy --smallest-cell 9 --occurred-at 2020-01-01", "is too early: it counts from now on"),
    # Times.
    (
        "opened",
        f"suspend {IRA} --occurred-at 2026-11-22",
        "Error: time '2026-11-22T00:00:00-05:00': is still to come, and nothing has happened then",
    ),
    (
        "submitted",
        "decline R-2026-0001 --reason why --occurred-at 2026-11-20",
        "happens when it is judged; what was decided on paper before is its document",
    ),
    (
        "submitted",
        "withdraw R-2026-0001 --occurred-at 2026-11-20",
        "is before what it follows from: request.submitted of request R-2026-0001, 2026-11-21T",
    ),
    (
        "released",
        "received L-2026-0001-1 --on 2026-11-21 --occurred-at 2026-11-20",
        "Error: on '2026-11-21': is after it happened: occurred_at says 2026-11-20",
    ),
    (
        "released",
        "received L-2026-0001-1 --occurred-at 2026-11-20",
        "Error: date '2026-11-20': is before it was handed over, on 2026-11-21",
    ),
    ("opened", f"suspend {IRA} --occurred-at 1969-12-31", "Error: time '1969-12-31T00:00:00-05:00': is before 1970"),
    (
        "opened",
        f"suspend {IRA} --occurred-at 2026-13",
        "'2026-13' is no time such as 2026-03, 2026-03-31 or 2026-03-31T17:00:00-05:00.",
    ),
    (
        "opened",
        f"suspend {IRA} --occurred-at 2026-11-20T10:00:00",
        "'2026-11-20T10:00:00' is no time such as 2026-03, 2026-03-31 or 2026-03-31T17:00:00-05:00.",
    ),
    (
        "opened",
        f"suspend {IRA} --occurred-at yesterday",
        "'yesterday' is no time such as 2026-03, 2026-03-31 or 2026-03-31T17:00:00-05:00.",
    ),
    (
        "opened",
        f"certify {IRA} --completed 2026-11-22 --certificate {{letter.txt}}",
        "Error: completed '2026-11-22': is still to come; it is 2026-11-21 at the office",
    ),
    (
        "opened",
        f"certify {IRA} --completed 2026-01-05 --expires 2026-01-04 --certificate {{letter.txt}}",
        "Error: expires '2026-01-04': is before it begins, on 2026-01-05",
    ),
    (
        "opened",
        f"certify {IRA} --completed 20260105 --certificate {{letter.txt}}",
        "'20260105' is no date such as 2026-03-31.",
    ),
    ("opened", f"suspend {IRA} --occurred-at 0001-01-01", "'0001-01-01' is no time such as 2026-03, "),
    ("opened", f"suspend {IRA} --occurred-at 9999-12-31T23:59:59-12:00", "is no time such as 2026-03, "),
    ("opened", "grant-role staff:2 staff --from 9999-12-31", "'9999-12-31' is no date such as 2026-03-31."),
    ("executed", f"may {ROSA} read D-6.002x-pc --as-of 9999-12-31", "'9999-12-31' is no time such as 2026-03, "),
    # Texts.
    (
        "opened",
        f"register-person '{os.fsdecode(b'Ana' + bytes([255]))}'",
        "has a lone surrogate, which no UTF-8 can hold",
    ),
    ("opened", f"suspend {IRA} --reason ''", "Error: reason '': is empty"),
    ("opened", f"suspend {IRA} --reason -", "Error: reason '': is empty"),
    ("submitted", "decline R-2026-0001 --reason ' '", "Error: reason ' ': is empty"),
    (
        "opened",
        f"register-person {66_000 * 'a'}",
        "Error: text for 'person.registered/name': 66,000 is more than the 65,536 allowed",
    ),
    (
        "opened",
        f"register-person Ana --phone {66_000 * '1'}",
        "Error: text for 'person.registered/phone': 66,000 is more than the 65,536 allowed",
    ),
    (
        "approved",
        f"{ISSUE.format('R-2026-0001')} {{mou.txt}} --otherwise {66_000 * 'a'}",
        "Error: text for 'agreement.issued/otherwise': 66,000 is more than the 65,536 allowed",
    ),
    ("opened", "register-person ''", "Error: name '': is empty"),
    ("opened", f"change-details {IRA}", "of this person stay as they are: nothing was given"),
    ("opened", f"register-person Ira --email {IRA.upper()}", "already"),
    ("submitted", f"change-details {ROSA} --email {TOM}", "already"),
    *(
        ("opened", f"register-person Ira --email {wrong}", f"e-mail address '{wrong}': is none: it looks like")
        for wrong in ("notmail", "a@b", "a@b@c.org", "@example.edu", "a@.org")
    ),
    ("submitted", f"change-details {ROSA} --email notmail", "e-mail address 'notmail': is none"),
    *(
        (
            "opened",
            f"register-dataset D-new --course-run {wrong} --kind forum",
            f"course run '{wrong}': is no course run",
        )
        for wrong in ("bogus", "course-v1:MITx+6.002x", "MITx/6.002x", "course-v2:MITx+6.002x+1", "MITx/6.002x/1/2")
    ),
    ("opened", "register-organisation 'lakeside COLLEGE'", "already, as O-"),
    # The catalogue.
    (
        "opened",
        "register-dataset D-6.002x-pc --course-run MITx/6.002x/1 --kind forum",
        "Error: dataset 'D-6.002x-pc': is in this ledger already",
    ),
    (
        "opened",
        "register-dataset D-new --course-run MITx/6.002x/1 --kind video",
        "'video' is none of person-course, tracking-log, forum, survey, other.",
    ),
    (
        "opened",
        "register-dataset D-new --course-run größe --kind forum",
        (
            "'gr\\xf6\\xdfe' is no short text: "
            "it has 1 to 255 letters, digits and signs of ASCII, and no space at its ends."
        ),
    ),
    (
        "opened",
        f"add-version D-6.002x-pc 1 --form identified --sha256 {64 * 'a'}",
        "Error: version '1': of D-6.002x-pc is in this ledger already",
    ),
    (
        "opened",
        "add-version D-6.002x-pc 2 --form identified",
        "Error: say what it is by --file or by --sha256, and not by both",
    ),
    (
        "opened",
        f"add-version D-6.002x-pc 2 --form identified --file {{pc.csv}} --sha256 {64 * 'a'}",
        "Error: say what it is by --file or by --sha256, and not by both",
    ),
    (
        "opened",
        "add-version D-6.002x-pc 2 --form identified --sha256 abc",
        "'abc' is no SHA-256: it is 64 digits or letters from a to f.",
    ),
    (
        "opened",
        f"change-form D-6.002x-pc 7 --form de-identified --found-by {IRA} --on 2026-11-20 --method k",
        "Error: version '7': of D-6.002x-pc is not in this ledger",
    ),
    (
        "opened",
        "publish-policy --time-zone Mars/Olympus",
        "Error: time zone 'Mars/Olympus': is none that this machine knows",
    ),
    (
        "opened",
        "publish-policy --memorandum-capacities nobody",
        "'nobody' is none of researcher, office, authorised-official, home-signatory.",
    ),
    # Requests.
    ("opened", "submit {home}", "was not taken in; nothing was recorded"),
    (
        "submitted",
        f"submit {EXAMPLES / 'mit-researcher'} --request R-2026-0001",
        "Error: request 'R-2026-0001': is submitted: one comes in again once it was returned",
    ),
    (
        "approved",
        "withdraw R-2026-0001",
        "is approved: what is withdrawn is before the office, and not decided yet",
    ),
    (
        "submitted",
        "return R-2026-0001 --item C1.9",
        "'C1.9' is none of C1.1, C1.2, C1.3, C1.4, C1.5, C1.6, C1.7, C2, C3.",
    ),
    (
        "submitted",
        "determine R-2026-0001 --consistent --note why",
        "Error: legal determination 'R-2026-0001': is consistent with the law on no basis",
    ),
    (
        "submitted",
        f"determination R-2026-0001 --board home {DETERMINED} --covers all",
        "Error: say --on, --expires (a date or none) and --covers (people or all), unless it is pending",
    ),
    (
        "submitted",
        f"determination R-2026-0001 --board home {DETERMINED} --expires none",
        "Error: say --on, --expires (a date or none) and --covers (people or all), unless it is pending",
    ),
    (
        "submitted",
        f"determination R-2026-0001 --board home {DETERMINED} --expires none --covers all --covers {ROSA}",
        "Error: --covers all is everybody: name nobody beside it",
    ),
    (
        "submitted",
        f"determination R-2026-0001 --board 'Hillside College' {DETERMINED} --expires none --covers all",
        "Error: organisation 'Hillside College': is the name of none in this ledger",
    ),
    (
        "submitted",
        f"affiliation R-2026-0001 {ROSA} home --organisation 'Lakeside College'",
        "is for somebody from outside, or in doubt",
    ),
    (
        "submitted",
        f"affiliation R-2026-0001 {ROSA} outside",
        "Error: organisation '': is missing: somebody from outside acts for one",
    ),
    ("submitted", f"verify-training {IRA}", "has no certificate that is still to be verified"),
    (
        "submitted",
        f"affiliation R-2026-0001 {ROSA} outside --organisation 'O-\n'",
        "is the name of none in this ledger",
    ),
    # Agreements.
    (
        "issued",
        SIGN,
        (
            "Error: give --signature and --key; or --scan, --text, --on and --attested-by; "
            "or --e-signature, --text, --on and --attested-by"
        ),
    ),
    (
        "issued",
        f"{SIGN} {BY_KEY} {IN_INK}",
        (
            "Error: give --signature and --key; or --scan, --text, --on and "
            "--attested-by; or --e-signature, --text, --on and --attested-by"
        ),
    ),
    (
        "issued",
        f"{SIGN} {BY_KEY}",
        (
            "Error: person who attests '': is missing: who knows that this key is the signer's, "
            "who has confirmed no such key?"
        ),
    ),
    ("issued", f"{SIGN} --signature {{rosa.sig}} --key {{tom.asc}} --attested-by {IRA}", "which is not in key "),
    (
        "issued",
        f"{SIGN} --signature {{other.sig}} --key {{rosa.asc}} --attested-by {IRA}",
        "is not over exactly this text, or one of the two was altered",
    ),
    (
        "issued",
        f"{SIGN} --signature {{letter.txt}} --key {{rosa.asc}} --attested-by {IRA}",
        "this is no OpenPGP signature that can be checked: ",
    ),
    (
        "issued",
        f"{SIGN} {IN_INK.replace('mou.txt', 'letter.txt')}",
        "Error: text 'letter.txt': is not the text of agreement A-2026-0001-1 as it was issued",
    ),
    (
        "issued",
        f"{SIGN} {IN_INK.replace('researcher', 'x')} --organisation 'Lakeside College'",
        "is for an authorised official, and for no researcher",
    ),
    (
        "issued",
        f"sign A-2026-0001-1 --signer {ROSA} --as authorised-official {IN_INK}",
        "Error: organisation '': is missing: an authorised official signs for one",
    ),
    (
        "issued",
        f"{SIGN} {IN_INK.replace('2026-11-21', '2026-11-22')}",
        "Error: on '2026-11-22': is still to come; it is 2026-11-21 at the office",
    ),
    (
        "executed",
        f"{SIGN} {IN_INK}",
        "Error: agreement 'A-2026-0001-1': is executed, or has ended, and nobody signs it any more",
    ),
    # Keys.
    ("submitted", "file-key R-2026-0001 {letter.txt}", "Error: this is no OpenPGP public key: "),
    ("submitted", "file-key R-2026-0001 {secret.asc}", "this holds a SECRET key, and was not read."),
    ("submitted", "file-key R-2026-0001 {both.asc}", "Error: this holds 2 keys: file the one that is meant"),
    ("submitted", "file-key R-2026-0001 {signing.asc}", " cannot be encrypted for at 2026-11-21T12:00:00"),
    (
        "submitted",
        f"confirm-key R-2026-0001 {40 * 'A'} --to {IRA} --by phone",
        "is not that of the key that the contact filed last",
    ),
    (
        "submitted",
        f"confirm-key R-2026-0001 {40 * 'A'} --to {IRA} --by telegram",
        "'telegram' is none of phone, video, in-person, letter.",
    ),
    (
        "key tested",
        "test-key R-2026-0001 --channel sftp-drop --answer again",
        "Error: channel 'sftp-drop': has no test of request R-2026-0001 that waits for an answer",
    ),
    ("key tested", "test-key R-2026-0001 --channel sftp-drop", "Error: give one of --to, --answer and --no-answer"),
    (
        "key tested",
        "test-key R-2026-0001 --channel sftp-drop --no-answer --answer x",
        "Error: give one of --to, --answer and --no-answer",
    ),
    (
        "key tested",
        "test-key R-2026-0001 --channel 'SFTP drop' --no-answer",
        "'SFTP drop' is no channel: it is a word in small letters, such as sftp-drop.",
    ),
    # Releases.
    ("key tested", f"{OTHER_DATA} --to {{package.gpg}}", "is no version of D-6.002x-pc: none has the SHA-256 "),
    ("key tested", f"{RELEASE} --data D-6.002x-pc={{pc.csv}}", "Error: one file for each data set"),
    ("key tested", f"{RELEASE} --data pc.csv", "'pc.csv' is not a data set, = and a file."),
    (
        "key tested",
        f"{SEND.replace('pc.csv', 'pc*.csv')} --to {{package.gpg}}",
        "Error: a file in a package may not be named 'D-6.002x-pc-pc*.csv': it has a character",
    ),
    ("released", "opened D-6.002x-pc", "Error: say who it was by --person, or what is known of them by --account"),
    # What was recorded.
    ("approved", "correct 9999 --reason why", "Error: position 9999: is not in this log, which has 22 entries"),
    (
        "approved",
        "correct 22 --reason why",
        "Error: position 22: is of nothing that can be taken back: ",
    ),
    (
        "approved",
        "correct 1 --reason why",
        "Error: position 1: is of nothing that can be taken back: ",
    ),
    ("approved", "explain 9999", "Error: position 9999: is not in this log, which has 22 entries"),
    # Documents.
    (
        "opened",
        f"access {IRA} D-6.002x-pc --document {{letter.txt}}",
        "Error: document 'letter.txt': cannot be kept: let-in belongs to nobody and to no request",
    ),
    (
        "opened",
        f"suspend {IRA} --reason why --document {{other.bin}}",
        "is neither PDF nor PNG, JPEG or text: its first bytes say so, whatever its name",
    ),
    ("opened", f"suspend {IRA} --reason why --document {{empty}}", "is empty"),
    ("opened", f"suspend {IRA} --reason why --document {{nowhere}}", "nowhere' does not exist."),
    (
        "opened",
        "grant-role staff:2 staff --from 2026-01-01 --document {letter.txt}",
        "Error: document 'letter.txt': cannot be kept: role.granted belongs to nobody and to no request",
    ),
]
