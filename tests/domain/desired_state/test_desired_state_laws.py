"""Laws: whatever a charger does, what is wanted is reached or given up with a reason, within pace and budget."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.desired_state.events import SettingsDesired, TemplateApplied, WantedSetting
from domain.desired_state.goals import State, standing
from domain.desired_state.manners import Manners
from domain.desired_state.values import canonical, folded, items_of, same
from tests.domain.desired_state.box import Box, Key
from tests.domain.desired_state.desk import Desk

MANNERS = Manners()
ITEMS = ("energy", "power", "current", "voltage", "soc")
NAMES = ("Alpha", "Beta", "Gamma", "Delta", "MeterValuesSampledData", "Missing")
WRITES = st.sampled_from(("Accepted", "Accepted", "RebootRequired", "Rejected", "NotSupported", "Liar"))

plain = st.builds(
    Key,
    name=st.sampled_from(NAMES[:4]),
    value=st.sampled_from(("0", "1", "true")),
    readonly=st.booleans().filter(bool) | st.just(False) | st.just(False),
    on_write=WRITES,
)
measured = st.builds(
    Key,
    name=st.just("MeterValuesSampledData"),
    value=st.sampled_from(("", "energy", "energy,power")),
    on_write=st.sampled_from(("Accepted", "RebootRequired")),
    measurands=st.frozensets(st.sampled_from(ITEMS)).map(lambda some: some | {"energy", "power"}),
)
wishes = st.dictionaries(
    st.sampled_from(NAMES[:4] + NAMES[5:]), st.sampled_from(("0", "1", "2", "True")), max_size=5
)
lists = st.lists(st.sampled_from(ITEMS), min_size=1, unique=True).map(",".join)


def most_in_a_day(desk: Desk) -> int:
    """The greatest number of writes in any 24 hours."""
    writes = desk.box.writes
    return max(
        (sum(first <= one < first + timedelta(days=1) for one in writes) for first in writes), default=0
    )


@settings(max_examples=150, deadline=None)
@given(
    keys=st.lists(plain, unique_by=lambda key: key.name, max_size=4),
    measurands=measured,
    template=wishes,
    operator=wishes,
    wanted_list=lists,
    restart=st.booleans(),
    max_keys=st.sampled_from((None, 1, 3)),
    losses=st.integers(0, 6),
    amnesias=st.integers(0, 1),
    budget=st.sampled_from((2, 7, 50)),
    seed=st.integers(0, 999),
)
def test_what_is_wanted_is_reached_or_given_up_with_a_reason(
    keys: list[Key],
    measurands: Key,
    template: dict[str, str],
    operator: dict[str, str],
    wanted_list: str,
    restart: bool,
    max_keys: int | None,
    losses: int,
    amnesias: int,
    budget: int,
    seed: int,
) -> None:
    # Copies, since a box changes its keys.
    mine = [Key(k.name, k.value, k.readonly, k.on_write, k.measurands) for k in (*keys, measurands)]
    box = Box(mine, seed=seed, max_keys=max_keys, losses=losses, amnesias=amnesias)
    desk = Desk(box, budget=budget)
    as_told = tuple(
        WantedSetting(*one) for one in {**template, "MeterValuesSampledData": wanted_list}.items()
    )
    desk.tell([TemplateApplied(template="t", settings=as_told)])
    ours = tuple(WantedSetting(*one) for one in operator.items())
    desk.tell([SettingsDesired(settings=ours, restart_if_required=restart)])

    desk.run(within=timedelta(days=20))

    assert box.rules == []
    assert all(later - one >= timedelta(seconds=2) for one, later in pairwise(box.writes))
    assert most_in_a_day(desk) <= budget
    for name, value in {**template, "MeterValuesSampledData": wanted_list, **operator}.items():
        held = box.keys.get(folded(name))
        found = standing(desk.settings, name, MANNERS)
        match found.state:
            case State.REACHED:
                assert held is not None
                assert same(name, held.value, value)
            case State.NARROWED:
                assert held is not None
                assert held.measurands is not None
                best = [item for item in items_of(value) if item in held.measurands]
                assert canonical(name, held.value) == canonical(name, ",".join(best))
                assert found.reason
            case State.AWAITING_RESTART:
                assert not (restart and name in operator) or found.reason
            case state:
                assert state in (State.UNSUPPORTED, State.READ_ONLY, State.GIVEN_UP)
                assert found.reason
    assert desk.replayed() == (desk.settings, desk.list)


@settings(max_examples=60, deadline=None)
@given(
    support=st.frozensets(st.sampled_from(ITEMS)),
    wanted=st.lists(st.sampled_from(ITEMS), min_size=1, unique=True),
    limit=st.none() | st.integers(1, 5),
)
def test_of_a_list_all_that_is_supported_is_found(
    support: frozenset[str], wanted: list[str], limit: int | None
) -> None:
    keys = [Key("MeterValuesSampledData", "", measurands=support)]
    if limit is not None:
        keys.append(Key("MeterValuesSampledDataMaxLength", str(limit), readonly=True))
    box = Box(keys)
    desk = Desk(box)
    want = WantedSetting("MeterValuesSampledData", ",".join(wanted))
    desk.tell([SettingsDesired(settings=(want,))])
    desk.run()
    most = limit or len(wanted)
    best = [item for item in wanted if item in support][:most]
    assert items_of(box.keys["metervaluessampleddata"].value) == tuple(best)
    assert len(box.writes) <= len(wanted) + 1
    if not best:
        assert standing(desk.settings, want.name, MANNERS).state is State.GIVEN_UP
