"""Intents stand in the log: every one reads back as it was written, under a name that is its own."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands.intent import Intent
from domain.commands.intents import INTENTS, AnyIntent
from tests.intents import any_intent


@pytest.mark.parametrize("kind", INTENTS, ids=lambda kind: kind.name())
@settings(max_examples=40)
@given(data=st.data())
def test_every_intent_reads_back_as_it_was_written(kind: type[Intent], data: st.DataObject) -> None:
    intent = data.draw(any_intent(kind))
    written = msgspec.json.encode(intent)
    assert msgspec.json.decode(written, type=AnyIntent) == intent
    assert msgspec.json.decode(written)["intent"] == kind.__name__


def test_the_union_holds_every_intent_there_is() -> None:
    assert set(INTENTS) == set(Intent.__subclasses__())


def test_the_names_of_the_contract_are_kept() -> None:
    names = {kind.name() for kind in INTENTS}
    assert {"ClearCache", "DataTransfer", "GetLocalListVersion", "TriggerMessage", "Raw"} <= names
    assert len(names) == len(INTENTS)
