"""Names and values of settings, compared as chargers mean them and not as they spell them."""

import re

SECRET = re.compile(
    r"authorizationkey|password|passphrase|passwd|secret|privatekey|\bpin\b|apikey", re.IGNORECASE
)
"""1.6 AuthorizationKey, 2.x BasicAuthPassword, Grizzl-E's StationPassword: chargers tell them when asked."""

MEASURANDS = re.compile(r"(SampledData|AlignedData|Measurands)(\.\w+)?$", re.IGNORECASE)


def folded(name: str) -> str:
    """The name as it is compared (1.6 CiString, 2.x identifierString)."""
    return name.strip().lower()


def is_secret(name: str) -> bool:
    """Does a setting of this name hold a secret? Such values are neither kept nor wanted here."""
    return SECRET.search(name) is not None


def is_list(name: str) -> bool:
    """A list of measurands, of which one that is not supported spoils all (1.6 errata 3.14.4)."""
    return MEASURANDS.search(name) is not None


def items_of(value: str) -> tuple[str, ...]:
    """The items of a comma-separated list, each once, in their order."""
    return tuple(dict.fromkeys(item.strip() for item in value.split(",") if item.strip()))


def canonical(name: str, value: str | None) -> str | None:
    """One spelling for all that mean the same: `True` and `true`, `030` and `30`, `A, B` and `B,A`."""
    if value is None:
        return None
    if is_list(name):
        return ",".join(sorted({item.lower() for item in items_of(value)}))
    text = value.strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return str(int(text))
    return ",".join(part.strip() for part in text.split(","))


def same(name: str, one: str | None, other: str | None) -> bool:
    """Do both mean the same?"""
    return canonical(name, one) == canonical(name, other)
