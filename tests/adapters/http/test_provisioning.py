"""Endpoints 2 to 5 apart from their routes: what they do and what they refuse."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.http.api import provisioning
from adapters.http.api.provisioning_shapes import (
    ChargerPatch,
    NewCharger,
    NewCredential,
    NewWindow,
)
from adapters.http.install_card_links import PATH, InstallCards
from adapters.http.problems import Problem
from application import clock
from application.registry import Registry
from application.snapshots import load_charger
from application.windows import Windows
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance, HandshakeRefused
from domain.chargers.particulars import Particulars
from domain.identity import ChargerId
from projections.status_board import queries
from tests.fakes.event_store import InMemoryEventStore
from tests.projections.stories import TENANT, Log, project, reading, told

ORIGIN = "https://csms.example.org"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


class World:
    """The books of one tenant, and who was turned out."""

    def __init__(self) -> None:
        """Empty."""
        self.store = InMemoryEventStore()
        self.books = Registry(self.store, "t", "key:k")
        self.cards = InstallCards(self.store, "t", b"secret")
        self.windows = Windows(self.store, "t", "key:k")
        self.turned_out: list[str] = []

    async def turn_out(self, charger: ChargerId) -> None:
        """Remember it."""
        self.turned_out.append(charger.key)

    async def add(self, **asked: Any) -> Any:
        """POST /chargers."""
        body = NewCharger.model_validate({"cpid": "CP-1", **asked})
        return await provisioning.add_charger(body, self.books, self.cards, origin=ORIGIN, now=NOW)

    async def patch(self, expected: set[int] | None = None, **asked: Any) -> Any:
        """PATCH /chargers/CP-1."""
        body = ChargerPatch.model_validate(asked)
        return await provisioning.patch_charger("cp-1", body, self.books, self.turn_out, expected=expected)

    async def charger(self) -> Charger:
        """CP-1."""
        return await load_charger(self.store, ChargerId.of("t", "CP-1"))


@pytest.fixture
def world() -> World:
    """Empty."""
    return World()


async def refused(asked: Awaitable[Any]) -> tuple[str, list[str]]:
    """The code, and the parts that are wrong."""
    with pytest.raises(Problem) as caught:
        await asked
    return caught.value.code, [fault.name for fault in caught.value.faults]


async def test_a_new_charger_gets_everything_for_its_box(world: World) -> None:
    connector = {"id": 1, "type": "CCS2", "max_amps": "62.5", "phases": 3}
    made = await world.add(name="Gate", site="s1", connectors=[connector])
    assert made.ws_url == made.urls.full == "wss://csms.example.org/ocpp/CP-1"
    assert (made.username, len(made.password), made.password_hex) == (
        "CP-1",
        20,
        made.password.encode().hex(),
    )
    charger = await world.charger()
    assert (charger.site, charger.name, charger.security_profile) == ("s1", "Gate", 2)
    assert charger.credential is not None
    assert charger.credential.id == made.credential_id
    token = made.install_card_url.removeprefix(ORIGIN + PATH)
    page = await world.cards.open(token, NOW)
    assert made.password in page
    assert "1: CCS2, 62.5 A, 3 phases" in page
    kept = provisioning.without_secret(made)
    assert made.password not in kept.model_dump_json()
    assert token not in kept.model_dump_json()
    assert kept.model_dump(include={"cpid", "ws_url"}) == {"cpid": "CP-1", "ws_url": made.ws_url}


@pytest.mark.parametrize(
    ("auto_accept", "acceptance", "until"),
    [
        (True, Acceptance.ACCEPTED, None),
        (False, Acceptance.PENDING, None),
        ("2026-11-26T00:00:00Z", Acceptance.PENDING, NOW + timedelta(days=1)),
    ],
)
async def test_whether_its_boot_is_accepted_may_be_a_matter_of_time(
    world: World, auto_accept: object, acceptance: Acceptance, until: datetime | None
) -> None:
    made = await world.add(auto_accept=auto_accept, security_profile=0, networks=["10.0.0.0/8"])
    assert (made.password, made.credential_id) == (None, None)
    charger = await world.charger()
    assert (charger.acceptance, charger.auto_accept_until) == (acceptance, until)


async def test_a_charger_with_a_certificate_gets_no_password(world: World) -> None:
    made = await world.add(security_profile=3)
    assert made.password is None
    assert made.ws_url == "wss://csms.example.org/ocpp/CP-1"


async def test_what_cannot_be_added_is_said(world: World) -> None:
    await world.add()
    assert await refused(world.add(cpid="cp-1")) == ("exists", [])
    assert await refused(world.add(cpid="a/b")) == ("validation", ["cpid"])
    twice = [{"id": 1}, {"id": 1}]
    assert await refused(world.add(cpid="x", connectors=twice)) == ("validation", ["connectors"])
    wrongs: tuple[dict[str, Any], ...] = (
        {"password": "short"}, {"colour": "red"}, {"connectors": [{"id": 0}]}, {"security_profile": 4},
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            NewCharger.model_validate({"cpid": "x", **wrong})


async def test_a_patch_changes_what_it_names_and_null_takes_away(world: World) -> None:
    await world.add(name="Gate", site="s1", node="n1")
    changed = await world.patch(name="Door", node=None)
    assert (changed.name, changed.site, changed.node, changed.state) == ("Door", "s1", "", "active")
    again = await world.patch({changed.revision}, name="Door")
    assert again == changed
    assert await refused(world.patch({changed.revision - 1}, name="Gate")) == ("version_conflict", [])
    assert await refused(world.patch(security_profile=1)) == ("validation", ["downgrade_reason"])
    weaker = await world.patch(security_profile=1, downgrade_reason="in a VPN")
    assert weaker.security_profile == 1
    assert world.turned_out == []


async def test_a_charger_put_out_of_use_is_disconnected(world: World) -> None:
    await world.add()
    assert (await world.patch(state="disabled", reason="broken")).state == "disabled"
    assert (await world.patch(state="active")).state == "active"
    assert (await world.patch(state="retired")).state == "retired"
    assert world.turned_out == ["CP-1", "CP-1"]
    assert await refused(world.patch(name="x")) == ("retired", [])
    assert await refused(manual(world)) == ("retired", [])


def manual(world: World, cpid: str = "CP-1", **asked: Any) -> Awaitable[Any]:
    body = NewCredential.model_validate({"via": "manual", **asked})
    return provisioning.new_credential(cpid, body, world.books, world.cards, origin=ORIGIN, now=NOW)


async def test_strangers_are_not_found(world: World) -> None:
    assert await refused(world.patch(name="x")) == ("not_found", [])
    assert await refused(manual(world)) == ("not_found", [])


async def test_a_new_password_by_hand_comes_with_a_card(world: World) -> None:
    first = await world.add()
    shown = await manual(world, length=16)
    assert (shown.cpid, len(shown.password)) == ("CP-1", 16)
    keys = (await world.charger()).keyring
    assert keys.find(first.password.encode())[0] is None
    assert keys.find(shown.password.encode())[0] is not None
    token = shown.install_card_url.removeprefix(ORIGIN + PATH)
    assert shown.password in await world.cards.open(token, NOW)


async def test_a_window_is_opened_and_closed(world: World) -> None:
    now = clock.now()
    assert not provisioning.window_state(await world.windows.current(), now).open
    body = NewWindow(until=now + timedelta(hours=1), pattern="BENY-*")
    state = await provisioning.open_window(body, world.windows, now)
    assert (state.open, state.left, state.security_profile) == (True, 10, 2)
    assert await refused(provisioning.open_window(body, world.windows, now)) == ("busy", [])
    assert not (await provisioning.close_window(world.windows, now)).open
    assert await refused(provisioning.close_window(world.windows, now)) == ("not_found", [])
    endless = NewWindow(until=now + timedelta(days=2), pattern="*")
    assert await refused(provisioning.open_window(endless, world.windows, now)) == ("validation", ["until"])


async def test_who_knocked_in_vain_is_shown_with_what_was_meant(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    store = InMemoryEventStore()
    books = Registry(store, TENANT, "user:ann")
    for cpid in ("CP-001", "CP-002"):
        await books.add_charger(cpid, security_profile=0, particulars=Particulars(networks=("10.0.0.0/8",)))
    for one in store.log:
        log.append([one.event])
    for n, cpid in enumerate(("cp-O01", "nobody", "CP-002")):
        knocked = HandshakeRefused(cpid=cpid, reason="id_unknown", status=404, remote="10.0.0.7")
        log.tell((f"attempt/{TENANT}/{n}", knocked, told(n)))
    project(postgres_dsn)
    now = told(9).recorded_at
    with reading(postgres_dsn).connect() as connection:
        found = provisioning.unknown_ids(connection, TENANT, now).items
        assert [(one.cpid, one.count, one.remote) for one in found] == [
            ("nobody", 1, "10.0.0.7"),
            ("cp-O01", 1, "10.0.0.7"),
        ]
        assert found[0].near == []
        assert (found[1].near[0].cpid, found[1].near[0].why) == ("CP-001", "look_alike")
        assert provisioning.unknown_ids(connection, TENANT, now + timedelta(days=8)).items == []
        row = queries.charger(connection, TENANT, "cp-001")
        assert row is not None
    page = provisioning.reprint(row, InstallCards(InMemoryEventStore(), TENANT, b"s"), origin=ORIGIN, now=NOW)
    assert "CP-001" in page
