"""People sign in by a provider: a real one in a process of its own, and one that lies in every way there is."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import Engine

from adapters.http.services import Services
from adapters.oidc.fetching import Fetch
from adapters.oidc.providers import FRESH_S, KEYS_EVERY_S, OpenIdConnect
from application.oidc import OidcDesk, ProviderBook
from application.tenants import Directory
from domain.people.provider import GroupRole
from domain.tenants.roles import Role
from tests.adapters.http.conftest import AUTH
from tests.adapters.http.lobby import API, ORIGIN, TENANT, Browser, Lobby, lobby
from tests.adapters.http.services import KEYS
from tests.adapters.http.test_rules import problem
from tests.oidc_server import provider

GROUPS = (GroupRole("admins", Role.TENANT_ADMIN), GroupRole("crew", Role.OPERATOR))


class Time:
    """Of what is known of providers; goes by hand."""

    seconds = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@pytest.fixture(scope="module")
def idp() -> Iterator[str]:
    """A provider for the tests of this module."""
    with provider() as address:
        yield address


@pytest.fixture
def watch() -> Time:
    """For what is remembered of providers."""
    return Time()


@pytest.fixture
async def here(
    postgres_dsn: str, engine: Engine, tmp_path: Path, idp: str, watch: Time
) -> AsyncIterator[Lobby]:
    """Two processes, and a tenant with a provider."""
    await lie_to(idp, "")
    providers = OpenIdConnect(Fetch(loopback=True), watch)

    def with_providers(services: Services) -> Services:
        desk = services.people.desk
        oidc = OidcDesk(desk, Directory(services.store, TENANT), providers)
        return replace(services, people=replace(services.people, oidc=oidc))

    async with lobby(postgres_dsn, engine, tmp_path, with_providers) as place:
        book = ProviderBook(place.store, KEYS, TENANT, "user:root")
        await book.choose(idp, "zeus", "s3cret", GROUPS, plain=True)
        yield place
    await providers.close()


def somebody(idp: str, sub: str = "ann", **claims: object) -> None:
    """Who signs in at the provider."""
    said = {"email": f"{sub}@acme.example", "name": sub.title(), "groups": ["crew"], **claims}
    httpx.put(f"{idp}/users/{sub}", json=said).raise_for_status()


async def lie_to(idp: str, how: str) -> None:
    """What is wrong with the tokens and documents that follow; nothing where it is empty."""
    async with httpx.AsyncClient() as client:
        (await client.post(f"{idp}/lie", json={"how": how})).raise_for_status()


async def there_and_back(browser: Browser, sub: str = "ann") -> tuple[httpx.Response, str]:
    """As a browser goes; (the last answer, the address it was sent back to)."""
    away = await browser.get("/oidc/sign-in")
    assert away.status_code == 303, away.text
    async with httpx.AsyncClient() as at_the_provider:
        agreed = await at_the_provider.post(away.headers["location"], data={"sub": sub})
    assert agreed.status_code == 302, agreed.text
    back = agreed.headers["location"]
    return await return_to(browser, back), back


async def return_to(browser: Browser, back: str) -> httpx.Response:
    """From another site, as browsers say."""
    return await browser.client.get(back, headers={"Sec-Fetch-Site": "cross-site"})


def events(dsn: str, kind: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [
            text
            for (text,) in connection.execute(
                "SELECT convert_from(state, 'UTF8') FROM eventstore.stored_events WHERE topic = %s "
                "ORDER BY notification_id",
                (kind,),
            )
        ]


async def test_the_way_there_and_back_with_pkce_state_and_nonce(here: Lobby, idp: str) -> None:
    somebody(idp)
    browser = await here.browser()
    away = await browser.get("/oidc/sign-in")
    asked = {name: value[0] for name, value in parse_qs(urlsplit(away.headers["location"]).query).items()}
    assert asked["redirect_uri"] == f"{ORIGIN}{API}/oidc/callback"
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == (
        "code",
        "S256",
        "zeus",
    )
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    sealed = str(browser.client.cookies.get("__Host-zeus-oidc"))
    assert not [one for one in (asked["state"], asked["nonce"]) if one in sealed]
    answer, _ = await there_and_back(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.client.cookies.get("__Host-zeus-oidc") is None
    me = (await browser.get("/me")).json()
    assert (me["label"], me["role"], me["state"]) == ("Ann", "operator", "signed_in")
    elsewhere = await here.elsewhere(browser, 1)
    assert (await elsewhere.get("/me/sessions")).json()["items"][0]["proof"] == "oidc"
    await here.project()
    row = (await browser.get("/users", headers=AUTH)).json()["items"][0]
    assert (row["login"], row["provider"], row["state"]) == ("ann@acme.example", idp, "active")


async def test_whoever_comes_again_is_the_same_person_whatever_he_is_called(here: Lobby, idp: str) -> None:
    somebody(idp)
    first, second = await here.browser(), await here.browser(1)
    await there_and_back(first)
    somebody(idp, email="ann.lee@acme.example", name="Ann Lee", groups=["crew", "admins"])
    await there_and_back(second)
    names = [(await one.get("/me")).status_code for one in (first, second)]
    assert names == [401, 200], "another role ends the former session"
    me = (await second.get("/me")).json()
    assert (me["label"], me["role"]) == ("Ann Lee", "tenant_admin")
    assert len(events(here.dsn, "user.added")) == 1


async def test_who_is_in_no_group_any_more_is_out_and_may_come_back(here: Lobby, idp: str) -> None:
    somebody(idp)
    browser, again = await here.browser(), await here.browser()
    await there_and_back(browser)
    somebody(idp, groups=["gardeners"])
    answer, _ = await there_and_back(again)
    problem(answer, 401, "sign_in_refused")
    problem(await browser.get("/me"), 401, "unauthenticated")
    assert '"by_provider":true' in events(here.dsn, "user.disabled")[0]
    somebody(idp)
    answer, _ = await there_and_back(again)
    assert answer.status_code == 303
    assert (await again.get("/me")).status_code == 200


async def test_a_stranger_without_a_group_leaves_nothing_behind(here: Lobby, idp: str) -> None:
    somebody(idp, "eve", groups=["gardeners"])
    answer, _ = await there_and_back(await here.browser(), "eve")
    problem(answer, 401, "sign_in_refused")
    assert events(here.dsn, "user.added") == []


async def test_whom_a_person_disabled_no_provider_lets_in(here: Lobby, idp: str) -> None:
    somebody(idp)
    browser = await here.browser()
    await there_and_back(browser)
    name = (await browser.get("/me")).json()["name"][5:]
    await here.people.disable(name, "left")
    answer, _ = await there_and_back(browser)
    problem(answer, 401, "sign_in_refused")
    assert events(here.dsn, "user.enabled") == []


async def test_a_provider_links_nobody_to_a_person_of_the_same_login(here: Lobby, idp: str) -> None:
    """An address at a provider proves nothing about a password here."""
    ours = await here.employ("ann@acme.example", Role.VIEWER)
    somebody(idp)
    browser = await here.browser()
    await there_and_back(browser)
    assert (await browser.get("/me")).json()["name"] != f"user:{ours}"


@pytest.mark.parametrize(
    "lie",
    [
        "key", "none", "hmac", "body", "aud", "aud_list", "azp", "iss", "nonce", "expired", "old", "future",
        "nbf", "sub", "no_exp", "no_token", "rubbish",
    ],
)  # fmt: skip
async def test_sec_26_a_forged_token_lets_nobody_in(here: Lobby, idp: str, lie: str) -> None:
    somebody(idp)
    await lie_to(idp, lie)
    browser = await here.browser()
    answer, _ = await there_and_back(browser)
    problem(answer, 401, "sign_in_refused")
    problem(await browser.get("/me"), 401, "unauthenticated")
    assert events(here.dsn, "user.signed_in") == []
    await lie_to(idp, "")
    answer, _ = await there_and_back(browser)
    assert answer.status_code == 303, "the lie was all that was wrong"


async def test_groups_may_be_told_apart_but_of_nobody_else(here: Lobby, idp: str) -> None:
    """A claim that the token lacks is asked for; an answer about another subject counts for nothing."""
    somebody(idp, groups=None)
    await lie_to(idp, "userinfo")
    answer, _ = await there_and_back(await here.browser())
    problem(answer, 401, "sign_in_refused")


async def test_keys_rotate(here: Lobby, idp: str, watch: Time) -> None:
    somebody(idp)
    browser = await here.browser()
    await there_and_back(browser)
    await lie_to(idp, "rotated")
    answer, _ = await there_and_back(browser)
    problem(answer, 401, "sign_in_refused")  # the keys were asked for a moment ago
    watch.seconds += KEYS_EVERY_S
    answer, _ = await there_and_back(browser)
    assert answer.status_code == 303
    watch.seconds += FRESH_S
    await lie_to(idp, "")
    answer, _ = await there_and_back(browser)
    assert answer.status_code == 303, "and the former key may come back"


@pytest.mark.parametrize("lie", ["issuer", "inner", "redirect", "large"])
async def test_sec_17_a_document_leads_into_no_inner_network(
    here: Lobby, idp: str, watch: Time, lie: str
) -> None:
    somebody(idp)
    watch.seconds += FRESH_S
    await lie_to(idp, lie)
    browser = await here.browser()
    away = await browser.get("/oidc/sign-in")
    if lie == "inner":  # the browser may go; the code is taken nowhere
        async with httpx.AsyncClient() as at_the_provider:
            agreed = await at_the_provider.post(away.headers["location"], data={"sub": "ann"})
        away = await return_to(browser, agreed.headers["location"])
    problem(away, 502, "provider_away")
    assert "meta-data" not in away.text


async def test_a_code_is_of_use_to_the_browser_that_asked_and_once(here: Lobby, idp: str) -> None:
    somebody(idp)
    browser, thief = await here.browser(), await here.browser(1)
    away = await browser.get("/oidc/sign-in")
    async with httpx.AsyncClient() as at_the_provider:
        agreed = await at_the_provider.post(away.headers["location"], data={"sub": "ann"})
    back = agreed.headers["location"]
    problem(await return_to(thief, back), 401, "sign_in_refused")
    await thief.get("/oidc/sign-in")  # with an errand of her own: the state is another's
    problem(await return_to(thief, back), 401, "sign_in_refused")
    errand = str(browser.client.cookies.get("__Host-zeus-oidc"))
    problem(await return_to(browser, back + "&iss=https://other.example"), 401, "sign_in_refused")
    assert (await return_to(browser, back)).status_code == 303
    browser.client.cookies.set("__Host-zeus-oidc", errand)
    problem(await return_to(browser, back), 502, "provider_away")  # the provider knows the code no more
    for query in ("", "?error=access_denied&state=x", "?code=x&state=x"):
        problem(await return_to(thief, f"{ORIGIN}{API}/oidc/callback{query}"), 401, "sign_in_refused")


async def test_without_a_provider_there_is_nothing_here(here: Lobby) -> None:
    browser = await here.browser()
    for tenant in ("hera", "nobody", "-", "ZEUS", ""):
        if tenant == "":
            await ProviderBook(here.store, KEYS, TENANT, "user:root").drop("moved")
        problem(await browser.get(f"/oidc/sign-in?tenant={tenant}"), 404, "not_found")
    problem(await browser.get("/oidc/provider", headers=AUTH), 404, "not_found")


async def test_the_secret_is_sealed_and_shown_to_nobody(here: Lobby, idp: str) -> None:
    browser = await here.browser()
    shown = (await browser.get("/oidc/provider", headers=AUTH)).json()
    assert shown == {
        "issuer": idp,
        "client_id": "zeus",
        "confidential": True,
        "groups_claim": "groups",
        "roles": [{"group": "admins", "role": "tenant_admin"}, {"group": "crew", "role": "operator"}],
        "scopes": ["openid", "profile", "email"],
        "redirect_uri": f"{ORIGIN}{API}/oidc/callback",
    }
    assert "s3cret" not in str(events(here.dsn, "oidc.provider_chosen"))


async def test_the_second_factor_is_the_providers_business(here: Lobby, idp: str) -> None:
    somebody(idp, groups=["admins"])
    browser = await here.browser()
    await there_and_back(browser)
    me = (await browser.get("/me")).json()
    assert me["state"] == "signed_in"
    browser.csrf = me["csrf"]
    problem(await browser.post("/me/totp"), 409, "not_a_person")
    problem(await browser.post("/me/password", {"current": "x", "new": "y"}), 409, "not_a_person")
