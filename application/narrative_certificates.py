"""Sentences for certificates."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.certificates import events as certificate
from domain.event import Fact

CERTIFICATES: Mapping[type[Fact], Callable[[Any], str]] = {
    certificate.Issued: lambda f: (
        f"Certificate {f.serial} was signed for {f.common_name}, good until {f.not_after:%Y-%m-%d}."
    ),
    certificate.Revoked: lambda f: f"The certificate counts no more{': ' + f.reason if f.reason else ''}.",
}
"""Fact → sentence."""
