"""Columns travel as arrays: whatever text there is, Postgres reads what was meant."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column as Declared
from sqlalchemy import Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from projections.columns import Column

WORDS = st.text(st.sampled_from('ab",{}\\ \n\t\x00\x01\x02NULé€\U0001f50c'), max_size=12) | st.sampled_from(
    ["NULL", ""]
)


@pytest.fixture(scope="module")
def link(module_postgres_dsn: str) -> "Iterator[psycopg.Connection[Any]]":
    with psycopg.connect(module_postgres_dsn, autocommit=True) as connection:
        yield connection


def told(link: "psycopg.Connection[Any]", column: Column, values: list[Any]) -> list[Any]:
    """What Postgres makes of the array."""
    source = f"unnest(%b::{column.staged}[]) WITH ORDINALITY AS t(v, n)"
    query = f"SELECT v::{column.type} FROM {source} ORDER BY n"  # noqa: S608 - our own types
    return [value for (value,) in link.execute(query.encode(), [column.array(values)])]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | WORDS, min_size=1, max_size=8))
@example(["\x00"])
@example([None, None])
def test_texts_come_as_they_are_but_for_nul(
    link: "psycopg.Connection[Any]", values: list[str | None]
) -> None:
    meant = [None if value is None else value.replace("\x00", "\ufffd") for value in values]
    assert told(link, Column(Declared("c", Text)), values) == meant


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.none() | st.dictionaries(WORDS, WORDS, max_size=3), min_size=1, max_size=4),
    st.lists(st.none() | st.lists(WORDS, max_size=3), min_size=1, max_size=4),
    st.lists(
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3), min_size=1, max_size=4
    ),
)
def test_objects_sets_and_numbers_likewise(
    link: "psycopg.Connection[Any]", objects: list[Any], sets: list[Any], numbers: list[Any]
) -> None:
    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("\x00", "\ufffd")
        if isinstance(value, dict):
            return {clean(name): clean(inner) for name, inner in value.items()}
        return [clean(inner) for inner in value] if isinstance(value, list) else value

    assert told(link, Column(Declared("c", JSONB)), objects) == clean(objects)
    assert told(link, Column(Declared("c", ARRAY(Text))), sets) == clean(sets)
    assert told(link, Column(Declared("c", Numeric)), numbers) == numbers


def test_what_is_no_text_is_no_text() -> None:
    for values in ([1], [None, 1], ["a", b"b"]):
        with pytest.raises(TypeError):
            Column(Declared("c", Text)).array(values)
