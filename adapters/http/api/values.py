"""Values that several nouns show: ids in paths, decimals, and the one place to mask id tokens."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

from adapters.http.route import HIDE
from domain.identity import ChargerId, InvalidChargerId


def charger_key(tenant: str, cpid: str) -> str | None:
    """The key of a charger id in a path or parameter, without case; None where no charger can have it."""
    try:
        return ChargerId.of(tenant, cpid).key
    except InvalidChargerId:
        return None


def shown_token(value: str) -> str:
    """An id token, or the pseudonym that `naming.py` puts the token or its end in the place of."""
    return value


def as_stored(tag: str | None, pseudonyms: Callable[[str], tuple[str, ...]]) -> str | None:
    """What read models call a token: its pseudonym where it has one; empty and None stay what they are."""
    return next(iter(pseudonyms(tag)), tag) if tag else tag


def plain(value: Decimal) -> str:
    """A decimal in plain digits, exactly as told: no exponent, no binary rounding."""
    return format(value, "f")


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Exact = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["1200.5"]}),
]
"""An exact figure, a string in JSON: a reader's binary floats would round it."""


def _hidden(value: object, info: ValidationInfo) -> object:
    """A row's number; what is hidden already stays as it is, and a number that nobody hides is refused."""
    return info.context[HIDE](value) if isinstance(value, int) and info.context else value


HiddenPosition = Annotated[str, BeforeValidator(_hidden)]
"""A place in the log on its way out (SEC-25)."""

ShownToken = Annotated[str, AfterValidator(shown_token)]
"""An id token on its way out."""

Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time in a query: RFC 3339 with an offset; `+` is written `%2B` in a query string."""
