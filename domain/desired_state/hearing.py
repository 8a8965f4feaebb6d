"""What an answer, or none, means for a charger's settings: answer → facts, as pure functions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.chargers.device_model import ReportedVariable, VariablesReported
from domain.chargers.variable_names import name_of
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state.events import (
    AvailabilityAnswered,
    BootNoticed,
    HeldSetting,
    QuestionUnanswered,
    RestartAnswered,
    SettingAnswered,
    SettingGivenUp,
    SettingsReported,
)
from domain.desired_state.settings import TAKEN, ChargerSettings, place_key
from domain.desired_state.values import folded, is_list, is_secret
from domain.event import Fact

NOTHING_TOLD = "no status"


def heard(state: ChargerSettings, intent: Intent, answer: Answer) -> list[Fact]:
    """The facts in an answer; of intents that are not about settings, none."""
    match intent:
        case ReadSettings():
            return _reported(state, intent, answer)
        case ChangeSettings():
            return _writes_answered(state, intent, answer)
        case ChangeAvailability():
            return _availability_answered(state, intent, answer)
        case Reset(hard=False) if state.awaiting_restart:
            agreed = answer.verdict is Verdict.AGREED
            return [RestartAnswered(agreed=agreed, reason="" if agreed else answer.status)]
        case _:
            return []


def unheard(state: ChargerSettings, intent: Intent, why: str, *, error: bool = False) -> list[Fact]:
    """The facts in no answer to a question that may have left, or in an `error` instead of one.

    A question that never left (a cancelled command) tells nothing: say nothing then.
    """
    match intent:
        case ReadSettings():
            return [QuestionUnanswered(intent=intent.name(), why=why, error=error)]
        case ChangeSettings(values=values):
            return [
                QuestionUnanswered(intent=intent.name(), about=name, why=why, error=error) for name in values
            ]
        case ChangeAvailability():
            about = place_key(intent.evse_id or 0, intent.connector_id or 0)
            return [QuestionUnanswered(intent=intent.name(), about=about, why=why, error=error)]
        case Reset(hard=False) if state.awaiting_restart:
            return [RestartAnswered(agreed=False, reason=f"{why}; a restart is not asked for twice")]
        case _:
            return []


def variables_heard(state: ChargerSettings, report: VariablesReported, at: datetime) -> list[Fact]:
    """The facts in a part of a 2.x device model, told `at`; what was heard later of a setting counts more.

    Of what is as told before, only what somebody waits for is mentioned: reports are long.
    """
    told = {folded(one.name): one for one in map(_actual, report.variables) if one is not None}
    told = {key: one for key, one in told.items() if key not in state.held or state.held[key].at < at}
    news = {key for key, one in told.items() if key not in state.held or state.held[key].setting != one}
    awaited = {key for key, _ in state.wanted()} | state.accepted.keys() | state.stale | state.unknown.keys()
    mentioned = [one for key, one in told.items() if key in news or key in awaited]
    if not mentioned:
        return []
    return [
        SettingsReported(
            settings=tuple(one for key, one in told.items() if key in news),
            asked=tuple(one.name for one in mentioned),
        )
    ]


def _actual(variable: ReportedVariable) -> HeldSetting | None:
    """The value that counts; None where only bounds or targets were told."""
    attribute = next((one for one in variable.attributes if one.kind == "Actual"), None)
    if attribute is None:
        return None
    readonly = attribute.mutability == "ReadOnly"
    return _masked({"name": name_of(variable.place), "value": attribute.value, "readonly": readonly})


def boot_heard(
    state: ChargerSettings, *, vendor: str, model: str, firmware: str, protocol: str
) -> BootNoticed | None:
    """A boot that matters here: another make or firmware, or something hangs on the restart; else None."""
    before = state.boot
    changed = before is None or (before.vendor, before.model, before.firmware, before.protocol) != (
        vendor,
        model,
        firmware,
        protocol,
    )
    waiting = bool(state.awaiting_restart or state.restart_asked or state.accepted)
    closed = any(not want.operative and want.answered for want in state.availability.values())
    if not changed and not waiting and not closed:
        return None
    return BootNoticed(vendor=vendor, model=model, firmware=firmware, protocol=protocol, changed=changed)


def told_settings(result: Mapping[str, Any]) -> list[HeldSetting]:
    """The settings in the result of a reading; secrets are masked before anything is kept of them."""
    return [_masked(one) for one in result.get("settings", ())]


def _masked(told: Mapping[str, Any]) -> HeldSetting:
    name, value = str(told["name"]), told.get("value")
    secret = is_secret(name)
    return HeldSetting(
        name=name,
        value=None if secret or value is None else str(value),
        readonly=bool(told.get("readonly", False)),
        secret=secret,
    )


def _reported(state: ChargerSettings, intent: ReadSettings, answer: Answer) -> list[Fact]:
    if answer.verdict is Verdict.REFUSED and not answer.result:
        return [QuestionUnanswered(intent=intent.name(), why=answer.status or NOTHING_TOLD, error=True)]
    if not intent.names and "settings" not in answer.result:
        return []  # 2.x: everything follows in reports
    told = {folded(one.name): one for one in told_settings(answer.result)}
    complete = not intent.names
    unknown = {folded(name): name for name in map(str, answer.result.get("unknown", ()))}
    # A name that the answer leaves out altogether would be asked for again and again.
    unknown |= {folded(name): name for name in intent.names if folded(name) not in told}
    news = [one for key, one in told.items() if key not in state.held or state.held[key].setting != one]
    gone = [known.setting.name for key, known in state.held.items() if complete and key not in told]
    fact = SettingsReported(
        settings=tuple(news),
        asked=tuple(intent.names),
        unknown=tuple(name for key, name in unknown.items() if key not in told),
        gone=tuple(gone),
        complete=complete,
    )
    return [fact]


def _writes_answered(state: ChargerSettings, intent: ChangeSettings, answer: Answer) -> list[Fact]:
    facts: list[Fact] = []
    statuses = {folded(str(name)): str(status) for name, status in answer.result.get("settings", {}).items()}
    for name, value in intent.values.items():
        status = statuses.get(folded(name)) or answer.status or NOTHING_TOLD
        secret = is_secret(name)
        facts.append(SettingAnswered(name=name, value="" if secret else value, status=status))
        want = state.want_of(folded(name))
        if want is None or status in TAKEN or (is_list(name) and status == "Rejected"):
            continue  # a rejected list of measurands is tried in parts
        facts.append(SettingGivenUp(name=name, value=want.value, reason=status))
    return facts


def _availability_answered(state: ChargerSettings, intent: ChangeAvailability, answer: Answer) -> list[Fact]:
    agreed = answer.verdict is Verdict.AGREED
    fact = AvailabilityAnswered(
        operative=intent.operative,
        evse_id=intent.evse_id or 0,
        connector_id=intent.connector_id or 0,
        status=answer.status or ("Accepted" if agreed else "Rejected"),
        agreed=agreed,
    )
    return [fact]
