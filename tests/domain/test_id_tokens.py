"""Who may charge: given what happened to a token, when it is judged, then the verdict."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.event import Event, Fact, Told
from domain.id_tokens.events import Blocked, GivenBack, Issued, TakenUp, Unblocked
from domain.id_tokens.id_token import TokenPolicy, TokenRecord, Verdict
from domain.identity import IdToken

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CARD = IdToken("Card 1")
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)


def given(*facts: Fact) -> TokenRecord:
    record = TokenRecord(CARD.stream("acme"))
    for version, fact in enumerate(facts, start=1):
        record.when(
            Event(
                originator_id=record.stream,
                originator_version=version,
                fact=fact,
                told=Told(recorded_at=NOW),
            )
        )
    return record


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ((), Verdict.UNKNOWN),
        ((Issued(id_token=CARD),), Verdict.ACCEPTED),
        ((Issued(id_token=CARD, expires_at=LATER),), Verdict.ACCEPTED),
        ((Issued(id_token=CARD, expires_at=NOW),), Verdict.EXPIRED),
        ((Issued(id_token=CARD, expires_at=EARLIER), Blocked("lost")), Verdict.BLOCKED),
        ((Issued(id_token=CARD), Blocked(), Unblocked()), Verdict.ACCEPTED),
        ((Issued(id_token=CARD, max_active=0),), Verdict.CONCURRENT),
        ((Issued(id_token=CARD, max_active=1), TakenUp("a")), Verdict.CONCURRENT),
        ((Issued(id_token=CARD, max_active=2), TakenUp("a")), Verdict.ACCEPTED),
        ((Issued(id_token=CARD, max_active=1), TakenUp("a"), GivenBack("a")), Verdict.ACCEPTED),
        ((Issued(id_token=CARD, expires_at=EARLIER), Issued(id_token=CARD)), Verdict.ACCEPTED),
    ],
)
def test_verdicts(facts: tuple[Fact, ...], verdict: Verdict) -> None:
    assert given(*facts).judge(NOW, TokenPolicy()).verdict is verdict


def test_its_own_transaction_does_not_count_against_the_limit() -> None:
    record = given(Issued(id_token=CARD, max_active=1), TakenUp("a"))
    assert record.judge(NOW, TokenPolicy(), ["a"]).verdict is Verdict.ACCEPTED


def test_free_vending_accepts_the_unknown_but_not_the_blocked() -> None:
    free = TokenPolicy(accept_unknown=True)
    assert given().judge(NOW, free).verdict is Verdict.ACCEPTED
    assert given(Issued(id_token=CARD), Blocked()).judge(NOW, free).verdict is Verdict.BLOCKED


def test_group_and_expiry_come_with_the_verdict() -> None:
    authorization = given(Issued(id_token=CARD, group="FLEET", expires_at=LATER)).judge(NOW, TokenPolicy())
    assert (authorization.group, authorization.expires_at) == ("FLEET", LATER)


def test_commands_that_change_nothing_write_nothing() -> None:
    issued = Issued(id_token=CARD, max_active=1)
    record = given(issued, TakenUp("a"))
    assert record.issue(issued) == []
    assert record.take_up("a") == []
    assert record.give_back("b") == []
    assert record.unblock() == []
    assert record.block("lost") == [Blocked("lost")]
    assert given(Issued(id_token=CARD)).take_up("a") == []  # no limit, nothing to count


def test_tokens_are_compared_without_case_and_never_printed() -> None:
    assert IdToken("ab cd/é").stream("acme") == IdToken("AB CD/É").stream("acme")
    assert "/" not in IdToken("a/b").stream("acme").removeprefix("id-token/acme/")
    assert "SECRET" not in f"{IdToken('SECRET99')} {IdToken('SECRET99')!r}"
