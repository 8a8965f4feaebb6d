"""`/templates`: values that chargers of a make, model and firmware should have."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import one_of
from adapters.http.api.configuration import MOST_KEYS, Name, Value
from adapters.http.problems import not_found
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from domain.desired_state.built_in_templates import BUILT_IN
from domain.desired_state.templates import AUTO, Template, TemplateInvalid, TemplateUnknown
from domain.desired_state.values import is_secret

LONGEST_NAME = 100
Glob = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TemplateBody(Body):
    """Which chargers it is for (globs without case, `*` for any), and their values."""

    vendor: Glob = "*"
    model: Glob = "*"
    firmware: Glob = "*"
    protocol: Glob = Field("*", description="`1.6`, `2.0.1`, `2.1`, or such as `2.*`.")
    settings: dict[Name, Value] = Field(
        min_length=1, max_length=MOST_KEYS, examples=[{"HeartbeatInterval": "300"}]
    )
    restart_if_required: bool = False


class TemplateShape(Shape):
    """A template."""

    name: str
    vendor: str
    model: str
    firmware: str
    protocol: str
    settings: dict[str, str]
    restart_if_required: bool
    built_in: bool = Field(description="It came with Zeus; one of your own of this name stands before it.")


class Templates(Shape):
    """All templates, your own first."""

    items: list[TemplateShape]


async def list_templates(doing: Doing[Query, Any]) -> Answered | None:
    """Your own, and those that came with Zeus. A charger follows one only where it is told so."""
    services: Services = doing.services
    found = await services.desired_state(doing.caller).templates()
    return Answered(Templates(items=[shape_of(one) for one in found]))


async def define_template(doing: Doing[Query, TemplateBody]) -> Answered | None:
    """Make it or change it. Chargers that follow it take the new values after their next boot, or when told again."""
    services: Services = doing.services
    name, body = doing.path["name"], doing.body
    if not name.strip() or name == AUTO or len(name) > LONGEST_NAME or not name.isprintable():
        words = f"A name has 1 to {LONGEST_NAME} printable characters and is not `auto`."
        raise one_of("name", words)
    for setting in body.settings:
        if is_secret(setting):
            raise one_of(f"settings.{setting}", "Secrets are not kept in templates.")
    template = Template(name=name, **body.model_dump())
    try:
        await services.desired_state(doing.caller).define_template(template)
    except TemplateInvalid as error:
        raise one_of("settings", type(error).__doc__ or "") from error
    return Answered(shape_of(template))


async def withdraw_template(doing: Doing[Query, Any]) -> Answered | None:
    """Offer it no more. Chargers that follow it keep its values; those of Zeus stay (404)."""
    services: Services = doing.services
    name = doing.path["name"]
    try:
        await services.desired_state(doing.caller).withdraw_template(name)
    except TemplateUnknown as error:
        raise not_found() from error
    return Answered(None, 204)


def shape_of(template: Template) -> TemplateShape:
    """In its public shape."""
    return TemplateShape(
        name=template.name,
        vendor=template.vendor,
        model=template.model,
        firmware=template.firmware,
        protocol=template.protocol,
        settings=dict(template.settings),
        restart_if_required=template.restart_if_required,
        built_in=template in BUILT_IN,
    )
