"""Whom the processes of `zeus serve` are to the database, and what they say of it."""

from tests.e2e.zeus_process import ZeusProcess


def test_sec_22_nothing_but_the_making_of_tables_is_done_by_the_owner(server: ZeusProcess) -> None:
    users: dict[str, set[str]] = {}
    for name, user in server.query(
        "SELECT application_name, usename FROM pg_stat_activity WHERE application_name LIKE 'zeus%' "
        "AND datname = current_database()"
    ):
        users.setdefault(str(name), set()).add(str(user))
    assert users.pop("zeus projections") == {"postgres"}, "makes tables, and works as zeus_engine"
    assert {name for name, of in users.items() if of == {"zeus_engine"}} == {
        "zeus log reader",
        "zeus follower",
        "zeus sealer",
        "zeus webhooks",
    }
    rest = {name: of for name, of in users.items() if of != {"zeus_engine"}}
    assert {"zeus event store", "zeus fleet", "zeus-api"} <= rest.keys()
    assert set().union(*rest.values()) == {"zeus_gateway"}


def test_sec_23_who_crosses_tenants_is_in_the_log(server: ZeusProcess) -> None:
    rows = server.query(
        "SELECT convert_from(state, 'UTF8')::jsonb #>> '{told,actor}', "
        "convert_from(state, 'UTF8')::jsonb #>> '{fact,role}', "
        "(convert_from(state, 'UTF8')::jsonb #>> '{fact,pid}')::int > 0 "
        "FROM eventstore.stored_events WHERE topic = 'crossing.begun'"
    )
    assert {("job:upkeep", "zeus_engine", True), ("job:projector", "zeus_engine", True)} <= set(rows)
