"""Id tokens: what a charger asks about them, and what an operator does with them."""

from collections.abc import Collection
from datetime import datetime

from application.desk import Desk
from application.reports import Decision, TokenQuestion
from application.rules import Rules
from domain.chargers.events import TokenPresented
from domain.event import Told
from domain.id_tokens.id_token import Authorization, TokenRecord, Verdict
from domain.identity import IdToken

UNAUTHENTICATED_KINDS = frozenset({"NoAuthorization"})
"""2.x: a start button or a free site; there is no token to look up (C02)."""


async def judge(
    desk: Desk,
    id_token: IdToken,
    now: datetime,
    rules: Rules,
    besides: Collection[str] = (),
    *,
    limited: bool = True,
) -> tuple[Authorization, TokenRecord | None]:
    """The verdict on a token, and its record where there is one to look up; `limited`: see `judge` there."""
    if id_token.kind in UNAUTHENTICATED_KINDS or not id_token.value:
        allowed = rules.tokens.accept_none and id_token.kind in UNAUTHENTICATED_KINDS
        return Authorization(Verdict.ACCEPTED if allowed else Verdict.UNKNOWN), None
    record = await desk.token(id_token)
    return record.judge(now, rules.tokens, besides, limited=limited), record


async def answer_question(desk: Desk, question: TokenQuestion, told: Told, rules: Rules) -> Decision:
    """Authorize: the verdict, and a fact so that unknown tokens can be found and adopted.

    The limit of transactions at once concerns their start alone (1.6 §7.2, 2.x AuthorizationStatusEnumType):
    a driver who authorizes in order to stop would be locked out by his own transaction.
    """
    if question.with_certificate:
        authorization = Authorization(Verdict.UNPROVEN)
    else:
        authorization, _ = await judge(desk, question.id_token, told.recorded_at, rules, limited=False)
    fact = TokenPresented(id_token=question.id_token, verdict=authorization.verdict)
    return Decision(authorization, [(desk.charger, [fact])])
