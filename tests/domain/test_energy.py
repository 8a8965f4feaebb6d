"""The energy rules: what a transaction's registers prove, and what they do not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.metering import BEGIN, END, PERIODIC, Reading, Sample, energy_sample, whole_wh
from domain.transactions.anomalies import SENTENCES, Anomaly
from domain.transactions.energy import EnergyRecord

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONTEXT = {"b": BEGIN, "p": PERIODIC, "e": END}


def record(*readings: tuple[str, float, int | str]) -> EnergyRecord:
    """From (context, minute, Wh) in the order told."""
    known = EnergyRecord()
    for context, minute, wh in readings:
        known.take([energy_sample(NOON + timedelta(minutes=minute), CONTEXT[context], Decimal(wh))])
    return known


@pytest.mark.parametrize(
    ("told", "energy", "why"),
    [
        ([("b", 0, 100), ("e", 60, 900)], 800, []),
        ([("b", 0, "0.4"), ("e", 60, "2.9")], 2, []),
        ([("b", 0, 100), ("p", 30, 500)], 400, [Anomaly.METER_STOP_FROM_SAMPLE]),
        ([("p", 5, 100), ("e", 60, 900)], 800, [Anomaly.METER_START_FROM_SAMPLE]),
        ([("p", 9, 150), ("p", 5, 100), ("e", 60, 900)], 800, [Anomaly.METER_START_FROM_SAMPLE]),
        ([("e", 60, 900)], None, [Anomaly.METER_START_MISSING]),
        ([("e", 60, 900), ("p", 60, 900)], None, [Anomaly.METER_START_MISSING]),
        ([("p", 60, 900)], None, [Anomaly.METER_STOP_FROM_SAMPLE, Anomaly.METER_START_MISSING]),
        ([("b", 0, -5), ("e", 60, 900)], None, [Anomaly.NEGATIVE_METER, Anomaly.METER_START_MISSING]),
        ([("b", 0, 1000), ("p", 30, 1500), ("e", 60, 200)], 500, [Anomaly.METER_WENT_BACK]),
        ([("b", 0, 1000), ("e", 60, 200)], 0, [Anomaly.METER_WENT_BACK]),
        (
            [("b", 0, 1000), ("p", 10, 9_000_000), ("p", 20, 1500), ("e", 60, 2000)],
            1000,
            [Anomaly.IMPLAUSIBLE_METER],
        ),
        ([("b", 0, 0), ("e", 1, 90_000_000)], 90_000_000, [Anomaly.IMPLAUSIBLE_METER]),
        ([("b", 0, 0), ("e", -300, 40330)], 40330, []),
        ([("b", 0, 1000), ("p", 5, 1100), ("p", 5, 1090), ("e", 9, 1200)], 200, []),
        ([], None, [Anomaly.METER_START_MISSING, Anomaly.METER_STOP_MISSING]),
    ],
)
def test_settlement(told: list[tuple[str, float, int | str]], energy: int | None, why: list[Anomaly]) -> None:
    settled_wh, _, flags = record(*told).settle()
    assert (settled_wh, flags) == (energy, why)


def test_live_energy_does_not_fall_when_a_higher_start_is_told_late() -> None:
    known = record(("p", 5, 100), ("p", 10, 500))
    assert known.so_far_wh() == 400
    known.take([energy_sample(NOON, BEGIN, Decimal(450))])
    assert known.so_far_wh() == 400
    known.take([energy_sample(NOON + timedelta(minutes=20), PERIODIC, Decimal(900))])
    assert known.so_far_wh() == 450


def test_a_register_in_the_car_is_not_the_register_that_bills() -> None:
    reading = Reading("Energy.Active.Import.Register", Decimal(7), "Wh", "", "EV")
    known = record(("b", 0, 100))
    known.take([Sample(NOON + timedelta(minutes=1), PERIODIC, (reading,))])
    assert known.register_wh == 100


def test_half_watt_hours_go_to_the_even_side() -> None:
    assert [whole_wh(Decimal(text)) for text in ("0.5", "1.5", "2.5", "-0.5")] == [0, 2, 2, 0]


def test_every_anomaly_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Anomaly)
    assert all(anomaly.sentence.endswith(".") for anomaly in Anomaly)
