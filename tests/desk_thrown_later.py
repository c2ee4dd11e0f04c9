"""What may be thrown at a desk after a release, and stories that end well."""

from datetime import date, timedelta
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from ledger.events import Event
from ledger.events.query import Answer, Asking
from projections.acts import Act
from tests.amending_facts import (
    ADDENDUM,
    AMENDMENT,
    addendum,
    amend,
    amendment,
    compelled,
    debarment_lifted,
    debarred,
    renew,
    signatures,
    strangers,
)
from tests.desk_thrown import acts as earlier_acts
from tests.desk_thrown import past, principals
from tests.desk_thrown import reports as earlier_reports
from tests.endings import (
    accept,
    attested,
    close,
    close_incident,
    contained,
    copied,
    declared,
    departed,
    finding_assigned,
    finding_closed,
    held,
    hold_lifted,
    incident,
    legal_hold,
    moved_away,
    restored,
    revoked,
    write_off,
)
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.office_acts import execute, let_in, waive
from tests.office_facts import (
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    MOU,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    failed,
    received,
    recipient,
    terminated,
)
from tests.outside import (
    DOI,
    PUBLICATION,
    answer,
    asked,
    changes_asked,
    has_appeared,
    let_appear,
    notified,
    query_withdrawn,
    retracted,
    reviewed,
    reviewers,
)

LONG, SHORT = date(2027, 11, 1), TODAY + timedelta(2)

members = st.sampled_from([ANA, BEN, ANA, BEN, STRANGER, HEAD])
anybody = st.sampled_from([ANA, BEN, ANA, BEN, STRANGER, DIRECTOR])
things = st.sampled_from([{"request": REQUEST}, {"request": REQUEST}, {"dataset": DATA_SET}, {"person": BEN}])
concerns = st.sampled_from([((REQUEST,), (), ()), ((REQUEST,), (BEN,), ()), ((), (ANA,), ()), ((), (), (DATA_SET,))])
holdings = st.lists(st.builds(held, members), min_size=1, max_size=2, unique=True)
cells = st.sampled_from([None, 4, 5, 5, 9])
of_endings = st.one_of(
    st.builds(lambda who, by, where: copied(who, by, since=where), st.none() | members, st.none() | members, past),
    st.builds(declared, members),
    st.builds(
        lambda what, by, left: attested(*what, by=by, exceptions=left),
        holdings,
        members,
        st.sampled_from([None, None, commitment()]),
    ),
    st.builds(
        lambda who: incident(*who[0], people=who[1], datasets=who[2]),
        concerns,
    ),
    st.builds(lambda who: contained(*who[0], people=who[1], datasets=who[2]), concerns),
    st.builds(departed, members),
    st.builds(moved_away, members, st.sampled_from([None, ELSEWHERE])),
    st.builds(revoked, members),
    st.builds(restored, members),
    st.builds(lambda on: legal_hold(**on), things),
    st.builds(lambda on: hold_lifted(**on), things),
    st.builds(debarred, members, past.map(lambda day: day + timedelta(5))),
    st.builds(debarment_lifted, members),
    st.builds(terminated, st.sampled_from([MOU, DUA, AMENDMENT, ADDENDUM])),
    st.sampled_from([compelled(), compelled(notice_on=FAR_OFF), received(), failed("delivery")]),
    st.sampled_from([finding_assigned(7, "written off", who=BEN), finding_closed(7, "written off", who=BEN)]),
)
of_outside = st.one_of(
    st.builds(
        lambda kind, by, about, sets: asked(kind, by=by, request=about, datasets=sets, asked=ANA, referred_by=None),
        st.sampled_from(get_args(Asking)),
        st.none() | anybody,
        st.sampled_from([REQUEST, REQUEST, None]),
        st.sampled_from([(DATA_SET,), (DATA_SET,), ()]),
    ),
    st.just(query_withdrawn()),
    st.builds(lambda who: notified(authors=who), st.sampled_from([(ANA,), (ANA, STRANGER)])),
    st.builds(
        lambda who, cell, verdict: reviewed(who, cell, result=verdict),
        st.sampled_from([STRANGER, STRANGER, DIRECTOR, ANA]),
        cells,
        st.sampled_from(["fit to be published"] * 3 + ["changes needed"]),
    ),
    st.sampled_from([changes_asked(), has_appeared(), has_appeared(doi=DOI), retracted()]),
    st.builds(reviewers, st.integers(0, 2), smallest_cell=st.sampled_from([5, 5, 10])),
)
# Written out, all that may happen would be too long for a message.
later_reports: st.SearchStrategy[Event] = st.deferred(lambda: st.one_of(of_endings, of_outside))
answers = st.builds(
    lambda outcome, where, paper, publication, cell, document, who: answer(
        outcome,
        request=where,
        agreement=paper,
        publication=publication,
        smallest_cell=cell,
        answer=commitment(),
        document=document,
        principal=who,
    ),
    st.sampled_from(get_args(Answer)),
    st.sampled_from([REQUEST, OTHER_REQUEST, OTHER_REQUEST, None]),
    st.sampled_from([None, None, MOU, DUA, ADDENDUM]),
    st.sampled_from([None, PUBLICATION]),
    cells,
    st.sampled_from([None, commitment()]),
    principals,
)
named = st.sampled_from(
    [
        (recipient(ANA), recipient(STRANGER)),
        (recipient(STRANGER),),
        (recipient(ANA),),
        (recipient(BEN, ELSEWHERE),),
        (),
    ]
)
amendments = st.builds(
    lambda paper, who, of, template: msgspec.structs.replace(
        paper, recipients=who or paper.recipients, amends=of, template_approved_by=template
    ),
    st.sampled_from([amendment(), amendment(), addendum()]),
    st.none() | named,
    st.sampled_from([MOU, MOU, MOU, DUA, "A-none"]),
    st.sampled_from([HEAD, HEAD, HEAD, STRANGER]),
)
any_later_act = st.one_of(
    st.builds(lambda why, who: accept(reason=why, principal=who), st.sampled_from([None, commitment()]), principals),
    st.builds(write_off, members),
    st.builds(lambda who: close(principal=who), principals),
    st.builds(lambda where, who: close_incident(where, principal=who), st.sampled_from([REQUEST, None]), principals),
    answers,
    answers,
    st.builds(lambda who: let_appear(principal=who), principals),
    st.builds(amend, amendments),
    st.builds(lambda which, ends: execute(which, ends=ends), st.sampled_from([AMENDMENT, ADDENDUM]),
              st.sampled_from([FAR_OFF, FAR_OFF, SHORT, LONG])),
    st.builds(lambda ends, which: renew(ends, agreement=which),
              st.sampled_from([LONG, SHORT, FAR_OFF, date(2029, 1, 1)]), st.sampled_from([MOU, MOU, DUA, AMENDMENT])),
    st.sampled_from([let_in(ANA), let_in(BEN), let_in(STRANGER), waive("second-reviewer", expires=FAR_OFF)]),
)  # fmt: skip
later_acts: st.SearchStrategy[Act] = st.deferred(lambda: any_later_act)
anything: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(later_reports, later_reports, later_acts, later_acts, earlier_reports, earlier_acts)
)


# Stories that end well.


OF_THE_STRANGER = strangers()
STORIES: dict[str, list[Any]] = {
    "destroyed and closed": [
        *(declared(), terminated(MOU), terminated(DUA), attested(), accept(), close()),
    ],
    "a copy, and who has it attests": [
        *(copied(BEN), declared(), terminated(MOU), terminated(DUA), attested(held(ANA), held(BEN)), accept(), close()),
    ],
    "whoever leaves attests alone": [
        *(copied(BEN), departed(BEN), attested(held(BEN), by=BEN), accept(), let_in(BEN), let_in(ANA)),
    ],
    "written off and closed": [
        *(declared(), terminated(MOU), terminated(DUA), write_off(), close()),
    ],
    "a hold, for a while": [
        *(declared(), legal_hold(request=REQUEST), attested(), accept(), hold_lifted(request=REQUEST), accept()),
        *(terminated(MOU), terminated(DUA), close()),
    ],
    "an incident": [
        *(incident(REQUEST), let_in(ANA), contained(REQUEST), close_incident(), let_in(ANA)),
        *(declared(), terminated(MOU), terminated(DUA), attested(), accept(), close()),
    ],
    "amended": [*OF_THE_STRANGER, amend(), *signatures(amendment()), execute(AMENDMENT), let_in(STRANGER)],
    "an addendum": [
        *(*OF_THE_STRANGER, amend(addendum()), *signatures(addendum()), execute(ADDENDUM), let_in(STRANGER)),
        *(asked(by=STRANGER, asked=ANA, referred_by=None), answer("addendum", agreement=ADDENDUM)),
    ],
    "published": [
        *(notified(), reviewed(STRANGER, 4), let_appear(), changes_asked(), notified(), reviewed(STRANGER, 5)),
        *(let_appear(), has_appeared(), asked("verify", by=None, datasets=())),
        answer("public data suffice", publication=PUBLICATION),
    ],
    "asked by somebody with a request": [
        *(asked(by=BEN, request=None), answer("own request", request=OTHER_REQUEST)),
    ],
    "asked to verify": [
        *(asked("verify", by=None), answer("to counsel"), answer("not about data")),
        answer("office verifies", smallest_cell=5, document=commitment()),
    ],
    "renewed": [renew(LONG), renew(LONG + timedelta(10))],
}  # fmt: skip
