"""A new password over OCPP: offered in the books, sent to the charger, settled by what it said."""

from application.registry import Offered, Registry
from domain.commands.intent import Answer, Verdict

ACCEPTED = "Accepted"


async def settle(registry: Registry, offered: Offered, answer: Answer | None, *, sent: bool) -> str:
    """What became of an offered password: `adopted`, `withdrawn`, or `unsettled` until the charger logs in.

    `answer` is what the charger said to the message that carried it, None where it said nothing; `sent` is
    False only where the message certainly never left. An answer such as RebootRequired promises the change
    for later: until then the former password is in use, so both stay valid.
    """
    if answer is None:
        if sent:
            return "unsettled"
        await registry.withdraw_password(offered.cpid, offered.credential_id, "never sent")
        return "withdrawn"
    if answer.verdict is Verdict.REFUSED:
        await registry.withdraw_password(offered.cpid, offered.credential_id, answer.status or "refused")
        return "withdrawn"
    if answer.status != ACCEPTED:
        return "unsettled"
    await registry.adopt_password(offered.cpid, offered.credential_id)
    return "adopted"
