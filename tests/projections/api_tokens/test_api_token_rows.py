"""Given tokens issued, used and revoked, their rows; and what can be asked of them."""

from datetime import timedelta

from domain.tenants import events as tenant
from domain.tenants.roles import Role
from projections.api_tokens import queries
from tests.projections.stories import START, TENANT, Log, project, reading, rows, told

HERE, THERE = f"api-token/{TENANT}", "api-token/other"


def issued(name: str, days: int | None = None) -> tenant.TokenIssued:
    end = None if days is None else START + timedelta(days=days)
    return tenant.TokenIssued(
        token_id=name, name=f"of {name}", role=Role.VIEWER, digest="d1gest", expires_at=end
    )


def test_tokens_have_a_state_and_a_last_use_and_no_digest(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    log.tell(
        (f"{HERE}/a", issued("a"), told(0)),
        (f"{HERE}/b", issued("b", days=1), told(1)),
        (f"{HERE}/c", issued("c"), told(1)),
        (f"{THERE}/a", issued("foreign"), told(1)),
        (f"{HERE}/a", tenant.TokenSeen(), told(2)),
        (f"{HERE}/c", tenant.TokenRevoked(reason="lost"), told(3)),
    )
    project(postgres_dsn)
    assert "d1gest" not in str(rows(postgres_dsn, "zeus_api_tokens"))
    now = START + timedelta(days=2)
    with reading(postgres_dsn).connect() as connection:
        page = queries.list_api_tokens(connection, TENANT, now=now)
        assert [(row.id, row.state) for row in page.rows] == [
            ("c", "revoked"),
            ("b", "expired"),
            ("a", "active"),
        ]
        a = queries.get_api_token(connection, TENANT, "a", now=now)
        c = queries.get_api_token(connection, TENANT, "c", now=now)
        assert a is not None
        assert c is not None
        assert (a.name, a.role, a.issued_at) == ("of a", "viewer", START)
        assert a.last_seen_at == START + timedelta(minutes=2)
        assert (c.revoked_at, c.revoke_reason) == (START + timedelta(minutes=3), "lost")
        assert queries.get_api_token(connection, "other", "b", now=now) is None
        for state in ("active", "expired", "revoked"):
            found = queries.list_api_tokens(connection, TENANT, now=now, state=state)
            assert [row.state for row in found.rows] == [state]
        first = queries.list_api_tokens(connection, TENANT, now=now, limit=1)
        rest = queries.list_api_tokens(connection, TENANT, now=now, after=first.next)
        assert [row.id for row in (*first.rows, *rest.rows)] == ["c", "b", "a"]
