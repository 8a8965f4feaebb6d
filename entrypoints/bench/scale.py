"""How much is measured: a minute's glance, the usual run, or everything."""

import msgspec


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of one run. Times are seconds of load, without start-up and provisioning."""

    name: str
    chargers: int
    """In the closed and the open loops."""
    few: int
    """In the closed loop where each charger is hurried most."""
    seconds: float
    warm_up_s: float
    rate: int
    """Messages a second of the open loop."""
    idle: tuple[int, ...]
    """Numbers of idle connections at which memory is read."""
    storm: int
    history: float
    """Seconds of closed loop that make the log which is then rebuilt."""
    pages: int
    """Requests of a list."""
    rounds: int
    """Messages of each kind through the protocol alone."""
    events: int
    """Rows of the raw insert."""
    multiplied: int
    """Events of the long log."""
    commanded: int
    """Chargers that are asked for commands."""
    askers: int
    """HTTP connections that ask, each for one command at a time."""
    command_rate: int
    """Commands a second of their open loop."""


QUICK = Scale(
    name="quick", chargers=1000, few=100, seconds=3, warm_up_s=1, rate=1000, idle=(1000,), storm=1000,
    history=3, pages=100, rounds=3_000, events=20_480, multiplied=50_000, commanded=200, askers=64,
    command_rate=50,
)  # fmt: skip
USUAL = Scale(
    name="usual", chargers=1000, few=100, seconds=8, warm_up_s=2, rate=1000, idle=(1000, 5000), storm=5000,
    history=10, pages=200, rounds=10_000, events=61_440, multiplied=300_000, commanded=200, askers=64,
    command_rate=50,
)  # fmt: skip
FULL = Scale(
    name="full", chargers=1000, few=100, seconds=15, warm_up_s=3, rate=1000, idle=(1000, 5000, 10_000),
    storm=10_000, history=20, pages=500, rounds=20_000, events=102_400, multiplied=1_000_000, commanded=200, askers=64,
    command_rate=50,
)  # fmt: skip


def with_chargers(scale: Scale, chargers: int | None) -> Scale:
    """The same run with another number of chargers everywhere."""
    if chargers is None:
        return scale
    return msgspec.structs.replace(
        scale,
        chargers=chargers,
        few=min(scale.few, chargers),
        idle=(chargers,),
        storm=chargers,
        commanded=chargers,
    )


def with_events(scale: Scale, events: int | None) -> Scale:
    """The same run with a long log of another length."""
    return scale if events is None else msgspec.structs.replace(scale, multiplied=events)
