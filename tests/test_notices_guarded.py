"""Nothing is sent to or by somebody who could not be told from another: encryption, log-in, header, entitlement."""

from datetime import timedelta

import pytest

from api.desk import Circumstances, Desk
from api.errors import NotEntitled
from api.notices.sending import Sender
from ledger.events import PersonRegistered, ReminderFellDue
from ledger.files import new_file
from tests.certificates import certified
from tests.noticing import BY, REMINDER, Place, by_email, place, smtp
from tests.office_facts import FAR_OFF
from tests.smtp_server import Smtp

__all__ = ["place", "smtp"]


def test_an_address_that_would_add_a_header_is_refused(place: Place, smtp: Smtp):
    evil = "p-" + 32 * "7"
    # No command takes it; but what is on record is not believed either.
    texts = {"name": "Eve", "email": "eve@example.org\nBcc: all@example.org"}
    sealed = place.home.custody.seal(f"person:{evil}", PersonRegistered.wire_name, texts)
    Desk(place.home.ledger, place.clock).report(PersonRegistered(person=evil, **sealed), BY)
    place.told(ReminderFellDue(kind="training expires", what=evil, day=FAR_OFF, days=30, whom=(evil,)))

    (tried,) = place.send()
    assert (tried.what, smtp.received) == ("refused", [])


def test_only_the_office_and_whoever_has_the_folder_in_hand_send(place: Place, smtp: Smtp):
    with pytest.raises(NotEntitled):
        Sender(place.home, place.settings, place.clock, Circumstances(actor="server:x", via="command line"))


def test_mail_is_encrypted_and_logged_in_for_where_settings_say_so(place: Place, smtp: Smtp):
    smtp.certificate, smtp.login = certified(place.home.path), ("ledger", "swordfish")
    new_file(place.home.path / "password", b"swordfish\n")
    login = ('user = "ledger"', 'password_file = "password"', 'ca_file = "ca.pem"')
    by_email(place, smtp, *login, security="starttls")
    place.told(REMINDER)

    assert [one.what for one in place.send()] == ["sent", "sent"]
    assert (smtp.encrypted, smtp.logged_in) == ([True, True], [("ledger", "swordfish")])


def test_nothing_goes_to_a_server_that_cannot_prove_who_it_is_or_offers_no_encryption(place: Place, smtp: Smtp):
    place.told(REMINDER)
    by_email(place, smtp, security="starttls")
    assert [one.what for one in place.send()] == ["later"]
    smtp.certificate = certified(place.home.path)
    place.clock.go(timedelta(minutes=1))
    (tried,) = place.send()

    assert (tried.what, "certificate verify failed" in tried.why, smtp.received) == ("later", True, [])
