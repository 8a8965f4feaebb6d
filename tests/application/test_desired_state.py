"""Wishes through the store, and a charger led by whoever owns its socket: two who write at once both count."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from application.desired_state import DesiredState
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance, Booted, Connected, Registered, TransactionOpened
from domain.commands.drivers import ListEntry
from domain.commands.intent import Intent
from domain.commands.upkeep import Reset
from domain.desired_state.availability import Place
from domain.desired_state.events import SettingsDesired, WantedSetting, WriteBudgetExhausted
from domain.desired_state.goals import State
from domain.desired_state.local_list import LocalListVersionTooLow
from domain.desired_state.step import Pause
from domain.desired_state.templates import AUTO, Template, TemplateUnknown
from domain.desired_state.wishes import SecretNotKept
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId, IdToken
from tests.domain.desired_state.box import START, Box, Key, NoAnswer
from tests.fakes.staged_store import StagedEventStore

CP = ChargerId.of("acme", "CP1")


class Time:
    """A clock that is put forward."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def store() -> AsyncIterator[StagedEventStore]:
    one = StagedEventStore()
    connected = Connected(connection="c1", gateway="g", protocol="1.6", security_profile=1)
    await tell(one, Registered(cpid="cp1", security_profile=1), connected)
    yield one
    await one.close()


@pytest.fixture
def state(store: StagedEventStore, time: Time) -> DesiredState:
    return DesiredState(store, "acme", "zeus", write_budget=4, now=time)


async def tell(store: StagedEventStore, *facts: Fact, stream: str = CP.stream) -> None:
    version = len(await store.read(stream))
    await store.append(events_of(stream, version, facts, Told(recorded_at=START)))


async def boot(store: StagedEventStore, state: DesiredState, firmware: str = "1") -> Charger:
    fact = Booted(vendor="V", model="M", answered=Acceptance.ACCEPTED, interval_s=300, firmware=firmware)
    await tell(store, fact)
    charger = await load_charger(store, CP)
    await state.noticed_boot(charger)
    return charger


async def lead(
    state: DesiredState, charger: Charger, box: Box, time: Time, hours: float = 12
) -> list[Intent]:
    """As the worker that owns the socket does; what was asked."""
    asked: list[Intent] = []
    end = time.now + timedelta(hours=hours)
    while True:
        step = await state.next_step(charger)
        if step is None or (isinstance(step, Pause) and step.until > end):
            return asked
        if isinstance(step, Pause):
            time.now = step.until
            continue
        asked.append(step)
        time.now += timedelta(milliseconds=100)
        try:
            answer = box.ask(step, time.now)
        except NoAnswer:
            await state.unheard(charger, step, "no answer", cause="command/acme/1@3")
        else:
            await state.heard(charger, step, answer, cause="command/acme/1@3")
        if isinstance(step, Reset):
            box.restart()
            await state.noticed_boot(charger)


def tokens(*numbers: int) -> list[ListEntry]:
    return [ListEntry(id_token=IdToken(f"T{n}")) for n in numbers]


async def test_a_charger_that_was_away_comes_back_to_what_is_wanted(
    store: StagedEventStore, state: DesiredState, time: Time
) -> None:
    await state.want_settings("CP1", {"Alpha": "1", "Beta": "2"}, restart_if_required=True)
    listed = await state.want_local_list("cp1", tokens(1, 2, 3))
    await state.want_availability("cp1", False, evse_id=2, reason="works")
    box = Box([Key("alpha", "0"), Key("Beta", "0", on_write="RebootRequired")], losses=2, list_part=2, seed=4)
    charger = await boot(store, state)
    await lead(state, charger, box, time)
    assert (box.keys["alpha"].value, box.keys["beta"].value) == ("1", "2")
    assert (box.list_version, set(box.tokens)) == (listed.wanted_version, {"T1", "T2", "T3"})
    assert box.available == {(2, 0): False}
    view = await state.settings_of("cp1")
    assert view.read_complete
    assert {one.name: one.standing.state for one in view.settings}["alpha"] is State.REACHED
    assert view.availability[Place(2, 0)].answered == "Accepted"
    assert (await state.local_list_of("cp1")).reached
    assert (await state.abilities(charger)).settings["alpha"] == "1"


async def test_a_budget_that_is_used_up_is_written_down_and_waited_for(
    store: StagedEventStore, state: DesiredState, time: Time
) -> None:
    await state.want_settings("cp1", {f"K{n}": "1" for n in range(6)})
    box = Box([Key(f"K{n}", "0") for n in range(6)])
    charger = await boot(store, state)
    await lead(state, charger, box, time)
    assert len(box.writes) == 4
    events = await store.read(f"settings/{CP.tenant}/{CP.key}")
    assert sum(isinstance(event.fact, WriteBudgetExhausted) for event in events) == 1
    await lead(state, charger, box, time, hours=30)
    assert len(box.writes) == 6


async def test_no_restart_while_a_transaction_runs(
    store: StagedEventStore, state: DesiredState, time: Time
) -> None:
    await state.want_settings("cp1", {"Beta": "2"}, restart_if_required=True)
    opened = TransactionOpened(transaction="t", evse_id=1, connector_id=1, started_at=START)
    await tell(store, opened)
    box = Box([Key("Beta", "0", on_write="RebootRequired")])
    charger = await boot(store, state)
    asked = await lead(state, charger, box, time, hours=0.01)
    assert not any(isinstance(intent, Reset) for intent in asked)


async def test_templates_apply_to_those_who_were_told_to_follow_one(
    store: StagedEventStore, state: DesiredState
) -> None:
    await state.define_template(Template(name="ours", model="M", settings={"Alpha": "7"}))
    await boot(store, state)
    assert (await state.settings_of("cp1")).settings == ()
    await state.choose_template("cp1", AUTO)
    view = await state.settings_of("cp1")
    assert (view.template, [(one.name, one.desired, one.origin) for one in view.settings]) == (
        "ours",
        [("Alpha", "7", "ours")],
    )
    await state.want_settings("cp1", {"alpha": "8"})
    (setting,) = (await state.settings_of("cp1")).settings
    assert (setting.desired, setting.origin) == ("8", "operator")
    await state.want_no_settings("cp1", ["ALPHA"])
    await state.choose_template("cp1", "")
    assert (await state.settings_of("cp1")).settings == ()
    with pytest.raises(TemplateUnknown):
        await state.choose_template("cp1", "theirs")
    await state.withdraw_template("ours")
    assert {one.name for one in await state.templates()} == {"ocpp-1.6", "ocpp-2.x"}


async def test_a_template_chosen_before_the_first_boot_is_applied_after_it(
    store: StagedEventStore, state: DesiredState
) -> None:
    await state.choose_template("cp1", "ocpp-1.6")
    assert (await state.settings_of("cp1")).settings == ()
    await boot(store, state)
    before = len(await store.read(f"settings/{CP.tenant}/{CP.key}"))
    wanted = {one.name: one.desired for one in (await state.settings_of("cp1")).settings}
    assert wanted["AllowOfflineTxForUnknownId"] == "false"
    await boot(store, state)
    assert len(await store.read(f"settings/{CP.tenant}/{CP.key}")) == before


async def test_two_wishes_at_once_both_count(store: StagedEventStore, state: DesiredState) -> None:
    other = SettingsDesired(settings=(WantedSetting("Beta", "2"),))

    async def first() -> None:
        await store.intrude(f"settings/{CP.tenant}/{CP.key}", other, Told(recorded_at=START))

    store.before.append(first)
    await state.want_settings("cp1", {"Alpha": "1"})
    wanted = {one.name: one.desired for one in (await state.settings_of("cp1")).settings}
    assert wanted == {"Alpha": "1", "Beta": "2"}


async def test_a_wish_while_something_is_noted_is_not_lost(
    store: StagedEventStore, state: DesiredState, time: Time
) -> None:
    await state.want_settings("cp1", {f"K{n}": "1" for n in range(6)})
    box = Box([Key(f"K{n}", "0") for n in range(6)])
    charger = await boot(store, state)
    while len(box.writes) < 4:
        step = await state.next_step(charger)
        if isinstance(step, Pause):
            time.now = step.until
        elif step is not None:
            await state.heard(charger, step, box.ask(step, time.now))
    time.now += timedelta(seconds=5)

    async def first() -> None:
        wish = SettingsDesired(settings=(WantedSetting("Late", "2"),))
        await store.intrude(f"settings/{CP.tenant}/{CP.key}", wish, Told(recorded_at=time.now))

    store.before.append(first)  # just before the exhausted budget is noted
    await state.next_step(charger)
    facts = [event.fact for event in await store.read(f"settings/{CP.tenant}/{CP.key}")]
    assert isinstance(facts[-1], WriteBudgetExhausted) or "Late" in repr(facts[-1])
    assert any("Late" in repr(fact) for fact in facts)


async def test_wishes_that_are_refused(state: DesiredState) -> None:
    with pytest.raises(ChargerUnknown):
        await state.want_settings("nobody", {"A": "1"})
    with pytest.raises(SecretNotKept):
        await state.want_settings("cp1", {"AuthorizationKey": "secret"})
    await state.want_local_list("cp1", tokens(1), version=5)
    with pytest.raises(LocalListVersionTooLow):
        await state.want_local_list("cp1", tokens(2), version=5)
    assert (await state.want_local_list("cp1", tokens(1), version=5)).wanted_version == 5
