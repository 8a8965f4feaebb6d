"""Sentences for alarms."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.alarms import events as alarm
from domain.event import Fact


def _raised(fact: alarm.AlarmRaised) -> str:
    info = f" ({fact.info})" if fact.info else ""
    return f"Alarm, {fact.severity}, {fact.kind}{info}: {fact.words.rstrip('.')}."


def _repeated(fact: alarm.AlarmRepeated) -> str:
    times = f", {fact.count} times" if fact.count > 1 else ""
    return f"It happened again ({fact.kind}{times})."


ALARMS: Mapping[type[Fact], Callable[[Any], str]] = {
    alarm.AlarmRaised: _raised,
    alarm.AlarmRepeated: _repeated,
    alarm.AlarmAcknowledged: lambda f: (
        f"Somebody looks after the alarm {f.kind}{': ' + f.note if f.note else ''}."
    ),
    alarm.AlarmCleared: lambda f: f"The alarm {f.kind} is over{': ' + f.why if f.why else ''}.",
}
"""Fact → sentence."""
