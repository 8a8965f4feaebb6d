"""The file for Transparenzsoftware: the signed records of a session, exactly as they were received, with their key."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from domain.signed_values.judgement import BEGIN, ENDS, Check
from domain.signed_values.ocmf import Found, RecordUnreadable, read_record

MEDIA_TYPE = "application/vnd.ocmf+xml"
CONTEXTS = {BEGIN: "Transaction.Begin", **dict.fromkeys(ENDS, "Transaction.End")}


class SignedRecord(NamedTuple):
    """One record, with what is known of its key."""

    record: str
    context: str
    public_key: str
    """Hex; the registered key that bears it out, else the first registered one, else what came with it."""
    signature_good: bool
    """By a registered key."""


def signed_records(found: Sequence[Found], keys: Sequence[str], check: Check) -> list[SignedRecord]:
    """The records with their keys; `keys` are the registered ones, hex."""
    return [_record(one, keys, check) for one in found]


def _record(one: Found, keys: Sequence[str], check: Check) -> SignedRecord:
    try:
        record = read_record(one.text)
    except RecordUnreadable:
        return SignedRecord(one.text, "", keys[0] if keys else one.own_key, signature_good=False)
    fitting = next((key for key in keys if check(record, key)), "")
    reasons = [reading.reason for reading in record.readings]
    context = next((CONTEXTS[reason] for reason in reasons if reason in CONTEXTS), "Sample.Periodic")
    return SignedRecord(one.text, context, fitting or (keys[0] if keys else one.own_key), bool(fitting))


def transparency_xml(records: Sequence[SignedRecord], transaction: str) -> str:
    """`<values>` as Transparenzsoftware opens it."""
    values = "".join(
        f"  <value transactionId={quoteattr(transaction)} context={quoteattr(one.context)}>\n"
        f'    <signedData format="OCMF" encoding="plain">{escape(one.record)}</signedData>\n'
        f'    <publicKey encoding="plain">{escape(one.public_key)}</publicKey>\n'
        "  </value>\n"
        for one in records
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{values}</values>\n'
