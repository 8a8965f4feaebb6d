"""A person signs in at a real server with real hashes; a kill -9 signs nobody out, and hashing is bounded."""

import asyncio

import httpx
import pytest

from tests.adapters.http.lobby import PASSWORD, code_of
from tests.e2e.zeus_process import TOKEN, zeus

pytestmark = pytest.mark.slow

AUTH = {"Authorization": f"Bearer {TOKEN}"}


async def invited(client: httpx.AsyncClient, login: str, role: str) -> str:
    """The invitation."""
    body = {"login": login, "role": role}
    made = await client.post("/api/ocpp/users", json=body, headers=AUTH)
    assert made.status_code == 201, made.text
    return str(made.json()["invitation"])


async def signed_in(url: str) -> tuple[httpx.AsyncClient, dict[str, str]]:
    """An operator with an authenticator; (the browser, what it shows with a change)."""
    browser = httpx.AsyncClient(base_url=url, timeout=120)
    accepted = {"invitation": await invited(browser, "ann", "operator"), "password": PASSWORD}
    assert (await browser.post("/api/ocpp/sign-in/invitation", json=accepted)).status_code == 204
    first = await browser.post("/api/ocpp/sign-in", json={"login": "ann", "password": PASSWORD})
    assert first.json()["state"] == "enrol", first.text
    shown = {"Origin": url, "X-CSRF-Token": first.json()["csrf"]}
    offered = (await browser.post("/api/ocpp/me/totp", headers=shown)).json()
    code = {"code": code_of(offered["secret"])}
    confirmed = await browser.post("/api/ocpp/me/totp/confirm", json=code, headers=shown)
    assert confirmed.json()["state"] == "signed_in", confirmed.text
    return browser, {"Origin": url, "X-CSRF-Token": confirmed.json()["csrf"]}


async def test_a_session_outlives_the_server_and_hashing_is_bounded() -> None:
    with zeus() as server:
        url = f"http://127.0.0.1:{server.port}"
        browser, shown = await signed_in(url)
        assert browser.cookies.get("zeus"), "on this machine without https"
        server.kill()
        await asyncio.to_thread(server.start)
        me = (await browser.get("/api/ocpp/me")).json()
        assert (me["state"], me["role"], me["label"]) == ("signed_in", "operator", "ann")
        guesses = [
            browser.post("/api/ocpp/sign-in", json={"login": f"nobody{n}", "password": PASSWORD})
            for n in range(40)
        ]
        answers = [one.status_code for one in await asyncio.gather(*guesses)]
        assert set(answers) == {401, 503}, "sixteen are under way, the others are told to come again"
        assert answers.count(401) >= 16
        out = await browser.post("/api/ocpp/sign-out", headers=shown)
        assert out.status_code == 204, out.text
        assert (await browser.get("/api/ocpp/me")).status_code == 401
        await browser.aclose()
