"""Every fact has a sentence, whatever a charger put into it; some are read word for word."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.narrative import SENTENCES, NoSentence, sentence
from domain.catalogue import FACTS
from domain.chargers import events as charger
from domain.commands import events as command
from domain.commands.files import UpdateFirmware
from domain.event import Event, Fact, Told
from domain.id_tokens import events as id_token
from domain.identity import IdToken
from domain.metering import Reading, Sample
from domain.reservations import events as reservation
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly
from tests.adapters.eventstore.test_mapper import _structs

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def said(fact: Fact, *, actor: str = "charger", repairs: tuple[str, ...] = ()) -> str:
    told = Told(recorded_at=NOON, actor=actor, repairs=repairs)
    return sentence(Event(originator_id="charger/t/A", originator_version=1, fact=fact, told=told))


def test_no_fact_lacks_a_sentence_and_no_sentence_lacks_its_fact() -> None:
    assert set(SENTENCES) == set(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TOPIC)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_a_fact_holds_it_is_told(fact: type[Fact], data: st.DataObject) -> None:
    words = said(data.draw(_structs(fact)))
    assert len(words) > 5
    assert words.rstrip()[-1] in ".…" or fact is charger.HandshakeRefused  # which ends in the hint as stored


def test_a_fact_outside_the_catalogue_is_no_silence() -> None:
    class Unheard(Fact, frozen=True):
        TOPIC = "test.unheard"

    with pytest.raises(NoSentence, match="Unheard"):
        said(Unheard())


SAMPLE = Sample(
    NOON,
    "Sample.Periodic",
    (
        Reading("Voltage", Decimal("230.10"), "V", "L1-N"),
        Reading("Energy.Active.Import.Register", Decimal("1500"), "Wh"),
        Reading("SoC", Decimal(55), "Percent"),
    ),
)
TOLD = [
    (
        transaction.Started(
            evse_id=2,
            connector_id=1,
            at=NOON,
            id_token=IdToken("04A2"),
            verdict="Blocked",
            meter_start_wh=Decimal("1000.50"),
            number=7,
            flags=(Anomaly.TOKEN_REFUSED,),
        ),
        "Transaction number 7 started on EVSE 2 by token 04A2 (Blocked), meter at 1000.5 Wh. "
        "The token was not accepted, yet the charger started.",
    ),
    (
        transaction.Metered(evse_id=1, connector_id=2, samples=(SAMPLE,), energy_wh=499),
        "EVSE 1 connector 2 read meter 1500 Wh, state of charge 55 %, voltage L1-N 230.1 V; 0.499 kWh so far.",
    ),
    (
        transaction.EnergySettled(
            energy_wh=12345, meter_start_wh=Decimal(0), meter_stop_wh=Decimal(12345), flags=()
        ),
        "The energy is 12.345 kWh (from 0 to 12345 Wh).",
    ),
    (
        transaction.EnergySettled(energy_wh=None, flags=(Anomaly.METER_STOP_MISSING,)),
        "The energy cannot be known. No reading at the end: the energy is unknown.",
    ),
    (
        charger.StatusReported(evse_id=0, connector_id=0, status="Faulted", error_code="GroundFailure"),
        "The charger is Faulted: GroundFailure.",
    ),
    (
        charger.StatusReported(
            evse_id=1, connector_id=1, status="Occupied", activity="SuspendedEV", error_code="NoError"
        ),
        "EVSE 1 is Occupied (SuspendedEV).",
    ),
    (charger.ClockSkewMeasured(-90), "Its clock is 90 s ahead of ours."),
    (charger.Disconnected(connection="c", code=1006), "Connection ended with code 1006."),
    (
        id_token.Issued(
            id_token=IdToken("04A2"), label="Anna", expires_at=NOON + timedelta(days=1), max_active=1
        ),
        "Token 04A2 (Anna) may charge, until 2026-03-02 12:00:00Z, at most 1 sessions at once.",
    ),
    (
        reservation.Requested(
            reservation_id=7,
            evse_id=0,
            id_token=IdToken("04A2"),
            group="family",
            expires_at=NOON,
            command="c",
        ),
        "Asked for: reservation 7, any EVSE for token 04A2 or group family until 2026-03-01 12:00:00Z.",
    ),
    (
        reservation.Refused(reservation_id=7, status="Occupied", reason="busy", stands="active"),
        "Reservation 7 was refused (Occupied): busy. The former terms stand.",
    ),
    (
        reservation.Used(reservation_id=7, transaction="transaction/t/A/x", evse_id=2, by="group"),
        "Reservation 7 was used on EVSE 2 by a token of the reserved group in transaction x.",
    ),
    (
        reservation.Lost(reservation_id=7, why="NotHeld"),
        "Reservation 7 is lost: the charger knows of no such reservation.",
    ),
    (
        reservation.Mismatched(reservation_id=7, transaction="transaction/t/A/x", why="wrong_token"),
        "Reservation 7: transaction x began on its EVSE for somebody else.",
    ),
]


@pytest.mark.parametrize(("fact", "words"), TOLD, ids=[words[:30] for _, words in TOLD])
def test_words(fact: Fact, words: str) -> None:
    assert said(fact) == words


def test_who_did_it_and_what_was_mended_is_said() -> None:
    words = said(id_token.Unblocked(), actor="user:ada", repairs=("comma",))
    assert words == "The token may charge again. By user ada. Read after repair: comma."


def test_a_password_is_never_told() -> None:
    words = said(charger.CredentialIssued(salt="aabb", digest="ccdd"))
    assert "aabb" not in words
    assert "ccdd" not in words


def test_a_signed_link_is_not_told_in_words() -> None:
    link = "https://zeus.example/artefacts/s3cret.k3y/fw.bin"
    wanted = command.Requested(
        charger="CP1",
        intent=UpdateFirmware(location=link, retrieve_at=NOON),
        send_before=NOON,
        answer_within_s=30,
    )
    assert "s3cret" not in said(wanted)
    assert "location https://zeus.example/artefacts/…" in said(wanted)
