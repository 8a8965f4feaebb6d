"""What every place where sessions are kept does."""

from datetime import UTC, datetime, timedelta

import pytest

from application.fleet import FleetUnavailable
from application.sessions import IDLE, Session, Sessions, Stage

NOW = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)


def session(n: int, user: str = "u", tenant: str = "acme", **more: object) -> Session:
    """A session of somebody."""
    kept: dict[str, object] = {
        "digest": f"{tenant}-{n}",
        "handle": f"{n:022x}",
        "tenant": tenant,
        "user_id": user,
        "epoch": 3,
        "stage": Stage.FULL,
        "proof": "password",
        "began_at": NOW,
        "seen_at": NOW,
        "ends_at": NOW + timedelta(hours=12),
        "remote": "203.0.113.5",
        "agent": "Firefox “☃”",
    }
    return Session(**{**kept, **more})  # type: ignore[arg-type]


class SessionsContract:
    """Mix a fixture `sessions` in."""

    async def test_what_is_begun_is_found_as_it_was(self, sessions: Sessions) -> None:
        kept = session(1, stage=Stage.CODE)
        await sessions.begin(kept)
        assert await sessions.find(kept.digest) == kept
        assert await sessions.find("other") is None

    async def test_it_is_seen_later_and_never_earlier(self, sessions: Sessions) -> None:
        await sessions.begin(session(1))
        later = NOW + timedelta(minutes=5)
        for at in (later, NOW):
            await sessions.touch("acme-1", at)
        found = await sessions.find("acme-1")
        assert found is not None
        assert found.seen_at == later
        await sessions.touch("gone", later)

    async def test_those_of_a_person_are_his_the_newest_first(self, sessions: Sessions) -> None:
        for kept in (session(1), session(2), session(3, user="v"), session(4, tenant="hera")):
            await sessions.begin(kept)
        assert [one.digest for one in await sessions.of_user("acme", "u")] == ["acme-2", "acme-1"]
        assert await sessions.of_user("acme", "nobody") == []

    async def test_one_is_ended_by_its_owner_alone_and_once(self, sessions: Sessions) -> None:
        await sessions.begin(session(1))
        handle = session(1).handle
        assert not await sessions.end("acme", "v", handle)
        assert not await sessions.end("hera", "u", handle)
        assert not await sessions.end("acme", "u", "no\0such")
        assert [await sessions.end("acme", "u", handle) for _ in range(2)] == [True, False]
        assert await sessions.find("acme-1") is None

    async def test_all_of_a_person_are_ended_but_one(self, sessions: Sessions) -> None:
        for kept in (session(1), session(2), session(3), session(4, user="v"), session(5, tenant="hera")):
            await sessions.begin(kept)
        await sessions.end_all("acme", "u", but="acme-2")
        left = [one for one in ("acme-1", "acme-2", "acme-3", "acme-4", "hera-5") if await sessions.find(one)]
        assert left == ["acme-2", "acme-4", "hera-5"]
        await sessions.end_all("acme", "u")
        assert await sessions.find("acme-2") is None

    async def test_what_holds_no_more_is_swept_away_and_nothing_else(self, sessions: Sessions) -> None:
        old = session(1, ends_at=NOW)
        idle = session(2, seen_at=NOW - IDLE)
        good = session(3, seen_at=NOW - IDLE + timedelta(seconds=1))
        for kept in (old, idle, good):
            await sessions.begin(kept)
        assert [kept.holds(NOW) for kept in (old, idle, good)] == [False, False, True]
        await sessions.sweep(NOW)
        assert [await sessions.find(one.digest) is not None for one in (old, idle, good)] == [
            False,
            False,
            True,
        ]

    async def test_where_they_cannot_be_reached_it_is_said(self, unreachable: Sessions) -> None:
        with pytest.raises(FleetUnavailable):
            await unreachable.find("x")
        with pytest.raises(FleetUnavailable):
            await unreachable.begin(session(1))
