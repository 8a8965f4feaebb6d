"""Facts about the templates of a tenant; on `templates/<tenant>/book`."""

from domain.desired_state.events import WantedSetting
from domain.event import Fact


class TemplateDefined(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """An operator defined a template, or redefined it."""

    TOPIC = "template.defined"
    name: str
    vendor: str = "*"
    """A glob, compared without case; so are the next three."""
    model: str = "*"
    firmware: str = "*"
    protocol: str = "*"
    settings: tuple[WantedSetting, ...]
    restart_if_required: bool = False


class TemplateWithdrawn(Fact, frozen=True):
    """The template is offered no more; chargers that follow it keep its values."""

    TOPIC = "template.withdrawn"
    name: str
