"""What the handlers of actions work with: the use cases, as one value."""

from dataclasses import dataclass

from application.commands import Commands


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases behind the API."""

    commands: Commands
