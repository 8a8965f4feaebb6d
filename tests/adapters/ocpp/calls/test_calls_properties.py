"""For every version and intent: a call its schema accepts or a reason why not; every answer is understood."""

from functools import cache

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.ocpp.directions import actions_from_csms
from adapters.ocpp.offering import CALLS, compose, understand, why_not
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.versions import Version
from domain.commands.intent import Abilities, Answer, Intent
from domain.commands.intents import INTENTS
from domain.commands.upkeep import Raw
from tests.adapters.ocpp.calls.examples import EXAMPLES
from tests.adapters.ocpp.calls.likely import LIKELY
from tests.intents import any_intent, likely_intent
from tests.ocpp_payloads import valid_payload

CASES = [(version, kind) for version in Version for kind in CALLS[version] if kind is not Raw]
IDS = [f"{version}-{kind.name()}" for version, kind in CASES]
NOTHING_KNOWN = Abilities()
EXTENDED = Abilities(settings={"SecurityProfile": "2", "AdditionalRootCertificateCheck": "false"})
"""A 1.6 charger with the security extension."""
_abilities = st.sampled_from([NOTHING_KNOWN, EXTENDED])


@cache
def likely(kind: type[Intent]) -> st.SearchStrategy[Intent]:
    """Intents as people would write them."""
    return likely_intent(kind, LIKELY)


@pytest.mark.parametrize(("version", "kind"), CASES, ids=IDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_intent_becomes_a_valid_call_or_a_reason(
    version: Version, kind: type[Intent], data: st.DataObject
) -> None:
    intent = data.draw(st.one_of(likely(kind), any_intent(kind)))
    abilities = data.draw(_abilities)
    reason = why_not(version, intent, abilities)
    if reason:
        assert reason.strip().endswith((".", "'"))
        return
    call = compose(version, intent, abilities)
    message = catalogue(version).message(Kind.REQUEST, call.action)
    assert message is not None
    assert message.is_valid(orjson.loads(orjson.dumps(call.payload)))
    assert call.action in CALLS[version][kind].ACTIONS


@pytest.mark.parametrize(("version", "kind"), CASES, ids=IDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_answer_is_understood(version: Version, kind: type[Intent], data: st.DataObject) -> None:
    intent, abilities = data.draw(likely(kind)), data.draw(_abilities)
    if why_not(version, intent, abilities):
        examples = [one for one in EXAMPLES if type(one) is kind and not why_not(version, one, abilities)]
        intent = data.draw(st.sampled_from(examples))
    action = compose(version, intent, abilities).action
    payload = valid_payload(version, Kind.ANSWER, action, data.draw(st.integers(0, 10**6)))
    answer = understand(version, intent, action, payload)
    assert answer.status == payload.get("status", answer.status)
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer, "JSON's types alone"


@pytest.mark.parametrize("version", Version)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_raw_call_says_anything_we_may_send(version: Version, seed: int) -> None:
    for action in sorted(actions_from_csms(version)):
        intent = Raw(action=action, payload=valid_payload(version, Kind.REQUEST, action, seed))
        assert compose(version, intent, NOTHING_KNOWN).action == action
        told = valid_payload(version, Kind.ANSWER, action, seed)
        assert understand(version, intent, action, told).result == told


@pytest.mark.parametrize("version", Version)
def test_every_action_we_may_send_is_the_call_of_some_intent(version: Version) -> None:
    kinds = CALLS[version]
    said = [
        compose(version, intent, abilities).action
        for intent in EXAMPLES
        for abilities in (NOTHING_KNOWN, EXTENDED)
        if type(intent) in kinds and not why_not(version, intent, abilities)
    ]
    assert set(said) == actions_from_csms(version)
    declared = {action for kind in kinds if kind is not Raw for action in kinds[kind].ACTIONS}
    assert declared == actions_from_csms(version)


def test_every_intent_has_an_example_and_a_version_that_can_say_it() -> None:
    assert {type(intent) for intent in EXAMPLES} | {Raw} == set(INTENTS)
    assert set().union(*CALLS.values()) == set(INTENTS)
