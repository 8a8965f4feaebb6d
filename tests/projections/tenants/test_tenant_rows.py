"""Given tenants founded, suspended and resumed, their rows."""

from datetime import timedelta

from domain.tenants import events as tenant
from projections.tenants.queries import list_tenants
from tests.projections.stories import START, Log, project, reading, told


def test_tenants_are_listed_with_their_standing(postgres_dsn: str) -> None:
    Log(postgres_dsn).tell(
        ("tenant/b/self", tenant.Founded(slug="b", name="Bee"), told(0)),
        ("tenant/a/self", tenant.Founded(slug="a"), told(1)),
        ("tenant/b/self", tenant.Suspended(reason="late"), told(2)),
        ("tenant/a/self", tenant.Suspended(), told(3)),
        ("tenant/a/self", tenant.Resumed(), told(4)),
        ("tenant/settings/self", tenant.Suspended(), told(5)),
    )
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        a, b, settings = list_tenants(connection)
    assert (a.tenant, a.name, a.founded_at, a.suspended_at) == ("a", "", START + timedelta(minutes=1), None)
    assert (b.name, b.suspended_at, b.reason) == ("Bee", START + timedelta(minutes=2), "late")
    assert settings.founded_at is None
    assert settings.suspended_at is not None
