"""Given profiles wanted, taken, refused and dropped, their rows; and what can be asked of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import Phase, given, settings

from domain.charging_profiles.book import Ack
from domain.charging_profiles.events import (
    Cleared,
    Ending,
    Installed,
    Lapsed,
    Lost,
    Origin,
    Refused,
    Wanted,
    Withdrawn,
)
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule, Unit
from domain.event import Fact
from projections.charging_profiles import queries
from tests.domain.charging_profiles.lives import Move, World, lived, stories
from tests.projections.stories import START, TENANT, Log, project, reading, rows, told

TABLE = "ocpp_charging_profiles"


def stream(cpid: str = "CP1") -> str:
    return f"charging-profiles/{TENANT}/{cpid}"


def profile(number: int = 1, limit: str = "16.0", **changes: Any) -> ChargingProfile:
    plain = ChargingProfile(
        profile_id=number,
        stack_level=number,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        schedules=(
            Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(limit)),), start_at=START),
        ),
    )
    return msgspec.structs.replace(plain, **changes)


def schedules(limit: str) -> list[dict[str, Any]]:
    periods = [{"start_s": 0, "limit": limit}]
    return [{"unit": "A", "periods": periods, "start_at": START.isoformat().replace("+00:00", "Z")}]


def row_after(dsn: str, *facts: Fact) -> dict[str, Any]:
    """The only row, after the facts, one a minute."""
    log = Log(dsn)
    log.tell(*((stream(), fact, told(n)) for n, fact in enumerate(facts)))
    project(dsn)
    (row,) = rows(dsn, TABLE)
    return row


def test_a_profile_wanted_and_taken(postgres_dsn: str) -> None:
    ends = START + timedelta(days=1)
    tx = profile(purpose=Purpose.TX, transaction="42", valid_to=ends)
    row = row_after(
        postgres_dsn,
        Wanted(profile=tx, evse_id=2, origin=Origin.DLM),
        Installed(profile=tx, evse_id=2, command="c7"),
    )
    assert (row["charger"], row["profile_id"], row["evse_id"]) == ("CP1", 1, 2)
    assert (row["purpose"], row["stack_level"], row["kind"]) == ("TxProfile", 1, "Absolute")
    assert (row["transaction"], row["valid_from"], row["valid_to"]) == ("42", None, ends)
    assert (row["origin"], row["state"], row["command"]) == ("dlm", "installed", "c7")
    assert row["desired"] == row["installed"] == schedules("16.0")
    assert (row["wanted_at"], row["installed_at"]) == (START, START + timedelta(minutes=1))


def test_a_refusal_and_a_second_try(postgres_dsn: str) -> None:
    first = (Wanted(profile=profile(), evse_id=1), Refused(profile_id=1, status="Rejected", reason="full"))
    row = row_after(postgres_dsn, *first)
    assert (row["state"], row["status"], row["reason"]) == ("refused", "Rejected", "full")
    assert (row["installed"], row["installed_at"]) == (None, None)


def test_a_refused_profile_wanted_otherwise_is_pending_and_what_stands_is_shown(postgres_dsn: str) -> None:
    row = row_after(
        postgres_dsn,
        Wanted(profile=profile(), evse_id=1),
        Installed(profile=profile(), evse_id=1),
        Wanted(profile=profile(limit="10"), evse_id=2),
        Refused(profile_id=1, status="Rejected"),
        Wanted(profile=profile(limit="6"), evse_id=2),
        Installed(profile=profile(limit="10"), evse_id=2, command="late", outdated=True),
    )
    assert (row["state"], row["status"], row["evse_id"], row["installed_evse_id"]) == ("pending", None, 2, 2)
    assert (row["desired"], row["installed"]) == (schedules("6"), schedules("10"))


def test_what_nobody_wants_is_shown_as_held_until_it_is_cleared(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for number, last in enumerate(
        (
            Withdrawn(profile_id=1, replaced_by=9),
            Lapsed(profile_id=2, why=Ending.EXPIRED),
            Lapsed(profile_id=3, why=Ending.TRANSACTION_ENDED),
            Lost(profile_id=4),
            Cleared(profile_id=5, replaced_by=9),
        ),
        start=1,
    ):
        one = profile(number)
        log.tell((stream(), Wanted(profile=one, evse_id=0), told(0)))
        log.tell((stream(), Installed(profile=one, evse_id=0), told(1)))
        log.tell((stream(), last, told(2)))
    project(postgres_dsn)
    found = rows(postgres_dsn, TABLE, "profile_id")
    assert [(row["state"], row["installed"] is not None, row["desired"] is not None) for row in found] == [
        ("withdrawn", True, False),
        ("lapsed", True, False),
        ("lapsed", False, False),
        ("pending", False, True),
        ("cleared", False, True),
    ]
    assert [row["replaced_by"] for row in found] == [9, None, None, None, 9]
    assert found[0]["ended_at"] == START + timedelta(minutes=2)


def test_the_rows_say_what_the_books_say(postgres_dsn: str) -> None:
    worlds: list[World] = []

    @settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
    @given(stories)
    def live(story: list[Move]) -> None:
        world = lived(story, replaces=len(worlds) % 2 == 0)
        if world.log:
            worlds.append(world)

    live()
    log = Log(postgres_dsn)
    for number, world in enumerate(worlds):
        log.tell(*((stream(f"CP{number}"), event.fact, event.told) for event in world.log))
    project(postgres_dsn, batch=7)
    found = {(row["charger"], row["profile_id"]): row for row in rows(postgres_dsn, TABLE)}
    assert found
    for number, world in enumerate(worlds):
        mine = {key[1]: row for key, row in found.items() if key[0] == f"CP{number}"}
        wanted = {n: row["state"] for n, row in mine.items() if row["desired"] is not None}
        assert wanted == {n: str(one.ack) for n, one in world.book.wanted.items()}
        for n, row in mine.items():
            assert (row["state"] in list(Ack)) == (n in wanted)
            held = world.book.held.get(n)
            if held is None or held.sure:
                assert (row["installed"] is not None) == (held is not None), (number, n)
            if held is not None and held.sure:
                limit = held.placed.profile.schedules[0].periods[0].limit
                assert row["installed"][0]["periods"][0]["limit"] == str(limit)
                assert row["installed_evse_id"] == held.placed.evse_id
                assert held.placed.since is not None
                assert row["installed_at"] >= held.placed.since


def test_lists(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for cpid in ("CP1", "CP2"):
        for number in range(1, 4):
            log.tell((stream(cpid), Wanted(profile=profile(number), evse_id=number % 2), told(number)))
    log.tell((stream("CP1"), Installed(profile=profile(1), evse_id=1), told(5)))
    log.tell(
        (stream("CP1"), Withdrawn(profile_id=1), told(6)), (stream("CP1"), Withdrawn(profile_id=2), told(6))
    )
    log.tell((stream("CP2"), Refused(profile_id=3, status="Rejected"), told(7)))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:

        def ids(**wanted: Any) -> list[str]:
            found: list[str] = []
            after: Any = None
            while True:
                page = queries.list_charging_profiles(
                    connection, TENANT, queries.ChargingProfileFilter(**wanted), after=after, limit=2
                )
                found += [f"{row.charger}/{row.profile_id}" for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert len(ids()) == 6
        assert ids(charger="cp1") == ["CP1/1", "CP1/2", "CP1/3"]
        assert ids(charger="CP1", current=True) == ["CP1/1", "CP1/3"]
        assert ids(current=False) == ["CP1/2"]
        assert ids(state="refused") == ["CP2/3"]
        assert ids(evse_id=0) == ["CP1/2", "CP2/2"]
        assert ids(purpose="TxProfile") == ids(origin="tariff") == []
        one = queries.find_charging_profile(connection, TENANT, "cp2", 3)
        assert one is not None
        assert (one.state, one.status) == ("refused", "Rejected")
        assert msgspec.json.encode(one)
        assert queries.find_charging_profile(connection, TENANT, "cp2", 9) is None
        assert queries.list_charging_profiles(connection, "other").rows == ()
