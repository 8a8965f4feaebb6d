"""Templates: values that chargers of a make, model and firmware should have, and which one fits a charger.

A template changes nothing by being there: a charger follows one only if it was told so (`template.chosen`),
either by name or with `auto`, which is the one that fits best. To change the configuration of somebody's charger
unasked could stop it from charging, or its owner from being paid.
"""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from domain.desired_state.events import TemplateApplied, WantedSetting
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.template_events import TemplateDefined, TemplateWithdrawn
from domain.desired_state.values import folded, is_secret
from domain.event import Event, Fact

AUTO = "auto"


class TemplateInvalid(ValueError):
    """A template has a name other than `auto`, values for at least one setting, and no secrets."""


class TemplateUnknown(Exception):
    """There is no template of this name."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """Values, and the chargers they are for: globs without case, `*` for any."""

    name: str
    vendor: str = "*"
    model: str = "*"
    firmware: str = "*"
    protocol: str = "*"
    """`1.6`, `2.0.1`, `2.1`, or a glob such as `2.*`."""
    settings: Mapping[str, str]
    restart_if_required: bool = False

    def fits(self, vendor: str, model: str, firmware: str, protocol: str) -> bool:
        """Is it for such a charger?"""
        asked = (
            (vendor, self.vendor),
            (model, self.model),
            (firmware, self.firmware),
            (protocol, self.protocol),
        )
        return all(fnmatchcase(told.strip().lower(), glob.strip().lower()) for told, glob in asked)

    @property
    def rank(self) -> tuple[int, int, int, int, str]:
        """The more it says of the model, then of the firmware, the vendor and the protocol, the higher."""
        globs = (self.model, self.firmware, self.vendor, self.protocol)
        model, firmware, vendor, protocol = (sum(sign not in "*?[]" for sign in glob) for glob in globs)
        return model, firmware, vendor, protocol, self.name


class TemplateBook(msgspec.Struct):
    """The templates of a tenant, as its operators defined them; those built in stand beneath."""

    tenant: str
    version: int = 0
    templates: dict[str, Template] = msgspec.field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Its stream id."""
        return f"templates/{self.tenant}/book"

    def define(self, template: Template) -> list[Fact]:
        """Define or redefine one; the same again changes nothing. Raises TemplateInvalid."""
        secret = any(is_secret(name) for name in template.settings)
        if not template.name.strip() or template.name == AUTO or not template.settings or secret:
            raise TemplateInvalid(template.name)
        if self.templates.get(template.name) == template:
            return []
        return [
            TemplateDefined(
                name=template.name,
                vendor=template.vendor,
                model=template.model,
                firmware=template.firmware,
                protocol=template.protocol,
                settings=as_settings(template),
                restart_if_required=template.restart_if_required,
            )
        ]

    def withdraw(self, name: str) -> list[Fact]:
        """Forget one; chargers that follow it keep its values. Raises TemplateUnknown."""
        if name not in self.templates:
            raise TemplateUnknown(name)
        return [TemplateWithdrawn(name)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)


def as_settings(template: Template) -> tuple[WantedSetting, ...]:
    """Its values as facts carry them."""
    return tuple(WantedSetting(name, value) for name, value in template.settings.items())


def template_for(
    choice: str, templates: Iterable[Template], *, vendor: str, model: str, firmware: str, protocol: str
) -> Template | None:
    """The template a charger is to follow by its choice; None where it chose none, or none fits."""
    fitting = [one for one in templates if one.fits(vendor, model, firmware, protocol)]
    if choice == AUTO:
        return max(fitting, key=lambda one: one.rank, default=None)
    return next((one for one in fitting if one.name == choice), None) if choice else None


def application_of(state: ChargerSettings, template: Template | None) -> list[Fact]:
    """The fact that a template is applied; none where it is already, or none fits."""
    if template is None:
        return []
    settings = as_settings(template)
    now = {folded(want.name): want for want in settings}
    if state.template == template.name and state.by_template == now:
        return []
    fact = TemplateApplied(
        template=template.name, settings=settings, restart_if_required=template.restart_if_required
    )
    return [fact]


def _defined(book: TemplateBook, fact: TemplateDefined) -> None:
    book.templates[fact.name] = Template(
        name=fact.name,
        vendor=fact.vendor,
        model=fact.model,
        firmware=fact.firmware,
        protocol=fact.protocol,
        settings={want.name: want.value for want in fact.settings},
        restart_if_required=fact.restart_if_required,
    )


def _withdrawn(book: TemplateBook, fact: TemplateWithdrawn) -> None:
    book.templates.pop(fact.name, None)


_EVOLVE: dict[type[Fact], Callable[[TemplateBook, Any], None]] = {
    TemplateDefined: _defined,
    TemplateWithdrawn: _withdrawn,
}
