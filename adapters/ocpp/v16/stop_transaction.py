"""StopTransaction (1.6 §4.10): the end, the final register, and readings kept for it."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.metering import meter_sample, samples_16, with_stop
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v16.id_tag import id_tag_info
from adapters.ocpp.whole_numbers import int64
from application.reports import Report, TransactionAnswer
from domain.identity import IdToken
from domain.metering import END
from domain.transactions.report import Phase, TransactionReport


def to_report(payload: Mapping[str, Any]) -> Report:
    """TransactionReport (ended). No reason means `Local` (§6.49); an empty idTag means that none was shown.

    `meterStop` comes first among the samples: it is the reading that bills.
    """
    get = payload.get
    at = read_timestamp(payload["timestamp"]).at
    stop = meter_sample(at, END, payload["meterStop"])
    tag = get("idTag")
    body = TransactionReport(
        phase=Phase.ENDED,
        at=at,
        number=int64(payload["transactionId"]),
        id_token=IdToken(tag) if tag else None,
        samples=with_stop(stop, samples_16(get("transactionData", ()), at)),
        reason=get("reason", "Local"),
    )
    return Report(body, at)


def to_answer(outcome: TransactionAnswer) -> dict[str, Any]:
    """The verdict on the tag where one was shown (§6.50); nothing else can be said, it cannot be refused."""
    if outcome.authorization is None:
        return {}
    return {"idTagInfo": id_tag_info(outcome.authorization)}
