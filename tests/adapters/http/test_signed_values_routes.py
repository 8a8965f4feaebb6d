"""Keys of meters over the API, and a session's signed values as JSON and as Transparenzsoftware opens them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine

from domain.event import Recorded, Told, events_of
from domain.metering import Reading, Sample
from domain.transactions.events import Ended, EnergySettled
from entrypoints.reactions import REACTIONS
from tests.adapters.http.test_rules import problem
from tests.adapters.http.two_tenants import API, OURS, THEIRS, Two, two_tenants
from tests.signed_meter import BEGIN, SignedMeter

XML = {"Accept": "application/vnd.ocmf+xml"}


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        yield world


async def end_signed(two: Two, meter: SignedMeter) -> None:
    """Our session ends once more, with signed values, and the follower hears of it."""
    session = (await two.client(OURS).get(f"{API}/sessions/{two.ids[OURS]['session']}")).json()
    stream = f"transaction/{OURS}/{two.ids[OURS]['cpid']}/"
    known = [one for one in two.log_of(OURS) if one[0].startswith(stream)]
    samples = tuple([Sample(BEGIN, "", (Reading("x", None, text=text),)) for text in meter.session()])
    facts: list[Any] = [
        Ended(evse_id=1, connector_id=1, at=BEGIN, samples=samples),
        EnergySettled(energy_wh=session["energy_wh"], signed=True),
    ]
    events = events_of(known[-1][0], known[-1][1], facts, Told(recorded_at=BEGIN))
    positions = await two.store.append(events)
    for react in REACTIONS[EnergySettled]:
        await react.do(two.store, Recorded(positions[-1], events[-1]))
    await two.project()


async def test_a_session_shows_what_its_signed_values_are_worth(two: Two) -> None:
    client, meter = two.client(OURS), SignedMeter()
    path = f"{API}/sessions/{two.ids[OURS]['session']}"
    before = (await client.get(path)).json()
    assert (before["signed_state"], before["signed_reasons"], before["signed_energy_wh"]) == (
        "none",
        [],
        None,
    )
    problem(await client.get(path, headers=XML), 404, "not_found")
    keys = f"{API}/chargers/{two.ids[OURS]['cpid']}/meter-keys"
    made = await client.post(keys, json={"key": meter.public, "meter": "M-1", "note": "label"})
    assert made.status_code == 201, made.text
    await end_signed(two, meter)
    after = (await client.get(path)).json()
    assert (after["signed_state"], after["signed_meter"], after["signed_reasons"]) == ("valid", "M-1", [])
    assert float(after["signed_energy_wh"]) == 12250
    answer = await client.get(path, headers=XML)
    assert answer.headers["content-type"].startswith("application/vnd.ocmf+xml")
    values = ElementTree.fromstring(answer.text)  # noqa: S314 - our own answer
    assert [one.findtext("publicKey") for one in values] == [meter.public] * 2
    problem(await two.client(THEIRS).get(path, headers=XML), 404, "not_found")
    problem(await client.get(path, headers={"Accept": "image/png"}), 406, "not_acceptable")


async def test_keys_are_registered_shown_and_withdrawn(two: Two) -> None:
    client, meter = two.client(OURS), SignedMeter()
    keys = f"{API}/chargers/{two.ids[OURS]['cpid']}/meter-keys"
    made = (await client.post(keys, json={"key": meter.public})).json()
    assert (await client.post(keys, json={"key": meter.public})).json() == made
    (shown,) = (await client.get(keys)).json()["items"]
    assert shown == made
    assert shown["withdrawn_at"] is None
    for _ in range(2):
        assert (await client.delete(f"{keys}/{made['id']}?reason=exchanged")).status_code == 204
    assert (await client.get(keys)).json()["items"][0]["withdrawn_at"]
    problem(await client.post(keys, json={"key": "rubbish"}), 422, "validation")
    problem(await client.delete(f"{keys}/0000"), 404, "not_found")
