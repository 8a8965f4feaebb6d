"""Numbers of transactions in frames: theirs in the place of ours, and not a sign beside them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mirror.numbers import MOST, BegunBefore, Numbers

NUMBER = st.integers(1, 2**31 - 1)


@given(
    NUMBER,
    NUMBER,
    st.sampled_from(("MeterValues", "StopTransaction")),
    st.text(max_size=20),
    st.integers(0, 3),
)
def test_only_the_number_is_another(ours: int, theirs: int, action: str, text: str, blanks: int) -> None:
    numbers = Numbers()
    assert numbers.learn(ours, theirs)
    rest = json.dumps({"idTag": text, "meterStop": ours})[1:]
    blank = " " * blanks
    frame = f'[2,"{ours}","{action}",{{"transactionId"{blank}:{blank}{ours},{rest}]'
    said = numbers.said_to_them(frame, action)
    assert json.loads(said)[3]["transactionId"] == theirs
    assert json.loads(said)[3]["meterStop"] == ours
    assert re.sub(r'("transactionId"\s*:\s*)[0-9]+', r"\1#", said) == re.sub(
        r'("transactionId"\s*:\s*)[0-9]+', r"\1#", frame
    )


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_that_nobody_gave_stays(number: int) -> None:
    frame = f'[2,"1","StopTransaction",{{"transactionId":{number}}}]'
    assert Numbers().said_to_them(frame, "StopTransaction") == frame


def test_a_transaction_that_began_before_has_no_number_there() -> None:
    with pytest.raises(BegunBefore):
        Numbers().said_to_them('[2,"1","MeterValues",{"connectorId":1,"transactionId":7}]', "MeterValues")


def test_what_is_within_a_text_is_no_number_of_a_transaction() -> None:
    inner = json.dumps(json.dumps({"transactionId": 7}))
    frame = f'[2,"1","DataTransfer",{{"vendorId":"x","data":{inner}}}]'
    assert Numbers([(7, 9)]).said_to_them(frame, "DataTransfer") == frame
    stop = f'[2,"1","StopTransaction",{{"transactionId":8,"reason":{inner}}}]'
    assert Numbers([(8, 9)]).said_to_them(stop, "StopTransaction") == stop.replace(":8,", ":9,")


@given(st.lists(st.tuples(NUMBER, NUMBER), max_size=2 * MOST))
def test_the_newest_are_remembered(pairs: list[tuple[int, int]]) -> None:
    numbers = Numbers()
    for ours, theirs in pairs:
        numbers.learn(ours, theirs)
    expected = dict(list({ours: None for ours, _ in reversed(pairs)}.items())[:MOST])
    assert {ours for ours, _ in numbers.known()} == set(expected)
    latest = dict(pairs)
    assert all(latest[ours] == theirs for ours, theirs in numbers.known())
    assert Numbers(numbers.known()).known() == numbers.known()


@pytest.mark.parametrize("pair", [(None, 1), (1, None), ("1", 2), (1, "2")])
def test_who_gives_no_number_teaches_nothing(pair: tuple[object, object]) -> None:
    numbers = Numbers()
    assert not numbers.learn(*pair)
    assert numbers.known() == []
