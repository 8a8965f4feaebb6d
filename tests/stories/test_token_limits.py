"""How many transactions a token may run at once, and when that matters."""

from datetime import datetime, timedelta
from typing import Any

from adapters.ocpp.versions import Version
from tests.stories.line import NOON, Line, iso


def minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


async def test_a_limit_of_transactions_concerns_their_start_alone() -> None:
    """1.6 §7.2: `ConcurrentTx` is only relevant for StartTransaction; Authorize may be the wish to stop."""
    line = Line(Version.V16)
    await line.register()
    await line.issue("CARD", max_active=1)
    begun = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": iso(minutes(0))}
    number = (await line.say("StartTransaction", begun))["transactionId"]
    assert (await line.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Accepted"}
    other = {"connectorId": 2, "idTag": "CARD", "meterStart": 0, "timestamp": iso(minutes(1))}
    refused = await line.say("StartTransaction", other)
    assert refused["idTagInfo"] == {"status": "ConcurrentTx"}
    for one in (refused["transactionId"], number):
        over = {"transactionId": one, "idTag": "CARD", "meterStop": 9, "timestamp": iso(minutes(2))}
        assert (await line.say("StopTransaction", over))["idTagInfo"] == {"status": "Accepted"}


async def test_a_token_shown_after_the_cable_counts_against_its_limit() -> None:
    line = Line(Version.V201)
    await line.register()
    await line.issue("CARD", max_active=1)

    async def told(name: str, kind: str, seq_no: int, trigger: str, **more: Any) -> dict[str, Any]:
        payload = {
            "eventType": kind, "timestamp": iso(minutes(seq_no)), "triggerReason": trigger, "seqNo": seq_no,
            "transactionInfo": {"transactionId": name}, **more,
        }  # fmt: skip
        return await line.say("TransactionEvent", payload)

    card = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}
    for evse, name in enumerate(("A", "B"), start=1):
        await told(name, "Started", 0, "CablePluggedIn", evse={"id": evse, "connectorId": 1})
    assert (await told("A", "Updated", 1, "Authorized", **card))["idTokenInfo"]["status"] == "Accepted"
    assert (await told("B", "Updated", 1, "Authorized", **card))["idTokenInfo"]["status"] == "ConcurrentTx"
    assert (await told("A", "Ended", 2, "StopAuthorized", **card))["idTokenInfo"]["status"] == "Accepted"
    assert (await told("B", "Updated", 2, "Authorized", **card))["idTokenInfo"]["status"] == "Accepted"
    assert (await told("B", "Ended", 3, "StopAuthorized", **card))["idTokenInfo"]["status"] == "Accepted"
    again = await told("C", "Started", 0, "Authorized", evse={"id": 3, "connectorId": 1}, **card)
    assert again["idTokenInfo"]["status"] == "Accepted"
