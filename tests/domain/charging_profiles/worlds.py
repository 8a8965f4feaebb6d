"""Random stacks of profiles: of all purposes and kinds, around a given instant."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Placed,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)
from domain.charging_profiles.timeline import Running

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PURPOSES = (*Purpose, Purpose.TX_DEFAULT, Purpose.TX, Purpose.TX)
"""All of them, those that replace each other more often."""


def moments(spread_s: int, around: datetime = NOON) -> st.SearchStrategy[datetime]:
    """Whole seconds mostly, broken ones too."""
    whole = st.integers(-spread_s, spread_s).map(lambda s: around + timedelta(seconds=s))
    broken = st.integers(-spread_s * 1000, spread_s * 1000).map(
        lambda ms: around + timedelta(milliseconds=ms)
    )
    return st.one_of(whole, whole, broken)


@st.composite
def schedules(draw: st.DrawFn, spread_s: int, start_at: datetime | None) -> Schedule:
    """A few periods from 0 on."""
    unit = draw(st.sampled_from(Unit))
    most = 640 if unit is Unit.A else 220_000
    later = draw(st.lists(st.integers(1, spread_s), max_size=4, unique=True))
    tenths = st.integers(0, most)
    return Schedule(
        unit=unit,
        periods=tuple(
            Period(
                start_s=start_s,
                limit=Decimal(draw(tenths)) / 10,
                phases=draw(st.sampled_from((None, None, 1, 2, 3))),
            )
            for start_s in (0, *sorted(later))
        ),
        duration_s=draw(st.one_of(st.none(), st.integers(1, spread_s * 2))),
        start_at=start_at,
    )


@st.composite
def profiles(
    draw: st.DrawFn,
    profile_id: int,
    spread_s: int = 150,
    purposes: Sequence[Purpose] = PURPOSES,
    references: Sequence[str] = ("", "tx", "other"),
) -> ChargingProfile:
    """One profile that has something to say near noon, often."""
    purpose = draw(st.sampled_from(purposes))
    kind = draw(st.sampled_from(Kind))
    anchored = kind in (Kind.ABSOLUTE, Kind.RECURRING)
    cycles = draw(st.sampled_from((0, 0, -1, -7, -30))) if kind is Kind.RECURRING else 0
    start_at = draw(moments(spread_s, NOON + timedelta(days=cycles))) if anchored else None
    windows = st.one_of(st.none(), st.none(), moments(spread_s))
    return ChargingProfile(
        profile_id=profile_id,
        stack_level=draw(st.integers(0, 3)),
        purpose=purpose,
        kind=kind,
        schedules=(draw(schedules(spread_s, start_at)),),
        recurrency=draw(st.sampled_from(Recurrency)) if kind is Kind.RECURRING else None,
        valid_from=draw(windows),
        valid_to=draw(windows),
        transaction=draw(st.sampled_from(references)) if purpose is Purpose.TX else "",
    )


@st.composite
def worlds(draw: st.DrawFn, spread_s: int = 150, most: int = 7) -> list[Placed]:
    """What a charger may hold: any number of profiles, one a slot or not, on it and on two EVSEs."""
    return [
        Placed(
            profile=draw(profiles(number, spread_s)),
            evse_id=draw(st.sampled_from((0, 0, 1, 1, 2))),
            since=draw(st.one_of(st.none(), moments(spread_s))),
        )
        for number in range(1, draw(st.integers(0, most)) + 1)
    ]


transactions = st.one_of(
    st.none(),
    st.builds(
        Running, started_at=moments(150), reference=st.sampled_from(("tx", "")), priority=st.booleans()
    ),
)
