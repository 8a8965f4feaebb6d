"""Given what happens to people, their rows; and what can be asked of them."""

from datetime import timedelta

from domain.people import events as user
from domain.tenants.roles import Role
from projections.users import queries
from tests.projections.stories import START, TENANT, Log, project, reading, rows, told

HERE, THERE = f"user/{TENANT}", "user/other"


def added(name: str, login: str, **more: str) -> tuple[user.Added, user.Named]:
    return user.Added(user_id=name, role=Role.OPERATOR, **more), user.Named(login=login, name=login.title())


def test_people_have_a_state_and_nothing_of_what_proves_them(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    log.tell(
        *((f"{HERE}/a", fact, told(0)) for fact in added("a", "ann")),
        *((f"{HERE}/b", fact, told(1)) for fact in added("b", "bob")),
        *((f"{HERE}/c", fact, told(1)) for fact in added("c", "cleo", provider="https://idp")),
        *((f"{THERE}/a", fact, told(1)) for fact in added("a", "foreign")),
        (f"{HERE}/a", user.Invited(digest="d1gest", expires_at=START + timedelta(days=3)), told(1)),
        (f"{HERE}/b", user.PasswordChosen(verifier="v3rifier"), told(2)),
        (f"{HERE}/b", user.AuthenticatorOffered(secret="s3cret"), told(2)),
        (f"{HERE}/b", user.AuthenticatorEnrolled(), told(2)),
        (f"{HERE}/b", user.SignedIn(proof="password+code", session="s"), told(3)),
        (f"{HERE}/b", user.RoleChanged(role=Role.TENANT_ADMIN), told(4)),
        (f"{HERE}/c", user.Disabled(reason="gone"), told(5)),
    )
    project(postgres_dsn)
    kept = str(rows(postgres_dsn, "zeus_users"))
    assert not [word for word in ("d1gest", "v3rifier", "s3cret") if word in kept]
    with reading(postgres_dsn).connect() as connection:
        page = queries.list_users(connection, TENANT)
        assert [(row.id, row.login, row.state) for row in page.rows] == [
            ("c", "cleo", "disabled"),
            ("b", "bob", "active"),
            ("a", "ann", "invited"),
        ]
        for state, ids in (("invited", ["a"]), ("active", ["b"]), ("disabled", ["c"]), ("erased", [])):
            found = queries.list_users(connection, TENANT, state=state)  # type: ignore[arg-type]
            assert [row.id for row in found.rows] == ids
        assert [row.id for row in queries.list_users(connection, TENANT, role="tenant_admin").rows] == ["b"]
        b, c = (queries.get_user(connection, TENANT, name) for name in "bc")
        assert b is not None
        assert c is not None
        assert (b.role, b.authenticator, b.signed_in_at) == (
            "tenant_admin",
            True,
            START + timedelta(minutes=3),
        )
        assert (c.provider, c.reason) == ("https://idp", "gone")
        assert queries.get_user(connection, "other", "b") is None
        first = queries.list_users(connection, TENANT, limit=1)
        rest = queries.list_users(connection, TENANT, after=first.next)
        assert [row.id for row in (*first.rows, *rest.rows)] == ["c", "b", "a"]


def test_of_an_erased_person_no_name_is_left(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    log.tell(
        *((f"{HERE}/a", fact, told(0)) for fact in added("a", "ann")),
        (f"{HERE}/a", user.Erased(reason="asked"), told(1)),
    )
    project(postgres_dsn)
    assert "ann" not in str(rows(postgres_dsn, "zeus_users")).lower()
    with reading(postgres_dsn).connect() as connection:
        found = queries.get_user(connection, TENANT, "a")
    assert found is not None
    assert (found.state, found.login, found.name, found.reason) == ("erased", None, None, "asked")
