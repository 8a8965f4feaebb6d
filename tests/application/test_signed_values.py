"""Signed values of a session from the charger's messages to the judgement in the log, and the keys behind it."""

import base64
import json

import pytest

from adapters.ocpp.v2x.transaction_event import to_report as of_event
from adapters.ocpp.v16.meter_values import to_report as of_readings
from adapters.signatures.ocmf import OcmfSignatures
from application.registry import ChargerUnknown
from application.reports import Report
from application.signed_values import MeterKeyUnreadable
from domain.alarms.events import AlarmRaised
from domain.signed_values.events import SignedValuesJudged
from domain.signed_values.keys import MeterKeyUnknown
from domain.transactions.events import EnergySettled
from tests.signed_meter import SignedMeter, reading
from tests.signed_site import NOW, Site


@pytest.fixture
async def site() -> Site:
    """Nothing said yet."""
    return await Site().open()


@pytest.mark.parametrize("in_stop", [True, False])
async def test_a_session_of_1_6_is_valid_by_the_registered_key(site: Site, in_stop: bool) -> None:
    await site.keys.register("cp1", site.meter.public)
    await site.session_16(*site.meter.session(), in_stop=in_stop)
    (settled,) = site.facts(EnergySettled)
    assert settled.signed
    assert (site.judged.state, site.judged.energy_wh, site.judged.records) == ("valid", 12250, 2)
    assert site.judged.key_ids == (OcmfSignatures().read_key(site.meter.public)[0],)
    assert not site.facts(AlarmRaised)


async def test_a_session_of_2_x_is_judged_alike(site: Site) -> None:
    await site.keys.register("cp1", site.meter.public)
    begin, end = site.meter.session()

    def event(kind: str, seq_no: int, text: str) -> Report:
        signed = {
            "signedMeterData": base64.b64encode(text.encode()).decode(),
            "encodingMethod": "OCMF",
            "signingMethod": "",
            "publicKey": base64.b64encode(bytes.fromhex(site.meter.public)).decode(),
        }
        sampled = {"value": 1000500 + seq_no * 12250, "signedMeterValue": signed}
        at = f"2026-05-04T10:0{seq_no}:00Z"
        return of_event(
            {
                "eventType": kind,
                "timestamp": at,
                "triggerReason": "Trigger",
                "seqNo": seq_no,
                "transactionInfo": {"transactionId": "tx-1"},
                "evse": {"id": 1, "connectorId": 1},
                "meterValue": [{"timestamp": at, "sampledValue": [sampled]}],
            }
        )

    await site.say("TransactionEvent", event("Started", 0, begin))
    await site.say("TransactionEvent", event("Ended", 1, end))
    await site.follow()
    assert (site.judged.state, site.judged.energy_wh) == ("valid", 12250)


async def test_without_a_key_it_is_unverified_until_one_is_registered(site: Site) -> None:
    await site.session_16(*site.meter.session())
    assert (site.judged.state, site.judged.reasons, site.judged.energy_wh) == (
        "unverified",
        ("no_key",),
        None,
    )
    assert not site.facts(AlarmRaised)
    await site.keys.register("cp1", SignedMeter().public, note="of the neighbour")
    await site.follow()
    assert (site.judged.state, site.judged.reasons) == ("invalid", ("signature_wrong",))
    await site.keys.register("cp1", site.meter.public)
    await site.follow()
    assert (site.judged.state, site.judged.energy_wh) == ("valid", 12250)
    assert len(site.facts(SignedValuesJudged)) == 3


async def test_what_does_not_hold_raises_an_alarm(site: Site) -> None:
    await site.keys.register("cp1", site.meter.public)
    begin, end = site.meter.session()
    await site.session_16(begin, end.replace("1012.75", "1112.75"))
    assert (site.judged.state, site.judged.reasons) == ("invalid", ("signature_wrong",))
    (alarm,) = site.facts(AlarmRaised)
    assert (alarm.kind, alarm.info) == ("signed_values_wrong", "signature_wrong")


async def test_a_session_without_signed_values_is_left_alone(site: Site) -> None:
    await site.session_16()
    assert not site.facts(EnergySettled)[0].signed
    assert not site.facts(SignedValuesJudged)


async def test_a_record_that_comes_late_is_judged_though_the_energy_is_the_same(site: Site) -> None:
    await site.keys.register("cp1", site.meter.public)
    begin, end = site.meter.session()
    await site.session_16(begin)
    assert site.judged.reasons == ("end_missing",)
    value = {"value": json.dumps({"signedMeterValue": end, "encodingMethod": "OCMF"}), "format": "SignedData"}
    late = {"timestamp": "2026-05-04T10:30:00Z", "sampledValue": [value]}
    await site.say(
        "MeterValues",
        of_readings({"connectorId": 1, "transactionId": site.number, "meterValue": [late]}),
    )
    await site.follow()
    assert (site.judged.state, site.judged.energy_wh) == ("valid", 12250)


async def test_hearing_it_again_changes_nothing(site: Site) -> None:
    await site.session_16(*site.meter.session())
    before = len(site.store.log)
    site.heard = 0
    await site.follow()
    assert len(site.store.log) == before


async def test_a_withdrawn_key_keeps_the_sessions_that_ended_before(site: Site) -> None:
    key = await site.keys.register("cp1", site.meter.public, meter="M-1")
    assert await site.keys.register("cp1", site.meter.public, meter="M-1") == key
    await site.keys.withdraw("cp1", key.id, "meter exchanged")
    await site.keys.withdraw("cp1", key.id)
    keys = await site.keys.of("cp1")
    withdrawn = keys.keys[key.id].withdrawn_at
    assert withdrawn is not None
    assert [one.id for one in keys.in_force(NOW)] == [key.id]
    assert keys.in_force(withdrawn) == []


async def test_what_is_no_key_or_no_charger_is_refused(site: Site) -> None:
    with pytest.raises(MeterKeyUnreadable):
        await site.keys.register("cp1", "no key")
    for cpid in ("CP2", "/", ""):
        with pytest.raises(ChargerUnknown):
            await site.keys.register(cpid, site.meter.public)
    with pytest.raises(MeterKeyUnknown):
        await site.keys.withdraw("cp1", "0" * 16)


async def test_one_record_of_the_whole_session_is_enough(site: Site) -> None:
    await site.keys.register("cp1", site.meter.public)
    await site.session_16(site.meter.record(reading("B", "1000.50"), reading("E", "1012.75", minutes=30)))
    assert site.judged.energy_wh == 12250
