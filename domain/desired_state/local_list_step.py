"""The next step towards the wanted local list, and what the charger's answers mean for it: pure functions."""

from datetime import datetime, timedelta

from domain.commands.drivers import GetLocalListVersion, ListEntry, SendLocalList
from domain.commands.intent import Abilities, Answer, Intent
from domain.desired_state.local_list import ListLimits, LocalList
from domain.desired_state.local_list_events import (
    ListAccepted,
    ListDoubted,
    ListGivenUp,
    ListRefused,
    ListReported,
    ListUnanswered,
)
from domain.desired_state.manners import manners_of
from domain.desired_state.step import CHECK_AGAIN, WAIT_FOR_LIMITS, Note, Pause, Situation, Step, resting
from domain.desired_state.values import folded
from domain.event import Fact

ERRORS = 3
REFUSALS = 2
"""The first is answered with the whole list (1.6 §5.15), the second ends it."""


def limits_of(abilities: Abilities) -> ListLimits:
    """What the charger told of its list: 1.6 SendLocalListMaxLength, LocalAuthListMaxLength, 2.x ItemsPerMessage."""
    told = {folded(name): value for name, value in abilities.settings.items()}

    def number(*names: str) -> int | None:
        value = next((told[name] for name in names if name in told), "").strip()
        return int(value) if value.isascii() and value.isdigit() and 0 < int(value) < 10**9 else None

    return ListLimits(
        per_message=number("sendlocallistmaxlength", "localauthlistctrlr.itemspermessage"),
        entries=number("localauthlistmaxlength"),
    )


def next_list(state: LocalList, at: Situation, abilities: Abilities, now: datetime) -> Step:
    """Ask for the version, then send what is missing, part by part."""
    if not state.wanted_version or state.given_up:
        return None
    limits = limits_of(abilities)
    reason = _hopeless(state, limits)
    if reason:
        return Note((ListGivenUp(version=state.wanted_version, reason=reason),))
    rest = resting(state.failures, now)
    if rest is not None:
        return rest
    if state.told_at is None or _in_doubt(state, state.told_at, now):
        return GetLocalListVersion()
    if state.reached:
        return Pause(state.told_at + CHECK_AGAIN, "the list is as it should be; it is asked for once a day")
    if not at.limits_known:
        return Pause(now + WAIT_FOR_LIMITS, "how long a list may be is not known yet")
    pace = timedelta(seconds=manners_of(at.vendor, at.model).pace_s)
    if state.sent_at is not None and now < state.sent_at + pace:
        return Pause(state.sent_at + pace, "the pace of the charger")
    return _next_part(state, limits)


def list_heard(state: LocalList, intent: Intent, answer: Answer) -> list[Fact]:
    """The facts in an answer; of intents that are not about the list, none."""
    match intent:
        case GetLocalListVersion():
            version = answer.result.get("version")
            if isinstance(version, int):
                return [ListReported(version)]
            return [ListUnanswered(why=answer.status or "no version", error=True)]
        case SendLocalList() if answer.status in ("Accepted", ""):
            expected = _expected(state, intent)
            more = state.wanted_version - intent.version if expected else 0
            return [
                ListAccepted(
                    version=intent.version,
                    full=intent.full,
                    entries=len(intent.entries),
                    more=more,
                    expected=expected,
                )
            ]
        case SendLocalList():
            return [ListRefused(version=intent.version, status=answer.status, full=intent.full)]
        case _:
            return []


def list_unheard(state: LocalList, intent: Intent, why: str, *, error: bool = False) -> list[Fact]:
    """The facts in no answer to a question that may have left, or in an `error` instead of one."""
    match intent:
        case GetLocalListVersion():
            return [ListUnanswered(why=why, error=error)]
        case SendLocalList():
            return [
                ListUnanswered(
                    version=intent.version,
                    full=intent.full,
                    entries=len(intent.entries),
                    expected=_expected(state, intent),
                    why=why,
                    error=error,
                )
            ]
        case _:
            return []


def list_after_boot(state: LocalList, *, changed: bool) -> ListDoubted | None:
    """A charger that restarted may have lost its list; None where nobody wants one, or it is in doubt anyway."""
    if not state.wanted_version or (state.held_version is None and not state.given_up):
        return None
    if state.given_up and not changed:
        return None
    return ListDoubted("another firmware" if changed else "the charger restarted")


def _hopeless(state: LocalList, limits: ListLimits) -> str:
    if limits.entries is not None and len(state.tokens) > limits.entries:
        return f"{len(state.tokens)} tokens; the charger keeps {limits.entries}"
    if state.held_version is not None and state.held_version < 0:
        return "the charger keeps no local list"
    if state.refusals >= REFUSALS:
        return "refused twice, the whole list too"
    if state.failures is not None and state.failures.errors >= ERRORS:
        return f"it answered {state.failures.errors} times with an error"
    return ""


def _in_doubt(state: LocalList, told_at: datetime, now: datetime) -> bool:
    """A charger that lost its list takes a change to it gladly, and has a wrong one: ask before sending begins."""
    if state.held_version is None or told_at + CHECK_AGAIN <= now:
        return True
    return not state.confirmed and not state.reached


def _next_part(state: LocalList, limits: ListLimits) -> Step:
    part = _change(state, limits)
    if part is not None:
        return part
    parts = limits.parts(len(state.tokens))
    version = state.wanted_version - parts + 1
    if version < 1:
        reason = f"it goes in {parts} parts, each with its own version: want version {parts} or above"
        return Note((ListGivenUp(version=state.wanted_version, reason=reason),))
    return SendLocalList(version=version, entries=tuple(_first(state, limits, full=True)), full=True)


def _change(state: LocalList, limits: ListLimits) -> SendLocalList | None:
    """The next part as a change, where what the charger holds is known and a change is the shorter way."""
    held = state.held_version
    if held is None or held <= 0 or state.whole_next or held not in state.contents:
        return None
    outstanding = len(state.outstanding(full=False))
    version = state.wanted_version - limits.parts(outstanding) + 1
    if not 0 < outstanding < len(state.tokens) or version <= held:
        return None
    return SendLocalList(version=version, entries=tuple(_first(state, limits, full=False)), full=False)


def _first(state: LocalList, limits: ListLimits, *, full: bool) -> list[ListEntry]:
    return state.outstanding(full=full)[: limits.per_message]


def _expected(state: LocalList, intent: SendLocalList) -> bool:
    """Was it the next part of what is wanted now?"""
    if not intent.full and state.held_version not in state.contents:
        return False
    return tuple(state.outstanding(full=intent.full)[: len(intent.entries)]) == intent.entries
