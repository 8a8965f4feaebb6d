"""TransactionEvent of 2.x (E01 to E16): start, progress and end of a transaction in one message."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.metering import samples_2x
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v2x.id_token import id_token, id_token_info
from adapters.ocpp.whole_numbers import int32, int64
from application.reports import Report, TransactionAnswer
from domain.transactions.report import Phase, TransactionReport

PHASES: Mapping[str, Phase] = {"Started": Phase.STARTED, "Updated": Phase.UPDATED, "Ended": Phase.ENDED}


def to_report(payload: Mapping[str, Any]) -> Report:
    """TransactionReport. What 2.1 adds (limits, cost details, operation mode, …) stays in the frame."""
    get = payload.get
    at = read_timestamp(payload["timestamp"]).at
    info = payload["transactionInfo"]
    evse_id, connector_id = _place(get("evse"))
    phase = PHASES[payload["eventType"]]
    seq_no = int64(payload["seqNo"])
    token = get("idToken")
    body = TransactionReport(
        phase=phase,
        at=at,
        reference=info["transactionId"],
        evse_id=evse_id,
        connector_id=connector_id,
        seq_no=seq_no,
        trigger=payload["triggerReason"],
        charging_state=info.get("chargingState", ""),
        id_token=id_token(token) if token is not None else None,
        samples=samples_2x(get("meterValue", ()), at),
        reason=_reason(phase, info),
        offline=get("offline", False),
        reservation_id=_number(get("reservationId")),
        remote_start_id=_number(info.get("remoteStartId")),
    )
    return Report(body, at, seq_no)


def to_answer(outcome: TransactionAnswer, longest: int) -> dict[str, Any]:
    """The verdict where a token was shown (E01.FR.12, E05.FR.01, C02.FR.02); we set no cost, priority or message."""
    if outcome.authorization is None:
        return {}
    return {"idTokenInfo": id_token_info(outcome.authorization, longest)}


def _place(evse: Mapping[str, Any] | None) -> tuple[int | None, int | None]:
    if evse is None:
        return None, None
    return int32(evse["id"]), _number32(evse.get("connectorId"))


def _reason(phase: Phase, info: Mapping[str, Any]) -> str:
    """2.x TransactionType: `stoppedReason` may be left out when it is `Local`; it speaks of an end alone."""
    told: str = info.get("stoppedReason", "")
    return told or ("Local" if phase is Phase.ENDED else "")


def _number(value: int | None) -> int | None:
    return None if value is None else int64(value)


def _number32(value: int | None) -> int | None:
    return None if value is None else int32(value)
