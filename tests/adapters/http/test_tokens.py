"""API tokens over the API and a real database; and two tenants whose chargers have the same ids, at once."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from adapters.http.access import Caller
from adapters.http.artefacts import artefact_routes
from adapters.http.install_card_links import PATH as CARD
from adapters.http.install_card_route import install_card_routes
from adapters.http.problems import Problem, answer_problem
from application import clock
from application.artefact_links import LinkId, LinkSigner
from application.artefact_rooms import ArtefactRooms
from application.artefacts import PATH as FILES
from application.tenants import ApiTokens, Tenants
from domain.artefacts.artefact import LinkUnusable
from domain.tenants.roles import Right, Role
from projections.tenants.queries import list_tenants
from tests.adapters.http.conftest import client_of
from tests.adapters.http.services import SECRET, plugged_in
from tests.adapters.http.test_rules import problem
from tests.adapters.http.two_tenants import API, OURS, RAW, THEIRS, Two, two_tenants

TOKENS = f"{API}/tokens"


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        yield world


async def test_a_token_is_made_used_listed_and_revoked(two: Two) -> None:
    admin = two.client(THEIRS, Role.TENANT_ADMIN)
    made = await admin.post(TOKENS, json={"name": "billing", "role": "viewer"})
    assert made.status_code == 201
    told = made.json()
    assert made.headers["location"] == f"{TOKENS}/{told['id']}"
    async with client_of(two.app, {"Authorization": f"Bearer {told['token']}"}) as client:
        me = (await client.get(f"{API}/me")).json()
        assert me == {
            "tenant": THEIRS,
            "name": f"key:{told['id']}",
            "label": "billing",
            "role": "viewer",
            "rights": ["read"],
            "chargers": [],
            "expires_at": None,
            "state": "token",
            "csrf": None,
        }
        await two.project()
        row = (await admin.get(made.headers["location"])).json()
        issuer = (await admin.get(f"{API}/me")).json()["name"]
        assert (row["state"], row["issued_by"], row["name"]) == ("active", issuer, "billing")
        assert row["last_seen_at"] is not None
        for _ in range(2):
            gone = await admin.delete(f"{TOKENS}/{told['id']}", params={"reason": "lost"})
            assert gone.status_code == 204
        two.pass_a_moment()
        problem(await client.get(f"{API}/chargers"), 401, "unauthenticated")
    await two.project()
    row = (await admin.get(made.headers["location"])).json()
    assert (row["state"], row["revoked_by"], row["revoke_reason"]) == ("revoked", issuer, "lost")
    listed = (await admin.get(TOKENS, params={"state": "revoked"})).json()["items"]
    assert [one["id"] for one in listed] == [told["id"]]


async def test_nobody_gives_a_right_away_that_he_lacks(two: Two) -> None:
    admin = two.client(OURS, Role.TENANT_ADMIN)
    body = problem(await admin.post(TOKENS, json={"name": "n", "role": "platform_admin"}), 403, "role")
    assert "platform_admin" in str(body["detail"])
    for role in set(Role) - {Role.PLATFORM_ADMIN}:
        assert (await admin.post(TOKENS, json={"name": "n", "role": role})).status_code == 201


async def test_sec_30_a_token_is_narrowed_when_it_is_made_and_shows_it(two: Two) -> None:
    admin = two.client(OURS, Role.TENANT_ADMIN)
    body = {"name": "gate", "role": "operator", "rights": ["operate"], "chargers": ["zeus-1", "ZEUS-1"]}
    made = (await admin.post(TOKENS, json=body)).json()
    assert (made["rights"], made["chargers"]) == (["operate"], ["ZEUS-1"])
    await two.project()
    row = (await admin.get(f"{TOKENS}/{made['id']}")).json()
    assert (row["rights"], row["chargers"], row["role"]) == (["operate"], ["ZEUS-1"], "operator")
    for name, more in (("rights", {"rights": ["audit"]}), ("chargers", {"chargers": ["a/b"]})):
        answer = await admin.post(TOKENS, json={"name": "n", "role": "operator", **more})
        faults = problem(answer, 422, "validation")["errors"]
        assert [fault["name"] for fault in faults] == [f"body.{name}"]  # type: ignore[attr-defined]
    mighty = {"name": "n", "role": "platform_admin", "rights": ["read"]}
    assert (await admin.post(TOKENS, json=mighty)).status_code == 201, "the role is not what counts"
    narrowed = await ApiTokens(two.store, OURS, "user:ann").issue(
        "n", Role.TENANT_ADMIN, rights=[Right.ADMINISTER]
    )
    async with client_of(two.app, {"Authorization": f"Bearer {narrowed.token}"}) as client:
        problem(await client.post(TOKENS, json={"name": "n", "role": "viewer"}), 403, "role")
        only = {"name": "n", "role": "tenant_admin", "rights": ["administer"]}
        assert (await client.post(TOKENS, json=only)).status_code == 201


async def test_what_cannot_be_a_token_is_named(two: Two) -> None:
    admin = two.client(OURS)
    past = (clock.now() - timedelta(seconds=1)).isoformat()
    for name, body in (
        ("expires_at", {"name": "n", "role": "viewer", "expires_at": past}),
        ("name", {"name": "a\nb", "role": "viewer"}),
        ("name", {"name": "", "role": "viewer"}),
        ("role", {"name": "n", "role": "emperor"}),
    ):
        faults = problem(await admin.post(TOKENS, json=body), 422, "validation")["errors"]
        assert [fault["name"] for fault in faults] == [f"body.{name}"]  # type: ignore[attr-defined]


async def test_a_repetition_is_answered_without_the_secret_even_where_the_first_answer_was_lost(
    two: Two,
) -> None:
    admin, body = two.client(OURS), {"name": "n", "role": "viewer"}
    first = await admin.post(TOKENS, json=body, headers={"Idempotency-Key": "k"})
    again = await admin.post(TOKENS, json=body, headers={"Idempotency-Key": "k"})
    assert again.json() == {**first.json(), "token": None}
    elsewhere = two.serving()  # knows nothing of the key
    async with client_of(elsewhere, dict(admin.headers)) as client:
        lost = await client.post(TOKENS, json=body, headers={"Idempotency-Key": "k"})
    elsewhere.database.close()
    assert (lost.status_code, lost.json()) == (201, again.json())
    assert len([one for one in two.log_of(OURS) if one[2] == "api_token.issued"]) == len(Role) + 1


async def test_the_secret_is_in_no_event_row_log_or_later_answer(
    two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = two.client(OURS)
    told = (await admin.post(TOKENS, json={"name": "canary", "role": "tenant_admin"})).json()
    secret = told["token"].split(f"{told['id']}_")[1]
    seen = []
    async with client_of(two.app, {"Authorization": f"Bearer {told['token']}"}) as client:
        await two.project()
        for path in (f"{API}/me", TOKENS, f"{TOKENS}/{told['id']}", f"{API}/nothing", "/metrics"):
            seen.append((await client.get(path)).text)
        seen.append((await client.post(TOKENS, json={"name": 1})).text)
        async with client_of(two.app, {"Authorization": f"Bearer {told['token']}x"}) as wrong:
            seen.append((await wrong.get(TOKENS)).text)
    await two.project()
    with psycopg.connect(two.dsn) as connection:
        events = connection.execute("SELECT convert_from(state, 'UTF8') FROM eventstore.stored_events")
        rows = connection.execute("SELECT t::text FROM zeus_api_tokens t")
        seen += [text for (text,) in (*events, *rows)]
    assert any(told["id"] in text for text in seen)
    assert not [text for text in (*seen, caplog.text) if secret in text]


async def test_a_suspended_tenant_is_shut_out_and_others_notice_nothing(two: Two) -> None:
    assert (await two.client(THEIRS).get(f"{API}/me")).is_success
    await Tenants(two.store, "user:ann").suspend(THEIRS, "late")
    two.pass_a_moment()
    problem(await two.client(THEIRS).get(f"{API}/me"), 401, "unauthenticated")
    assert (await two.client(OURS).get(f"{API}/me")).is_success
    await two.project()

    def standing(connection: Any) -> list[str | None]:
        return [row.reason for row in list_tenants(connection)]

    assert await two.app.database.read_all(standing) == ["late"]


async def test_the_same_charger_id_in_two_tenants_is_steered_and_seen_apart(two: Two) -> None:
    """Both connected at once, each through its address; a command reaches the one it was meant for."""
    for tenant in (OURS, THEIRS):
        body = {"cpid": "SAME-1", "security_profile": 0, "networks": ["10.0.0.0/8"], "name": f"of {tenant}"}
        added = await two.client(tenant).post(f"{API}/chargers", json=body)
        slug = "" if tenant == OURS else f"{THEIRS}/"
        assert added.json()["ws_url"] == f"wss://csms.example/ocpp/{slug}SAME-1"
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(
            plugged_in(two.workplace, "SAME-1", ClearCache={"status": "Accepted"})
        )
        theirs = await stack.enter_async_context(
            plugged_in(two.workplace, f"{THEIRS}/SAME-1", ClearCache={"status": "Rejected"})
        )
        for tenant, box, other, status in (
            (OURS, ours, theirs, "Accepted"),
            (THEIRS, theirs, ours, "Rejected"),
        ):
            heard, before = len(other.calls), len(box.calls)
            answer = await two.client(tenant).post(
                f"{API}/chargers/SAME-1/commands", json={"action": "ClearCache"}
            )
            assert answer.json()["answer"]["status"] == status, answer.text
            assert (len(box.calls), len(other.calls)) == (before + 1, heard)
            command = answer.json()["id"]
            assert (await two.client(tenant).get(f"{API}/commands/{command}")).is_success
            stranger = OURS if tenant == THEIRS else THEIRS
            problem(await two.client(stranger).get(f"{API}/commands/{command}"), 404, "not_found")
        await two.project()
        for tenant in (OURS, THEIRS):
            shown = (await two.client(tenant).get(f"{API}/chargers/SAME-1")).json()
            assert (shown["name"], shown["online"]) == (f"of {tenant}", True)
            frames = (await two.client(tenant).get(f"{API}/chargers/SAME-1/messages")).json()["items"]
            assert len([one for one in frames if one["action"] == "BootNotification"]) == 1


async def test_links_to_files_and_cards_lead_to_their_own_tenant(two: Two) -> None:
    rooms, cards = two.services.artefacts, two.services.cards
    callers = {tenant: Caller(tenant, "key:test", frozenset()) for tenant in (OURS, THEIRS)}

    def behind(token: str) -> Any:
        return rooms(callers[THEIRS if token.endswith(f".{THEIRS}") else OURS])

    served = Starlette(
        routes=[
            *artefact_routes(behind),
            *install_card_routes(lambda slug: cards(callers[slug or OURS])),
        ],
        exception_handlers={Problem: answer_problem},
    )
    until = clock.now() + timedelta(hours=1)
    async with client_of(served) as box:  # type: ignore[arg-type]
        for tenant, other in ((OURS, THEIRS), (THEIRS, OURS)):
            stored = await two.client(tenant).post(
                f"{API}/artefacts", content=f"of {tenant}".encode(), headers=RAW
            )
            name = stored.json()["id"]
            link = await rooms(callers[tenant]).link_for_download(name, "CP", expires_at=until, fetches=9)
            path = FILES + link.url.partition(FILES)[2]
            assert (await box.get(path)).text == f"of {tenant}"
            token = path.split("/")[2]
            swapped = token.partition(".")[0] + ("" if tenant == THEIRS else f".{THEIRS}")
            assert (await box.get(f"{FILES}/{swapped}/f")).status_code == 404
            problem(await two.client(other).get(f"{API}/artefacts/{name}/content"), 404, "not_found")
            body = {"cpid": "CARD-1", "security_profile": 1}
            made = (await two.client(tenant).post(f"{API}/chargers", json=body)).json()
            page = CARD + made["install_card_url"].partition(CARD)[2]
            assert made["password"] in (await box.get(page)).text
            assert (await box.get(page)).status_code == 404


def test_nobody_opens_a_room_by_naming_it() -> None:
    made: list[str] = []

    def furnish(tenant: str, ending: str) -> Any:
        made.append(tenant)
        return object()

    rooms = ArtefactRooms(OURS, SECRET, furnish)
    for token in ("x.acme", "x" * 51 + ".acme", "x.UPPER", "x./", f"{'A' * 51}.{OURS}"):
        with pytest.raises(LinkUnusable):
            rooms.behind(token)
    assert made == []
    good = LinkSigner(SECRET, "acme", ".acme").token(LinkId("0" * 22, "1" * 22))
    assert rooms.behind(good) is rooms.of("acme")
    assert made == ["acme"]
