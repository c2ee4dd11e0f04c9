"""From an approval to a key that is known to be the right one."""

from api.demo.paper import scanned
from api.demo.stage import CARL, DIRECTOR, HANNA, IRA, LENA, PAT, Stage, chapter, note, say


def the_agreements_are_signed(stage: Stage) -> None:
    """One by OpenPGP, the others in ink."""
    chapter("A memorandum for MIT's people, a data use agreement for Amal")
    stage.run(f"register-person 'Carl Weiss' --email {CARL}")
    stage.run(f"register-person 'Lena Roth' --email {LENA}")
    texts = {
        kind: stage.file(f"{kind}.txt", f"{kind} on data of MITx learners, as the template has it.\n")
        for kind in ("MOU", "DUA")
    }
    for kind, text in texts.items():
        template = f"--template '{kind} 2014-08' --template-approved-by {CARL}"
        stage.run(f"issue {stage.request} --kind {kind} {template} --text {text}", DIRECTOR)
    say("Hanna signs both by OpenPGP; the others in ink, and Pat attests that the scans show these texts.")
    key = stage.hanna.public(stage.folder / "hanna.asc")
    for agreement, (kind, text) in zip(stage.agreements, texts.items(), strict=True):
        signature = stage.hanna.sign(text, stage.folder / f"{kind}.sig")
        evidence = f"--signature {signature} --key {key} --attested-by {PAT}"
        stage.run(f"sign {agreement} --signer {HANNA} --as researcher {evidence}")
    memorandum, external = stage.agreements
    for agreement, kind, signer, capacity in (
        (memorandum, "MOU", IRA, "office"),
        (external, "DUA", LENA, "authorised-official --organisation 'Lakeside College'"),
        (external, "DUA", CARL, "home-signatory"),
    ):
        paper = scanned(texts[kind].read_text().strip(), f"Signed by {signer} on {stage.today}")
        scan = stage.file(f"{kind}-{capacity.split()[0]}.pdf", paper)
        evidence = f"--scan {scan} --text {texts[kind]} --on {stage.today} --attested-by {PAT}"
        stage.run(f"sign {agreement} --signer {signer} --as {capacity} {evidence}")
    for agreement in stage.agreements:
        stage.run(f"execute {agreement}", DIRECTOR)


def a_wrong_key_and_the_right_one(stage: Stage) -> None:
    """A key that somebody else sent, and a test of the channel."""
    chapter("A wrong key, then the right one")
    say("A key in Amal's name comes by e-mail. On the phone she reads out another fingerprint: it isn't hers.")
    confirmed = f"confirm-key {stage.request} {stage.amal.fingerprint} --to {IRA} --by phone"
    stage.run(f"file-key {stage.request} {stage.other.public(stage.folder / 'from-somebody.asc')}")
    stage.run(confirmed)
    stage.run(f"reject-key {stage.request} --reason 'not the fingerprint that she read out'")
    say("She sends her own; the fingerprint is right, and what she decrypts comes back by the channel itself.")
    stage.run(f"file-key {stage.request} {stage.amal.public(stage.folder / 'amal.asc')}")
    stage.run(confirmed)
    nonce = stage.folder / "test.asc"
    stage.run(f"test-key {stage.request} --channel sftp-drop --to {nonce}")
    answer = stage.amal.decrypt(nonce).decode()
    note(f"Amal decrypts it, and reads back {answer}")
    stage.run(f"test-key {stage.request} --channel sftp-drop --answer {answer}")
