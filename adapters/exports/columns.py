"""The columns of a dataset, and what each kind of them is in Parquet.

Energy and money are whole numbers or exact decimals, never floats. Words out of a small set are stored as a dictionary.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec


class AnalysisNotInstalled(RuntimeError):
    """Parquet needs pyarrow, which is an extra: install `zeus-csms[analysis]`, or pyarrow itself."""


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    TOKEN = "token"  # noqa: S105 - a kind of column; what is in it is a pseudonym
    WORD = "word"
    WORDS = "words"
    INSTANT = "instant"
    WHOLE = "whole"
    NUMBER = "number"
    EXACT = "exact"
    FLAG = "flag"


class Column(msgspec.Struct, frozen=True):
    """A column: its name, its kind, what it means, in which unit, and the SQL it is read by."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    sql: str = ""
    """The expression it is read by; its name, where that is left out."""


@cache
def arrow() -> Any:
    """The library, imported when it is needed first. Raises AnalysisNotInstalled."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise AnalysisNotInstalled(str(error)) from error
    return pyarrow


@cache
def _types() -> Mapping[Kind, Any]:
    pa = arrow()
    return {
        Kind.TEXT: pa.string(),
        Kind.TOKEN: pa.string(),
        Kind.WORD: pa.dictionary(pa.int32(), pa.string()),
        Kind.WORDS: pa.list_(pa.string()),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
        Kind.WHOLE: pa.int64(),
        Kind.NUMBER: pa.int32(),
        # A register has up to 15 digits before the point and 20 behind it (projections/bounds.py).
        Kind.EXACT: pa.decimal128(35, 20),
        Kind.FLAG: pa.bool_(),
    }


def type_name(kind: Kind) -> str:
    """The type as the data dictionary names it."""
    return str(_types()[kind])


def schema_of(columns: Sequence[Column], about: Mapping[str, str]) -> Any:
    """The Arrow schema, with unit and meaning of each column in the file itself."""
    pa = arrow()
    fields = [
        pa.field(one.name, _types()[one.kind], metadata={"unit": one.unit, "meaning": one.meaning})
        for one in columns
    ]
    return pa.schema(fields, metadata=dict(about))


def table_of(columns: Sequence[Column], schema: Any, rows: Sequence[Sequence[Any]]) -> Any:
    """Rows as one Arrow table of `schema`."""
    pa = arrow()
    values = zip(*rows, strict=True)
    arrays = [_array(one.kind)(list(held)) for one, held in zip(columns, values, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


@cache
def _array(kind: Kind) -> Callable[[list[Any]], Any]:
    pa, wanted = arrow(), _types()[kind]
    if kind is Kind.WORD:
        return lambda held: pa.array(held, pa.string()).dictionary_encode()
    return lambda held: pa.array(held, wanted)
