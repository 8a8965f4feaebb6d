"""Pseudonyms on their way out: the API shows tokens to those who may see them, and finds what is filtered by one."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from adapters.http.access import Caller, Right
from adapters.http.route import Shape
from adapters.privacy.spelling import BARE
from adapters.privacy.subjects import Subjects, folded
from domain.identity import ERASED

S = TypeVar("S", bound=Shape)

SEEING = frozenset({Right.OPERATE, Right.AUDIT})
"""Who has one of these rights sees tokens; others see the last two signs, which tell two cards apart."""


def may_see(caller: Caller) -> bool:
    """May the caller see whole tokens?"""
    return not SEEING.isdisjoint(caller.rights)


def masked(token: str) -> str:
    """The last two signs of a token that is long enough to hide the rest."""
    return f"…{token[-2:]}" if len(token) > 4 else "…"


class Naming:
    """Names those behind the pseudonyms of an answer, all of them with one question to the vault."""

    def __init__(self, subjects: Subjects | None = None) -> None:
        """Without `subjects` everything is shown as it is: a log in which nothing is sealed."""
        self._subjects = subjects

    async def shown(self, caller: Caller, shape: S) -> S:
        """The answer with names in it; the same where there are no pseudonyms."""
        if self._subjects is None:
            return shape
        text = shape.model_dump_json()
        refs = set(BARE.findall(text)) if "~" in text else set()
        if not refs:
            return shape
        put = self._replacing(caller, await self._subjects.names(caller.tenant, refs))
        named: S = _within(shape, put)
        return named

    async def shown_json(self, caller: Caller, body: bytes) -> bytes:
        """The same for an answer that was kept as JSON."""
        if self._subjects is None or b"~" not in body:
            return body
        text = body.decode()
        refs = set(BARE.findall(text))
        put = self._replacing(caller, await self._subjects.names(caller.tenant, refs))
        return BARE.sub(lambda found: json.dumps(put(found[0]), ensure_ascii=False)[1:-1], text).encode()

    async def kept_json(self, caller: Caller, body: bytes) -> bytes:
        """An answer as it may be kept: pseudonyms in the place of tokens, where an answer has its tokens."""
        if self._subjects is None or not body.startswith((b"{", b"[")):
            return body
        tokens: set[str] = set()
        answer = json.loads(body)

        def note(token: str) -> str:
            tokens.add(token)
            return token

        _told(answer, note)
        if not tokens:
            return body
        found = await self._subjects.found_names(caller.tenant, tokens)
        kept = _told(answer, lambda token: found.get(folded(token), token))
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()

    def pseudonyms(self, tenant: str, token: str) -> tuple[str, ...]:
        """What read models call a token, beside itself. Blocks: for readings, which run in threads."""
        if self._subjects is None or not token.strip():
            return ()
        return tuple(subject.ref for subject in self._subjects.find(tenant, [token]).values())

    def _replacing(self, caller: Caller, names: Mapping[str, str]) -> Callable[[str], str]:
        whole = may_see(caller)

        def put(ref: str) -> str:
            name = names.get(ref)
            if name is None:
                return ERASED + ref
            return name if whole else masked(name)

        return put


PLAIN = Naming()
"""Nothing is sealed."""

_TOKENS = frozenset({"id_tag", "id_token", "stop_token", "parent", "group", "customer"})
"""Fields of answers that hold tokens."""


def _told(part: Any, put: Callable[[str], str], name: str = "") -> Any:
    if isinstance(part, dict):
        return {key: _told(value, put, key) for key, value in part.items()}
    if isinstance(part, list):
        return [_told(one, put, name) for one in part]
    return put(part) if isinstance(part, str) and part and name in _TOKENS else part


def _within(part: Any, put: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return BARE.sub(lambda found: put(found[0]), part) if "~" in part else part
    if isinstance(part, Shape):
        changes = {}
        for name in type(part).model_fields:
            before = getattr(part, name)
            if (after := _within(before, put)) is not before:
                changes[name] = after
        return part.model_copy(update=changes) if changes else part
    if isinstance(part, dict):
        after_all = {key: _within(value, put) for key, value in part.items()}
        return after_all if any(after_all[key] is not part[key] for key in part) else part
    if isinstance(part, list | tuple):
        after_each = [_within(one, put) for one in part]
        same = all(a is b for a, b in zip(after_each, part, strict=True))
        return part if same else type(part)(after_each)
    return part
