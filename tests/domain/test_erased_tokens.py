"""What becomes of decisions when the owner of a token was erased: nobody can name it any more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.v2x.calls.tokens import id_token
from adapters.ocpp.v16.calls.tokens import id_tag
from domain.commands.drivers import ListEntry, SendLocalList
from domain.commands.intent import Abilities
from domain.desired_state.local_list import LocalList
from domain.desired_state.local_list_events import ListAccepted, ListDesired, ListReported
from domain.desired_state.local_list_step import next_list
from domain.desired_state.step import Situation
from domain.event import Fact, Told, events_of
from domain.id_tokens.events import Issued
from domain.id_tokens.id_token import TokenRecord
from domain.identity import ERASED, ChargerId, IdToken, is_erased

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GONE = f"{ERASED}~{'A' * 26}"
ANN, BOB, CY = (ListEntry(id_token=IdToken(name)) for name in ("ANN", "BOB", "CY"))
ANN_ERASED = ListEntry(id_token=IdToken(GONE))


def told(state: Any, *facts: Fact) -> Any:
    for event in events_of("x/t/CP", 0, facts, Told(recorded_at=NOW)):
        state.when(event)
    return state


def the_list(*facts: Fact) -> LocalList:
    state: LocalList = told(LocalList(ChargerId("t", "CP")), *facts)
    return state


def lists(ann: ListEntry) -> tuple[Fact, ...]:
    """All are on the list that the charger took; then Ann is to come off."""
    return (
        ListReported(0),
        ListDesired(version=3, replaced=True, entries=(ann, BOB, CY), size=3),
        ListAccepted(version=3, full=True, entries=3),
        ListDesired(version=4, entries=(ListEntry(id_token=ann.id_token, status=""),), size=2),
        ListReported(3),
    )


def step(state: LocalList) -> Any:
    at = Situation(protocol="1.6", vendor="V", model="M", limits_known=True)
    state.sent_at = None
    return next_list(state, at, Abilities(), NOW)


def test_a_known_token_comes_off_by_a_change() -> None:
    sent = step(the_list(*lists(ANN)))
    assert isinstance(sent, SendLocalList)
    assert (sent.full, [entry.status for entry in sent.entries]) == (False, [""])


def test_an_erased_one_comes_off_with_the_whole_list() -> None:
    sent = step(the_list(*lists(ANN_ERASED)))
    assert isinstance(sent, SendLocalList)
    assert sent.full
    assert sent.entries == (BOB, CY)


def test_an_erased_group_is_no_group() -> None:
    entry = ListEntry(id_token=IdToken("BOB"), group=GONE)
    assert the_list(ListDesired(version=1, replaced=True, entries=(entry,), size=1)).tokens == {"BOB": BOB}
    record = told(TokenRecord("id-token/t/BOB"), Issued(id_token=IdToken("BOB"), group=GONE))
    assert record.group == ""


def test_an_erased_token_is_sent_to_no_charger() -> None:
    assert is_erased(GONE)
    for spell in (id_tag, id_token):
        with pytest.raises(CannotSay, match="erased"):
            spell(IdToken(GONE))
