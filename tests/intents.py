"""Intents made at random: any values of the declared types, or such as people would write."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from domain.commands.intent import Intent

START = datetime(2025, 1, 1, tzinfo=UTC)

_SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    Decimal: st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3
    ),
    datetime: st.integers(0, 10**12).map(lambda ms: START + timedelta(milliseconds=ms)),
    NoneType: st.none(),
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
Likely = Mapping[str, st.SearchStrategy[Any]]
"""Field name → values that make sense there."""


@cache
def any_intent(kind: type[Intent]) -> st.SearchStrategy[Any]:
    """Intents of a class with whatever values its types allow."""
    return _struct(kind, {})


def likely_intent(kind: type[Intent], likely: Likely) -> st.SearchStrategy[Any]:
    """Intents whose fields are mostly taken from `likely`, by field name at any depth."""
    return _struct(kind, likely)


def _struct(kind: type[msgspec.Struct], likely: Likely) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    made = {}
    for field in msgspec.structs.fields(kind):
        values = _of(hints[field.name], likely)
        fitting = likely.get(f"{kind.__name__}.{field.name}", likely.get(field.name))
        made[field.name] = (
            values if fitting is None else _sometimes(values, _shaped(hints[field.name], fitting))
        )
    return st.builds(kind, **made)


def _sometimes(any_value: st.SearchStrategy[Any], fitting: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 30).flatmap(lambda n: any_value if n == 30 else fitting)


def _shaped(hint: Any, fitting: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A tuple of what fits where the field is a tuple; now and then None where it may be."""
    if get_origin(hint) is tuple:
        return st.lists(fitting, max_size=2, unique=True).map(tuple)
    if get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint):
        return st.none() | fitting
    return fitting


def _of(hint: Any, likely: Likely) -> st.SearchStrategy[Any]:
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hint is Any:
        return JSON
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([_of(argument, likely) for argument in arguments])
    if origin is tuple:
        return st.lists(_of(arguments[0], likely), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(_of(arguments[0], likely), _of(arguments[1], likely), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _struct(hint, likely)
