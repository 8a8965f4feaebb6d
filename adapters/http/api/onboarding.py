"""`/chargers`, `/provisioning`: chargers made known, described, given passwords, let in and put out of use."""

import asyncio
from urllib.parse import quote

from pydantic import Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api import provisioning
from adapters.http.api.chargers import visible_charger
from adapters.http.api.commands import ask, charger_of, one_of, problem_of
from adapters.http.api.control import PlainQuery
from adapters.http.api.provisioning_shapes import (
    ChargerPatch,
    NewCharger,
    NewCredential,
    NewWindow,
    UnknownIds,
)
from adapters.http.api.values import Instant
from adapters.http.install_card import HEADERS
from adapters.http.problems import Problem
from adapters.http.route import Asked, Query, Shape
from adapters.http.services import Services
from application import clock
from application.fleet import FleetUnavailable
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.credentials import LENGTH, OFFERS
from domain.chargers.provisioning import Standing
from domain.commands.settings import ChangePassword
from domain.desired_state.templates import AUTO
from domain.identity import ChargerId


class UnknownQuery(Query):
    """How far to look back, and how much to show."""

    limit: int = Field(20, ge=1, le=200, description="How many ids, the newest first.")
    since: Instant | None = Field(
        None, alias="from", description="At or after, by our clock; the last seven days where left out."
    )


class AbilitiesShape(Shape):
    """What a charger can be asked, as far as it told."""

    cpid: str
    protocol: str = Field(description="The OCPP version of its last connection; empty: it never came.")
    feature_profiles: list[str] | None = Field(
        description="1.6 SupportedFeatureProfiles; null: never told, so nothing is ruled out."
    )
    connectors: int | None = Field(description="1.6 NumberOfConnectors.")
    tethered: bool = Field(description="A fixed cable: nothing to unlock.")
    accepted: bool | None = Field(description="Its boot was answered with Accepted.")
    offered: dict[str, str] = Field(
        description="Everything that can be wanted (docs/commands.md) → why this charger cannot be asked for it; "
        "empty where it can. Nothing before its first connection."
    )


async def add_charger(doing: Doing[PlainQuery, NewCharger]) -> Answered:
    """Endpoint 2. The password is shown this once: a repetition with the same key is answered without it."""
    services: Services = doing.services
    body, caller = doing.body, doing.caller
    wishes = services.desired_state(caller)
    if body.template not in ("", AUTO, *(one.name for one in await wishes.templates())):
        raise one_of("template", "There is no template of this name.")
    made = await provisioning.add_charger(
        body, services.registry(caller), services.cards(caller), origin=doing.origin, now=doing.now
    )
    if body.template:
        await wishes.choose_template(made.cpid, body.template)
        # It is not connected: nobody has to be told, and no broker that is down may cost the password.
        await services.registry(caller).begin_guidance(made.cpid)
    location = f"/api/ocpp/chargers/{quote(ChargerId.of(caller.tenant, made.cpid).key, safe='')}"
    return Answered(made, 201, location, kept=provisioning.without_secret(made))


async def patch_charger(doing: Doing[PlainQuery, ChargerPatch]) -> Answered:
    """Endpoint 4. A charger that is disabled or retired is disconnected by the process that has its socket."""
    services: Services = doing.services
    match = doing.if_match
    expected = None if match is None or match.anything else match.versions

    async def turn_out(charger: ChargerId) -> None:
        await services.notify(charger, Services.UNWELCOME)

    try:
        changed = await provisioning.patch_charger(
            doing.path["cpid"],
            doing.body,
            services.registry(doing.caller),
            turn_out,
            expected=expected,
        )
    except FleetUnavailable as error:
        raise problem_of(error) from error
    return Answered(changed)


async def new_credential(doing: Doing[PlainQuery, NewCredential]) -> Answered | None:
    """Endpoint 5. By hand the password is shown this once; over OCPP nobody sees it, and the former one is good
    until the charger uses the new one."""
    services: Services = doing.services
    if doing.body.via == "ocpp":
        return await _credential_over_ocpp(doing, services)
    shown = await provisioning.new_credential(
        doing.path["cpid"],
        doing.body,
        services.registry(doing.caller),
        services.cards(doing.caller),
        origin=doing.origin,
        now=doing.now,
    )
    return Answered(shown, kept=provisioning.without_secret(shown))


async def _credential_over_ocpp(
    doing: Doing[PlainQuery, NewCredential], services: Services
) -> Answered | None:
    """The process that has the socket makes the password up; what the charger says to it settles the matter."""
    if doing.body.length != LENGTH:
        raise one_of("length", f"Over OCPP passwords have {LENGTH} characters.")
    charger = await load_charger(services.store, charger_of(doing))
    if charger.standing is Standing.RETIRED:
        raise Problem("retired", "The charger is retired.")
    if len(charger.offered) >= OFFERS:
        raise Problem("busy", "Nobody knows yet what became of the passwords sent before.")
    return await ask(doing, ChangePassword(credential_id=clock.time_ordered_id()))


async def install_card(doing: Doing[PlainQuery, NoBody], request: Request) -> Response | None:
    """The card as a page to print, without a password, as often as wanted."""
    services: Services = doing.services
    row = await doing.read(lambda connection: visible_charger(doing.asking(connection)))
    if row is None:
        return None

    def page() -> str:
        return provisioning.reprint(row, services.cards(doing.caller), origin=doing.origin, now=doing.now)

    return HTMLResponse(await asyncio.to_thread(page), headers=HEADERS)  # QR codes take tens of milliseconds


async def abilities(doing: Doing[PlainQuery, NoBody]) -> Answered | None:
    """What a charger told of itself, and what it can therefore be asked: what a screen greys out by."""
    services: Services = doing.services
    charger = charger_of(doing)
    try:
        found = await services.commands.offered(charger)
    except ChargerUnknown:
        return None
    told = found.abilities
    shape = AbilitiesShape(
        cpid=found.cpid,
        protocol=found.protocol,
        feature_profiles=None if told.profiles is None else sorted(told.profiles),
        connectors=told.connectors,
        tethered=told.tethered,
        accepted=told.accepted,
        offered=dict(found.why_not),
    )
    return Answered(shape)


def list_unknown_ids(asked: Asked[UnknownQuery]) -> UnknownIds:
    """Who knocked in vain, and which registered id may have been meant. POST the id to `/chargers` to add it."""
    connection: Connection = asked.connection
    return provisioning.unknown_ids(
        connection, asked.caller.tenant, asked.now, asked.query.limit, begin=asked.query.since
    )


async def open_window(doing: Doing[PlainQuery, NewWindow]) -> Answered:
    """From now on unknown ids that fit are registered when they knock; one window at a time."""
    services: Services = doing.services
    state = await provisioning.open_window(doing.body, services.windows(doing.caller), doing.now)
    return Answered(state, 201, "/api/ocpp/provisioning/window")


async def one_window(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """The window as it stands; what was open last stays to be seen until it is closed."""
    services: Services = doing.services
    window = await services.windows(doing.caller).current()
    return Answered(provisioning.window_state(window, doing.now))


async def close_window(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Nobody is let in by it any more."""
    services: Services = doing.services
    return Answered(await provisioning.close_window(services.windows(doing.caller), doing.now))
