"""Requests made to confuse: refused with a word, done by nobody, and seen by nobody else."""

import csv
import io
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import connect
from sqlalchemy import Engine

from adapters.http.access import Caller, OneToken, Right
from adapters.http.app import build_app
from adapters.http.csv_table import csv_lines
from adapters.http.install_card import render_card
from adapters.http.install_card_links import InstallCards
from adapters.http.route import Shape
from application import clock
from application.fleet import Fleet
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, TOKEN, client_of
from tests.adapters.http.conftest import engine as engine
from tests.adapters.http.conftest import house as house
from tests.adapters.http.services import House
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker

API = "/api/ocpp"
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


class Named(OneToken):
    """Another caller of the same tenant, or of another."""

    def __init__(self, tenant: str, name: str) -> None:
        super().__init__(tenant, TOKEN)
        self._caller = Caller(tenant, name, frozenset(Right))


def title(response: httpx.Response) -> str:
    return str(response.json()["type"]).rsplit(":", 1)[-1]


def events_in(house: House) -> int:
    with connect(house.dsn) as connection:
        row = connection.execute("SELECT count(*) FROM eventstore.stored_events").fetchone()
    assert row is not None
    return int(row[0])


async def test_sec_29_a_stolen_idempotency_key_gives_nobody_the_answer_of_another(
    house: House, engine: Engine
) -> None:
    await house.project()
    fleet: Fleet = InMemoryBroker().open_fleet()

    def serving(tenant: str, name: str) -> Any:
        return build_app(
            SETTINGS,
            engine=engine,
            access=Named(tenant, name),
            gateway=house.workplace.gateway,
            store=house.store,
            services=house.services,
            keys=fleet.keys,
        )

    body = {"cpid": "CP-KEY", "security_profile": 1}
    key = {"Idempotency-Key": "stolen"}
    apps = [serving(TENANT, "key:ann"), serving(TENANT, "key:eve")]
    answers = []
    for app in apps:
        async with client_of(app, {**AUTH, **key}) as client:
            answers.append(await client.post(f"{API}/chargers", json=body))
        app.database.close()
    first, second = answers
    assert first.status_code == 201
    assert (second.status_code, title(second)) == (409, "exists"), "done anew for her, and refused as such"
    assert first.json()["password"] not in second.text
    again = serving(TENANT, "key:ann")
    async with client_of(again, {**AUTH, **key}) as client:
        replayed = await client.post(f"{API}/chargers", json=body)
        other_body = await client.post(f"{API}/chargers", json={**body, "name": "other"})
    again.database.close()
    assert replayed.headers["idempotent-replayed"] == "true"
    assert replayed.json()["password"] is None, "shown once"
    assert (other_body.status_code, title(other_body)) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"cpid":"A","cpid":"B"}', 400),
        (b'{"cpid":"A","security_profile":1e999}', 400),
        (b'{"cpid":"A","security_profile":NaN}', 400),
        (b"[" * 100_00 + b"]" * 100_00, 400),
        (b'{"cpid":' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}", 400),
        (b'{"cpid":"' + b"x" * 70_000 + b'"}', 413),
        (b'{"cpid":"A\xff"}', 400),
        (b'{"cpid":"A\\u0000"}', 422),
        (b'{"cpid":"../../etc/passwd"}', 422),
        (b'{"cpid":"A","admin":true}', 422),
        (b'{"cpid":' + b"9" * 5_000 + b"}", 400),
    ],
)
async def test_sec_13_bodies_that_readers_understand_differently_do_nothing(
    house: House, raw: bytes, status: int
) -> None:
    before = events_in(house)
    headers = {"content-type": "application/json"}
    answer = await house.client.post(f"{API}/chargers", content=raw, headers=headers)
    assert answer.status_code == status, answer.text
    assert len(answer.content) < 4_000
    assert events_in(house) == before
    assert (await house.client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\..\\win.ini", "/etc/shadow", "a/../../b", "\u202egnp.exe", "..", "."]
)
async def test_sec_17_a_name_of_a_file_is_never_a_path(house: House, name: str) -> None:
    answer = await house.client.post(
        f"{API}/artefacts",
        content=b"firmware",
        headers={"content-type": "application/octet-stream"},
        params={"name": name},
    )
    assert answer.status_code == 201, answer.text
    kept = answer.json()["name"]
    assert "/" not in kept
    assert "\\" not in kept
    assert kept not in ("", ".", "..")
    assert "\u202e" not in kept
    await house.project()
    content = await house.client.get(f"{API}/artefacts/{answer.json()['id']}/content")
    disposition = content.headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert "\n" not in disposition
    assert content.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e", "a%00b", "....//....//"])
async def test_sec_17_an_id_of_a_file_is_never_a_path(house: House, path: str) -> None:
    await house.project()
    answer = await house.client.get(f"{API}/artefacts/{path}/content")
    assert answer.status_code == 404
    assert "root:" not in answer.text


async def test_sec_12_a_spoofed_host_is_in_no_link_once_the_address_is_set(house: House) -> None:
    answer = await house.client.post(
        f"{API}/chargers",
        json={"cpid": "CP-HOST", "security_profile": 1},
        headers={"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "gopher"},
    )
    assert answer.status_code == 201
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    "header", ["", "Basic YTpi", "Bearer", "Bearer ", f"bearer{TOKEN}", f"Bearer {TOKEN}x"]
)
async def test_sec_30_a_wrong_token_opens_nothing_and_is_not_repeated(house: House, header: str) -> None:
    await house.project()
    headers = {"authorization": header}
    answer = await house.client.get(f"{API}/chargers", headers=headers)
    assert answer.status_code == 401
    assert TOKEN not in answer.text


class Told(Shape):
    """What a charger said of itself."""

    vendor: str
    words: list[str]


FORMULAS = st.sampled_from(["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "  =1", "＝1"])


@given(FORMULAS | st.text(max_size=20), st.lists(FORMULAS | st.text(max_size=9), max_size=3))
def test_sec_19_no_cell_of_a_table_is_a_formula(vendor: str, words: list[str]) -> None:
    raw = csv_lines(["vendor", "words"], [Told(vendor=vendor, words=words)]).decode()
    (row,) = csv.reader(io.StringIO(raw, newline=""))
    assert len(row) == 2
    for cell in row:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


def test_sec_19_a_card_shows_hostile_words_as_words() -> None:
    cards = InstallCards(InMemoryEventStore(), "t", b"s")
    card = cards.card("https://csms.example", "CP<b>1", 1, password="p<i>w", name=HOSTILE, site=HOSTILE)
    page = render_card(card, clock.now())
    for tag in ("<script", "<img src=x", "<b>1", "<i>w"):
        assert tag not in page
