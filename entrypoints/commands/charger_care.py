"""`zeus charger disable | enable | retire | describe`: what is said of a charger after it was made known."""

from typing import Annotated, Any

import typer

from application.ports import EventStore
from domain.chargers.charger import Charger
from domain.chargers.networks import NetworkInvalid, NetworksNeeded
from domain.chargers.particulars import DowngradeWithoutReason, Particulars, PasswordNeeded, ProfileUnknown
from domain.chargers.provisioning import Standing
from entrypoints.commands.charger import Cpid, Networks, network_words, on_known
from entrypoints.commands.opening import AsJson, console, print_json, refuse, registry, with_store
from entrypoints.settings import Settings

Reason = Annotated[str, typer.Option(help="Why; it is recorded.")]


def disable(cpid: Cpid, reason: Reason = "", as_json: AsJson = False) -> None:
    """Refuse the charger until it is enabled again; if it is connected, it is disconnected.

    Example: `zeus charger disable CP-001 --reason "cable cut"`
    """
    charger = _describe(cpid, Particulars(standing=Standing.DISABLED, reason=reason))
    _say(charger, "is refused until `zeus charger enable`.", as_json=as_json)


def enable(cpid: Cpid, as_json: AsJson = False) -> None:
    """Let a disabled charger come again.

    Example: `zeus charger enable CP-001`
    """
    charger = _describe(cpid, Particulars(standing=Standing.ACTIVE))
    _say(charger, "may connect.", as_json=as_json)


def retire(cpid: Cpid, reason: Reason = "", as_json: AsJson = False) -> None:
    """The charger is gone for good: its history stays, its passwords open nothing any more.

    Example: `zeus charger retire CP-001 --reason "replaced by CP-101"`
    """
    charger = _describe(cpid, Particulars(standing=Standing.RETIRED, reason=reason))
    _say(charger, "is retired; its id can be registered anew.", as_json=as_json)


def describe(
    cpid: Cpid,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    site: Annotated[str | None, typer.Option(help="The site it stands at; empty: none.")] = None,
    node: Annotated[str | None, typer.Option(help="Its node in the wiring of the site.")] = None,
    model_profile: Annotated[
        str | None, typer.Option(help="Whose quirks and templates it is treated by.")
    ] = None,
    profile: Annotated[
        int | None,
        typer.Option(help="Security profile: 0 open, 1 password, 2 password over TLS, 3 certificate."),
    ] = None,
    downgrade_reason: Annotated[
        str, typer.Option(help="Why a weaker security profile; it is recorded.")
    ] = "",
    network: Networks = None,
    as_json: AsJson = False,
) -> None:
    """Rename the charger, say where it stands, pin another security profile; what is left out stays.

    Example: `zeus charger describe CP-001 --name "Gate" --site harbour --profile 2`
    """
    wanted = Particulars(
        name=name,
        site=site,
        node=node,
        model_profile=model_profile,
        security_profile=profile,
        downgrade_reason=downgrade_reason,
        networks=None if network is None else tuple(network),
    )
    try:
        charger = _describe(cpid, wanted)
    except (ProfileUnknown, DowngradeWithoutReason, PasswordNeeded) as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    except (NetworksNeeded, NetworkInvalid) as error:
        raise refuse(network_words(error)) from None
    _say(charger, "is described.", as_json=as_json)


def _describe(cpid: str, wanted: Particulars) -> Charger:
    settings = Settings()

    async def use(store: EventStore) -> Charger:
        return await registry(store, settings).describe_charger(cpid, wanted)

    return on_known(cpid, lambda: with_store(use, settings))


def _say(charger: Charger, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_shown(charger))
        return
    console.print(f"[bold]{charger.cpid}[/bold] {words}")


def _shown(charger: Charger) -> dict[str, Any]:
    return {
        "cpid": charger.cpid,
        "name": charger.name,
        "site": charger.site,
        "node": charger.node,
        "model_profile": charger.model_profile,
        "security_profile": charger.security_profile,
        "networks": list(charger.networks),
        "state": charger.standing,
        "revision": charger.revision,
    }
