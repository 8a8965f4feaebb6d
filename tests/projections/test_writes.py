"""Writes merged in a batch do what they would do one by one."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import JSONB

from projections.columns import TableWithoutKey, shape_of
from projections.in_memory import Rows
from projections.read_model import Link, create_tables
from projections.staging import WriteImpossible, stages_of
from projections.statements import execute_writes
from projections.writes import Append, Delete, Increment, Merge, Update, Upsert, Write

_meta = sa.MetaData()
THINGS = sa.Table(
    "things",
    _meta,
    sa.Column("site", sa.Integer, primary_key=True),
    sa.Column("slot", sa.Text, primary_key=True),
    sa.Column("a", sa.BigInteger),
    sa.Column("b", sa.BigInteger),
    sa.Column("seen", sa.BigInteger),
    sa.Column("extra", JSONB),
    sa.Column("tags", sa.ARRAY(sa.Text)),
)

_number = st.integers(0, 4)
_maybe = st.none() | _number
_key = st.tuples(st.integers(1, 3), st.sampled_from(["x", "y"]))
_match = st.one_of(
    _key.map(lambda key: {"slot": key[1], "site": key[0]}),
    st.integers(1, 3).map(lambda site: {"site": site}),
    _number.map(lambda seen: {"seen": seen}),
    st.sampled_from("xy").map(lambda slot: {"slot": slot}),
    st.tuples(st.integers(1, 3), _number).map(lambda of: {"site": of[0], "seen": of[1]}),
)
_values = st.dictionaries(st.sampled_from(["a", "b"]), _maybe, max_size=2)
_extra = st.none() | st.dictionaries(st.sampled_from("pq"), _number, max_size=2)
_tags = st.lists(st.sampled_from(["ä", "B", "a", "a b"]), max_size=3, unique=True).map(sorted)
_write: st.SearchStrategy[Write] = st.one_of(
    st.builds(Upsert, st.just(THINGS), _key, _values, st.fixed_dictionaries({}, optional={"seen": _number})),
    st.builds(
        Upsert, st.just(THINGS), _key, st.fixed_dictionaries({"seen": _maybe}, optional={"a": _maybe}),
        guard=st.just("seen"),
    ),
    st.builds(
        Upsert, st.just(THINGS), _key, st.fixed_dictionaries({"seen": _maybe, "a": _maybe, "b": _maybe}),
        guard=st.sampled_from(["", "seen"]), since=st.just(("b", "a")),
    ),
    st.builds(
        Merge, st.just(THINGS), _key,
        st.fixed_dictionaries({"tags": st.none() | _tags}, optional={"b": _maybe}),
        st.fixed_dictionaries({}, optional={"a": _maybe, "seen": _number}),
    ),
    st.builds(
        Increment, st.just(THINGS), _key, st.fixed_dictionaries({"a": _number}),
        st.fixed_dictionaries({}, optional={"b": _number}),
        st.fixed_dictionaries({}, optional={"seen": _number}),
    ),
    st.builds(Update, st.just(THINGS), _match, st.fixed_dictionaries({"a": _maybe}, optional={"b": _maybe})),
    st.builds(Delete, st.just(THINGS), _match),
    st.builds(
        lambda key, values: Append(THINGS, {"site": key[0], "slot": key[1], **values}), _key, _values
    ),
    st.builds(
        lambda key, values, extra: Merge(THINGS, key, {**values, "extra": extra}), _key, _values, _extra
    ),
    st.builds(
        Increment, st.just(THINGS), _key, st.fixed_dictionaries({"a": _number}, optional={"b": _number}),
        st.fixed_dictionaries({}, optional={"seen": _number}),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def link(module_postgres_dsn: str) -> Iterator[Link]:
    """A connection to a database with the table."""
    with psycopg.connect(module_postgres_dsn) as connection:
        create_tables(connection, _meta)
        yield connection


def _after(link: Link, batches: list[list[Write]]) -> list[Any]:
    link.execute("TRUNCATE things")
    for batch in batches:
        execute_writes(link, batch)
    return link.execute("SELECT * FROM things ORDER BY site, slot").fetchall()


@settings(max_examples=600, deadline=None)
@given(writes=st.lists(_write, max_size=25))
def test_a_batch_equals_its_writes_one_by_one(link: Link, writes: list[Write]) -> None:
    assert _after(link, [writes]) == _after(link, [[write] for write in writes])


@settings(max_examples=600, deadline=None)
@given(writes=st.lists(_write, max_size=25))
def test_rows_in_memory_are_those_of_postgres(link: Link, writes: list[Write]) -> None:
    rows = Rows()
    rows.apply(writes)
    assert [tuple(row.values()) for row in rows.of(THINGS)] == _after(link, [writes])


_report = st.fixed_dictionaries({"seen": _maybe, "a": st.integers(0, 1), "b": _number}).map(
    lambda values: Upsert(THINGS, (1, "x"), values, guard="seen", since=("b", "a"))
)


@settings(max_examples=600, deadline=None)
@given(stands=_report, writes=st.lists(_report, min_size=2, max_size=4))
def test_reports_that_come_late_are_merged_as_if_one_by_one(
    link: Link, stands: Write, writes: list[Write]
) -> None:
    assert _after(link, [[stands], writes]) == _after(link, [[write] for write in (stands, *writes)])


def test_writes_to_many_rows_are_few_statements() -> None:
    writes: list[Write] = []
    for n in range(500):
        writes.append(Upsert(THINGS, (n, "x"), {"a": n}))
        writes.append(Update(THINGS, {"site": n}, {"b": n}))
        writes.append(Upsert(THINGS, (n, "x"), {"a": n + 1}))
    assert len(stages_of(writes, shape_of(THINGS))) == 3


def test_values_arrive_as_they_are(link: Link) -> None:
    tags = ['a"b', "{c,d}", "", "é\x00", "NULL", "\\"]
    extra = {"text": "\x00é", "list": [1, None, {"x": "\\u0000"}]}
    row = {"site": 1, "slot": "x\x00", "a": 2**62, "extra": extra, "tags": tags}
    assert _after(link, [[Append(THINGS, row), Append(THINGS, {**row, "slot": "y", "tags": []})]]) == [
        (1, "x\ufffd", 2**62, None, None, {"text": "\ufffdé", "list": [1, None, {"x": "\\u0000"}]},
         ['a"b', "{c,d}", "", "é\ufffd", "NULL", "\\"]),
        (1, "y", 2**62, None, None, {"text": "\ufffdé", "list": [1, None, {"x": "\\u0000"}]}, []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (Upsert(THINGS, (1,), {"a": 1}), WriteImpossible),
        (Update(THINGS, {"site": None}, {"a": 1}), WriteImpossible),
        (Update(THINGS, {}, {"a": 1}), WriteImpossible),
        (Update(THINGS, {"a": 1}, {"a": 2}), WriteImpossible),
        (Append(sa.Table("loose", sa.MetaData(), sa.Column("a", sa.Integer)), {"a": 1}), TableWithoutKey),
    ],
)
def test_writes_that_name_no_row_are_refused(write: Write, error: type[Exception]) -> None:
    with pytest.raises(error):
        stages_of([write], shape_of(write.table))


@pytest.mark.parametrize("value", [1.5, "1"])
def test_a_value_of_the_wrong_type_is_refused_not_bent(link: Link, value: object) -> None:
    with pytest.raises(TypeError):
        execute_writes(link, [Upsert(THINGS, (1, "x"), {"a": value})])
