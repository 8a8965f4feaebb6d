"""The rows say of every setting what the domain says of it; and what can be asked of them."""

import random
from datetime import timedelta

import pytest

from domain.desired_state import events as desired
from domain.desired_state.events import SettingsDesired, SettingsUndesired, TemplateApplied, WantedSetting
from domain.desired_state.goals import State, standing
from domain.desired_state.manners import Manners
from projections.configuration import queries
from projections.configuration.projection import Configuration
from tests.domain.desired_state.box import Box, Key
from tests.domain.desired_state.desk import CHARGER, Desk
from tests.projections.stories import START, TENANT, Log, project, reading, rows, told

NAMES = ("Alpha", "Beta", "Gamma", "Fixed", "Missing", "UnlockConnectorOnEVSideDisconnect")
STREAM = f"settings/{TENANT}/CP1"


def lived(seed: int) -> Desk:
    """A charger that is wanted this and that, restarts, forgets, loses answers."""
    dice = random.Random(seed)
    keys = [
        Key("alpha", "0"),
        Key("Beta", "0", on_write="RebootRequired"),
        Key("Gamma", "0", on_write=dice.choice(("Rejected", "Liar", "Accepted"))),
        Key("Fixed", "0", readonly=True),
        Key("UnlockConnectorOnEVSideDisconnect", "false", readonly=True),
        Key("AuthorizationKey", "secret"),
        Key("MeterValuesSampledData", "", measurands=frozenset(("energy", "power"))),
    ]
    desk = Desk(Box(keys, seed=seed, losses=3, max_keys=dice.choice((None, 1))), budget=dice.choice((3, 50)))
    for _ in range(8):
        wanted = tuple(WantedSetting(name, dice.choice("012")) for name in dice.sample(NAMES, 3))
        measurands = WantedSetting(
            "MeterValuesSampledData", dice.choice(("energy,soc,power", "energy,power", "soc"))
        )
        match dice.randrange(4):
            case 0:
                desk.tell([SettingsUndesired((dice.choice(NAMES),))])
            case 1:
                desk.tell([TemplateApplied(template=f"t{dice.randrange(3)}", settings=(*wanted, measurands))])
            case 2:
                desk.box.restart()
                desk.boot(f"{dice.randrange(2)}.0")
            case _:
                desk.tell([SettingsDesired(settings=wanted, restart_if_required=dice.random() < 0.5)])
        for _ in range(dice.choice((0, 5, 25))):
            desk.look()
            desk.now += timedelta(seconds=dice.choice((1, 5)))
    return desk


def test_rows_and_domain_agree_on_every_setting(postgres_dsn: str) -> None:
    log, seen = Log(postgres_dsn), set()
    desks = {f"CP{seed}": lived(seed) for seed in range(40)}
    for cpid, desk in desks.items():
        own = [event for event in desk.events if event.originator_id == desk.settings.stream]
        log.tell(*((f"settings/{TENANT}/{cpid}", event.fact, event.told) for event in own))
    project(postgres_dsn, Configuration())
    found = rows(postgres_dsn, "ocpp_configuration")
    for row in found:
        state = desks[row["charger"]].settings
        stands = standing(state, row["name"], Manners()).state
        assert (row["state"], row["charger"], row["name"]) == (stands, row["charger"], row["name"])
        assert row["value"] == state.value_of(row["name"])
        want = state.want_of(row["key"])
        assert row["desired"] == (want.value if want is not None else None)
        if row["drift"]:
            assert stands in (State.PENDING, State.READ_ONLY, State.GIVEN_UP, State.AWAITING_RESTART)
        seen.add(row["state"])
    assert seen == {state.value for state in State}
    for cpid, desk in desks.items():
        wanted = {key for key, _ in desk.settings.wanted()}
        assert wanted <= {row["key"] for row in found if row["charger"] == cpid}
    secrets = [row for row in found if row["key"] == "authorizationkey"]
    assert secrets
    assert all(row["value"] is None and row["secret"] for row in secrets)


def test_a_charger_whose_writes_are_held_back_shows_until_when(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    until = START + timedelta(hours=5)
    log.tell(
        (STREAM, desired.TemplateChosen("auto"), told()),
        (STREAM, desired.WriteBudgetExhausted(until), told()),
        (STREAM, desired.QuestionUnanswered(intent="ReadSettings", why="no answer"), told()),
        (STREAM, desired.RestartAnswered(agreed=False, reason="Rejected"), told()),
    )
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        row = queries.configured_charger(connection, TENANT, CHARGER.key)
        assert queries.configured_charger(connection, "other", CHARGER.key) is None
    assert row == queries.ConfiguredCharger(
        template_choice="auto",
        template=None,
        read_at=None,
        failure="no answer",
        writes_held_until=until,
        restart_refused="Rejected",
    )


@pytest.mark.parametrize("limit", [1, 50])
def test_lists(postgres_dsn: str, limit: int) -> None:
    log = Log(postgres_dsn)
    held = tuple(desired.HeldSetting(name=name, value="0") for name in ("A", "b", "C"))
    for n in (1, 2):
        path = f"settings/{TENANT}/CP{n}"
        log.tell(
            (path, desired.SettingsReported(settings=held, complete=True), told()),
            (path, SettingsDesired(settings=(WantedSetting("a", "0"), WantedSetting("B", "9"))), told()),
        )
    project(postgres_dsn)

    def names(**wanted: object) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            page = queries.list_configuration(
                connection,
                TENANT,
                queries.ConfigurationFilter(**wanted),  # type: ignore[arg-type]
                after=after,
                limit=limit,
            )
            found += [f"{row.charger} {row.name}" for row in page.rows]
            if page.next is None:
                return found
            after = page.next

    with reading(postgres_dsn).connect() as connection:
        assert names() == ["CP1 A", "CP1 b", "CP1 C", "CP2 A", "CP2 b", "CP2 C"]
        assert names(charger="CP2", drift=True) == ["CP2 b"]
        assert queries.drifted(connection) == [(TENANT, "CP1", "b"), (TENANT, "CP2", "b")]
        assert queries.drifted(connection, limit=1) == [(TENANT, "CP1", "b")]
        assert names(state="reached") == ["CP1 A", "CP2 A"]
        assert names(state="free", charger="CP1") == ["CP1 C"]
        assert names(key="a", drift=False) == ["CP1 A", "CP2 A"]
        assert queries.list_configuration(connection, "other").rows == ()
