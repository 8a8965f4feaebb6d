"""OCMF 1.x records: `OCMF|{payload}|{signature}`, read without touching the bytes that were signed.

The signature is over the bytes between the first and the last `|`. Nothing of them is parsed and written again:
the zeros behind a reading are part of what was signed.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from domain.metering import Reading, Sample

HEADER = "OCMF|"
DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
ENERGY_UNITS = {"kWh": Decimal(1000), "Wh": Decimal(1)}
DEEPEST = 2
"""A record may be wrapped in JSON, and in Base64 inside that."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[,.](\d{1,6}) ?([+-]\d\d):?(\d\d) ?([UISR])")
_PAGE = re.compile(r"([TF])(\d{1,18})")


class RecordUnreadable(ValueError):
    """It begins like an OCMF record and is none."""


class Found(NamedTuple):
    """A record among the readings of a session."""

    text: str
    """`OCMF|…`, as the meter wrote it."""
    own_key: str
    """The public key that the message brought along; compared with a registered one, never believed."""


class OcmfReading(NamedTuple):
    """One reading of a record, with what was left out as in the one before."""

    at: datetime | None
    sync: str
    """`S` synchronised, `R` relative, `I` informative, `U` unknown."""
    reason: str
    """TX: `B` begin, `C` charging, `E`, `L`, `R`, `A`, `P` end …"""
    value: Decimal | None
    register: str
    """OBIS code."""
    unit: str
    errors: str
    status: str

    @property
    def wh(self) -> Decimal | None:
        """Energy in Wh, exactly; None where it is no energy."""
        factor = ENERGY_UNITS.get(self.unit)
        return None if factor is None or self.value is None else self.value * factor


class OcmfRecord(NamedTuple):
    """What a record says, and the bytes it says it with."""

    text: str
    signed: bytes
    algorithm: str
    signature: bytes
    meter: tuple[str, str]
    """(serial number of the gateway, of the meter)"""
    identification: tuple[str, str]
    """(kind, id)"""
    page: tuple[str, int] | None
    readings: tuple[OcmfReading, ...]


def found_in(samples: Iterable[Sample]) -> list[Found]:
    """Every record among the readings, each once, in the order they came."""
    found: dict[str, Found] = {}
    for sample in samples:
        for reading in sample.readings:
            if reading.text and (one := recognised(reading)) is not None:
                found.setdefault(one.text, one)
    return list(found.values())


def recognised(reading: Reading) -> Found | None:
    """The record in a reading: plain, in Base64 or hex, or in the JSON of the OCA's application note."""
    return _unwrapped(reading.text, reading.public_key, DEEPEST)


def _unwrapped(text: str, own_key: str, deeper: int) -> Found | None:
    text = text.strip()
    if text.startswith(HEADER):
        return Found(text, own_key)
    if not deeper:
        return None
    if text.startswith("{"):
        return _in_json(text, own_key, deeper)
    for decode in (_from_hex, _from_base64):
        inner = decode(text)
        if inner is not None and inner.lstrip().startswith(HEADER):
            return Found(inner.strip(), own_key)
    return None


def _in_json(text: str, own_key: str, deeper: int) -> Found | None:
    """1.6: `{signedMeterValue | signedMeterData, encodingMethod, publicKey}`."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    inner = told.get("signedMeterValue") or told.get("signedMeterData")
    key = told.get("publicKey")
    if not isinstance(inner, str):
        return None
    return _unwrapped(inner, key if isinstance(key, str) and key else own_key, deeper - 1)


def _from_base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:  # no Base64, or no text within
        return None


def _from_hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text).decode()
    except ValueError:
        return None


def read_record(text: str) -> OcmfRecord:
    """A record's fields. Raises RecordUnreadable."""
    _, bar, rest = text.partition("|")
    payload, second_bar, signature = rest.rpartition("|")
    if not text.startswith(HEADER) or not bar or not second_bar:
        raise RecordUnreadable("a record has three parts between bars")
    told, sealed = _object(payload), _object(signature)
    data = sealed.get("SD")
    if not isinstance(data, str):
        raise RecordUnreadable("there is no signature in it")
    page = _PAGE.fullmatch(_text(told.get("PG")))
    readings = told.get("RD")
    if not isinstance(readings, list):
        raise RecordUnreadable("there are no readings in it")
    return OcmfRecord(
        text=text,
        signed=payload.encode("utf-8", "surrogatepass"),
        algorithm=_text(sealed.get("SA")) or DEFAULT_ALGORITHM,
        signature=_signature(data, _text(sealed.get("SE"))),
        meter=(_text(told.get("GS")), _text(told.get("MS"))),
        identification=(_text(told.get("IT")), _text(told.get("ID"))),
        page=(page[1], int(page[2])) if page else None,
        readings=tuple(_readings(readings)),
    )


def _object(text: str) -> dict[str, Any]:
    """Exact numbers, and no name twice: of two values somebody else might take the other one."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise RecordUnreadable("a name stands in it twice")
        return dict(pairs)

    def never(name: str) -> None:
        raise RecordUnreadable(f"{name} is no number")

    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=never, object_pairs_hook=once)
    except RecordUnreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordUnreadable("a part of it is no JSON") from error
    if not isinstance(found, dict):
        raise RecordUnreadable("a part of it is no JSON object")
    return found


def _signature(data: str, encoding: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True) if encoding == "base64" else bytes.fromhex(data)
    except ValueError as error:
        raise RecordUnreadable("its signature cannot be decoded") from error


def _readings(told: list[Any]) -> Iterator[OcmfReading]:
    before: dict[str, Any] = {}
    for one in told:
        if not isinstance(one, dict):
            raise RecordUnreadable("a reading in it is no object")
        before = {**before, **one}
        at, sync = _time(_text(before.get("TM")))
        yield OcmfReading(
            at=at,
            sync=sync,
            reason=_text(before.get("TX")),
            value=_number(before.get("RV")),
            register=_text(before.get("RI")),
            unit=_text(before.get("RU")),
            errors=_text(before.get("EF")),
            status=_text(before.get("ST")),
        )


def _time(text: str) -> tuple[datetime | None, str]:
    """`2018-07-24T13:22:04,000+0200 S`."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None, ""
    try:
        at = datetime.fromisoformat(f"{found[1]}.{found[2].ljust(6, '0')}{found[3]}:{found[4]}")
    except ValueError:
        return None, found[5]
    return at, found[5]


def _number(told: Any) -> Decimal | None:
    """A number, or a text that is one: meters exist that write it padded, between quotation marks."""
    if isinstance(told, bool) or not isinstance(told, int | Decimal | str):
        return None
    try:
        value = Decimal(told.strip() if isinstance(told, str) else told)
    except InvalidOperation:
        return None
    return value if value.is_finite() and -(10**15) < value < 10**15 else None


def _text(told: Any) -> str:
    return told if isinstance(told, str) else ""
