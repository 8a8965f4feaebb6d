"""What was done with personal data, as sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.event import Fact
from domain.privacy import events as privacy


def _erased(fact: privacy.SubjectErased) -> str:
    rest = " What the log held of it from before sealing stays in plain text." if fact.plain else ""
    return f"Subject {fact.ref} was erased ({fact.legal_basis}): its key is destroyed.{rest}"


def _read(fact: privacy.PersonalDataRead) -> str:
    whose = f" of {', '.join(fact.subjects)}" if fact.subjects else ""
    places = f" {len(fact.places)}" if fact.places else ""
    return f"Personal data were read:{places} {fact.what}{whose}, because: {fact.reason}."


PRIVACY: Mapping[type[Fact], Callable[[Any], str]] = {
    privacy.SubjectErased: _erased,
    privacy.PersonalDataRead: _read,
}
"""A part of `narrative.SENTENCES`."""
