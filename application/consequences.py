"""What else becomes true when a command is settled: intent → the rule, stored in the same unit."""

from collections.abc import Mapping, Sequence

from application.charging_profiles import profile_consequence
from application.command_book import Changes, Consequence
from application.ports import EventStore
from application.reports import Aggregate
from application.reservations import UNCLEAR_CODES, PremisesOf, ReservationConsequence
from application.snapshots import load_charger
from domain.chargers.particulars import adopt, withdraw
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.command import Command
from domain.commands.drivers import CancelReservation, GetLocalListVersion, ReserveNow, SendLocalList
from domain.commands.events import Answered, AnsweredLate, Cancelled, Failed, OutcomeUnknown, TimedOut
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.load import ClearChargingProfile, SetChargingProfile
from domain.commands.settings import ChangePassword, ChangeSettings, ReadSettings, SetNetworkProfile
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state.hearing import heard, unheard
from domain.desired_state.local_list import LocalList
from domain.desired_state.local_list_step import list_heard, list_unheard
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.upgrade_step import upgrade_heard, upgrade_unheard
from domain.event import Fact, Told
from domain.identity import ChargerId

ACCEPTED = "Accepted"


def consequences(premises: PremisesOf) -> Mapping[type[Intent], Consequence]:
    """Intents whose life changes other books."""
    reservation = ReservationConsequence(premises)
    return {
        ReserveNow: reservation,
        CancelReservation: reservation,
        SetChargingProfile: profile_consequence,
        ClearChargingProfile: profile_consequence,
        ChangePassword: password_consequence,
        ReadSettings: desired_state_consequence,
        ChangeSettings: _both,
        ChangeAvailability: desired_state_consequence,
        Reset: _both,
        GetLocalListVersion: desired_state_consequence,
        SendLocalList: desired_state_consequence,
        SetNetworkProfile: upgrade_consequence,
        GetInstalledCertificateIds: upgrade_consequence,
    }


async def desired_state_consequence(
    store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
) -> Changes:
    """What was heard, or not heard, of a question about settings, availability or the local list.

    A question that never left tells nothing.
    """
    intent, news = command.intent, next((one for one in map(_news, facts) if one is not None), None)
    if intent is None or news is None:
        return []
    settings, tokens = ChargerSettings(charger), LocalList(charger)
    for book in (settings, tokens):
        for event in await store.read(book.stream):
            book.when(event)
    if isinstance(news, Answer):
        found: list[tuple[Aggregate, list[Fact]]] = [
            (settings, heard(settings, intent, news)),
            (tokens, list_heard(tokens, intent, news)),
        ]
    else:
        why, error = news
        found = [
            (settings, unheard(settings, intent, why, error=error)),
            (tokens, list_unheard(tokens, intent, why, error=error)),
        ]
    return [(book, more) for book, more in found if more]


async def upgrade_consequence(
    store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
) -> Changes:
    """A05: how far the charger came on its way to a higher security profile."""
    intent, news = command.intent, next((one for one in map(_news, facts) if one is not None), None)
    if intent is None or news is None:
        return []
    state = await load_charger(store, charger)
    if isinstance(news, Answer):
        return _changed(state, upgrade_heard(state, intent, news))
    why, error = news
    return _changed(state, upgrade_unheard(state, intent, why, error=error))


async def _both(
    store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
) -> Changes:
    """Of a setting, and of a security profile that is one."""
    about = (store, charger, command, facts, told)
    return [*await desired_state_consequence(*about), *await upgrade_consequence(*about)]


async def password_consequence(
    store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
) -> Changes:
    """A01.FR.03 and 04: Accepted, the new password counts; refused or never sent, the old one does.

    Where the charger said nothing, or promised the change for later (RebootRequired), both stay valid until it
    logs in with one of them.
    """
    intent = command.intent
    if not isinstance(intent, ChangePassword):
        return []
    state = await load_charger(store, charger)
    for fact in facts:
        match fact:
            case Answered(answer=answer) | AnsweredLate(answer=Answer() as answer):
                if answer.verdict is Verdict.REFUSED:
                    why = answer.status or "refused"
                    return _changed(state, withdraw(state, intent.credential_id, why))
                if answer.status == ACCEPTED:
                    return _changed(state, adopt(state, intent.credential_id))
            case Cancelled():
                return _changed(state, withdraw(state, intent.credential_id, "never sent"))
            case Failed(code=code) if code not in UNCLEAR_CODES:
                return _changed(state, withdraw(state, intent.credential_id, code))
            case _:
                pass
    return []


def _changed(aggregate: Aggregate, facts: list[Fact]) -> Changes:
    return [(aggregate, facts)] if facts else []


def _news(fact: Fact) -> Answer | tuple[str, bool] | None:
    """An answer, or why there is none and whether the charger said so."""
    match fact:
        case Answered(answer=answer) | AnsweredLate(answer=Answer() as answer):
            return answer
        case Failed(code=code):
            return code, True
        case TimedOut() | OutcomeUnknown():
            return "no answer", False
        case _:
            return None
