"""`/oidc`: people come in by their tenant's provider."""

from typing import Any

from pydantic import ConfigDict, Field
from starlette.requests import Request

from adapters.http.action import Answered, Doing
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Problem, not_found
from adapters.http.route import Query, Shape
from adapters.http.services import Services
from adapters.http.session_cookie import (
    end_errand_cookie,
    errand_cookie,
    errand_in,
    set_cookie,
)
from application.oidc import OidcDesk, ProviderAway, load_provider
from application.sign_in import SignInFailed
from domain.people.provider import ProviderUnknown

CALLBACK = "/api/ocpp/oidc/callback"
HOME = "/"


class TenantQuery(Query):
    """Whose provider."""

    tenant: str = Field("", max_length=31, description="Its slug; the default tenant's where it is empty.")


class CallbackQuery(Query):
    """What the provider sends back; whatever else it sends is of no use here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str = Field("", max_length=4096)
    state: str = Field("", max_length=200)
    iss: str = Field("", max_length=1000, description="Some providers say who they are (RFC 9207).")
    error: str = Field("", max_length=200)


class GroupRoleShape(Shape):
    """Who is in the group has the role; the first that fits counts."""

    group: str
    role: str


class ProviderShape(Shape):
    """By whom people of the tenant sign in, without the secret."""

    issuer: str
    client_id: str
    confidential: bool = Field(description="A secret is kept for it.")
    groups_claim: str
    roles: list[GroupRoleShape]
    scopes: list[str]
    redirect_uri: str = Field(description="To be registered with the provider.")


async def show_provider(doing: Doing[PlainQuery, Any]) -> Answered | None:
    """The provider of your tenant; `zeus oidc choose` names it."""
    services: Services = doing.services
    chosen = (await load_provider(services.store, doing.caller.tenant)).chosen
    if chosen is None:
        return None
    return Answered(
        ProviderShape(
            issuer=chosen.issuer,
            client_id=chosen.client_id,
            confidential=bool(chosen.secret),
            groups_claim=chosen.groups_claim,
            roles=[GroupRoleShape(group=one.group, role=one.role) for one in chosen.roles],
            scopes=list(chosen.scopes),
            redirect_uri=doing.origin + CALLBACK,
        )
    )


async def go_to_provider(doing: Doing[TenantQuery, Any], request: Request) -> Answered:
    """Open this in a browser: it leads to the provider and back. What has to come back unchanged is in a cookie."""
    services: Services = doing.services
    set_cookie("", doing.origin)  # refuses before anybody is sent away
    tenant = doing.query.tenant or services.default_tenant
    try:
        address, errand = await _desk(services).begin(tenant, doing.origin + CALLBACK)
    except ProviderUnknown as error:
        raise not_found() from error
    except ProviderAway as error:
        raise Problem("provider_away", f"The provider cannot be used: {error}.") from error
    return Answered(None, 303, address, cookies=(errand_cookie(errand, doing.origin),))


async def return_from_provider(doing: Doing[CallbackQuery, Any], request: Request) -> Answered:
    """Where the provider sends the browser back to. A session begins, and the browser goes on to `/`."""
    services: Services = doing.services
    query, back = doing.query, doing.origin + CALLBACK
    errand = errand_in(request.headers.get("cookie", ""), doing.origin)
    try:
        admitted = await _desk(services).finish(errand, query.state, query.code, query.iss, back, doing.visit)
    except SignInFailed as error:
        raise Problem("sign_in_refused", "The provider's word lets nobody in here.") from error
    except ProviderAway as error:
        raise Problem("provider_away", f"The provider cannot be used: {error}.") from error
    cookies = (set_cookie(admitted.session_id, doing.origin), end_errand_cookie(doing.origin))
    return Answered(None, 303, HOME, cookies=cookies)


def _desk(services: Services) -> OidcDesk:
    if services.people.oidc is None:
        raise not_found()
    return services.people.oidc
