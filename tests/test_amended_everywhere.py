"""Whom an amendment added is seen wherever the request's own people are."""

from api.http.call import involved_in
from projections.standing import Standing
from tests.amending_facts import amended, amendment, signatures, strangers
from tests.facts import ANA, BEN, REQUEST
from tests.office import given, recorded, refused
from tests.office_facts import OTHER_REQUEST, STRANGER, request
from tests.office_requests import ready
from tests.outside import answer, answered, asked


def test_a_request_is_the_own_one_of_whom_an_executed_amendment_added():
    issued = [*ready(), *strangers(), amendment(), *signatures(amendment())]
    for facts, own in ((issued, False), ([*ready(), *amended()], True)):
        people = involved_in(Standing(recorded(facts)).request(REQUEST))
        assert ({ANA, BEN} <= people, STRANGER in people) == (True, own)


def test_whom_an_amendment_added_has_a_part_in_the_request_that_is_theirs():
    """What Ben's own request was, Ana's is: the stranger asked Ben, and was taken into Ana's by an amendment."""
    theirs = {"request": REQUEST}
    facts = [*ready(), request(OTHER_REQUEST), asked(request=OTHER_REQUEST, by=STRANGER, asked=BEN)]
    given(facts).when(answer("own request", **theirs)).then(refused("own-way", about=[STRANGER]))
    given(facts, amended()).when(answer("own request", **theirs)).then(answered("own request", **theirs))
