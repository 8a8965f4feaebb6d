"""What the API tells of a fleet: shapes, filters, tenants, pages, tables."""

import asyncio
import csv
import io
from typing import Any

import psycopg
import pytest
from starlette.types import Message

from adapters.http.api.routes import PREFIX, ROUTES
from adapters.http.problems import Problem
from domain.transactions.anomalies import Anomaly
from domain.transactions.events import Started
from tests.adapters.http.conftest import TOKEN, World
from tests.adapters.http.fleet import FORMULA, OTHER, START, TENANT, Fleet, project
from tests.checkpoints import publish_checkpoint

ELSEWHERE = {
    "/exclusions",
    "/reports/energy/sessions",
    "/reports/errors/faults",
    "/reports/funnel/attempts",
    "/users",
    "/webhooks",
}
"""Lists that this fleet does not fill; tests/adapters/http/test_tenants_matrix.py asks them as two tenants."""
LISTS = sorted(
    PREFIX + r.path for r in ROUTES if r.key is not None and "{" not in r.path and r.path not in ELSEWHERE
)


@pytest.fixture
async def fleet(world: World) -> Fleet:
    """Two chargers, five sessions, a token and a refusal; and as much of another tenant."""
    fleet = Fleet(world.store)
    for tenant in (TENANT, OTHER):
        prefix = "" if tenant == TENANT else "HERA-"
        for name in ("Depot 01", "Depot-02"):
            await fleet.charger(tenant, prefix + name)
        for n in range(1, 6):
            await fleet.session(tenant, prefix + "Depot-02", n, card=f"{prefix}CARD-{n}")
        await fleet.token(tenant, prefix + "CARD-1")
        await fleet.refusal(tenant, prefix + "STRANGER", 1)
        for n in range(1, 4):
            await fleet.asked(tenant, prefix + f"Depot-0{n}", n)
            await fleet.api_token(tenant, prefix + f"token {n}", n)
    for _ in range(3):
        await publish_checkpoint(world.store, world.dsn, TENANT)
    project(world.dsn)
    return fleet


async def get(world: World, path: str, **params: str | int) -> Any:
    """The body of a good answer."""
    response = await world.client.get(PREFIX + path, params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


async def test_a_charger_is_told_with_its_connectors(world: World, fleet: Fleet) -> None:
    page = await get(world, "/chargers")
    assert [item["cpid"] for item in page["items"]] == ["Depot 01", "Depot-02"]
    assert page["next"] is None
    one = await get(world, "/chargers/depot%2001")
    assert (one["cpid"], one["vendor"], one["online"], one["protocol"]) == ("Depot 01", "Acme", True, "1.6")
    assert one["last_seen"] == "2026-03-01T12:00:00Z"
    [connector] = [c for c in one["connectors"] if c["evse_id"] == 1]
    assert (connector["status"], connector["activity"]) == ("Occupied", "Charging")
    assert (await get(world, "/chargers/DEPOT%2001/connectors"))["items"] == one["connectors"]


async def test_filters_choose_chargers(world: World, fleet: Fleet) -> None:
    for params, count in (
        ({"online": "true"}, 2),
        ({"online": "false"}, 0),
        ({"status": "Charging"}, 2),
        ({"status": "Faulted"}, 0),
        ({"vendor": "Acme"}, 2),
        ({"firmware": "9"}, 0),
        ({"q": "depot 0"}, 1),
        ({"q": "%"}, 0),
    ):
        assert len((await get(world, "/chargers", **params))["items"]) == count, params


async def test_a_session_has_exact_figures_and_a_curve(world: World, fleet: Fleet) -> None:
    [line] = (await get(world, "/sessions", tag="card-3"))["items"]
    assert (line["energy_wh"], line["meter_start_wh"], line["meter_stop_wh"]) == (3500, "1000.25", "4500.25")
    assert (line["state"], line["transaction_id"], line["charger"]) == ("ended", 3, "DEPOT-02")
    assert (line["started_at"], line["ended_at"]) == ("2026-03-01T15:00:00Z", "2026-03-01T15:40:00Z")
    one = await get(world, f"/sessions/{line['id']}")
    assert one["samples"] is None
    assert line.items() <= one.items()
    raw = (await get(world, f"/sessions/{line['id']}", samples="raw"))["samples"]
    assert [(p["at"], p["energy_wh"], p["power_w"]) for p in raw if p["power_w"]] == [
        ("2026-03-01T15:20:00Z", "1200.5", 3700.5)
    ]
    minutes = (await get(world, f"/sessions/{line['id']}", samples="1m"))["samples"]
    assert ("2026-03-01T15:20:00Z", 3700.5) in [(p["at"], p["power_w"]) for p in minutes]
    quarters = (await get(world, f"/sessions/{line['id']}", samples="15m"))["samples"]
    assert ("2026-03-01T15:15:00Z", 3700.5) in [(p["at"], p["power_w"]) for p in quarters]


async def test_filters_choose_sessions(world: World, fleet: Fleet) -> None:
    for params, count in (
        ({"charger": "depot-02"}, 5),
        ({"charger": "Depot 01"}, 0),
        ({"state": "ended"}, 5),
        ({"state": "active"}, 0),
        ({"reason": "Local"}, 5),
        ({"from": "2026-03-01T14:00:00Z"}, 4),
        ({"from": "2026-03-01T15:00:00+01:00", "to": "2026-03-01T16:00:00Z"}, 2),
        ({"min_kwh": "3.5"}, 3),
        ({"min_kwh": "3.5001"}, 2),
        ({"flag": "ended_twice"}, 0),
    ):
        assert len((await get(world, "/sessions", **params))["items"]) == count, params


WRONG: tuple[tuple[str, dict[str, str], str], ...] = (
    ("/sessions", {"from": "2026-03-01T14:00:00"}, "from"),
    ("/sessions", {"since": "2026-03-01T14:00:00Z"}, "since"),
    ("/sessions", {"state": "finished"}, "state"),
    ("/sessions", {"min_kwh": "-1"}, "min_kwh"),
    ("/sessions", {"min_kwh": "NaN"}, "min_kwh"),
    ("/sessions", {"limit": "0"}, "limit"),
    ("/sessions", {"limit": "201"}, "limit"),
    ("/sessions", {"limit": "ten"}, "limit"),
    ("/sessions", {"cursor": ""}, "cursor"),
    ("/sessions", {"cursor": "AAAA"}, "cursor"),
    ("/sessions", {"cursor": "é"}, "cursor"),
    ("/sessions", {"reason": "a\x00b"}, "reason"),
    ("/chargers", {"online": "perhaps"}, "online"),
    ("/messages", {"direction": "sideways"}, "direction"),
    ("/id-tags", {"state": "lost"}, "state"),
)


async def test_wrong_parameters_are_named(world: World) -> None:
    for path, params, name in WRONG:
        response = await world.client.get(PREFIX + path, params=params)
        assert response.status_code == 422, (path, params, response.text)
        assert [fault["name"] for fault in response.json()["errors"]] == [name], (path, params)


async def test_messages_show_question_and_answer(world: World, fleet: Fleet) -> None:
    [message] = (await get(world, "/chargers/depot-02/messages", action="Heartbeat"))["items"]
    assert message["request"] == '[2,"m1","Heartbeat",{}]'
    assert message["reply"].startswith('[3,"m1"')
    assert (message["charger"], message["direction"], message["kind"]) == ("DEPOT-02", "in", "call")
    assert len((await get(world, "/messages"))["items"]) == 2
    assert len((await get(world, "/messages", charger="depot-02"))["items"]) == 1
    assert (await get(world, "/messages", errors="true"))["items"] == []


async def test_passwords_in_frames_are_hidden(world: World, fleet: Fleet) -> None:
    from domain.chargers.events import HeartbeatReceived

    frame = '[2,"9","ChangeConfiguration",{"key":"AuthorizationKey","value":"CANARY-0123456789"}]'
    await fleet.tell("charger/zeus/DEPOT-02", [HeartbeatReceived()], frame=frame)
    project(world.dsn)
    response = await world.client.get(PREFIX + "/messages", params={"action": "ChangeConfiguration"})
    assert len(response.json()["items"]) == 1
    assert "CANARY" not in response.text


async def test_tokens_and_attempts_are_listed(world: World, fleet: Fleet) -> None:
    tags = (await get(world, "/id-tags", registered="true"))["items"]
    assert [(tag["id_token"], tag["label"], tag["state"]) for tag in tags] == [("CARD-1", "Ann", "active")]
    assert len((await get(world, "/id-tags", state="unknown"))["items"]) == 4
    [refused] = (await get(world, "/connection-attempts", accepted="false"))["items"]
    assert (refused["cpid"], refused["reason"], refused["status"]) == ("STRANGER", "id_unknown", 404)
    assert len((await get(world, "/connection-attempts", accepted="true"))["items"]) == 2


async def test_what_is_not_there_and_what_is_not_yours_are_one_404(world: World, fleet: Fleet) -> None:
    foreign = await fleet.session(OTHER, "HERA-Depot-02", 9)
    project(world.dsn)
    bodies = set()
    for cpid in ("NOBODY", "HERA-Depot-02", "a%3Ab", "%00", "%20x", "x" * 49, "%FF", "%2E%2E", "%25"):
        for path in ("/chargers/{}", "/chargers/{}/connectors", "/chargers/{}/messages"):
            response = await world.client.get(PREFIX + path.format(cpid))
            assert response.status_code == 404, (path, cpid, response.text)
            bodies.add((response.content, response.headers["content-type"]))
    for session in (foreign, "a" * 16, "x", "%00", "A" * 16, "é" * 16):
        response = await world.client.get(f"{PREFIX}/sessions/{session}")
        assert response.status_code == 404
        bodies.add((response.content, response.headers["content-type"]))
    assert len(bodies) == 1


async def test_no_list_shows_anything_of_another_tenant(world: World, fleet: Fleet) -> None:
    for path in LISTS:
        response = await world.client.get(path, params={"limit": 200})
        assert response.json()["items"], path
        assert "HERA" not in response.text.upper(), path


async def walk(world: World, path: str, between: Any = None, **params: str | int) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items, cursor = [], None
    while True:
        page = await get(world, path, **params, **({} if cursor is None else {"cursor": cursor}))
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
        assert len(page["items"]) == params["limit"]
        if between is not None:
            await between()


async def test_pages_hold_each_row_once(world: World, fleet: Fleet) -> None:
    for path in LISTS:
        short = path.removeprefix(PREFIX)
        everything = (await get(world, short, limit=200))["items"]
        for limit in (1, 2):
            assert await walk(world, short, limit=limit) == everything, path


async def test_rows_that_arrive_meanwhile_shift_no_page(world: World, fleet: Fleet) -> None:
    before = [item["id"] for item in (await get(world, "/sessions", limit=200))["items"]]
    numbers = iter(range(20, 100))

    async def more() -> None:
        n = next(numbers)
        await fleet.session(TENANT, "Depot 01", n)  # newer than everything
        await fleet.session(TENANT, "Depot 01", -n)  # and older
        project(world.dsn)

    seen = [item["id"] for item in await walk(world, "/sessions", more, limit=2)]
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in before] == before


async def test_a_cursor_is_good_for_its_own_list_and_filters_alone(world: World, fleet: Fleet) -> None:
    cursor = (await get(world, "/sessions", limit=1, state="ended"))["next"]
    assert await get(world, "/sessions", limit=2, state="ended", cursor=cursor)
    last = "A" if cursor[-1] != "A" else "B"
    for path, params in (
        ("/sessions", {"cursor": cursor}),
        ("/sessions", {"cursor": cursor, "state": "active"}),
        ("/messages", {"cursor": cursor}),
        ("/sessions", {"cursor": cursor[:-1] + last, "state": "ended"}),
        ("/sessions", {"cursor": cursor + "A", "state": "ended"}),
        ("/sessions", {"cursor": cursor + "=", "state": "ended"}),
        ("/sessions", {"cursor": "A" * 5000, "state": "ended"}),
    ):
        response = await world.client.get(PREFIX + path, params=params)
        assert response.status_code == 422, (path, params)
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        response = await world.client.get(PREFIX + "/sessions", params={"cursor": changed, "state": "ended"})
        assert response.status_code == 422, place


async def test_an_unchanged_resource_costs_no_body(world: World, fleet: Fleet) -> None:
    first = await world.client.get(PREFIX + "/chargers/Depot-02")
    tag = first.headers["etag"]
    for header in (tag, f'"x", W/{tag}', "*"):
        again = await world.client.get(PREFIX + "/chargers/Depot-02", headers={"If-None-Match": header})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (
        await world.client.get(PREFIX + "/chargers/Depot-02", headers={"If-None-Match": '"x"'})
    ).status_code == 200


async def test_sessions_as_a_table_hold_the_whole_list_and_no_formula(world: World, fleet: Fleet) -> None:
    await fleet.session(TENANT, "Depot 01", 7, card=FORMULA, reason='+A1"\n')
    for n in range(300, 520):
        await fleet.session(TENANT, "Depot 01", n)
    project(world.dsn)
    response = await world.client.get(PREFIX + "/sessions", headers={"Accept": "text/csv"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert "sessions.csv" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert len(rows) == 5 + 1 + 220
    assert [row["id"] for row in rows] == [item["id"] for item in await walk(world, "/sessions", limit=200)]
    [odd] = [row for row in rows if row["transaction_id"] == "7"]
    assert odd["id_token"] == "'" + FORMULA
    assert odd["reason"].startswith("'+A1")
    assert (odd["energy_wh"], odd["meter_start_wh"]) == ("7500", "1000.25")
    assert odd["started_at"] == "2026-03-01T19:00:00Z"


async def test_a_table_that_cannot_be_finished_breaks_off(world: World, fleet: Fleet) -> None:
    for n in range(300, 520):
        await fleet.session(TENANT, "Depot 01", n)
    project(world.dsn)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        """The table goes away after the first lines."""
        if len(sent) == 2:
            with psycopg.connect(world.dsn) as connection:
                connection.execute("DROP TABLE ocpp_sessions")
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"accept", b"text/csv"), (b"authorization", f"Bearer {TOKEN}".encode())]
    path = PREFIX + "/sessions"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    with pytest.raises(RuntimeError) as caught:
        await world.app({**scope, "headers": headers, "asgi": {"spec_version": "2.4"}}, receive, send)
    assert isinstance(caught.value.__cause__, Problem)
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"] is True


async def test_a_connection_that_was_cut_is_made_anew(world: World, fleet: Fleet) -> None:
    await get(world, "/chargers")
    with psycopg.connect(world.dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zeus-api'"
        )
    assert len((await get(world, "/chargers"))["items"]) == 2


async def test_sessions_are_found_by_their_flags(world: World, fleet: Fleet) -> None:
    started = Started(evse_id=1, connector_id=1, at=START, flags=(Anomaly.BUSY_CONNECTOR,))
    await fleet.tell(f"transaction/{TENANT}/DEPOT-02/odd", [started])
    project(world.dsn)
    [odd] = (await get(world, "/sessions", flag="busy_connector"))["items"]
    assert (odd["flags"], odd["state"], odd["energy_wh"]) == (["busy_connector"], "active", None)


async def test_a_missing_read_model_is_being_built(world: World) -> None:
    for path in LISTS:
        response = await world.client.get(path)
        if path.endswith("/audit/checkpoints"):  # read from the log itself
            assert response.json()["items"] == []
            continue
        assert (response.status_code, response.json()["code"]) == (503, "not_built")


async def test_a_table_has_no_pages_and_errors_stay_problems(world: World, fleet: Fleet) -> None:
    table = {"Accept": "text/csv"}
    response = await world.client.get(PREFIX + "/sessions", params={"limit": 3}, headers=table)
    assert (response.status_code, response.json()["errors"][0]["name"]) == (422, "limit")
    response = await world.client.get(PREFIX + "/sessions", params={"colour": 3}, headers=table)
    assert response.headers["content-type"] == "application/problem+json"
    assert (await world.client.get(PREFIX + "/chargers", headers=table)).status_code == 406
    preferred = {"Accept": "text/csv;q=0.2, application/json"}
    assert (await world.client.get(PREFIX + "/sessions", headers=preferred)).json()["items"]
