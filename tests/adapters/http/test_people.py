"""People sign in with a browser, look after themselves and are looked after; across two processes."""

import asyncio
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import Engine

from adapters.http.api.routes import ROUTES
from adapters.http.session_cookie import session_id_in, set_cookie
from application.sessions import digest_of_session
from domain.tenants.roles import Role
from tests.adapters.http.conftest import AUTH
from tests.adapters.http.lobby import API, ORIGIN, OTHER, PASSWORD, TENANT, Browser, Lobby, code_of, lobby
from tests.adapters.http.test_rules import problem
from tests.fakes.charger_socket import ChargerSocket


@pytest.fixture
async def here(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Lobby]:
    """Two processes."""
    async with lobby(postgres_dsn, engine, tmp_path) as place:
        yield place


def sessions_in(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT digest, user_id, stage FROM fleet.sessions").fetchall()


async def enrolled(here: Lobby, login: str = "ann") -> tuple[Browser, str, list[str]]:
    """An operator with an authenticator; (the browser, the secret, the recovery codes)."""
    await here.employ(login, Role.OPERATOR)
    browser = await here.browser()
    assert (await browser.sign_in(login)).json()["state"] == "enrol"
    offered = (await browser.post("/me/totp")).json()
    confirmed = await browser.post("/me/totp/confirm", {"code": code_of(offered["secret"], -1)})
    assert confirmed.status_code == 200, confirmed.text
    return browser, offered["secret"], confirmed.json()["recovery_codes"]


async def test_a_person_signs_in_is_known_in_every_process_and_signs_out(here: Lobby) -> None:
    name = await here.employ()
    browser = await here.browser()
    problem(await browser.get("/me"), 401, "unauthenticated")
    answer = await browser.sign_in()
    assert (answer.status_code, answer.json()["state"]) == (200, "signed_in")
    cookie = answer.headers["set-cookie"]
    assert cookie == f"__Host-zeus={browser.session_id}; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert len(browser.session_id) == 43
    assert answer.headers["cache-control"] == "no-store"
    for at in (0, 1):
        me = (await (await here.elsewhere(browser, at)).get("/me")).json()
        assert (me["name"], me["label"], me["role"], me["state"]) == (
            f"user:{name}",
            "ann",
            "viewer",
            "signed_in",
        )
        assert me["csrf"] == browser.csrf
    assert sessions_in(here.dsn) == [(digest_of_session(browser.session_id), name, "full")]
    kept = browser.session_id
    out = await browser.post("/sign-out")
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["set-cookie"]
    thief = await here.browser(1, Cookie=f"__Host-zeus={kept}")
    problem(await thief.get("/me"), 401, "unauthenticated")
    assert sessions_in(here.dsn) == []


async def test_sec_26_an_operator_enrols_an_authenticator_and_shows_a_code_each_time(here: Lobby) -> None:
    browser, secret, codes = await enrolled(here)
    assert (await browser.get("/me")).json()["rights"] == ["operate", "read"]
    again = await here.browser(1)
    assert (await again.sign_in()).json()["state"] == "code"
    problem(await again.get("/chargers"), 403, "second_factor")
    halfway = again.session_id
    problem(await again.post("/sign-in/totp", {"code": code_of(secret, -1)}), 401, "sign_in_refused")
    assert (await again.post("/sign-in/totp", {"code": code_of(secret)})).json()["state"] == "signed_in"
    assert again.session_id != halfway, "no id of before the second factor is good after it (CWE-384)"
    third = await here.browser()
    await third.sign_in()
    problem(await third.post("/sign-in/totp", {"code": code_of(secret)}), 401, "sign_in_refused")
    assert (await third.post("/sign-in/totp", {"code": codes[0].upper()})).status_code == 200
    fourth = await here.browser()
    await fourth.sign_in()
    problem(await fourth.post("/sign-in/totp", {"code": codes[0]}), 401, "sign_in_refused")


async def test_half_a_session_opens_only_what_makes_it_whole(here: Lobby) -> None:
    await here.employ(role=Role.OPERATOR)
    browser = await here.browser()
    await browser.sign_in()
    for row in ROUTES:
        if row.halfway or row.public:
            continue
        path = row.path.replace("{cpid}", "X").replace("{id}", "a" * 22).replace("{name}", "t")
        path = path.replace("{n}", "1").replace("{rid}", "1")
        answer = await browser.send(row.method, path, Content_Type="application/json")
        problem(answer, 403, "second_factor")
    assert {row.path for row in ROUTES if row.halfway} == {
        "/me", "/me/totp", "/me/totp/confirm", "/sign-in/totp", "/sign-out"
    }  # fmt: skip


async def test_the_qr_code_is_an_svg_and_the_secret_is_shown_once(here: Lobby) -> None:
    await here.employ(role=Role.OPERATOR)
    browser = await here.browser()
    await browser.sign_in()
    first, second = [(await browser.post("/me/totp")).json() for _ in range(2)]
    assert ET.fromstring(first["qr_svg"]).tag.endswith("svg")  # noqa: S314 - our own
    assert first["uri"].startswith("otpauth://totp/Zeus%20zeus:ann?secret=")
    assert first["secret"] != second["secret"]
    problem(
        await browser.post("/me/totp/confirm", {"code": code_of(first["secret"])}), 401, "sign_in_refused"
    )


async def test_sec_27_a_foreign_origin_or_a_missing_token_is_refused_and_changes_nothing(here: Lobby) -> None:
    """For every row that changes something."""
    await here.employ(role=Role.VIEWER)
    browser = await here.browser()
    await browser.sign_in()
    good = browser.csrf
    forgeries = (
        ({"Origin": "https://evil.example"}, good, "cross_site"),
        ({"Origin": "https://csms.example.evil.example"}, good, "cross_site"),
        ({"Origin": "null"}, good, "cross_site"),
        ({"Origin": "http://csms.example"}, good, "cross_site"),
        ({"Origin": "", "Sec_Fetch_Site": "cross-site"}, good, "cross_site"),
        ({"Origin": "", "Sec_Fetch_Site": "same-site"}, good, "cross_site"),
        ({"Origin": ""}, good, "cross_site"),
        ({}, "", "csrf"),
        ({}, "0" * 64, "csrf"),
        ({}, good[:-1], "csrf"),
    )
    changing = [row for row in ROUTES if row.method != "GET" and not row.public]
    assert len(changing) > 30
    for n, row in enumerate(changing):
        path = row.path.replace("{cpid}", "X").replace("{id}", "a" * 22).replace("{name}", "t")
        path = path.replace("{n}", "1").replace("{rid}", "1")
        for headers, csrf, code in forgeries if n < 3 else forgeries[:1] + forgeries[-3:]:
            browser.csrf = csrf
            problem(await browser.send(row.method, path, **headers), 403, code)
    assert len(sessions_in(here.dsn)) == 1
    browser.csrf = good
    for headers in (
        {},
        {"Origin": "", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "https://allowed.example"},
    ):
        assert (await browser.send("DELETE", "/me/sessions", **headers)).status_code == 200


async def test_sec_27_the_token_is_of_one_session_and_dies_with_it(here: Lobby) -> None:
    await here.employ()
    one, two = await here.browser(), await here.browser()
    await one.sign_in()
    await two.sign_in()
    assert one.csrf != two.csrf
    one.csrf = two.csrf
    problem(await one.post("/sign-out"), 403, "csrf")


async def test_sec_27_other_sites_read_nothing_and_sign_nobody_in(here: Lobby) -> None:
    await here.employ()
    browser = await here.browser()
    await browser.sign_in()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        problem(await browser.get("/me", headers=headers), 403, "cross_site")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "", "Sec_Fetch_Site": "cross-site"}):
        stranger = await here.browser()
        body = {"login": "ann", "password": PASSWORD}
        problem(await stranger.post("/sign-in", body, **headers), 403, "cross_site")
    stranger = await here.browser()
    program = await stranger.client.post(f"{API}/sign-in", json=body)
    assert program.status_code == 200, "a program tells no origin"


async def test_sec_27_a_token_needs_no_csrf_and_no_cookie_stands_in_for_a_wrong_one(here: Lobby) -> None:
    await here.employ()
    browser = await here.browser()
    await browser.sign_in()
    evil = {"Origin": "https://evil.example"}
    by_token = await browser.client.post(
        f"{API}/chargers", json={"cpid": "A", "security_profile": 1}, headers={**AUTH, **evil}
    )
    assert by_token.status_code == 201
    wrong = await browser.get("/me", headers={"Authorization": "Bearer nonsense"})
    problem(wrong, 401, "unauthenticated")


async def test_sec_27_a_token_in_an_address_is_refused_before_anything_else(here: Lobby) -> None:
    token = f"zeus_{TENANT}-{'a' * 22}_secret"
    browser = await here.browser()
    for query in ("access_token=x", f"q={token}", "Authorization=Bearer%20x", f"limit=1&limit={token}"):
        answer = await browser.get(f"/chargers?{query}", headers=AUTH)
        problem(answer, 400, "malformed")
        assert "secret" not in answer.text


async def test_sec_27_a_session_opens_no_socket_of_a_charger(here: Lobby) -> None:
    await here.employ(role=Role.VIEWER)
    browser = await here.browser()
    await browser.sign_in()
    body = {"cpid": "CP-1", "security_profile": 1}
    made = await browser.client.post(f"{API}/chargers", json=body, headers=AUTH)
    assert made.status_code == 201
    cookie = f"__Host-zeus={browser.session_id}; zeus={browser.session_id}".encode()
    for headers in (
        [(b"cookie", cookie)],
        [(b"cookie", cookie), (b"authorization", b"Bearer " + browser.session_id.encode())],
    ):
        socket = ChargerSocket(here.gateway, "/ocpp/1.6/CP-1", headers=headers)
        assert await socket.decided() == 401
        socket.leave(1000)
        await socket.ended()
    right = b"Basic " + b64encode(f"CP-1:{made.json()['password']}".encode())
    socket = ChargerSocket(here.gateway, "/ocpp/1.6/CP-1", headers=[(b"authorization", right)])
    assert await socket.decided() == 101
    socket.leave(1000)
    await socket.ended()


async def test_sec_26_a_session_never_travels_in_clear(here: Lobby, postgres_dsn: str) -> None:
    assert set_cookie("s", "http://127.0.0.1:8080") == "zeus=s; Path=/; HttpOnly; SameSite=Lax"
    assert set_cookie("s", "http://[::1]:8080").startswith("zeus=s;")
    assert set_cookie("s", "http://localhost:8080").startswith("zeus=s;")
    for origin in ("http://csms.example", "http://10.0.0.1", "http://localhost.example"):
        with pytest.raises(Exception, match="https"):
            set_cookie("s", origin)
    assert session_id_in("zeus=planted", ORIGIN) == ""
    assert session_id_in("__Host-zeus=right; zeus=planted", ORIGIN) == "right"
    assert session_id_in("broken; =;;", ORIGIN) == ""


async def test_repeated_keys_are_not_taken_where_the_answer_is_a_secret(here: Lobby) -> None:
    await here.employ()
    browser = await here.browser()
    body = {"login": "ann", "password": PASSWORD}
    problem(await browser.post("/sign-in", body, Idempotency_Key="k"), 400, "malformed")
    assert (await browser.sign_in()).status_code == 200
    problem(await browser.post("/sign-out", Idempotency_Key="k"), 400, "malformed")


async def test_a_password_is_changed_and_every_other_browser_is_out(here: Lobby) -> None:
    await here.employ()
    mine, other = await here.browser(), await here.browser(1)
    await mine.sign_in()
    await other.sign_in()
    before = mine.session_id
    wrong = {"current": OTHER, "new": OTHER}
    problem(await mine.post("/me/password", wrong), 401, "sign_in_refused")
    common = problem(
        await mine.post("/me/password", {"current": PASSWORD, "new": "password1234"}), 422, "validation"
    )
    assert [fault["name"] for fault in common["errors"]] == ["body.new"]  # type: ignore[attr-defined]
    assert (await mine.post("/me/password", {"current": PASSWORD, "new": OTHER})).status_code == 200
    assert mine.session_id != before
    assert (await mine.get("/me")).status_code == 200
    problem(await other.get("/me"), 401, "unauthenticated")
    problem(await (await here.browser()).sign_in(), 401, "sign_in_refused")
    assert (await (await here.browser()).sign_in(password=OTHER)).status_code == 200


async def test_one_sees_and_ends_ones_own_sessions(here: Lobby) -> None:
    await here.employ()
    mine, other = await here.browser(**{"User-Agent": "Firefox"}), await here.browser(1)
    await mine.sign_in()
    await other.sign_in()
    items = (await mine.get("/me/sessions")).json()["items"]
    assert [(one["current"], one["remote"]) for one in items] == [
        (False, "203.0.113.7"),
        (True, "203.0.113.7"),
    ]
    assert items[1]["agent"] == "Firefox"
    assert (await mine.send("DELETE", f"/me/sessions/{items[0]['id']}")).status_code == 204
    problem(await mine.send("DELETE", f"/me/sessions/{items[0]['id']}"), 404, "not_found")
    problem(await other.get("/me"), 401, "unauthenticated")
    gone = await mine.send("DELETE", f"/me/sessions/{items[1]['id']}")
    assert "Max-Age=0" in gone.headers["set-cookie"]
    problem(await mine.get("/me"), 401, "unauthenticated")


async def test_an_admin_invites_promotes_disables_and_erases(here: Lobby) -> None:
    """With the actor, the reason and the request in the log."""
    admin, _, _ = await enrolled(here, "chief")
    await here.people.change_role((await admin.get("/me")).json()["name"][5:], Role.TENANT_ADMIN)
    here.watch[0] += 10
    admin = await signed_in_again(here, "chief")
    made = await admin.post("/users", {"login": "bob", "role": "viewer", "name": "Bob"})
    assert made.status_code == 201, made.text
    told = made.json()
    problem(await admin.post("/users", {"login": "BOB", "role": "viewer"}), 409, "exists")
    problem(await admin.post("/users", {"login": "b b", "role": "viewer"}), 422, "validation")
    problem(await admin.post("/users", {"login": "x", "role": "platform_admin"}), 403, "role")
    bob = await here.browser(1)
    accepted = {"invitation": told["invitation"], "password": PASSWORD}
    assert (await bob.post("/sign-in/invitation", accepted)).status_code == 204
    problem(await bob.post("/sign-in/invitation", accepted), 401, "sign_in_refused")
    assert (await bob.sign_in("bob")).json()["state"] == "signed_in"
    problem(await bob.get("/users"), 403, "role")
    changed = await admin.post(
        f"/users/{told['id']}/role", {"role": "auditor", "reason": "audit"}, X_Request_Id="r-7"
    )
    assert changed.status_code == 204
    problem(await bob.get("/me"), 401, "unauthenticated")
    assert (await bob.sign_in("bob")).status_code == 200
    await here.project()
    assert {one["login"] for one in (await bob.get("/users")).json()["items"]} == {"bob", "chief"}
    assert (await admin.post(f"/users/{told['id']}/disable", {"reason": "left"})).status_code == 204
    problem(await bob.get("/users"), 401, "unauthenticated")
    problem(await bob.sign_in("bob"), 401, "sign_in_refused")
    chief = (await admin.get("/me")).json()["name"]
    problem(await admin.post(f"/users/{chief[5:]}/disable", {}), 409, "last_admin")
    with psycopg.connect(here.dsn) as connection:
        rows = connection.execute(
            "SELECT convert_from(state, 'UTF8') FROM eventstore.stored_events WHERE topic = 'user.role_changed' "
            "AND originator_id = %s",
            (f"user/{TENANT}/{told['id']}",),
        ).fetchall()
    assert len(rows) == 1
    assert all(part in rows[0][0] for part in (chief, "audit", "r-7"))
    assert (await admin.post(f"/users/{told['id']}/erase", {"reason": "asked"})).status_code == 204
    await here.project()
    row = (await admin.get(f"/users/{told['id']}")).json()
    assert (row["state"], row["login"], row["name"]) == ("erased", None, None)


async def signed_in_again(here: Lobby, login: str) -> Browser:
    """With a new authenticator: what the role change ended is begun anew."""
    name = await here.people.find(login)
    await here.people.remove_authenticator(name)
    browser = await here.browser()
    assert (await browser.sign_in(login)).json()["state"] == "enrol"
    offered = (await browser.post("/me/totp")).json()
    assert (await browser.post("/me/totp/confirm", {"code": code_of(offered["secret"])})).status_code == 200
    return browser


async def test_a_lost_answer_to_an_invitation_is_repeated_without_it(here: Lobby) -> None:
    client = (await here.browser()).client
    body, key = {"login": "bob", "role": "viewer"}, {**AUTH, "Idempotency-Key": "k"}
    first = await client.post(f"{API}/users", json=body, headers=key)
    again = await client.post(f"{API}/users", json=body, headers=key)
    assert first.json()["invitation"]
    assert again.json() == {**first.json(), "invitation": None}
    lost = await (await here.browser(1)).client.post(f"{API}/users", json=body, headers=key)
    assert lost.json() == {"id": first.json()["id"], "expires_at": None, "invitation": None}


async def test_who_guesses_is_told_when_to_come_again(here: Lobby) -> None:
    await here.employ()
    browser = await here.browser()
    for _ in range(20):
        answer = await browser.sign_in(password=OTHER)
        if answer.status_code == 429:
            break
    problem(answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 60
    problem(await browser.sign_in(), 429, "rate_limited")
    await here.services.people.desk.finish()
    await here.project()
    row = (await browser.get("/users", headers=AUTH)).json()["items"][0]
    assert row["locked_at"] is not None


async def test_many_who_sign_in_at_once_wait_or_are_told_to(here: Lobby) -> None:
    """The loop answers others meanwhile."""
    browser = await here.browser()
    answers: list[httpx.Response] = []

    async def knock(n: int) -> None:
        answers.append(await browser.sign_in(f"user{n}"))

    await asyncio.gather(*(knock(n) for n in range(60)), browser.client.get("/livez"))
    assert {one.status_code for one in answers} <= {401, 429, 503}
    assert 401 in {one.status_code for one in answers}


async def test_where_sessions_cannot_be_looked_up_nobody_is_let_in(here: Lobby) -> None:
    await here.employ()
    browser = await here.browser()
    await browser.sign_in()
    await here.store.close()
    here.watch[0] += 10
    problem(await browser.get("/me"), 503, "store_unavailable")
