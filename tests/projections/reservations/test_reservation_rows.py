"""Given what happened to reservations, their rows; and what can be asked of them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.event import Fact
from domain.identity import IdToken
from domain.reservations import events as reservation
from projections.reservations import queries
from projections.reservations.projection import Reservations
from projections.streams import session_id
from tests.projections.stories import START, TENANT, Log, project, reading, rows, told, transaction_of

UNTIL = START + timedelta(hours=1)


def of(cpid: str = "CP1") -> str:
    return f"reservations/{TENANT}/{cpid}"


def asked(number: int = 7, **more: Any) -> reservation.Requested:
    terms = {"evse_id": 1, "id_token": IdToken("Ann"), "expires_at": UNTIL, "command": f"c{number}"}
    return reservation.Requested(reservation_id=number, **(terms | more))


def agreed(number: int = 7, **more: Any) -> reservation.Confirmed:
    terms = {"evse_id": 1, "id_token": IdToken("Ann"), "expires_at": UNTIL, "command": f"c{number}"}
    return reservation.Confirmed(reservation_id=number, **(terms | more))


def tell(dsn: str, *facts: Fact | tuple[str, Fact]) -> dict[int, dict[str, Any]]:
    """Project the facts, one a minute; the rows by number."""
    pairs = [fact if isinstance(fact, tuple) else (of(), fact) for fact in facts]
    Log(dsn).tell(*((path, fact, told(n)) for n, (path, fact) in enumerate(pairs)))
    project(dsn, Reservations())
    return {row["reservation_id"]: row for row in rows(dsn, "ocpp_reservations")}


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def test_asked_for_and_agreed_to(postgres_dsn: str) -> None:
    family = {"id_token": IdToken("Ann", "ISO14443"), "group": "family", "evse_id": 0, "connector_id": 2}
    found = tell(postgres_dsn, asked(7, **family), asked(8), agreed(7, **family))
    row = found[7]
    assert (row["charger"], row["evse_id"], row["connector_id"], row["token"]) == ("CP1", 0, 2, "Ann")
    assert (row["kind"], row["group"], row["expires_at"]) == ("ISO14443", "family", UNTIL)
    assert (row["state"], row["made_at"], row["settled_at"]) == ("active", START, minute(2))
    assert (row["command"], row["made_by"], row["ended_at"]) == ("c7", "charger", None)
    assert (found[8]["state"], found[8]["settled_at"], found[8]["group"]) == ("requested", None, None)


def test_every_end(postgres_dsn: str) -> None:
    tx = transaction_of("t1")
    ends: dict[int, tuple[Fact, str, str]] = {
        1: (reservation.Refused(reservation_id=1, status="Occupied"), "refused", "Occupied"),
        2: (reservation.Refused(reservation_id=2, status="Error", reason="x"), "refused", "Error: x"),
        3: (reservation.Used(reservation_id=3, transaction=tx, evse_id=1, by="group"), "used", "group"),
        4: (reservation.Expired(reservation_id=4), "expired", "time"),
        5: (reservation.Cancelled(reservation_id=5, by="user:ann"), "cancelled", "user:ann"),
        6: (reservation.Lost(reservation_id=6, why="Faulted"), "lost", "Faulted"),
    }
    found = tell(postgres_dsn, *map(asked, ends), *(fact for fact, _, _ in ends.values()))
    for number, (_, state, by) in ends.items():
        row = found[number]
        assert (row["state"], row["ended_by"], row["ended_at"]) == (state, by, minute(5 + number))
        assert row["session"] == (session_id(tx) if number == 3 else None)


def test_new_terms_count_when_the_charger_has_agreed(postgres_dsn: str) -> None:
    later = UNTIL + timedelta(hours=1)
    again = [asked(n, evse_id=2, expires_at=later, replaces=True, command="again") for n in (1, 2, 3)]
    found = tell(
        postgres_dsn,
        *(fact for n in (1, 2, 3) for fact in (asked(n), agreed(n))),
        *again,
        agreed(1, evse_id=2, expires_at=later, command="again"),
        reservation.Refused(reservation_id=2, status="Occupied", command="again", stands="active"),
        reservation.OutcomeUnknown(reservation_id=3, command="again", stands="active"),
    )
    assert [(row["state"], row["evse_id"]) for row in found.values()] == [
        ("active", 2),
        ("active", 1),
        ("active", 1),
    ]
    assert (found[1]["expires_at"], found[2]["expires_at"]) == (later, UNTIL)
    assert (found[2]["refusal"], found[2]["ended_at"], found[2]["command"]) == ("Occupied", None, "again")


def test_an_unknown_outcome_and_a_cancellation_that_failed(postgres_dsn: str) -> None:
    found = tell(
        postgres_dsn,
        asked(1),
        reservation.OutcomeUnknown(reservation_id=1, command="c1"),
        asked(2),
        agreed(2),
        reservation.CancellationRequested(reservation_id=2, command="x"),
        reservation.CancellationFailed(reservation_id=2, command="x", why="no answer"),
    )
    assert found[1]["state"] == "unknown"
    assert (found[2]["state"], found[2]["command"], found[2]["refusal"]) == ("active", "x", "no answer")


def test_what_does_not_fit_is_told_where_there_is_a_row(postgres_dsn: str) -> None:
    tx = transaction_of("t1")
    numbers = (7, 8, 0, -5, 2**40)
    misfits = [reservation.Mismatched(reservation_id=n, transaction=tx, why="wrong_token") for n in numbers]
    found = tell(postgres_dsn, asked(7), *misfits)
    assert set(found) == {7}
    row = found[7]
    assert (row["state"], row["mismatch"], row["mismatch_session"]) == (
        "requested",
        "wrong_token",
        session_id(tx),
    )


def test_a_number_that_is_drawn_again_begins_anew(postgres_dsn: str) -> None:
    once = tell(postgres_dsn, asked(1), agreed(1), reservation.Lost(reservation_id=1, why="x"), asked(1))
    assert (once[1]["state"], once[1]["made_at"]) == ("requested", minute(3))
    assert (once[1]["ended_at"], once[1]["ended_by"], once[1]["settled_at"]) == (None, None, None)


def test_lists(postgres_dsn: str) -> None:
    tell(
        postgres_dsn,
        *((of(f"CP{n % 2}"), asked(n + 1, evse_id=n % 3, id_token=IdToken(f"tok{n % 4}"))) for n in range(9)),
        (of("CP0"), agreed(1)),
        (of("CP1"), reservation.Expired(reservation_id=2)),
        (of("CP0"), reservation.OutcomeUnknown(reservation_id=3)),
    )
    with reading(postgres_dsn).connect() as connection:

        def numbers(tenant: str = TENANT, **wanted: Any) -> list[int]:
            found: list[int] = []
            after: Any = None
            while True:
                page = queries.list_reservations(
                    connection, tenant, queries.ReservationFilter(**wanted), after=after, limit=2
                )
                found += [row.reservation_id for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert numbers() == list(range(9, 0, -1))
        assert numbers(charger="cp0") == [9, 7, 5, 3, 1]
        assert numbers(evse_id=0) == [7, 4]
        assert numbers(id_token="TOK1") == [6, 2]
        assert numbers(state="active") == [1]
        assert numbers(open=False) == [2]
        assert numbers(open=True) == [9, 8, 7, 6, 5, 4, 3, 1]
        assert numbers("other") == []
        one = queries.reservation(connection, TENANT, "cp0", 3)
        assert one is not None
        assert (one.state, msgspec.json.encode(one) != b"") == ("unknown", True)
        assert queries.reservation(connection, TENANT, "CP1", 3) is None


def test_due_for_expiry(postgres_dsn: str) -> None:
    def until(hours: int) -> datetime:
        return START + timedelta(hours=hours)

    tell(
        postgres_dsn,
        (of("CP2"), asked(1, expires_at=until(2))),
        (of("CP2"), asked(2, expires_at=until(9))),
        (of("CP1"), asked(3, expires_at=until(3))),
        (of("CP3"), asked(4, expires_at=until(1))),
        (of("CP3"), reservation.Expired(reservation_id=4)),
        (of("CP1"), asked(5, expires_at=until(1))),
        (of("CP1"), agreed(5, expires_at=until(1))),
    )
    with reading(postgres_dsn).connect() as connection:
        assert queries.due_for_expiry(connection, until(0)) == []
        assert queries.due_for_expiry(connection, until(1)) == [(TENANT, "CP1")]
        assert queries.due_for_expiry(connection, until(3)) == [(TENANT, "CP1"), (TENANT, "CP2")]
        assert queries.due_for_expiry(connection, until(3), limit=1) == [(TENANT, "CP1")]
