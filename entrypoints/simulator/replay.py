"""Sessions of the past told again: each becomes the calls a charger would have made, with their own times."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from uuid import UUID

from entrypoints.simulator.dialects.dialect import Dialect
from entrypoints.simulator.outbox import Call
from entrypoints.simulator.report import SessionRecord
from entrypoints.simulator.sessions import Session
from entrypoints.simulator.story import Equipment, Reading, Step, Transaction

_WANTED = frozenset({"Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage"})
_Timed = tuple[float, int, int, Call]


def charger_story(
    equipment: Equipment,
    dialect: Dialect,
    sessions: Iterable[Session],
    seed: int,
    *,
    samples: int = 4,
    token_of: Callable[[Session], str] | None = None,
    on_session: Callable[[SessionRecord], None] | None = None,
) -> Iterator[Call]:
    """The calls of one charger for `sessions`, its connectors interleaved by time.

    On a connector one session is told to its end before the next begins, whatever the clock says. Energy is
    exact: the last register minus the first is the session's `energy_wh`. `samples` meter values are sent a
    session. A session without end is told up to its last sample and never stopped.
    """
    by_connector: dict[int, list[Session]] = {}
    for session in sessions:
        by_connector.setdefault(session.connector, []).append(session)
    random = Random(f"replay:{seed}:{equipment.charger_id}")  # noqa: S311 – chance, not secrecy
    streams = [
        _connector_story(
            equipment,
            dialect,
            sorted(own, key=lambda session: session.start),
            Random(random.getrandbits(64)),  # noqa: S311 – as above
            samples,
            token_of or default_token,
            on_session,
        )
        for _, own in sorted(by_connector.items())
    ]
    return (call for _, _, _, call in heapq.merge(*streams, key=lambda timed: timed[:3]))


def default_token(session: Session) -> str:
    """The token a session is charged with when nobody says otherwise."""
    return f"SIMTAG{1 + (session.start.toordinal() + session.connector * 7) % 50:03d}"


def _connector_story(
    equipment: Equipment,
    dialect: Dialect,
    sessions: Sequence[Session],
    random: Random,
    samples: int,
    token_of: Callable[[Session], str],
    on_session: Callable[[SessionRecord], None] | None,
) -> Iterator[_Timed]:
    register_wh = equipment.register_wh
    latest_s = 0.0
    number = 0
    for session in sessions:
        key = str(UUID(int=random.getrandbits(128), version=4))
        record = SessionRecord(session, key)
        if on_session is not None:
            on_session(record)
        for at_s, call in _session_story(
            dialect, session, record, token_of(session), register_wh, samples, equipment
        ):
            latest_s = max(latest_s, at_s)
            number += 1
            record.calls += call.kept
            yield latest_s, session.connector, number, call
        register_wh += session.energy_wh or 0


def _session_story(
    dialect: Dialect,
    session: Session,
    record: SessionRecord,
    token: str,
    register_wh: int,
    samples: int,
    equipment: Equipment,
) -> Iterator[tuple[float, Call]]:
    """Preparing, Authorize, start, Charging, meter values, stop, Finishing, Available."""
    evse_id, start_s = session.connector, session.start.timestamp()
    readings = _readings(session, register_wh, samples, equipment)
    transaction = Transaction(record.transaction_key, evse_id, token, readings[0])
    transaction.state = "Charging"

    def keep(step: Step) -> Call:
        return Call(step, kept=True, transaction=transaction, about=record)

    def show(state: str, at_s: float) -> Iterator[tuple[float, Call]]:
        word = dialect.connector_word(state)
        if word != shown[-1]:
            shown.append(word)
            yield at_s, Call(dialect.status(evse_id, word, at_s), about=record)

    shown = ["Available"]
    yield from show("Preparing", start_s)
    yield start_s, Call(dialect.authorize(token), about=record)
    yield start_s, keep(dialect.start(transaction, "Authorized", False))
    yield from show("Charging", start_s)
    for reading in readings[1:-1]:
        yield reading.at_s, keep(dialect.meter(transaction, reading, _WANTED, False))
    if session.end is None:
        return
    end_s = session.end.timestamp()
    yield end_s, keep(dialect.stop(transaction, readings[-1], "EVDisconnected", None, False))
    yield from show("Finishing", end_s)
    yield from show("Available", end_s)


def _readings(session: Session, register_wh: int, samples: int, equipment: Equipment) -> list[Reading]:
    """Begin, `samples` in between, end; the power tapers while the energy adds up exactly."""
    start_s = session.start.timestamp()
    length_s = (session.end.timestamp() if session.end else start_s + 3600) - start_s
    energy_wh = session.energy_wh or 0
    steps = samples + 1
    out, before_wh = [], register_wh
    for number in range(steps + 1):
        share = number / steps
        now_wh = register_wh + round(energy_wh * (1 - (1 - share) ** 1.5))
        step_s = length_s / steps
        power_w = (now_wh - before_wh) * 3600 / step_s if step_s else 0.0
        power_w = 0.0 if number in (0, steps) else power_w
        current_a = power_w / (equipment.voltage_v * equipment.phases)
        currents = (current_a,) * equipment.phases
        out.append(Reading(start_s + length_s * share, now_wh, power_w, equipment.voltage_v, currents))
        before_wh = now_wh
    return out
