"""The past over HTTP: as it was, in words, and why."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import psycopg
import pytest

from adapters.http.api.routes import PREFIX
from domain.chargers.events import Disconnected, StatusReported, TransactionClosed, TransactionOpened
from domain.commands.events import Answered, EffectObserved, Requested, Sent
from domain.commands.intent import Answer, Verdict
from domain.commands.transactions import RemoteStart
from domain.identity import IdToken
from domain.transactions.events import Ended, Started
from projections.streams import session_id
from tests.adapters.http.conftest import TENANT, World
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.test_rules import problem

CP, TX, COMMAND = f"charger/{TENANT}/A-1", f"transaction/{TENANT}/A-1/t1", f"command/{TENANT}/c1"


def stored_at(dsn: str) -> datetime:
    """When the newest event was stored."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT max(recorded_at) FROM eventstore.stored_events").fetchone()
    assert row is not None
    return row[0].astimezone(UTC)  # type: ignore[no-any-return]


async def lived(world: World) -> tuple[datetime, Fleet]:
    """A charger that is started remotely, then leaves; when it still charged."""
    fleet = Fleet(world.store)
    now = datetime.now(UTC)
    await fleet.charger(TENANT, "A-1")
    await fleet.charger(TENANT, "B-1")
    asked = Requested(
        intent=RemoteStart(id_token=IdToken("ANN"), evse_id=1),
        charger="A-1",
        send_before=now,
        answer_within_s=30,
    )
    await fleet.tell(COMMAND, [asked], now, actor="user:ada", cause="request-7")
    sent = Sent(
        charger="A-1", action="RemoteStartTransaction", message_id="x", connection="c-A-1", gateway="g1",
        answer_before=now,
    )  # fmt: skip
    await fleet.tell(COMMAND, [sent], now, actor="zeus")
    answered = Answered(charger="A-1", answer=Answer(verdict=Verdict.AGREED), latency_ms=3)
    await fleet.tell(COMMAND, [answered], now)
    await fleet.tell(TX, [Started(evse_id=1, connector_id=1, at=now)], now, cause="m9", frame="[2]")
    opened = TransactionOpened(transaction=TX, evse_id=1, connector_id=1, started_at=now)
    await fleet.tell(CP, [opened], now, cause="m9")
    seen = EffectObserved(charger="A-1", effect="started", event=f"{TX}@1", after_s=1.0)
    await fleet.tell(COMMAND, [seen], now, actor="job:follower", cause=f"{TX}@1")
    charging = stored_at(world.dsn)
    await fleet.tell(TX, [Ended(evse_id=1, connector_id=1, at=now)], now, cause="m10")
    await fleet.tell(CP, [TransactionClosed(TX)], now, cause="m10")
    await fleet.tell(CP, [Disconnected(connection="c-A-1", code=1006)], now)
    project(world.dsn)
    return charging, fleet


async def test_a_charger_and_a_session_as_they_were(world: World) -> None:
    charging, _ = await lived(world)
    at = {"at": charging.isoformat()}
    now = (await world.client.get(f"{PREFIX}/chargers/A-1")).json()
    then = (await world.client.get(f"{PREFIX}/chargers/a-1", params=at)).json()
    assert (now["online"], then["online"]) == (False, True)
    assert then["connectors"][0]["activity"] == "Charging"
    session = f"{PREFIX}/sessions/{session_id(TX)}"
    assert (await world.client.get(session)).json()["state"] == "ended"
    assert (await world.client.get(session, params=at)).json()["state"] == "active"
    first = (
        await world.client.get(f"{PREFIX}/chargers", params=at | {"online": "true", "limit": "1"})
    ).json()
    assert [one["cpid"] for one in first["items"]] == ["A-1"]
    rest = {**at, "online": "true", "limit": "1", "cursor": first["next"]}
    assert [
        one["cpid"] for one in (await world.client.get(f"{PREFIX}/chargers", params=rest)).json()["items"]
    ] == ["B-1"]


async def test_before_it_was_known_there_is_nothing(world: World) -> None:
    await lived(world)
    at = {"at": "2020-01-01T00:00:00Z"}
    for path in ("/chargers/A-1", "/chargers/A-1/connectors", f"/sessions/{session_id(TX)}"):
        problem(await world.client.get(PREFIX + path, params=at), 404, "not_found")
    assert (await world.client.get(f"{PREFIX}/chargers", params=at)).json()["items"] == []


async def test_what_is_still_to_come_is_refused(world: World) -> None:
    await lived(world)
    at = {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    for path in ("/chargers/A-1", "/chargers", f"/sessions/{session_id(TX)}"):
        problem(await world.client.get(PREFIX + path, params=at), 422, "validation")


async def test_a_timeline_tells_in_words_and_pages(world: World) -> None:
    await lived(world)
    told: list[str] = []
    cursor = {}
    while True:
        page = (
            await world.client.get(f"{PREFIX}/chargers/A-1/timeline", params={"limit": "3", **cursor})
        ).json()
        told += [line["topic"] for line in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert told == [
        "charger.registered", "charger.connected", "charger.booted", "connector.status_reported",
        "command.requested", "command.sent", "command.answered", "transaction.started",
        "charger.transaction_opened", "command.effect_observed", "transaction.ended",
        "charger.transaction_closed", "charger.disconnected",
    ]  # fmt: skip
    everything = (await world.client.get(f"{PREFIX}/chargers/A-1/timeline", params={"all": "true"})).json()
    assert "charger.heartbeat_received" in [line["topic"] for line in everything["items"]]
    week = {"from": (datetime.now(UTC) - timedelta(days=8)).isoformat()}
    problem(await world.client.get(f"{PREFIX}/chargers/A-1/timeline", params=week), 422, "validation")


async def test_a_session_has_its_own_lines(world: World) -> None:
    _, fleet = await lived(world)
    other = f"transaction/{TENANT}/A-1/t2"
    await fleet.tell(other, [Started(evse_id=2, connector_id=1, at=datetime.now(UTC))], datetime.now(UTC))
    away = StatusReported(evse_id=2, connector_id=1, status="Faulted")
    await fleet.tell(CP, [away], datetime.now(UTC))
    page = (await world.client.get(f"{PREFIX}/sessions/{session_id(TX)}/timeline")).json()
    topics = [line["topic"] for line in page["items"]]
    assert "command.requested" in topics
    assert not any("EVSE 2" in line["words"] for line in page["items"])


async def test_why_it_started_and_what_came_of_the_wish(world: World) -> None:
    await lived(world)

    async def why(event: str) -> dict[str, list[str]]:
        found = (await world.client.get(f"{PREFIX}/why?event={quote(event, safe='')}")).json()
        return {part: [line["event"] for line in found[part]] for part in ("causes", "together", "effects")}

    start = await why(f"{TX}@1")
    assert (start["causes"], start["together"]) == ([f"{COMMAND}@1"], [f"{CP}@6"])
    wish = await why(f"{COMMAND}@1")
    assert wish["effects"] == [f"{COMMAND}@2", f"{COMMAND}@3", f"{TX}@1", f"{COMMAND}@4"]
    assert (await why(f"{COMMAND}@3"))["causes"] == [f"{COMMAND}@1"]
    problem(await world.client.get(f"{PREFIX}/why?event=rubbish"), 404, "not_found")


@pytest.mark.parametrize(
    "name", ["@", "a/b/c@x", f"{CP}@999", f"{CP}@0", f"{CP}@{2**70}", "charger/hera/X@1"]
)
async def test_no_event_no_why(world: World, name: str) -> None:
    await lived(world)
    problem(await world.client.get(f"{PREFIX}/why?event={quote(name, safe='')}"), 404, "not_found")


async def test_the_past_of_another_tenant_is_none(world: World) -> None:
    fleet = Fleet(world.store)
    await fleet.charger("hera", "H-1")
    await fleet.tell("transaction/hera/H-1/t1", [Started(evse_id=1, connector_id=1, at=datetime.now(UTC))])
    project(world.dsn)
    at = {"at": stored_at(world.dsn).isoformat()}
    paths = (
        "/chargers/H-1",
        "/chargers/H-1/connectors",
        f"/sessions/{session_id('transaction/hera/H-1/t1')}",
    )
    for path in paths:
        problem(await world.client.get(PREFIX + path, params=at), 404, "not_found")
    for path in ("/chargers/H-1/timeline", f"{paths[-1]}/timeline"):
        problem(await world.client.get(PREFIX + path), 404, "not_found")
    assert (await world.client.get(f"{PREFIX}/chargers", params=at)).json()["items"] == []
