"""Sentences for what operators said of a charger, and for windows that let unknown ones in."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from application.phrasing import amount
from domain.chargers import events as charger
from domain.chargers import provisioning as particulars
from domain.event import Fact
from domain.provisioning import events as provisioning


def _issued(fact: charger.CredentialIssued) -> str:
    if fact.first_use:
        return "The password it presented is its password from now on."
    return "A new password is valid; the former one no longer is."


def _profile_chosen(fact: charger.SecurityProfileChosen) -> str:
    why = f" It is a weaker one: {fact.downgrade_reason}." if fact.downgrade_reason else ""
    return f"Security profile {fact.security_profile} was chosen.{why}"


def _acceptance_decided(fact: charger.AcceptanceDecided) -> str:
    unless = f", but Accepted until {_time(fact.auto_accept_until)}" if fact.auto_accept_until else ""
    return f"From the next boot on it is answered {fact.acceptance}{unless}."


def _placed(fact: particulars.Placed) -> str:
    if not fact.site:
        return "It belongs to no site."
    return f"It belongs to site {fact.site}{', node ' + fact.node if fact.node else ''}."


def _connectors(fact: particulars.ConnectorsDescribed) -> str:
    return f"Its connectors were described: {'; '.join(map(_connector, fact.connectors)) or 'none'}."


def _connector(plan: particulars.ConnectorPlan) -> str:
    limit = f"{amount(plan.max_a)} A" if plan.max_a is not None else ""
    phases = f"{plan.phases} phases" if plan.phases else ""
    return " ".join(part for part in (str(plan.connector_id), plan.plug, limit, phases) if part)


def _adopted(fact: particulars.CredentialAdopted) -> str:
    how = "It logged in with the new password" if fact.by_login else "It accepted the new password"
    return f"{how}; the former one no longer is valid."


def _opened(fact: provisioning.WindowOpened) -> str:
    hold = ", to be accepted one by one" if fact.hold else ""
    return (
        f"Until {_time(fact.until)} up to {fact.most} unknown chargers named {fact.pattern} are registered "
        f"on security profile {fact.security_profile} or better{hold}."
    )


def _let_in(fact: provisioning.ChargerLetIn) -> str:
    origin = f" from {fact.remote}" if fact.remote else ""
    return f"{fact.cpid} came through the window{origin}, security profile {fact.security_profile}."


def _because(words: str, reason: str) -> str:
    return f"{words}: {reason}." if reason else f"{words}."


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


PROVISIONING: Mapping[type[Fact], Callable[[Any], str]] = {
    charger.CredentialIssued: _issued,
    charger.SecurityProfileChosen: _profile_chosen,
    charger.AcceptanceDecided: _acceptance_decided,
    particulars.Renamed: lambda f: f"It is called {f.name}." if f.name else "It has no name any more.",
    particulars.Placed: _placed,
    particulars.ModelProfileChosen: lambda f: f"It is treated as {f.model_profile or 'what it boots as'}.",
    particulars.ConnectorsDescribed: _connectors,
    particulars.NetworksAllowed: lambda f: (
        f"Without a password it may come from {', '.join(f.networks) or 'nowhere'}."
    ),
    particulars.Disabled: lambda f: _because("It was disabled and is refused", f.reason),
    particulars.Enabled: lambda _: "It was enabled and may come again.",
    particulars.Retired: lambda f: _because("It was retired and is refused for good", f.reason),
    particulars.CredentialOffered: lambda _: (
        "A new password is on its way to it; the former one is valid too."
    ),
    particulars.CredentialAdopted: _adopted,
    particulars.CredentialWithdrawn: lambda f: _because(
        "The offered password did not become valid", f.reason
    ),
    provisioning.WindowOpened: _opened,
    provisioning.WindowClosed: lambda _: "The window was closed.",
    provisioning.ChargerLetIn: _let_in,
    provisioning.InstallCardShown: lambda f: f"The installation card of {f.cpid} was opened.",
}
"""A part of `narrative.SENTENCES`."""
