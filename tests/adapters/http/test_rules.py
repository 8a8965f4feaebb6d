"""Rules that hold for every route: access, methods, parameters, problems."""

import re

import httpx
import pytest
from sqlalchemy import Connection, Engine

from adapters.http.access import OneToken, Right, TokenMissing
from adapters.http.action import Action
from adapters.http.api.routes import PREFIX, ROUTES
from adapters.http.app import build_app
from adapters.http.backing import Backing
from adapters.http.database import open_engine
from adapters.http.doorman import Doorman
from adapters.http.endpoint import Endpoint
from adapters.http.problems import KINDS
from adapters.http.route import EVERYWHERE, Route
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, TOKEN, World, client_of, gateway_on

READINGS = sorted({PREFIX + row.path for row in ROUTES if isinstance(row, Route)})
OF_NO_PERIOD = sorted(
    PREFIX + row.path
    for row in ROUTES
    if isinstance(row, Route) and not any(field.is_required() for field in row.query.model_fields.values())
)
OPEN = {"/sign-in", "/sign-in/invitation", "/oidc/sign-in", "/oidc/callback"}
"""Where a credential is got."""
METHODS: dict[str, set[str]] = {}
for _row in ROUTES:
    METHODS.setdefault(PREFIX + _row.path, {"OPTIONS"}).update(
        {"GET", "HEAD"} if _row.method == "GET" else {_row.method}
    )


def address(path: str) -> str:
    """A path with something in its places."""
    filled = path.replace("{cpid}", "NOBODY").replace("{id}", "aaaaaaaaaaaaaaaa")
    return re.sub(r"\{\w+\}", "1", filled)


def problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The body of a problem, checked for what all have in common."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:zeus:problem:{code}"
    assert body.keys() == {"type", "title", "status", "code", "detail", "errors"}
    return body


BAD_CREDENTIALS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    f"Basic {TOKEN}",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
    TOKEN,
)


async def test_no_good_token_is_answered_401(world: World) -> None:
    assert {row.path for row in ROUTES if row.public} == OPEN
    for row in (row for row in ROUTES if not row.public):
        for headers in ({}, *({"Authorization": bad} for bad in BAD_CREDENTIALS)):
            async with client_of(world.app, headers) as client:
                response = await client.request(row.method, address(PREFIX + row.path))
            problem(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith("Bearer")


async def test_unknown_parameters_are_named(world: World) -> None:
    for path in READINGS:
        body = problem(await world.client.get(address(path), params={"colour": "red"}), 422, "validation")
        named = [fault["name"] for fault in body["errors"]]  # type: ignore[attr-defined]
        assert named == ["colour"] if path in OF_NO_PERIOD else "colour" in named
        repeated = await world.client.get(address(path) + "?limit=1&limit=2")
        assert "limit" in str(problem(repeated, 422, "validation")["errors"])


async def test_a_wrong_method_is_told_the_right_ones(world: World) -> None:
    for path, methods in METHODS.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - methods:
            response = await world.client.request(method, address(path))
            problem(response, 405, "method_not_allowed")
            assert response.headers["allow"] == ", ".join(sorted(methods))


async def test_options_names_the_methods_without_a_token(world: World) -> None:
    async with client_of(world.app) as client:
        for path, methods in METHODS.items():
            response = await client.options(address(path))
            assert (response.status_code, response.headers["allow"]) == (204, ", ".join(sorted(methods)))


async def test_paths_that_do_not_exist_are_problems(world: World) -> None:
    for path in ("/api/ocpp", "/api/ocpp/", "/api/ocpp/nothing", "/nothing", "/api/ocpp/chargers/a/b/c"):
        problem(await world.client.get(path), 404, "not_found")


async def test_a_media_type_that_does_not_exist_is_406(world: World) -> None:
    response = await world.client.get(f"{PREFIX}/read-models", headers={"Accept": "image/png"})
    problem(response, 406, "not_acceptable")


async def test_a_caller_without_the_right_is_told_403(world: World) -> None:
    class Powerless(OneToken):
        def __init__(self) -> None:
            super().__init__(TENANT, TOKEN)
            self._caller = type(self._caller)(TENANT, "key:none", frozenset())

    route = next(route for route in ROUTES if route.path == "/read-models")
    backing = Backing(Doorman(Powerless()), world.app.database, None)  # type: ignore[arg-type]
    for one in world.app.routes:
        if getattr(one, "path", "") == PREFIX + route.path:
            one.app = Endpoint(PREFIX + route.path, {"GET": route}, backing)  # type: ignore[attr-defined]
    body = problem(await world.client.get(f"{PREFIX}/read-models"), 403, "role")
    assert Right.PLATFORM in str(body["detail"])


async def test_a_database_that_is_down_is_503_and_says_when_to_come_again(world: World) -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    app = build_app(
        SETTINGS,
        engine=engine,
        access=OneToken(TENANT, TOKEN),
        gateway=gateway_on(world.store),
        store=world.store,
    )
    async with client_of(app, AUTH) as client:
        for path in OF_NO_PERIOD:
            response = await client.get(address(path))
            problem(response, 503, "database_unavailable")
            assert int(response.headers["retry-after"]) > 0
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["state"]) == (503, "not_ready")
        assert "database" in ready.json()["reasons"]
        assert (await client.get("/livez")).status_code == 200
        assert "csms_database_up 0.0" in (await client.get("/metrics")).text
    app.database.close()
    engine.dispose()


async def test_a_query_that_takes_too_long_is_ended(postgres_dsn: str) -> None:
    from adapters.http.database import Database
    from adapters.http.problems import Problem

    engine = open_engine(postgres_dsn, statement_s=0.05)
    database = Database(engine)

    def sleep(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(30)")

    with pytest.raises(Problem) as caught:
        await database.read(sleep, "zeus")
    assert caught.value.code == "too_slow"
    database.close()
    engine.dispose()


async def test_the_api_cannot_write(world: World, engine: Engine) -> None:
    def write(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE mine (a integer)")

    with pytest.raises(Exception, match="read-only"):
        await world.app.database.read(write, "zeus")


def test_every_error_a_route_names_exists() -> None:
    for route in ROUTES:
        assert {*route.errors, *EVERYWHERE} <= KINDS.keys()


def test_rows_have_what_their_conventions_need() -> None:
    for row in ROUTES:
        if isinstance(row, Action):
            assert "{cpid}" in row.path or not row.command, row.path
            assert "version_conflict" in row.errors or not row.if_match, row.path
            assert row.method != "GET" or row.statuses == (200,) or row.command, row.path
            assert (row.response is None) == (set(row.statuses) <= {204}), row.path
        assert not row.version or row.etag, row.path


def test_an_empty_token_is_refused_and_a_short_one_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TokenMissing):
        OneToken(TENANT, " ")
    OneToken(TENANT, "short")
    assert "can be guessed" in caplog.text
