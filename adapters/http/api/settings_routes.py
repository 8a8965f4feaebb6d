"""The rows about what is wanted of chargers for good: settings, templates, availability, local lists."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import availability, configuration, local_lists, templates
from adapters.http.api.command_routes import ASKING
from adapters.http.api.commands import COMMANDING
from adapters.http.api.control import PlainQuery
from adapters.http.route import Link, Route

WISHING = ("not_found", "timeout", *MUTATING, *STORING)
"""Errors of every row by which something lasting is wanted."""

SETTINGS_ROUTES: tuple[Route | Action, ...] = (
    Action(
        method="GET",
        path="/chargers/{cpid}/configuration",
        summary="The settings of a charger, as told and as wanted",
        handler=configuration.show_configuration,
        query=configuration.ConfigurationQuery,
        response=configuration.Configuration,
        right=Right.READ,
        statuses=(200, 202),
        errors=COMMANDING,
        command=True,
        asks_with="refresh",
    ),
    Action(
        method="PUT",
        path="/chargers/{cpid}/configuration",
        summary="Want settings to have certain values",
        handler=configuration.want_configuration,
        query=PlainQuery,
        body=configuration.ConfigurationBody,
        response=configuration.Configuration,
        right=Right.CONFIGURE,
        statuses=(200, 202),
        errors=WISHING,
        largest_body=1024 * 1024,
        command=True,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/availability",
        summary="Put a charger or a connector into service, or out of it",
        handler=availability.change_availability,
        query=PlainQuery,
        body=availability.AvailabilityBody,
        response=availability.Availability,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
    ),
    Action(
        method="GET",
        path="/chargers/{cpid}/local-list",
        summary="The local list of a charger, as wanted and as held",
        handler=local_lists.show_local_list,
        query=PlainQuery,
        response=local_lists.LocalListShape,
        right=Right.READ,
        errors=("not_found", *STORING),
    ),
    Action(
        method="PUT",
        path="/chargers/{cpid}/local-list",
        summary="Want a charger to hold this list of tokens",
        handler=local_lists.want_local_list,
        query=PlainQuery,
        body=local_lists.LocalListBody,
        response=local_lists.LocalListShape,
        right=Right.CONFIGURE,
        statuses=(200, 202),
        errors=WISHING,
        largest_body=local_lists.LARGEST,
        command=True,
    ),
    Action(
        method="GET",
        path="/templates",
        summary="Templates of settings",
        handler=templates.list_templates,
        query=PlainQuery,
        response=templates.Templates,
        right=Right.READ,
        errors=STORING,
        links=(Link("template", "define_template", {"name": "$response.body#/items/0/name"}),),
    ),
    Action(
        method="PUT",
        path="/templates/{name}",
        summary="Make or change a template",
        handler=templates.define_template,
        query=PlainQuery,
        body=templates.TemplateBody,
        response=templates.TemplateShape,
        right=Right.CONFIGURE,
        errors=(*MUTATING, *STORING),
        largest_body=1024 * 1024,
    ),
    Action(
        method="DELETE",
        path="/templates/{name}",
        summary="Offer a template no more",
        handler=templates.withdraw_template,
        query=PlainQuery,
        response=None,
        right=Right.CONFIGURE,
        statuses=(204,),
        errors=("not_found", *MUTATING, *STORING),
    ),
)
"""Wanted for good."""
