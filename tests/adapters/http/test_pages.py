"""What is outside the API: health, metrics, the front page, and the chargers' address in a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.http import health
from adapters.http.access import OneToken
from adapters.http.app import build_app
from adapters.http.database import open_engine
from adapters.http.problems import KINDS
from adapters.postgres import fleet_schema
from adapters.postgres.job_ledger import PostgresJobLedger
from adapters.postgres.link import PostgresLink
from domain.chargers.events import HandshakeRefused
from domain.event import Told, events_of
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, TOKEN, World, client_of, gateway_on

SUCCEEDED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _look_every_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(health, "FRESH_S", -1.0)
    monkeypatch.setattr("adapters.http.lag.FRESH_S", -1.0)
    return


def enter_read_model(dsn: str, *, position: int = 0, state: str = "running") -> None:
    """A row of the positions table, as the engine writes it."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO public.zeus_read_models (name, place, version, position, tables, state, error) "
            "VALUES ('status_board', 'live', 1, %s, '{}', %s, 'ValueError: poison') "
            "ON CONFLICT (name, place) DO UPDATE SET position = excluded.position, state = excluded.state",
            [position, state],
        )


async def append_something(world: World) -> None:
    """One event in the log."""
    fact = HandshakeRefused(cpid="X", reason="id_unknown", status=404)
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    await world.store.append(events_of(f"attempt/{TENANT}/1", 0, [fact], told))


async def test_livez_depends_on_nothing(world: World) -> None:
    async with client_of(world.app) as client:
        response = await client.get("/livez")
    assert (response.status_code, response.text) == (200, "ok\n")


async def test_readyz_follows_the_read_models(world: World) -> None:
    assert "read_models" in (await world.client.get("/readyz")).json()["reasons"]
    enter_read_model(world.dsn)
    ready = await world.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"state": "ready", "reasons": {}, "notes": {}})
    await append_something(world)
    with psycopg.connect(world.dsn) as connection:
        connection.execute("SET session_replication_role = replica")  # the log refuses UPDATE
        connection.execute("UPDATE eventstore.stored_events SET recorded_at = now() - interval '1 hour'")
    late = await world.client.get("/readyz")
    assert (late.status_code, late.json()["state"]) == (503, "not_ready")
    assert "status_board" in late.json()["reasons"]["read_models"]
    assert late.headers["retry-after"]


async def test_a_stopped_read_model_is_noted_but_sends_no_charger_away(world: World) -> None:
    await append_something(world)
    enter_read_model(world.dsn, state="stopped")
    response = await world.client.get("/readyz")
    assert response.status_code == 200
    assert "status_board" in response.json()["notes"]["read_models_stopped"]
    [item] = (await world.client.get("/api/ocpp/read-models")).json()["items"]
    assert (item["state"], item["error"], item["behind"]) == ("stopped", "ValueError: poison", 1)
    assert item["updated_at"].endswith("Z")


async def test_strangers_see_the_state_and_no_reason(world: World) -> None:
    async with client_of(world.app, {"Authorization": "Bearer wrong"}) as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"state": "not_ready"})


async def test_a_draining_process_is_not_ready_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_read_model(world.dsn)
    monkeypatch.setattr(health, "FRESH_S", 3600.0)
    assert (await world.client.get("/readyz")).status_code == 200
    world.gateway.draining = True
    response = await world.client.get("/readyz")
    assert (response.status_code, response.json()["state"]) == (503, "draining")


async def test_a_store_that_takes_no_writes_is_not_ready(world: World) -> None:
    enter_read_model(world.dsn)
    with psycopg.connect(world.dsn) as connection:
        connection.execute("ALTER TABLE eventstore.snapshots RENAME TO elsewhere")
    reasons = (await world.client.get("/readyz")).json()["reasons"]
    assert list(reasons) == ["event_store"]


async def test_metrics_count_what_passed_without_naming_chargers(world: World) -> None:
    enter_read_model(world.dsn)
    await append_something(world)
    counters = world.gateway.counters
    counters.answered("Heartbeat", 0.004)
    counters.handshake("refused", "id_unknown")
    counters.close(1006)
    counters.close(4711)
    counters.repairs(["trailing_comma"])
    await world.client.get("/api/ocpp/chargers/SECRET-BOX-7")
    fleet_schema.create(world.dsn)
    link = PostgresLink(world.dsn)
    await PostgresJobLedger(link).claim("retention", SUCCEEDED, timedelta(hours=1), "here:1")
    await PostgresJobLedger(link).finish("retention", SUCCEEDED, "here:1")
    await link.close()
    [job] = (await world.client.get("/api/ocpp/jobs")).json()["items"]
    assert (job["name"], job["runner"], job["running_since"]) == ("retention", "here:1", None)
    text = (await world.client.get("/metrics")).text
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["csms_events_appended_total", ()] == 1
    assert samples["csms_frames_total", (("action", "Heartbeat"), ("dir", "in"), ("type", "call"))] == 1
    assert samples["csms_inbound_seconds_count", (("action", "Heartbeat"),)] == 1
    assert samples["csms_inbound_seconds_bucket", (("action", "Heartbeat"), ("le", "0.005"))] == 1
    assert samples["csms_inbound_seconds_bucket", (("action", "Heartbeat"), ("le", "0.0025"))] == 0
    assert (
        samples["csms_handshake_total", (("profile", ""), ("reason", "id_unknown"), ("result", "refused"))]
        == 1
    )
    assert samples["csms_close_total", (("code", "1006"),)] == 1
    assert samples["csms_close_total", (("code", "0"),)] == 1
    assert samples["csms_projection_lag_events", (("place", "live"), ("projection", "status_board"))] == 1
    assert samples["csms_database_up", ()] == 1
    assert samples["csms_job_last_success_timestamp", (("job", "retention"),)] == SUCCEEDED.timestamp()
    assert samples["csms_job_runs_total", (("job", "retention"), ("result", "success"))] == 1
    assert "SECRET-BOX-7" not in text


async def test_metrics_want_the_token_unless_opened(world: World) -> None:
    async with client_of(world.app) as client:
        assert (await client.get("/metrics")).status_code == 401
    engine = open_engine(world.dsn)
    settings = type(SETTINGS)(version="1", cursor_secret=b"x", ocpp_versions=(), open_metrics=True)
    app = build_app(
        settings,
        engine=engine,
        access=OneToken(TENANT, TOKEN),
        gateway=gateway_on(world.store),
        store=world.store,
    )
    async with client_of(app) as client:
        assert (await client.get("/metrics")).status_code == 200
    app.database.close()
    engine.dispose()


class Outline(HTMLParser):
    """What a reader without eyes would meet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.references: list[str] = []
        self.lang = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.lang = self.lang or (given.get("lang") or "")
        if identity := given.get("id"):
            self.ids.add(identity)
        for name in ("href", "src", "action"):
            if address := given.get(name):
                self.references.append(address)
        if label := given.get("aria-labelledby"):
            assert label
            self.references.append(f"#{label}")


async def test_the_front_page_is_sound_and_asks_no_other_host(world: World) -> None:
    async with client_of(world.app) as client:
        response = await client.get("/")
    outline = Outline()
    outline.feed(response.text)
    assert (outline.lang, outline.tags.count("h1"), outline.tags.count("main")) == ("en", 1, 1)
    assert "script" not in outline.tags
    for reference in outline.references:
        assert reference.startswith(("/", "#")), reference
        if reference.startswith("#"):
            assert reference[1:] in outline.ids
    assert "ws://zeus.test/ocpp/1.6/" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    for path in {reference for reference in outline.references if reference.startswith("/")}:
        assert (await world.client.get(path)).status_code != 404, path


async def test_a_forged_host_is_escaped_on_the_front_page(world: World) -> None:
    response = await world.client.get("/", headers={"Host": 'x"><script>alert(1)</script>'})
    assert "<script>" not in response.text


async def test_a_browser_at_the_chargers_address_is_told_what_it_is(world: World) -> None:
    async with client_of(world.app) as client:
        for path in ("/ocpp", "/ocpp/", "/ocpp/1.6/CP1", "/ocpp/1.6/a/b"):
            response = await client.get(path)
            assert response.status_code == 426
            assert response.headers["upgrade"] == "websocket"
            assert "WebSocket" in response.text
        assert (await client.post("/ocpp/1.6/CP1")).status_code == 405


async def test_an_error_on_our_side_has_a_body_and_a_log_line(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("adapters.http.landing.Landing.render", broken)
    response = await world.client.get("/")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["code"], response.json()["title"]) == ("internal", KINDS["internal"].title)
    assert "secret detail" not in response.text
    number = re.search(r"[0-9a-f]{22}", response.json()["detail"])
    assert number is not None
    assert number[0] == response.headers["x-request-id"]
    assert number[0] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_head_is_get_without_a_body(world: World) -> None:
    for path in ("/", "/livez", "/api/ocpp/read-models"):
        response = await world.client.head(path, headers=AUTH)
        assert response.status_code == 200
