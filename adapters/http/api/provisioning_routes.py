"""The rows that make chargers known, describe them, give them passwords and let them in."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import onboarding
from adapters.http.api.commands import COMMANDING
from adapters.http.api.control import PlainQuery
from adapters.http.api.provisioning_shapes import (
    ChargerAdded,
    ChargerChanged,
    ChargerPatch,
    CredentialAnswer,
    NewCharger,
    NewCredential,
    NewWindow,
    UnknownIds,
    WindowState,
)
from adapters.http.route import READING, Link, Route
from adapters.http.transfer import HTML, Transfer

CHANGING = (*STORING, *MUTATING)

PROVISIONING_ROUTES: tuple[Route | Action | Transfer, ...] = (
    Action(
        method="POST",
        path="/chargers",
        summary="Make a charger known",
        handler=onboarding.add_charger,
        query=PlainQuery,
        body=NewCharger,
        response=ChargerAdded,
        right=Right.CONFIGURE,
        statuses=(201,),
        errors=("exists", *CHANGING),
        links=(Link("charger", "one_charger", {"cpid": "$response.body#/cpid"}),),
    ),
    Action(
        method="PATCH",
        path="/chargers/{cpid}",
        summary="Describe a charger, or put it out of use",
        handler=onboarding.patch_charger,
        query=PlainQuery,
        body=ChargerPatch,
        response=ChargerChanged,
        right=Right.CONFIGURE,
        errors=("not_found", "retired", "version_conflict", *CHANGING),
        if_match=True,
        etag=True,
        version="revision",
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/credentials",
        summary="Give a charger a new password",
        handler=onboarding.new_credential,
        query=PlainQuery,
        body=NewCredential,
        response=CredentialAnswer,
        right=Right.CONFIGURE,
        statuses=(200, 202),
        errors=("retired", *COMMANDING, *MUTATING),
        command=True,
    ),
    Transfer(
        method="GET",
        path="/chargers/{cpid}/install-card",
        summary="The installation card, without a password",
        handler=onboarding.install_card,
        query=PlainQuery,
        gives=(HTML,),
        right=Right.READ,
        errors=("not_found", *READING),
    ),
    Action(
        method="GET",
        path="/chargers/{cpid}/abilities",
        summary="What a charger can be asked, and why not the rest",
        handler=onboarding.abilities,
        query=PlainQuery,
        response=onboarding.AbilitiesShape,
        right=Right.READ,
        errors=("not_found", *STORING),
        etag=True,
    ),
    Route(
        method="GET",
        path="/connection-attempts/unknown",
        summary="Ids that knocked and are not registered",
        handler=onboarding.list_unknown_ids,
        query=onboarding.UnknownQuery,
        response=UnknownIds,
        errors=READING,
    ),
    Action(
        method="POST",
        path="/provisioning/window",
        summary="Let unknown chargers in for a while",
        handler=onboarding.open_window,
        query=PlainQuery,
        body=NewWindow,
        response=WindowState,
        right=Right.CONFIGURE,
        statuses=(201,),
        errors=("busy", *CHANGING),
    ),
    Action(
        method="GET",
        path="/provisioning/window",
        summary="Who is let in at present",
        handler=onboarding.one_window,
        query=PlainQuery,
        response=WindowState,
        right=Right.READ,
        errors=STORING,
    ),
    Action(
        method="DELETE",
        path="/provisioning/window",
        summary="Let unknown chargers in no more",
        handler=onboarding.close_window,
        query=PlainQuery,
        response=WindowState,
        right=Right.CONFIGURE,
        errors=("not_found", *CHANGING),
    ),
)
"""Chargers and their way in."""
