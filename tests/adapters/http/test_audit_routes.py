"""Checkpoints and proofs over the API: those of one's own events, checked as a stranger would."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from adapters.audit.signing import verify_ed25519
from domain.audit.checkpoint import read_checkpoint
from domain.audit.merkle import verify_consistency, verify_inclusion
from domain.audit.notes import read_note
from domain.tenants.roles import Role
from tests.adapters.http.test_rules import problem
from tests.adapters.http.two_tenants import API, OURS, THEIRS, Two, two_tenants
from tests.checkpoints import KEY, publish_checkpoint


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`, with three checkpoints of the log they share."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        for _ in range(3):
            await publish_checkpoint(world.store, postgres_dsn, OURS)
        yield world


def raw(text: str) -> bytes:
    return base64.b64decode(text)


async def checkpoints(two: Two, tenant: str = THEIRS) -> list[dict[str, Any]]:
    client, found, cursor = two.client(tenant, Role.AUDITOR), [], {}
    while True:
        page = (await client.get(f"{API}/audit/checkpoints", params={"limit": 2, **cursor})).json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_every_tenant_sees_the_checkpoints_of_the_one_log(two: Two) -> None:
    found = await checkpoints(two)
    ours = await checkpoints(two, OURS)
    assert [one | {"position": ""} for one in found] == [one | {"position": ""} for one in ours]
    assert len(found) == 3
    assert [one["size"] for one in found] == sorted((one["size"] for one in found), reverse=True)
    for one in found:
        note = read_note(one["note"])
        assert note.signed_by([KEY.public], verify_ed25519)
        assert read_checkpoint(note.text).root.hex() == one["root"]


async def test_an_event_of_ones_own_is_proven(two: Two) -> None:
    oldest = (await checkpoints(two))[-1]
    for tenant in (OURS, THEIRS):
        client = two.client(tenant, Role.AUDITOR)
        proof = (
            await client.get(f"{API}/audit/proof", params={"position": two.ids[tenant]["position"]})
        ).json()
        assert proof["stream"] == f"charger/{tenant}/{two.ids[tenant]['cpid']}"
        assert proof["note"] == oldest["note"]
        assert proof["tree_size"] == oldest["size"]
        path = [raw(one) for one in proof["proof"]]
        verify_inclusion(
            raw(proof["leaf_hash"]),
            proof["leaf_index"],
            proof["tree_size"],
            path,
            bytes.fromhex(oldest["root"]),
        )


async def test_an_event_behind_the_last_checkpoint_is_proven_against_the_log_as_it_is(two: Two) -> None:
    with psycopg.connect(two.dsn) as connection:
        connection.execute(
            "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
            "VALUES ('charger/zeus/LATE', 1, 'x', '{}')"
        )
    last = two.position_of("charger/zeus/LATE")
    proof = (await two.client(OURS).get(f"{API}/audit/proof", params={"position": last})).json()
    assert proof["note"] is None
    path = [raw(one) for one in proof["proof"]]
    verify_inclusion(
        raw(proof["leaf_hash"]), proof["leaf_index"], proof["tree_size"], path, raw(proof["root"])
    )


async def test_the_log_only_grew_between_two_checkpoints(two: Two) -> None:
    new, *_, old = await checkpoints(two)
    client = two.client(THEIRS, Role.AUDITOR)
    proof = (
        await client.get(f"{API}/audit/consistency", params={"from": old["size"], "to": new["size"]})
    ).json()
    path = [raw(one) for one in proof["proof"]]
    verify_consistency(old["size"], bytes.fromhex(old["root"]), new["size"], bytes.fromhex(new["root"]), path)
    problem(await client.get(f"{API}/audit/consistency?from=5&to=4"), 422, "validation")
    problem(await client.get(f"{API}/audit/consistency?from=1&to=1000000"), 422, "validation")
