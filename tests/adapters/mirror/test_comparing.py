"""Two answers side by side: what is alike is called alike, and any other difference is found at its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mirror.comparing import ABSENT, OWN, SHOWN, SILENCE, differences
from adapters.ocpp.token_places import NAMES
from adapters.ocpp.versions import Version

NAME = st.text("abcdefgh", min_size=1, max_size=6)
LEAF = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text('xyz é"\\', max_size=8)
PAYLOAD = st.dictionaries(
    NAME,
    st.recursive(
        LEAF,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def result(payload: Any, message_id: str = "1") -> str:
    return json.dumps([3, message_id, payload])


def compared(mine: Any, other: Any) -> list[tuple[str, str, str]]:
    return [tuple(one) for one in differences(result(mine), result(other), Version.V16)]


@given(PAYLOAD)
def test_an_answer_is_like_itself_however_it_is_spelled(payload: dict[str, Any]) -> None:
    spelled = json.dumps([3, "1", dict(reversed(payload.items()))], indent=1, ensure_ascii=False)
    assert differences(result(payload), spelled, Version.V16) == []


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything that is no object and no list, and to empty ones."""
    if isinstance(value, dict) and value:
        return [way for key, inner in value.items() for way in leaves(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [way for n, inner in enumerate(value) for way in leaves(inner, (*path, n))]
    return [path]


def put(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = put(value[way[0]], way[1:], new)
    return copy


@given(PAYLOAD.filter(bool), st.data())
def test_one_changed_value_is_found_at_its_place_and_nothing_else(payload: dict[str, Any], data: Any) -> None:
    way = data.draw(st.sampled_from(leaves(payload)))
    changed = put(payload, way, "something that was not there")
    place = ".".join("[]" if isinstance(step, int) else step for step in way).replace(".[]", "[]")
    found = compared(payload, changed)
    assert [one[0] for one in found] == [place]
    assert found[0][2].startswith('"something')
    assert [(path, theirs, ours) for path, ours, theirs in found] == compared(changed, payload)


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_system_has_its_own_clock_and_numbers(name: str) -> None:
    assert compared({name: 7}, {name: 9}) == []
    assert compared({name: 7}, {}) == [(name, "7", ABSENT)]
    assert compared({name: 7}, {name: "9"}) == [(name, "7", '"9"')]


def test_one_instant_may_be_spelled_in_several_ways() -> None:
    mine = {"idTagInfo": {"expiryDate": "2026-11-22T12:00:00Z"}}
    assert compared(mine, {"idTagInfo": {"expiryDate": "2026-11-22T13:00:00.000+01:00"}}) == []
    assert len(compared(mine, {"idTagInfo": {"expiryDate": "2026-11-22T12:00:01Z"}})) == 1


def test_numbers_are_compared_as_numbers_and_truth_is_none() -> None:
    assert compared({"interval": 300}, {"interval": 300.0}) == []
    assert compared({"interval": 1}, {"interval": True}) == [("interval", "1", "true")]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_of_tokens_is_told_that_there_are_some(name: str) -> None:
    assert compared({"a": {name: "04A2B9C1"}}, {"a": {name: "04FFFFFF"}}) == [
        (f"a.{name}", "a token", "a token")
    ]


def test_nor_is_any_other_text_told_that_has_one_in_it() -> None:
    call = '[2,"1","Authorize",{"idTag":"04A2B9C1"}]'
    mine, other = result({"words": "Hello 04a2b9c1", "n": 1}), result({"words": "04A2B9C1!", "n": 2})
    found = differences(mine, other, Version.V16, call)
    assert found == [("n", "1", "2"), ("words", "a token", "a token")]
    theirs_alone = result({"groupIdToken": {"idToken": "GROUP-7"}, "words": "of GROUP-7"})
    found = differences(result({"words": "none"}), theirs_alone, Version.V201)
    assert ("words", '"none"', "a token") in found
    assert "GROUP" not in str(found)


@pytest.mark.parametrize("value", ["1" * 40, "1e999", "1.5", '"\\u0000"', '"\\ud800"', "[[[]]]", "null"])
def test_whatever_the_other_system_says_can_be_told(value: str) -> None:
    """Its integers may have any length, its texts any sign."""
    ((path, ours, theirs),) = differences(result({"a": "x"}), f'[3,"1",{{"a":{value}}}]', Version.V16) or [
        ("", "", "")
    ]
    assert (path, ours) in (("a", '"x"'), ("", "an answer"))
    assert theirs


def test_refusals_are_alike_where_their_codes_are() -> None:
    mine = '[4,"1","NotImplemented","we know no such action",{}]'
    assert differences(mine, '[4,"1","NotImplemented","",{"a":1}]', Version.V16) == []
    (one,) = differences(mine, '[4,"1","NotSupported","",{}]', Version.V16)
    assert one == ("", "the error NotImplemented", "the error NotSupported")
    (one,) = differences(mine, result({}), Version.V16)
    assert one == ("", "the error NotImplemented", "an answer")


def test_silence_and_rubbish_are_no_answers() -> None:
    (one,) = differences(result({}), None, Version.V16)
    assert one == ("", "an answer", SILENCE)
    (one,) = differences(result({}), "{", Version.V16)
    assert one == ("", "an answer", "no readable answer")


def test_long_values_are_cut() -> None:
    ((_, ours, theirs),) = compared({"a": "x" * 1000}, {"a": ["y" * 1000]})
    assert len(ours) == len(theirs) == SHOWN
