"""The judgement over the signed values of a session: signatures, and whether the records make one charging session.

The rules are those of the specification's verification process (OCMF 1.x, "Signing and Verification Process"): begin
and end of one meter and one identification, pages without a gap, time that goes forward by a clock that counts, no
error.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from domain.signed_values.ocmf import Found, OcmfReading, OcmfRecord, RecordUnreadable, read_record

BEGIN = "B"
ENDS = frozenset("ELRAP")
SYNCHRONISED = frozenset("SR")

Check = Callable[[OcmfRecord, str], bool]
"""Does this public key, registered or brought along by a message, bear out the record? False where it cannot tell."""


class State(StrEnum):
    """Of a session's signed values. A session without any has none of these."""

    UNVERIFIED = "unverified"
    VALID = "valid"
    INVALID = "invalid"


class Reason(StrEnum):
    """Why signed values are not valid, with the sentence a person reads."""

    NO_KEY = "no_key"
    SIGNATURE_WRONG = "signature_wrong"
    ALGORITHM_UNKNOWN = "algorithm_unknown"
    KEY_DIFFERS = "key_differs"
    RECORD_UNREADABLE = "record_unreadable"
    METER_UNNAMED = "meter_unnamed"
    METER_DIFFERS = "meter_differs"
    IDENTIFICATION_DIFFERS = "identification_differs"
    PAGE_MISSING = "page_missing"
    BEGIN_MISSING = "begin_missing"
    END_MISSING = "end_missing"
    TIME_UNREADABLE = "time_unreadable"
    TIME_NOT_SYNCHRONISED = "time_not_synchronised"
    TIME_WENT_BACK = "time_went_back"
    METER_STATUS = "meter_status"
    ERROR_FLAGGED = "error_flagged"
    REGISTER_DIFFERS = "register_differs"
    REGISTER_WENT_BACK = "register_went_back"

    @property
    def sentence(self) -> str:
        """What a person reads."""
        return SENTENCES[self]


SENTENCES = {
    Reason.NO_KEY: "No public key of the meter is registered.",
    Reason.SIGNATURE_WRONG: "A signature is not of a registered key, or the record was changed.",
    Reason.ALGORITHM_UNKNOWN: "A record is signed by an algorithm that OCMF does not name.",
    Reason.KEY_DIFFERS: "The message brought along another key than the one that is registered.",
    Reason.RECORD_UNREADABLE: "A record cannot be read.",
    Reason.METER_UNNAMED: "A record does not say which meter it is of.",
    Reason.METER_DIFFERS: "Records are of different meters.",
    Reason.IDENTIFICATION_DIFFERS: "Records are of different drivers.",
    Reason.PAGE_MISSING: "The pages are not without a gap: a record is missing, or one was added.",
    Reason.BEGIN_MISSING: "No signed reading at the begin.",
    Reason.END_MISSING: "No signed reading at the end.",
    Reason.TIME_UNREADABLE: "The time of a reading cannot be read.",
    Reason.TIME_NOT_SYNCHRONISED: "The clock of the meter was not synchronised.",
    Reason.TIME_WENT_BACK: "The time of the readings went back.",
    Reason.METER_STATUS: "The meter reports a fault.",
    Reason.ERROR_FLAGGED: "A reading is flagged as not to be used for billing.",
    Reason.REGISTER_DIFFERS: "Begin and end are not of one energy register.",
    Reason.REGISTER_WENT_BACK: "The signed register went back.",
}

AMENDABLE = frozenset({Reason.NO_KEY, Reason.SIGNATURE_WRONG, Reason.KEY_DIFFERS})
"""What another registered key may change."""


class Judgement(NamedTuple):
    """The result."""

    state: State
    reasons: tuple[Reason, ...]
    energy_wh: Decimal | None
    """Of the signed register, exactly; None unless it is valid."""
    begin_wh: Decimal | None
    end_wh: Decimal | None
    meter: str
    """The serial number in the records."""
    records: int
    keys: tuple[str, ...]
    """The registered keys that bear them out."""


def judge(found: Sequence[Found], keys: Sequence[str], check: Check, known: frozenset[str]) -> Judgement:
    """`keys` are registered; `known` are the algorithms that `check` can tell of."""
    reasons: dict[Reason, None] = {}
    records: list[OcmfRecord] = []
    used: dict[str, None] = {}
    for one in found:
        try:
            record = read_record(one.text)
        except RecordUnreadable:
            reasons[Reason.RECORD_UNREADABLE] = None
            continue
        records.append(record)
        if record.algorithm not in known:
            reasons[Reason.ALGORITHM_UNKNOWN] = None
        elif keys:
            fitting = [key for key in keys if check(record, key)]
            used.update(dict.fromkeys(fitting))
            if not fitting:
                reasons[Reason.SIGNATURE_WRONG] = None
            elif one.own_key and not check(record, one.own_key):
                reasons[Reason.KEY_DIFFERS] = None
    if not keys:
        reasons[Reason.NO_KEY] = None
    begin, end, faults = _session(records)
    reasons.update(dict.fromkeys(faults))
    state = State.VALID
    if reasons:
        state = State.UNVERIFIED if set(reasons) == {Reason.NO_KEY} else State.INVALID
    energy = end - begin if begin is not None and end is not None else None
    return Judgement(
        state=state,
        reasons=tuple(reasons),
        energy_wh=energy if state is State.VALID else None,
        begin_wh=begin,
        end_wh=end,
        meter=next((record.meter[1] or record.meter[0] for record in records), ""),
        records=len(found),
        keys=tuple(used),
    )


def _session(records: Sequence[OcmfRecord]) -> tuple[Decimal | None, Decimal | None, list[Reason]]:
    """(register at the begin, at the end, why they are not those of one charging session)."""
    faults: list[Reason] = []
    if any(not any(record.meter) for record in records):
        faults.append(Reason.METER_UNNAMED)
    if len({record.meter for record in records}) > 1:
        faults.append(Reason.METER_DIFFERS)
    if len({record.identification for record in records}) > 1:
        faults.append(Reason.IDENTIFICATION_DIFFERS)
    pages = [record.page for record in records]
    if not _continuous(pages):
        faults.append(Reason.PAGE_MISSING)
    readings = [reading for record in sorted(records, key=_by_page) for reading in record.readings]
    faults += _times(readings)
    if any(reading.status != "G" for reading in readings):
        faults.append(Reason.METER_STATUS)
    if any(reading.errors or reading.reason == "X" for reading in readings):
        faults.append(Reason.ERROR_FLAGGED)
    begin, end, missing = _registers(readings)
    return begin, end, [*faults, *missing]


def _continuous(pages: Sequence[tuple[str, int] | None]) -> bool:
    numbers = sorted(page for page in pages if page is not None)
    follows = all(one[0] == other[0] and other[1] == one[1] + 1 for one, other in pairwise(numbers))
    return len(numbers) == len(pages) and follows


def _by_page(record: OcmfRecord) -> tuple[str, int]:
    return record.page or ("", -1)


def _times(readings: Sequence[OcmfReading]) -> list[Reason]:
    """A begin by an informative clock is good where what follows is relative to it (table 19, `R`)."""
    faults: list[Reason] = []
    times = [reading.at for reading in readings if reading.at is not None]
    if len(times) < len(readings):
        faults.append(Reason.TIME_UNREADABLE)
    syncs = [reading.sync for reading in readings if reading.at is not None]
    relative = syncs[:1] == ["I"] and len(syncs) > 1 and set(syncs[1:]) == {"R"}
    if not relative and not set(syncs) <= SYNCHRONISED:
        faults.append(Reason.TIME_NOT_SYNCHRONISED)
    if any(other < one for one, other in pairwise(times)):
        faults.append(Reason.TIME_WENT_BACK)
    return faults


def _registers(readings: Sequence[OcmfReading]) -> tuple[Decimal | None, Decimal | None, list[Reason]]:
    begins = [reading for reading in readings if reading.reason == BEGIN and reading.wh is not None]
    ends = [reading for reading in readings if reading.reason in ENDS and reading.wh is not None]
    faults = [Reason.BEGIN_MISSING] if not begins else []
    faults += [Reason.END_MISSING] if not ends else []
    if not begins or not ends:
        return (begins[0].wh if begins else None), (ends[-1].wh if ends else None), faults
    begin = begins[0]
    end = next(
        (one for one in reversed(ends) if (one.register, one.unit) == (begin.register, begin.unit)), None
    )
    if end is None:
        return begin.wh, ends[-1].wh, [Reason.REGISTER_DIFFERS]
    went_back = begin.wh is not None and end.wh is not None and end.wh < begin.wh
    return begin.wh, end.wh, [Reason.REGISTER_WENT_BACK] if went_back else []
