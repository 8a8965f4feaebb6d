"""Pseudonyms in what a command prints: who is behind them, for the person at the terminal."""

from typing import Any, TypeVar

import msgspec

from adapters.privacy.spelling import BARE
from adapters.privacy.subjects import Subjects
from domain.identity import ERASED

T = TypeVar("T")


class Names:
    """Of one tenant. The person at the terminal has the installation's key, and sees tokens."""

    def __init__(self, subjects: Subjects, tenant: str) -> None:
        """Takes the subjects over: `close` closes them."""
        self._subjects = subjects
        self._tenant = tenant

    def pseudonyms(self, token: str | None) -> tuple[str, ...]:
        """What read models call a token, beside itself."""
        if not token or not token.strip():
            return ()
        return tuple(subject.ref for subject in self._subjects.find(self._tenant, [token]).values())

    def shown(self, value: T) -> T:
        """Rows, or whatever is made of structs, lists and texts, with tokens in the place of pseudonyms."""
        refs = set(BARE.findall(msgspec.json.encode(value).decode()))
        if not refs:
            return value
        found = self._subjects.find_named(self._tenant, refs)
        names = {ref: found[ref].spelling if ref in found else ERASED + ref for ref in refs}
        named: T = _within(value, names)
        return named

    def close(self) -> None:
        """Let go of the vault."""
        self._subjects.close()


def _within(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, str):
        return BARE.sub(lambda found: names.get(found[0], found[0]), part) if "~" in part else part
    if isinstance(part, msgspec.Struct):
        fields = part.__struct_fields__
        return msgspec.structs.replace(part, **{name: _within(getattr(part, name), names) for name in fields})
    if isinstance(part, dict):
        return {key: _within(value, names) for key, value in part.items()}
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)(*(_within(one, names) for one in part))
    if isinstance(part, list | tuple):
        return type(part)(_within(one, names) for one in part)
    return part
