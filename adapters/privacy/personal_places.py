"""Where a fact holds something personal, found once from the types: facts that hold nothing cost nothing."""

import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.identity import IdToken, Personal


class Hand(Protocol):
    """What is done at each place: sealing, opening, or naming."""

    def token(self, text: str) -> str:
        """An id token, or what names somebody like one."""
        ...

    def words(self, text: str, whose: str) -> str:
        """Something people wrote about `whose` token; about the stream's subject where that is empty."""
        ...

    def payload(self, payload: Any) -> Any:
        """A message in the words of the wire."""
        ...


Walk = Callable[[Any, Hand, str], Any]
"""(value, hand, whose) → the value with what the hand made of its places; the same value where nothing changed."""


def walk_of(annotation: Any) -> Walk | None:
    """How to get to the personal places of a type; None where it has none."""
    return _walk_of(annotation, {})


def _walk_of(annotation: Any, seen: dict[type, Walk | None]) -> Walk | None:
    if annotation is IdToken:
        return _token
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [mark for mark in parts[1:] if isinstance(mark, Personal)]
        return _MARKED[marks[0]] if marks else _walk_of(parts[0], seen)
    if origin in (Union, types.UnionType):
        return _union(parts, seen)
    if origin in (tuple, list):
        inner = _walk_of(parts[0], seen) if parts else None
        return None if inner is None else _each(inner, origin)
    if origin is dict:
        inner = _walk_of(parts[1], seen) if parts else None
        return None if inner is None else _values(inner)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        if annotation not in seen:
            seen[annotation] = None  # a struct within itself ends here
            seen[annotation] = _struct(annotation, seen)
        return seen[annotation]
    return None


def _token(value: IdToken, hand: Hand, whose: str) -> IdToken:
    if not value.value:
        return value
    text = hand.token(value.value)
    return value if text == value.value else IdToken(text, value.kind)


def _text(value: str, hand: Hand, whose: str) -> str:
    return hand.token(value) if value else value


def _words(value: str, hand: Hand, whose: str) -> str:
    return hand.words(value, whose) if value else value


def _payload(value: Any, hand: Hand, whose: str) -> Any:
    return hand.payload(value) if value else value


_MARKED: Mapping[Personal, Walk] = {
    Personal.TOKEN: _text,
    Personal.WORDS: _words,
    Personal.PAYLOAD: _payload,
}


def _struct(kind: type[msgspec.Struct], seen: dict[type, Walk | None]) -> Walk | None:
    hints = get_type_hints(kind, include_extras=True)
    found = {name: _walk_of(hints[name], seen) for name in kind.__struct_fields__}
    walks = [(name, walk) for name, walk in found.items() if walk is not None]
    own = next((name for name in kind.__struct_fields__ if _is_token(hints[name])), None)
    if not walks:
        return None

    def walk(value: Any, hand: Hand, whose: str) -> Any:
        token = getattr(value, own) if own is not None else None
        about = token.value if token is not None else whose
        changes: dict[str, Any] = {}
        for name, inner in walks:
            before = getattr(value, name)
            if before is not None and (after := inner(before, hand, about)) is not before:
                changes[name] = after
        return msgspec.structs.replace(value, **changes) if changes else value

    return walk


def _is_token(annotation: Any) -> bool:
    optional = get_origin(annotation) in (Union, types.UnionType)
    return annotation is IdToken or (optional and IdToken in get_args(annotation))


def _each(inner: Walk, origin: Callable[[Any], Any]) -> Walk:
    def walk(value: Any, hand: Hand, whose: str) -> Any:
        after = [inner(one, hand, whose) for one in value]
        return origin(after) if any(a is not b for a, b in zip(after, value, strict=True)) else value

    return walk


def _values(inner: Walk) -> Walk:
    def walk(value: Any, hand: Hand, whose: str) -> Any:
        after = {key: inner(one, hand, whose) for key, one in value.items()}
        return after if any(after[key] is not one for key, one in value.items()) else value

    return walk


def _union(parts: tuple[Any, ...], seen: dict[type, Walk | None]) -> Walk | None:
    """By the class of the value: no two parts of a union of ours have one."""
    walks: dict[type, Walk] = {}
    for part in parts:
        inner = _walk_of(part, seen)
        if inner is not None:
            bare = get_args(part)[0] if get_origin(part) is Annotated else part
            walks[get_origin(bare) or bare] = inner
    if not walks:
        return None

    def walk(value: Any, hand: Hand, whose: str) -> Any:
        inner = walks.get(type(value))
        return value if inner is None else inner(value, hand, whose)

    return walk
