"""What the signed records of a session are worth: the rules, one by one, and the energy of the signed register."""

from decimal import Decimal
from typing import Any

import pytest

from adapters.signatures.ocmf import OcmfSignatures
from domain.signed_values.judgement import SENTENCES, Judgement, Reason, State, judge
from domain.signed_values.ocmf import Found
from tests.adapters.signatures.published import (
    EBEE,
    EBEE_KEY,
    ISABELLENHUETTE,
    ISABELLENHUETTE_KEY,
    KEBA,
    KEBA_KEY,
)
from tests.signed_meter import SignedMeter, reading

CHECK = OcmfSignatures().check
KNOWN = frozenset({"ECDSA-secp256r1-SHA256"})


def judged(*records: str, keys: tuple[str, ...] = (), own: str = "") -> Judgement:
    return judge([Found(record, own) for record in records], keys, CHECK, KNOWN)


@pytest.fixture(scope="module")
def meter() -> SignedMeter:
    """One that signs."""
    return SignedMeter()


def test_a_session_of_two_records_is_valid_and_its_energy_exact(meter: SignedMeter) -> None:
    result = judged(*meter.session("1000.10", "1012.85"), keys=(meter.public,))
    assert result.state is State.VALID
    assert result.reasons == ()
    assert result.energy_wh == Decimal("12750.00")
    assert str(result.energy_wh) == "12750.00"
    assert (result.begin_wh, result.end_wh) == (Decimal("1000100.00"), Decimal("1012850.00"))
    assert (result.meter, result.records, result.keys) == ("M-1", 2, (meter.public,))


def test_one_record_may_hold_the_whole_session_and_come_in_any_order(meter: SignedMeter) -> None:
    whole = meter.record(reading("B", "1"), reading("C", "2", minutes=5), reading("E", "3", minutes=9))
    assert judged(whole, keys=(meter.public,)).energy_wh == 2000
    begin, end = meter.session()
    assert judged(end, begin, keys=(meter.public,)).state is State.VALID
    assert judged(begin, end, keys=(meter.public,), own=meter.public).state is State.VALID


def test_what_a_reading_leaves_out_is_as_in_the_one_before(meter: SignedMeter) -> None:
    later = {key: value for key, value in reading("E", "3", minutes=9).items() if key in ("TM", "TX", "RV")}
    assert judged(meter.record(reading("B", "1"), later), keys=(meter.public,)).energy_wh == 2000


def test_without_a_registered_key_nothing_is_verified_whatever_the_message_brings(meter: SignedMeter) -> None:
    result = judged(*meter.session(), own=meter.public)
    assert (result.state, result.reasons, result.energy_wh) == (State.UNVERIFIED, (Reason.NO_KEY,), None)
    assert result.begin_wh is not None


def test_the_key_of_the_message_is_compared_and_never_believed(meter: SignedMeter) -> None:
    other = SignedMeter()
    records = meter.session()
    assert judged(*records, keys=(other.public,), own=meter.public).reasons == (Reason.SIGNATURE_WRONG,)
    assert judged(*records, keys=(meter.public,), own=other.public).reasons == (Reason.KEY_DIFFERS,)
    assert judged(*records, keys=(other.public, meter.public)).state is State.VALID


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [
        ({}, {"MS": "M-2"}, Reason.METER_DIFFERS),
        ({"MS": "", "GS": ""}, {"MS": "", "GS": ""}, Reason.METER_UNNAMED),
        ({}, {"ID": "99"}, Reason.IDENTIFICATION_DIFFERS),
        ({}, {"IT": "EMAID"}, Reason.IDENTIFICATION_DIFFERS),
        ({"PG": "T7"}, {"PG": "T9"}, Reason.PAGE_MISSING),
        ({"PG": "T7"}, {"PG": "T7"}, Reason.PAGE_MISSING),
        ({"PG": "F7"}, {"PG": "T8"}, Reason.PAGE_MISSING),
        ({"PG": "7"}, {"PG": "8"}, Reason.PAGE_MISSING),
        ({"tx": "C"}, {}, Reason.BEGIN_MISSING),
        ({}, {"tx": "C"}, Reason.END_MISSING),
        ({}, {"TM": "yesterday"}, Reason.TIME_UNREADABLE),
        ({}, {"sync": "U"}, Reason.TIME_NOT_SYNCHRONISED),
        ({"sync": "I"}, {"sync": "I"}, Reason.TIME_NOT_SYNCHRONISED),
        ({"sync": "I"}, {"sync": "S"}, Reason.TIME_NOT_SYNCHRONISED),
        ({"minutes": 40}, {}, Reason.TIME_WENT_BACK),
        ({}, {"ST": "T"}, Reason.METER_STATUS),
        ({"EF": "E"}, {}, Reason.ERROR_FLAGGED),
        ({}, {"RI": "1-b:2.8.0"}, Reason.REGISTER_DIFFERS),
        ({}, {"RU": "Wh"}, Reason.REGISTER_DIFFERS),
        ({"kwh": "9999"}, {}, Reason.REGISTER_WENT_BACK),
    ],
)
def test_each_rule_is_broken_by_itself(
    meter: SignedMeter, begin: dict[str, Any], end: dict[str, Any], reason: Reason
) -> None:
    def record(reason_: str, kwh: str, minutes: int, changes: dict[str, Any]) -> str:
        changes = dict(changes)
        of_reading = {key: changes.pop(key) for key in ("TM", "ST", "EF", "RI", "RU") if key in changes}
        one = reading(
            changes.pop("tx", reason_),
            changes.pop("kwh", kwh),
            minutes=changes.pop("minutes", minutes),
            sync=changes.pop("sync", "S"),
            **of_reading,
        )
        return meter.record(one, **changes)

    result = judged(record("B", "1000.5", 0, begin), record("E", "1012.75", 30, end), keys=(meter.public,))
    assert result.reasons == (reason,)
    assert result.state is State.INVALID
    assert result.energy_wh is None


def test_a_clock_that_counts_from_an_informative_begin_is_good(meter: SignedMeter) -> None:
    records = meter.record(reading("B", "1", sync="I")), meter.record(reading("E", "2", minutes=3, sync="R"))
    assert judged(*records, keys=(meter.public,)).state is State.VALID


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("OCMF|{}", Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":[]}|{}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":[]}|{"SD":"xyz"}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":1}|{"SD":"00"}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":[1]}|{"SD":"00"}', Reason.RECORD_UNREADABLE),
        ('OCMF|[]|{"SD":"00"}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"PG":"T1","PG":"T2","RD":[]}|{"SD":"00"}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":[{"RV":NaN}]}|{"SD":"00"}', Reason.RECORD_UNREADABLE),
        ('OCMF|{"RD":[]}|{"SA":"RSA","SD":"00"}', Reason.ALGORITHM_UNKNOWN),
        ('OCMF|{"RD":[]}|{"SD":"00"}', Reason.SIGNATURE_WRONG),
    ],
)
def test_what_is_no_record_makes_a_session_invalid_and_nothing_worse(
    meter: SignedMeter, text: str, reason: Reason
) -> None:
    result = judged(text, *meter.session(), keys=(meter.public,))
    assert result.state is State.INVALID
    assert reason in result.reasons


def test_published_sessions_are_judged() -> None:
    keba = judged(KEBA, keys=(KEBA_KEY,))
    assert "meter" not in keba.reasons
    assert (keba.state, keba.energy_wh) == (State.VALID, Decimal("0.1000"))
    assert judged(*EBEE, keys=(EBEE_KEY,)).state is State.VALID
    assert judged(*EBEE, keys=(EBEE_KEY,)).energy_wh == 0
    broken = judged(ISABELLENHUETTE, keys=(ISABELLENHUETTE_KEY,))
    assert set(broken.reasons) == {Reason.METER_STATUS, Reason.ERROR_FLAGGED, Reason.TIME_NOT_SYNCHRONISED}


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(reason.sentence.endswith(".") for reason in Reason)
