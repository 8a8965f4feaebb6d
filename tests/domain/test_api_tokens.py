"""Laws of API tokens: what opens, and that nothing of a secret is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event, Fact, Told, events_of
from domain.tenants.api_token import (
    MOST_CHARGERS,
    SEEN_EVERY,
    ApiToken,
    ApiTokenExists,
    ApiTokenUnknown,
    Presented,
    ScopeImpossible,
    TokenImpossible,
    digest_of,
    taken_apart,
    token_stream,
    written,
)
from domain.tenants.events import TokenIssued, TokenRevoked, TokenSeen
from domain.tenants.roles import RIGHTS, Right, Role
from domain.tenants.tenant import SLUG, SlugUnusable, Tenant, TenantExists, is_slug, tenant_stream

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
slugs = st.from_regex(SLUG, fullmatch=True).filter(is_slug)
ids = st.binary(min_size=11, max_size=11).map(bytes.hex)
secrets = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_"), min_size=43)
moments = st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda span: NOON + span)


def issued(tenant: str, token_id: str, secret: str, expires_at: datetime | None = None) -> ApiToken:
    """A token that was issued at noon."""
    token = ApiToken(token_stream(tenant, token_id))
    digest = digest_of(token.stream, secret)
    fact = TokenIssued(token_id=token_id, name="n", role=Role.VIEWER, digest=digest, expires_at=expires_at)
    return told(token, token.issue(fact, NOON))


def told(token: ApiToken, facts: Sequence[Fact], at: datetime = NOON) -> ApiToken:
    """With these facts."""
    for event in events_of(token.stream, token.version, facts, Told(recorded_at=at)):
        token.when(event)
    return token


@given(tenant=slugs, token_id=ids, secret=secrets)
def test_a_token_reads_as_it_was_written(tenant: str, token_id: str, secret: str) -> None:
    text = written(tenant, token_id, secret)
    assert taken_apart(text) == Presented(tenant, token_id, secret)
    assert secret not in repr(taken_apart(text))


@given(text=st.text() | st.text(alphabet="zeus_-0a/", max_size=80))
def test_any_text_is_taken_apart_or_turned_down(text: str) -> None:
    found = taken_apart(text)
    assert found is None or written(found.tenant, found.id, found.secret) == text


@given(tenant=slugs, token_id=ids, secret=secrets, other=secrets, at=moments)
def test_only_its_own_secret_opens(tenant: str, token_id: str, secret: str, other: str, at: datetime) -> None:
    token = issued(tenant, token_id, secret)
    assert token.opens(secret, at)
    assert token.opens(other, at) == (other == secret)
    assert not token.opens("", at)
    assert not ApiToken(token.stream).opens(secret, at)


@given(tenant=slugs, token_id=ids, secret=secrets, end=moments, at=moments, revoked_at=moments)
def test_a_token_that_is_revoked_or_over_never_opens(
    tenant: str, token_id: str, secret: str, end: datetime, at: datetime, revoked_at: datetime
) -> None:
    end += timedelta(seconds=1)
    token = issued(tenant, token_id, secret, end)
    assert token.opens(secret, at) == (at < end)
    told(token, token.revoke("lost"), revoked_at)
    for fact in (TokenSeen(), TokenRevoked()):
        assert not token.opens(secret, at)
        told(token, [fact])
    assert not token.opens(secret, at)
    assert token.revoke("again") == []


@given(tenant=slugs, elsewhere=slugs, token_id=ids, secret=secrets)
def test_the_digest_is_not_the_secret_and_of_no_use_elsewhere(
    tenant: str, elsewhere: str, token_id: str, secret: str
) -> None:
    token = issued(tenant, token_id, secret)
    assert token.issued is not None
    digest = token.issued.digest
    assert secret not in digest
    assert digest not in secret
    assert not token.opens(digest, NOON)
    assert secret not in msgspec.json.encode(token).decode()
    if elsewhere != tenant:
        assert digest_of(token_stream(elsewhere, token_id), secret) != digest


def test_a_use_is_recorded_once_an_hour() -> None:
    token = issued("t", "0" * 22, "s")
    told(token, token.see(NOON))
    assert token.seen_at == NOON
    assert token.see(NOON + SEEN_EVERY - timedelta(seconds=1)) == []
    assert token.see(NOON + SEEN_EVERY) == [TokenSeen()]


def test_what_cannot_be_a_token_is_refused() -> None:
    token = ApiToken(token_stream("t", "0" * 22))
    plain: dict[str, Any] = {"token_id": "0" * 22, "role": Role.VIEWER, "digest": "d"}
    for name, end in ((" ", None), ("", None), ("x" * 101, None), ("a\nb", None), ("n", NOON)):
        with pytest.raises(TokenImpossible):
            token.issue(TokenIssued(name=name, expires_at=end, **plain), NOON)
    with pytest.raises(ApiTokenUnknown):
        token.revoke("")
    with pytest.raises(ApiTokenUnknown):
        assert token.role
    told(token, token.issue(TokenIssued(name="n", **plain), NOON))
    with pytest.raises(ApiTokenExists):
        token.issue(TokenIssued(name="n", **plain), NOON)


@given(st.sampled_from(Role), st.sets(st.sampled_from(Right)))
def test_sec_30_a_token_never_has_a_right_that_its_role_lacks(role: Role, rights: set[Right]) -> None:
    token = ApiToken(token_stream("t", "0" * 22))
    wanted = TokenIssued(token_id="0" * 22, name="n", digest="d", role=role, rights=tuple(rights))
    if not rights <= role.rights:
        with pytest.raises(ScopeImpossible):
            token.issue(wanted, NOON)
        return
    told(token, token.issue(wanted, NOON))
    assert token.rights == (rights or role.rights)


def test_a_token_is_narrowed_to_so_many_chargers() -> None:
    token = ApiToken(token_stream("t", "0" * 22))
    plain: dict[str, Any] = {"token_id": "0" * 22, "name": "n", "role": Role.VIEWER, "digest": "d"}
    names = tuple(f"CP{n}" for n in range(MOST_CHARGERS + 1))
    assert token.issue(TokenIssued(chargers=names[1:], **plain), NOON)
    with pytest.raises(ScopeImpossible):
        token.issue(TokenIssued(chargers=names, **plain), NOON)


def test_a_fact_is_taken_in_once() -> None:
    token = issued("t", "0" * 22, "s")
    event: Event[Fact] = events_of(token.stream, token.version, [TokenRevoked()], Told(recorded_at=NOON))[0]
    token.when(event)
    before = msgspec.json.encode(token)
    token.when(event)
    assert msgspec.json.encode(token) == before


def test_roles_grow_from_viewing_and_only_one_sees_all_tenants() -> None:
    assert set(RIGHTS) == set(Role)
    assert all(Right.READ in role.rights for role in Role)
    assert [role for role in Role if Right.PLATFORM in role.rights] == [Role.PLATFORM_ADMIN]
    assert {role for role in Role if Right.ADMINISTER in role.rights} == {
        Role.TENANT_ADMIN,
        Role.PLATFORM_ADMIN,
    }
    assert Role.AUDITOR.rights == {Right.READ, Right.AUDIT, Right.PERSONAL}
    assert Role.VIEWER.rights < Role.OPERATOR.rights < Role.INSTALLER.rights < Role.ENGINEER.rights
    assert Role.ENGINEER.rights < Role.TENANT_ADMIN.rights < Role.PLATFORM_ADMIN.rights == frozenset(Right)


@given(slug=slugs, name=st.text())
def test_a_tenant_is_founded_once_and_suspended_and_resumed(slug: str, name: str) -> None:
    tenant = Tenant(tenant_stream(slug))
    for facts in (tenant.found(slug, name), tenant.suspend("r")):
        for event in events_of(tenant.stream, tenant.version, facts, Told(recorded_at=NOON)):
            tenant.when(event)
            tenant.when(event)
    assert (tenant.founded, tenant.suspended, tenant.name) == (True, True, name)
    with pytest.raises(TenantExists):
        tenant.found(slug, name)
    assert tenant.suspend("again") == []
    for event in events_of(tenant.stream, tenant.version, tenant.resume(), Told(recorded_at=NOON)):
        tenant.when(event)
    assert not tenant.suspended
    assert tenant.resume() == []


@pytest.mark.parametrize("slug", ["", "A", "-a", "a/b", "a_b", "x" * 32, "ocpp", "é", "a\n"])
def test_a_slug_that_cannot_be_is_refused(slug: str) -> None:
    with pytest.raises(SlugUnusable):
        Tenant("tenant/-/self").found(slug, "")
