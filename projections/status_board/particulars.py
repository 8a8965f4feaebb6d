"""What operators say of a charger → columns of its row."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.chargers import events as charger
from domain.chargers import provisioning
from domain.chargers.profile_upgrade import ProfileUpgradeAdopted
from domain.event import Fact, Told


def _registered(fact: charger.Registered, told: Told) -> dict[str, Any]:
    """A retired charger's id may be given out anew: nothing said of the former one holds."""
    return {
        "cpid": fact.cpid,
        "name": fact.name,
        "security_profile": fact.security_profile,
        "registered_at": told.recorded_at,
        "standing": provisioning.Standing.ACTIVE,
        "standing_reason": None,
        "site": None,
        "node": None,
        "model_profile": None,
        "planned_connectors": None,
        "networks": None,
        "acceptance": None,
        "auto_accept_until": None,
        **_NO_CREDENTIAL,
    }


_NO_CREDENTIAL: dict[str, Any] = {
    "credential": None,
    "credential_since": None,
    "credential_first_use": None,
    "offered_at": None,
}


def _credential_issued(fact: charger.CredentialIssued, told: Told) -> dict[str, Any]:
    return {
        "credential": fact.credential_id or None,
        "credential_since": told.recorded_at,
        "credential_first_use": fact.first_use,
        "offered_at": None,
    }


def _credential_adopted(fact: provisioning.CredentialAdopted, told: Told) -> dict[str, Any]:
    return {
        "credential": fact.credential_id,
        "credential_since": told.recorded_at,
        "credential_first_use": False,
        "offered_at": None,
    }


def _acceptance_decided(fact: charger.AcceptanceDecided, told: Told) -> dict[str, Any]:
    return {"acceptance": fact.acceptance, "auto_accept_until": fact.auto_accept_until}


def _connectors_described(fact: provisioning.ConnectorsDescribed, told: Told) -> dict[str, Any]:
    return {"planned_connectors": [msgspec.to_builtins(one) for one in fact.connectors] or None}


def _standing(standing: provisioning.Standing, reason: str) -> dict[str, Any]:
    return {"standing": standing, "standing_reason": reason or None}


PARTICULARS: Mapping[type[Fact], Callable[[Any, Told], dict[str, Any]]] = {
    charger.Registered: _registered,
    charger.CredentialIssued: _credential_issued,
    charger.SecurityProfileChosen: lambda fact, _: {"security_profile": fact.security_profile},
    ProfileUpgradeAdopted: lambda fact, _: {"security_profile": fact.security_profile},
    charger.AcceptanceDecided: _acceptance_decided,
    provisioning.Renamed: lambda fact, _: {"name": fact.name},
    provisioning.Placed: lambda fact, _: {"site": fact.site or None, "node": fact.node or None},
    provisioning.ModelProfileChosen: lambda fact, _: {"model_profile": fact.model_profile or None},
    provisioning.ConnectorsDescribed: _connectors_described,
    provisioning.NetworksAllowed: lambda fact, _: {"networks": fact.networks or None},
    provisioning.Disabled: lambda fact, _: _standing(provisioning.Standing.DISABLED, fact.reason),
    provisioning.Enabled: lambda _, __: _standing(provisioning.Standing.ACTIVE, ""),
    provisioning.Retired: lambda fact, _: (
        _standing(provisioning.Standing.RETIRED, fact.reason) | _NO_CREDENTIAL
    ),
    provisioning.CredentialOffered: lambda _, told: {"offered_at": told.recorded_at},
    provisioning.CredentialAdopted: _credential_adopted,
    provisioning.CredentialWithdrawn: lambda _, __: {"offered_at": None},
}
"""A part of the projection's table of charger facts."""
