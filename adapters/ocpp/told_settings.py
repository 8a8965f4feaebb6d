"""What a charger's own settings say about what it can do; None where it never told."""

from urllib.parse import urlsplit

from adapters.ocpp.operation import CannotSay
from domain.commands.intent import Abilities


def told_number(abilities: Abilities, name: str) -> int | None:
    """The whole number; None too where something else stands there."""
    value = abilities.settings.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def told_flag(abilities: Abilities, name: str) -> bool | None:
    """`true` or `false` in any case; None where neither stands there."""
    return {"true": True, "false": False}.get(abilities.settings.get(name, "").strip().lower())


def check_count(count: int, most: int | None, things: str) -> None:
    """Raises CannotSay where the charger takes fewer at once."""
    if most is not None and count > most:
        raise CannotSay(f"This charger takes at most {most} {things} in one message, not {count}.")


def check_transfer(location: str, abilities: Abilities, name: str) -> None:
    """Raises CannotSay where the charger told its protocols for files, and that of `location` is none of them."""
    told = {word.strip().upper() for word in abilities.settings.get(name, "").split(",")} - {""}
    scheme = urlsplit(location).scheme.upper() if _is_url(location) else ""
    if not scheme:
        raise CannotSay("The location is no URL.")
    if told and scheme not in told:
        raise CannotSay(f"This charger transfers files by {', '.join(sorted(told))}, not by {scheme}.")


def _is_url(location: str) -> bool:
    try:
        return bool(urlsplit(location).scheme)
    except ValueError:  # an unreadable address, such as an unclosed bracket
        return False
