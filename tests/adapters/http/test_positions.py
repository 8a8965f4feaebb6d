"""SEC-25: what a tenant sees of places in the log tells nothing about the others, and is of use to it alone."""

import itertools
import re
from base64 import urlsafe_b64decode
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.http.cursors import Cursors, Place
from adapters.http.positions import Positions, PositionUnreadable
from adapters.http.problems import Problem
from tests.adapters.http.conftest import SETTINGS
from tests.adapters.http.test_tenants_matrix import NAMED, ROWS, Ask, named, send
from tests.adapters.http.two_tenants import API, OURS, two_tenants

POSITIONS = Positions(b"secret")
PLACES = st.integers(0, 2**63 - 1)
TENANTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)


@given(TENANTS, PLACES)
def test_sec_25_a_place_is_found_again_by_its_tenant_and_nobody_else(tenant: str, position: int) -> None:
    text = POSITIONS.hide(tenant, position)
    assert POSITIONS.find(tenant, text) == position
    assert POSITIONS.hide(tenant, position) == text
    assert Positions(b"secret").find(tenant, text) == position, "any process of the installation"
    for other in (tenant + "x", "other"):
        with pytest.raises(PositionUnreadable):
            POSITIONS.find(other, text)
    with pytest.raises(PositionUnreadable):
        Positions(b"another installation").find(tenant, text)


@given(st.text(max_size=40) | st.text("ABCabc0189-_", min_size=22, max_size=22))
def test_sec_25_what_was_made_up_is_no_place(text: str) -> None:
    with pytest.raises(PositionUnreadable):
        POSITIONS.find("t", text)


def test_sec_25_one_place_has_one_spelling() -> None:
    text = POSITIONS.hide("t", 1)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + sign for sign in last if sign != text[-1]]
    for other in others:
        with pytest.raises(PositionUnreadable):
            POSITIONS.find("t", other)


def test_sec_25_neighbours_in_the_log_have_nothing_in_common() -> None:
    """Half of the bits differ, whatever the distance."""
    blocks = [int.from_bytes(urlsafe_b64decode(POSITIONS.hide("t", n) + "==")) for n in range(2_000)]
    differing = [(one ^ two).bit_count() for one, two in itertools.pairwise(blocks)]
    assert 62 < sum(differing) / len(differing) < 66
    rising = sum(one < two for one, two in itertools.pairwise(blocks))
    assert 900 < rising < 1_100


@given(PLACES)
def test_sec_25_a_cursor_shows_no_place_and_is_good_for_its_tenant_alone(position: int) -> None:
    cursors, key = Cursors(b"secret"), ["2026-11-26T00:00:00Z", position]
    place = Place("t", "/messages", {})
    cursor = cursors.make(key, place)
    raw = urlsafe_b64decode(cursor + "==")
    plain = msgspec.json.encode(key)
    assert plain not in raw
    assert b"2026" not in raw
    assert cursors.read(cursor, place, tuple[str, int]) == (key[0], position)
    for elsewhere in (Place("u", "/messages", {}), Place("t", "/messages", {"charger": "X"})):
        with pytest.raises(Problem):
            cursors.read(cursor, elsewhere, tuple[str, int])


def opened(word: str) -> bytes:
    """What a curious client would look at."""
    return urlsafe_b64decode(word[: len(word) // 4 * 4])


FAR = 7_000_000_000
"""No other number of these answers is as large."""


async def test_sec_25_no_answer_holds_a_number_that_counts_up_over_tenants(
    postgres_dsn: str, engine: Engine, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(
            f"ALTER TABLE eventstore.stored_events ALTER COLUMN notification_id RESTART WITH {FAR}"
        )
    async with two_tenants(postgres_dsn, engine, tmp_path) as two:
        ids = named(two, two.ids[OURS])
        asks = [
            Ask(path, None, {"limit": "1"}) for (method, path), row in ROWS.items() if row.key is not None
        ]
        asks += [ask for (method, _), some in NAMED.items() if method == "GET" for ask in some]
        asks += [
            Ask(path)
            for (_, path) in ROWS
            if path.startswith("/reports/") and path != "/reports/uptime/intervals"
        ]
        asks.append(Ask("/reports/uptime/intervals", None, {"charger": "CP-1", "evse": "1"}))
        seen = 0
        for ask in asks:
            if ask.path == "/events":
                continue  # which does not end: tests/adapters/http/test_live_streams.py
            answer = await send(two.client(OURS), "GET", ask, ids)
            seen += answer.is_success
            told = answer.text + str(answer.headers)
            assert str(FAR)[:6] not in told, ask.path
            for word in re.findall(r"[A-Za-z0-9_-]{22,}", told):
                assert str(FAR)[:6].encode() not in opened(word), ask.path
        assert seen > 20
        kept = await two.client(OURS).get(f"{API}/messages", params={"limit": 1})
        position = Positions(SETTINGS.cursor_secret).find(OURS, kept.json()["items"][0]["position"])
        assert position >= FAR
        report = await two.client(OURS).get(f"{API}/reports/energy")
        assert Positions(SETTINGS.cursor_secret).find(OURS, report.json()["as_of_position"]) >= FAR
