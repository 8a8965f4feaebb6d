"""`zeus charger upgrade`: lead a charger to a higher security profile over OCPP."""

import asyncio
from typing import Annotated

import typer

from adapters.http.api.profile_upgrades import UpgradeState, state_of, words_of
from adapters.http.services import Services
from application import clock
from application.fleet import FleetUnavailable
from application.registry import ChargerUnknown
from domain.chargers.profile_upgrade import CANCELLED
from domain.desired_state.upgrade_step import UNMET, NoUpgradeUnderWay, UpgradeUnderWay, WantedUpgrade
from entrypoints.commands.charger import Cpid, on_known
from entrypoints.commands.opening import AsJson, actor, cause, console, database, print_json, refuse
from entrypoints.commands.reading import length_of
from entrypoints.settings import Settings
from entrypoints.wiring import working


def upgrade(
    cpid: Cpid,
    profile: Annotated[
        int | None,
        typer.Option(help="The security profile: 1 password, 2 password over TLS, 3 certificate."),
    ] = None,
    within: Annotated[str, typer.Option(help="So long the present one is good too.")] = "24h",
    knows_us: Annotated[
        bool, typer.Option("--knows-us", help="It trusts our certificate: do not ask for its roots first.")
    ] = False,
    slot: Annotated[
        int | None, typer.Option(help="OCPP 2.x: the slot to put the network profile in.")
    ] = None,
    url: Annotated[str, typer.Option(help="OCPP 2.x: wss:// where it is to connect, without its id.")] = "",
    interface: Annotated[str, typer.Option(help="OCPP 2.x: such as Wired0.")] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="Lead it there no more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lead a charger to a higher security profile over OCPP, or tell how far it came.

    Example: `zeus charger upgrade CP-001 --profile 2`
    """
    settings = Settings()

    async def use(url_of_database: str) -> UpgradeState:
        async with working(url_of_database, settings) as core:
            upgrades = core.upgrades(settings.tenant, actor(), cause())
            if cancel:
                return state_of(await upgrades.cancel(cpid, CANCELLED), clock.now())
            if profile is None:
                charger, now = await upgrades.current(cpid)
                if not charger.registered:
                    raise ChargerUnknown(cpid)
                return state_of(charger, now)
            wanted = WantedUpgrade(
                security_profile=profile,
                until=clock.now() + length_of(within),
                knows_us=knows_us,
                slot=slot,
                url=url,
                interface=interface,
            )
            charger = await upgrades.begin(cpid, wanted)
            await core.switchboard.notify(charger.id, Services.WANTED)
            return state_of(charger, clock.now())

    def run() -> UpgradeState:
        with database(settings) as address:
            return asyncio.run(use(address))

    try:
        state = on_known(cpid, run)
    except (UpgradeUnderWay, NoUpgradeUnderWay, *UNMET) as error:
        raise refuse(words_of(error)) from None
    except FleetUnavailable as error:
        raise refuse(
            f"It is led there when it connects again: the gateways cannot be told now ({error})."
        ) from None
    _show(state, as_json=as_json)


def _show(state: UpgradeState, *, as_json: bool) -> None:
    if as_json:
        print_json(state.model_dump(mode="json"))
        return
    words = {
        "none": "was asked to no higher one.",
        "under_way": f"is being led to {state.wanted} ({state.stage}); both are good until then.",
        "fell_back": f"had agreed to {state.wanted} and came back without it; both are good until then.",
        "adopted": "came with it; a weaker one is refused.",
        "ended": f"did not come to {state.wanted}: {state.why}.",
    }
    console.print(
        f"[bold]{state.cpid}[/bold] is on security profile {state.security_profile}, and {words[state.state]}"
    )
