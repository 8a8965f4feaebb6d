"""`/tokens`: by which credentials programs act for the tenant."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.commands import one_of
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Problem, not_found
from adapters.http.route import Asked, Body, Page, PageQuery, Query, Shape
from adapters.http.services import Services
from domain.identity import InvalidChargerId
from domain.tenants.api_token import (
    LONGEST_NAME,
    MOST_CHARGERS,
    ApiTokenExists,
    ApiTokenUnknown,
    ScopeImpossible,
    TokenImpossible,
    is_token_id,
)
from domain.tenants.roles import Right, Role
from projections.api_tokens import queries

RightName = Literal["read", "operate", "configure", "engineer", "audit", "administer", "platform"]
RoleName = Literal["viewer", "operator", "installer", "engineer", "tenant_admin", "auditor", "platform_admin"]


class TokensQuery(PageQuery):
    """The newest first."""

    state: Literal["active", "expired", "revoked"] | None = None


class RevokeQuery(Query):
    """Why it goes."""

    reason: str = Field("", max_length=200, description="For whoever reads the log later.")


class NewToken(Body):
    """A token for a program, or for a person's own scripts."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="What it is for.")
    role: RoleName = Field(description="With no right that you lack yourself.")
    expires_at: AwareDatetime | None = Field(None, description="It opens nothing from then on; null: no end.")
    rights: list[RightName] = Field(
        default=[], max_length=20, description="Only these of the role; empty: all of them."
    )
    chargers: list[Annotated[str, Field(min_length=1, max_length=48)]] = Field(
        default=[],
        max_length=MOST_CHARGERS,
        description="Good for these alone, and for nothing that is about no charger; empty: no such limit.",
    )


class IssuedTokenShape(Shape):
    """A token that was made."""

    id: str
    name: str
    role: str
    expires_at: datetime | None
    rights: list[str] = Field(description="The only ones of the role; empty: all.")
    chargers: list[str] = Field(description="The only chargers; empty: all.")
    token: str | None = Field(
        description="To be sent as `Authorization: Bearer <token>`. Shown this once; null in a repetition."
    )


class TokenShape(Shape):
    """A token, without anything of its secret."""

    id: str
    name: str | None
    role: str | None
    rights: list[str] = Field(description="The only ones of the role; empty: all.")
    chargers: list[str] = Field(description="The only chargers; empty: all.")
    state: str = Field(description="`active`, `expired` or `revoked`.")
    issued_at: datetime | None
    issued_by: str | None
    expires_at: datetime | None
    last_seen_at: datetime | None = Field(description="Its last use, to the hour; null: never used.")
    revoked_at: datetime | None
    revoked_by: str | None
    revoke_reason: str | None


def list_tokens(asked: Asked[TokensQuery]) -> Page[TokenShape]:
    """The tokens of your tenant; the one of the settings is not among them."""
    rows = queries.list_api_tokens(
        asked.connection,
        asked.caller.tenant,
        now=asked.now,
        state=asked.query.state,
        after=asked.after,
        limit=asked.query.limit,
    )
    return asked.page(TokenShape, rows)


def one_token(asked: Asked[PlainQuery]) -> TokenShape | None:
    """Who made it, when it was used, whether it still opens."""
    name = asked.path["id"]
    found = queries.get_api_token(
        asked.connection, asked.caller.tenant, name if is_token_id(name) else "-", now=asked.now
    )
    return None if found is None else TokenShape.model_validate(found)


async def issue_token(doing: Doing[PlainQuery, NewToken]) -> Answered:
    """Make a token; it is shown this once. Nobody gives a right away that he lacks."""
    services: Services = doing.services
    body, role = doing.body, Role(doing.body.role)
    wanted = role.rights & {Right(one) for one in body.rights} if body.rights else role.rights
    if not wanted <= doing.caller.rights:
        raise Problem("role", f"The role `{role}` has rights that you lack.")
    token_id = doing.key[:22]
    try:
        made = await services.tokens(doing.caller).issue(
            body.name,
            role,
            expires_at=body.expires_at,
            token_id=token_id,
            rights=[Right(one) for one in body.rights],
            chargers=body.chargers,
        )
    except ScopeImpossible as error:
        raise one_of("rights", " ".join((type(error).__doc__ or "").split())) from error
    except InvalidChargerId as error:
        raise one_of("chargers", " ".join((type(error).__doc__ or "").split())) from error
    except TokenImpossible as error:
        words = " ".join((type(error).__doc__ or "").split())
        raise one_of("expires_at" if body.name.isprintable() else "name", words) from error
    except ApiTokenExists:
        # The first answer was lost on its way: the token is there, and its secret is known to nobody.
        return _made(token_id, body, None)
    return _made(made.id, body, made.token)


async def revoke_token(doing: Doing[RevokeQuery, NoBody]) -> Answered:
    """It opens nothing any more, in every process within seconds; what is known of it stays."""
    services: Services = doing.services
    try:
        await services.tokens(doing.caller).revoke(doing.path["id"], doing.query.reason)
    except ApiTokenUnknown as error:
        raise not_found() from error
    return Answered(None, 204)


def _made(token_id: str, body: NewToken, token: str | None) -> Answered:
    shape = IssuedTokenShape(
        id=token_id,
        name=body.name,
        role=body.role,
        expires_at=body.expires_at,
        rights=[right for right in Right if right in body.rights],
        chargers=sorted({cpid.upper() for cpid in body.chargers}),
        token=token,
    )
    discreet = shape.model_copy(update={"token": None})
    return Answered(shape, 201, f"/api/ocpp/tokens/{token_id}", kept=discreet)
