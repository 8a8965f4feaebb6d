"""How many items a 2.x charger takes in one message (DeviceDataCtrlr and others, variable ItemsPerMessage)."""

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.told_settings import check_count, told_number
from domain.commands.intent import Abilities


def check_items(count: int, abilities: Abilities, variable: str, things: str) -> None:
    """Raises CannotSay where `count` is none, or more than the charger told to take."""
    if count == 0:
        raise CannotSay(f"There are no {things} to send.")
    check_count(count, told_number(abilities, variable), things)
