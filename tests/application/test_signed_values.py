"""Signed values of a session from the charger's messages to the judgement in the log, and the keys behind it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.ocpp.v2x.transaction_event import to_report as of_event
from adapters.ocpp.v16.meter_values import to_report as of_readings
from adapters.ocpp.v16.start_transaction import to_report as of_start
from adapters.ocpp.v16.stop_transaction import to_report as of_stop
from adapters.signatures.ocmf import OcmfSignatures
from application.desk import Desk
from application.intake import Intake
from application.registry import ChargerUnknown
from application.reports import Report, TransactionAnswer
from application.rules import Rules
from application.signed_values import MeterKeyBook, MeterKeyUnreadable
from domain.alarms.events import AlarmRaised
from domain.chargers.charger import Charger
from domain.chargers.events import Registered
from domain.event import Told
from domain.identity import ChargerId
from domain.signed_values.events import SignedValuesJudged
from domain.signed_values.keys import MeterKeyUnknown
from domain.transactions.events import EnergySettled
from entrypoints.reactions import REACTIONS
from tests.fakes.event_store import InMemoryEventStore
from tests.signed_meter import SignedMeter, reading

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
CP = ChargerId.of("t", "CP1")


class Site:
    """A charger with a meter that signs, and a follower behind it."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore()
        self.meter = SignedMeter()
        self.keys = MeterKeyBook(self.store, OcmfSignatures(), "t", "user:ann")
        self._intake, self._desk = Intake(self.store, Rules()), Desk(self.store, Charger(CP))
        self._heard = 0

    async def open(self) -> "Site":
        """Known to us."""
        await self._intake.record(
            self._desk, [Registered(cpid="CP1", security_profile=0)], Told(recorded_at=NOW)
        )
        return self

    async def say(self, action: str, report: Report) -> Any:
        """A message, and the outcome it is answered with."""
        outcomes: list[Any] = []

        def compose(outcome: object) -> str:
            outcomes.append(outcome)
            return "[3]"

        told = Told(recorded_at=NOW, occurred_at=report.at, frame="[2]", seq_no=report.seq_no)
        await self._intake.take(self._desk, action, report, told, compose)
        return outcomes[-1]

    async def follow(self) -> None:
        """All that the log has to say to the follower."""
        while self._heard < len(self.store.log):
            recorded = self.store.log[self._heard]
            self._heard += 1
            for react in REACTIONS.get(type(recorded.event.fact), ()):
                if not react.book:
                    await react.do(self.store, recorded)

    def facts(self, kind: type[Any]) -> list[Any]:
        """Of one kind, in order."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, kind)]

    @property
    def judged(self) -> SignedValuesJudged:
        """The newest judgement."""
        found = self.facts(SignedValuesJudged)
        assert found
        return found[-1]  # type: ignore[no-any-return]

    async def session_16(self, *records: str, in_stop: bool = True) -> None:
        """A session whose records come with the stop, or with MeterValues before it."""
        start = {"connectorId": 1, "idTag": "A", "meterStart": 1000500, "timestamp": "2026-05-04T10:00:00Z"}
        outcome = await self.say("StartTransaction", of_start(start))
        assert isinstance(outcome, TransactionAnswer)
        values = [
            {
                "timestamp": f"2026-05-04T10:{n:02}:00Z",
                "sampledValue": [{"value": text, "format": "SignedData"}],
            }
            for n, text in enumerate(records)
        ]
        if not in_stop:
            readings = {"connectorId": 1, "transactionId": outcome.number, "meterValue": values}
            await self.say("MeterValues", of_readings(readings))
        stop: dict[str, Any] = {
            "transactionId": outcome.number,
            "meterStop": 1012750,
            "timestamp": "2026-05-04T10:30:00Z",
        }
        if in_stop:
            stop["transactionData"] = values
        await self.say("StopTransaction", of_stop(stop))
        self.number = outcome.number
        await self.follow()


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
    site._heard = 0
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
