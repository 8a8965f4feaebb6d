"""What all actions have in common, shown on a shelf of things: bodies, keys, preferences, versions, rates, rights."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.access import Right
from adapters.http.action import Action
from adapters.http.api.routes import PREFIX, ROUTES
from adapters.http.rate_limits import Limits
from adapters.http.route import Route
from adapters.http.transfer import Transfer
from application.ports import StoreUnavailable
from tests.adapters.http.conftest import AUTH, TENANT, Shop, client_of
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.shelf import POKE, SECRET, SHELF, THINGS
from tests.adapters.http.test_rules import address, problem


async def test_a_thing_is_made_found_changed_and_dropped(shop: Shop) -> None:
    made = await shop.client.post(
        THINGS, json={"name": "a", "parts": [{"id": 1, "weight_kg": 1.5}]}, headers={"X-Request-Id": "r-1"}
    )
    assert (made.status_code, made.headers["location"]) == (201, f"{THINGS}/t1")
    assert made.json() == {"id": "t1", "name": "a", "parts": 1, "version": 1, "secret": SECRET}
    found = await shop.client.get(made.headers["location"])
    assert found.json()["secret"] is None
    assert found.headers["etag"].startswith('"v1.')
    changed = await shop.client.patch(f"{THINGS}/t1", json={"name": None})
    assert (changed.json()["name"], changed.json()["version"]) == (None, 2)
    assert (await shop.client.patch(f"{THINGS}/t1", json={})).json()["version"] == 2
    dropped = await shop.client.delete(f"{THINGS}/t1")
    assert (dropped.status_code, dropped.content) == (204, b"")
    problem(await shop.client.get(f"{THINGS}/t1"), 404, "not_found")
    first = shop.shelf.seen[0]
    assert (first.request_id, first.origin, first.key) == ("r-1", "https://csms.example", "")


async def test_an_action_reads_in_a_database_thread(shop: Shop) -> None:
    fleet = Fleet(shop.world.store)
    await fleet.charger(TENANT, "Box")
    project(shop.world.dsn)
    found = await shop.client.get(f"{PREFIX}/chargers/BOX/nature")
    assert found.json() == {"cpid": "Box", "model": "One"}
    problem(await shop.client.get(f"{PREFIX}/chargers/OTHER/nature"), 404, "not_found")


BODIES = (
    (b"{", 400, "malformed", "body"),
    (b"\xff", 400, "malformed", "body"),
    (b'{"name": "a", "name": "b"}', 400, "malformed", "body"),
    (b'{"name": "a", "parts": [{"id": NaN}]}', 400, "malformed", "body"),
    (b'{"name": "a", "parts": [{"id": -Infinity}]}', 400, "malformed", "body"),
    (b'{"name": "a", "parts": [{"id": 1e999}]}', 400, "malformed", "body"),
    (b'{"name": "\\ud800"}', 400, "malformed", "body"),
    (b"[" * 40 + b"]" * 40, 400, "malformed", "body"),
    (b"[" * 4000, 400, "malformed", "body"),
    (b'{"name": "a", "parts": [{"id": ' + b"9" * 3000 + b"}]}", 422, "validation", "body.parts[0].id"),
    (b"[]", 422, "validation", "body"),
    (b"null", 422, "validation", "body"),
    (b"", 422, "validation", "body.name"),
    (b"{}", 422, "validation", "body.name"),
    (b'{"name": ""}', 422, "validation", "body.name"),
    (b'{"name": 5}', 422, "validation", "body.name"),
    (b'{"name": "a\\u0000"}', 422, "validation", "body.name"),
    (b'{"name": "a", "colour": 1}', 422, "validation", "body.colour"),
    (b'{"name": "a", "parts": [{"id": 1}, {"id": "2"}]}', 422, "validation", "body.parts[1].id"),
    (b'{"name": "a", "parts": [{"id": 1, "x": 1}]}', 422, "validation", "body.parts[0].x"),
    (b'{"name": "a"}' + b" " * 5000, 413, "too_large", ""),
)


@pytest.mark.parametrize(("body", "status", "code", "name"), BODIES, ids=lambda part: str(part)[:24])
async def test_bodies_that_will_not_do(shop: Shop, body: bytes, status: int, code: str, name: str) -> None:
    response = await shop.client.post(THINGS, content=body, headers={"Content-Type": "application/json"})
    found = problem(response, status, code)
    assert [fault["name"] for fault in found["errors"]] == ([name] if name else [])  # type: ignore[attr-defined]
    assert shop.shelf.seen == []


async def test_a_body_without_a_length_is_bounded_too(shop: Shop) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    headers = {"Content-Type": "application/json"}
    problem(await shop.client.post(THINGS, content=chunks(), headers=headers), 413, "too_large")


async def test_bodies_are_json_and_say_so(shop: Shop) -> None:
    body = b'{"name": "a"}'
    for wrong in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ):
        response = await shop.client.post(THINGS, content=body, headers=wrong)
        problem(response, 415, "unsupported_media_type")
    right = {"Content-Type": "Application/JSON; charset=UTF-8"}
    assert (await shop.client.post(THINGS, content=body, headers=right)).status_code == 201
    patch = {"Content-Type": "application/merge-patch+json"}
    changed = await shop.client.patch(f"{THINGS}/t1", content=b'{"name": "b"}', headers=patch)
    assert changed.json()["name"] == "b"


async def test_a_row_without_a_body_takes_none(shop: Shop) -> None:
    assert (await shop.client.post(POKE, json={})).status_code == 200
    assert (await shop.client.post(POKE)).status_code == 200
    found = problem(await shop.client.post(POKE, json={"why": 1}), 422, "validation")
    assert "No such field" in str(found["errors"])


async def test_a_store_that_does_not_confirm_is_503(shop: Shop) -> None:
    async def lost() -> None:
        raise StoreUnavailable("gone")

    shop.shelf.poke = lost
    response = await shop.client.post(POKE)
    problem(response, 503, "store_unavailable")
    assert int(response.headers["retry-after"]) > 0


async def test_every_row_refuses_what_it_does_not_know(shop: Shop) -> None:
    for row in (*ROUTES, *SHELF):
        path = address(PREFIX + row.path)
        if not isinstance(row, Route) and row.query.model_config.get("extra") != "ignore":
            found = problem(await shop.client.request(row.method, path + "?colour=1"), 422, "validation")
            assert "colour" in str(found["detail"])
        if isinstance(row, Action) and row.mutates:
            response = await shop.client.request(row.method, path, json={"colour": 1})
            assert "body.colour" in str(problem(response, 422, "validation")["detail"])
            response = await shop.client.request(row.method, path, headers={"Idempotency-Key": "x" * 129})
            problem(response, 400, "malformed")
        if isinstance(row, Transfer):
            needed = {name: "1" for name, field in row.query.model_fields.items() if field.is_required()}
            response = await shop.client.request(row.method, path, params=needed, headers={"If-Match": "*"})
            problem(response, 400, "malformed")
    assert shop.shelf.seen == []


async def test_waiting_is_preferred_and_applied(shop: Shop) -> None:
    waited = await shop.client.post(POKE, headers={"Prefer": "wait=3, handling=strict"})
    assert (waited.status_code, waited.json()["waited_s"]) == (200, 3)
    assert waited.headers["preference-applied"] == "wait=3, handling=strict"
    assert shop.shelf.seen[-1].prefer.strict
    accepted = await shop.client.post(POKE, headers={"Prefer": "wait=0"})
    assert (accepted.status_code, accepted.headers["location"]) == (202, "/api/ocpp/commands/c1")
    silent = await shop.client.post(POKE)
    assert "preference-applied" not in silent.headers
    assert (silent.json()["waited_s"], shop.shelf.seen[-1].prefer.strict) == (10, False)


async def test_a_thing_that_was_changed_meanwhile_is_not_overwritten(shop: Shop) -> None:
    made = await shop.client.post(THINGS, json={"name": "a"})
    place = made.headers["location"]
    seen = (await shop.client.get(place)).headers["etag"]
    unchanged = await shop.client.get(place, headers={"If-None-Match": seen})
    assert unchanged.status_code == 304
    changed = await shop.client.patch(place, json={"name": "b"}, headers={"If-Match": seen})
    assert changed.status_code == 200
    late = await shop.client.patch(place, json={"name": "c"}, headers={"If-Match": seen})
    problem(late, 409, "version_conflict")
    again = await shop.client.patch(place, json={"name": "c"}, headers={"If-Match": changed.headers["etag"]})
    assert again.json()["version"] == 3
    for good in ("*", '"v3"', '"x", "v3"'):
        response = await shop.client.patch(place, json={}, headers={"If-Match": good})
        assert response.status_code == 200, good
    for bad in ('W/"v3"', "v3", "", '"v3', '"v3",'):
        response = await shop.client.patch(place, json={}, headers={"If-Match": bad})
        problem(response, 400, "malformed")
    problem(await shop.client.post(POKE, headers={"If-Match": "*"}), 400, "malformed")


async def test_a_charger_is_spared_and_a_token_has_its_measure(shop: Shop) -> None:
    app = shop.app_with(*Right, limits=Limits(command_per_s=0.01, command_burst=2, token_burst=6))
    async with client_of(app, AUTH) as client:
        keyed = {"Idempotency-Key": "k"}
        assert (await client.post(POKE, headers=keyed)).status_code == 200
        assert (await client.post(POKE)).status_code == 200
        third = await client.post(POKE.replace("BOX", "box"))
        problem(third, 429, "rate_limited")
        assert 1 <= int(third.headers["retry-after"]) <= 100
        assert (await client.post(POKE.replace("BOX", "OTHER"))).status_code == 200
        assert (await client.post(POKE, headers=keyed)).headers["idempotent-replayed"] == "true"
        for _ in range(20):
            last = await client.get(f"{THINGS}/t1")
        problem(last, 429, "rate_limited")
        assert last.headers["retry-after"] == "1"
    app.database.close()


async def test_each_row_wants_its_right(shop: Shop) -> None:
    for row in SHELF:
        app = shop.app_with(*(set(Right) - {row.right}))
        async with client_of(app, AUTH) as client:
            path = PREFIX + row.path.format(id="t1", cpid="BOX")
            found = problem(await client.request(row.method, path), 403, "role")
            assert row.right in str(found["detail"])
        app.database.close()
    assert shop.shelf.seen == []


async def test_head_and_options_know_actions(shop: Shop) -> None:
    await shop.client.post(THINGS, json={"name": "a"})
    allowed = (await shop.client.options(f"{THINGS}/t1")).headers["allow"]
    assert allowed == "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert (await shop.client.head(f"{THINGS}/t1")).status_code == 200
    assert (await shop.client.head(THINGS)).status_code == 405


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\x1b[31m", "é", '"'])
async def test_a_request_id_that_is_not_sane_is_replaced(shop: Shop, sent: str) -> None:
    response = await shop.client.get(f"{THINGS}/t1", headers={"X-Request-Id": sent.encode()})
    assert response.headers["x-request-id"] not in ("", sent)
    kept = await shop.client.get(f"{THINGS}/t1", headers={"X-Request-Id": "Trace:01.a-b_c"})
    assert kept.headers["x-request-id"] == "Trace:01.a-b_c"
