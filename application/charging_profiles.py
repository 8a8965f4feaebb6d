"""Charging profiles: wanted by operators, checked before a charger is asked, installed by who has its socket."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from application import clock
from application.commands import GUIDE
from application.mass_pace import MassPace
from application.ports import EventStore, VersionConflict
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.charging_profiles.book import Book, Criteria, profiles_stream
from domain.charging_profiles.limits import limits_of
from domain.charging_profiles.next_step import Clear, Install, Ready, next_step
from domain.charging_profiles.profile import ChargingProfile, Purpose
from domain.charging_profiles.validation import Breach, check
from domain.commands.command import Command
from domain.commands.events import Answered, AnsweredLate, Failed
from domain.commands.intent import Abilities, Answer, Intent, Verdict
from domain.commands.load import ClearChargingProfile, SetChargingProfile
from domain.event import Fact, Recorded, Told, events_of
from domain.identity import ChargerId

ATTEMPTS = 5
UNABLE = frozenset({"NotSupported", "NotImplemented"})
"""Errors of a charger that cannot do it, and never will before its firmware changes."""
NOT_POSSIBLE = "NotPossible"


class ProfileBreaksRules(ValueError):
    """The profile breaks rules that this charger, or every charger, goes by; `breaches` names them."""

    def __init__(self, breaches: Sequence[Breach]) -> None:
        super().__init__("; ".join(f"{one.rule}: {one.words}" for one in breaches))
        self.breaches = tuple(breaches)


class NoSuchProfile(LookupError):
    """No wanted profile of this charger is meant by that."""


class ChargingProfiles:
    """The wishes of one tenant about profiles."""

    def __init__(
        self, store: EventStore, tenant: str, actor: str, cause: str = "", pace: MassPace | None = None
    ) -> None:
        """`cause` is the request behind what is written; without `pace` one may steer any number of chargers."""
        self._store = store
        self._tenant = tenant
        self._actor = actor
        self._cause = cause
        self._pace = pace

    async def want(self, cpid: str, profile: ChargingProfile, evse_id: int, abilities: Abilities) -> Charger:
        """The charger is to have it from now on. Raises ChargerUnknown, ProfileBreaksRules, TooManyChargers."""
        charger = await self._known(cpid)
        await self._spare(charger, SetChargingProfile)

        def decide(book: Book) -> list[Fact]:
            _check(book, charger, profile, evse_id, abilities)
            return book.want(profile, evse_id)

        await self._change(charger.id, decide)
        return charger

    async def check(self, cpid: str, profile: ChargingProfile, evse_id: int, abilities: Abilities) -> Charger:
        """May the charger be sent this, wanted for good or not? Raises ChargerUnknown, ProfileBreaksRules."""
        charger = await self._known(cpid)
        _check(await self.book(charger.id), charger, profile, evse_id, abilities)
        return charger

    async def withdraw(self, cpid: str, criteria: Criteria) -> Charger:
        """Want them no longer. Raises ChargerUnknown, NoSuchProfile, TooManyChargers."""
        charger = await self._known(cpid)
        await self._spare(charger, ClearChargingProfile)

        def decide(book: Book) -> list[Fact]:
            facts = book.withdraw(criteria)
            if not facts:
                raise NoSuchProfile
            return facts

        await self._change(charger.id, decide)
        return charger

    async def _spare(self, charger: Charger, what: type[Intent]) -> None:
        if self._pace is not None:
            await self._pace.spare(charger.id, what, self._actor, self._cause)

    async def book(self, charger: ChargerId) -> Book:
        """What is wanted and what is held."""
        return await load_profiles(self._store, charger)

    async def next_step(
        self, charger: Charger, resting: frozenset[int]
    ) -> SetChargingProfile | ClearChargingProfile | None:
        """What to ask the connected charger now; profiles that are `resting` are left alone for a while."""
        await self.lapse(charger)
        book = await self.book(charger.id)
        running = transactions_of(charger)
        ready = Ready(open_transactions=running, replaces=charger.protocol == "1.6", resting=resting)
        match next_step(book, clock.now(), ready):
            case Install(profile, evse_id):
                return SetChargingProfile(profile=profile, evse_id=evse_id)
            case Clear(profile_id, _):
                return ClearChargingProfile(profile_id=profile_id)
            case _:
                return None

    async def cannot(self, charger: Charger, intent: Intent, why: str) -> None:
        """The charger cannot even be asked this: there is no use in trying again."""
        match intent:
            case SetChargingProfile(profile=profile, evse_id=evse_id):
                await self._change(charger.id, lambda book: book.refuse(profile, evse_id, NOT_POSSIBLE, why))
            case ClearChargingProfile():
                await self._change(
                    charger.id, lambda book: book.keep(_meant(book, intent), NOT_POSSIBLE, why)
                )
            case _:
                pass

    async def next_ending(self, charger: ChargerId) -> datetime | None:
        """When the first of the wanted profiles is over by its validity."""
        now, book = clock.now(), await self.book(charger)
        ends = (entry.placed.profile.valid_to for entry in book.wanted.values())
        return min((end for end in ends if end is not None and end > now), default=None)

    async def lapse(self, charger: Charger, cause: str = "") -> None:
        """Write down what is over by itself."""
        running = transactions_of(charger)
        await self._change(charger.id, lambda book: book.lapse(clock.now(), running), cause)

    async def _known(self, cpid: str) -> Charger:
        charger = await load_charger(self._store, ChargerId.of(self._tenant, cpid))
        if not charger.registered:
            raise ChargerUnknown(cpid)
        return charger

    async def _change(
        self, charger: ChargerId, decide: Callable[[Book], list[Fact]], cause: str = ""
    ) -> None:
        for attempt in range(ATTEMPTS):
            book = await self.book(charger)
            facts = decide(book)
            if not facts:
                return
            told = Told(recorded_at=clock.now(), actor=self._actor, cause=cause or self._cause)
            try:
                await self._store.append(events_of(book.stream, book.version, facts, told))
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            return


def _check(
    book: Book, charger: Charger, profile: ChargingProfile, evse_id: int, abilities: Abilities
) -> None:
    breaches = check(
        profile,
        evse_id=evse_id,
        limits=limits_of(abilities.settings),
        open_transactions=transactions_of(charger),
        installed=book.in_force,
        now=clock.now(),
    )
    if breaches:
        raise ProfileBreaksRules(breaches)


def transactions_of(charger: Charger) -> dict[int, str]:
    """EVSE → the charger's own name of the transaction there."""
    return {one.evse_id: one.reference or str(one.number) for one in charger.open.values()}


async def load_profiles(store: EventStore, charger: ChargerId) -> Book:
    """The charger's book of profiles."""
    book = Book(profiles_stream(charger))
    for event in await store.read(book.stream):
        book.when(event)
    return book


async def profile_consequence(
    store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
) -> list[tuple[Book, list[Fact]]]:
    """What a charger's answer about a profile means for its book; silence means nothing: the step is taken again."""
    news = next((one for one in map(_news_in, facts) if one is not None), None)
    if news is None:
        return []
    book = await load_profiles(store, charger)
    changes = _heard(book, command, news) if isinstance(news, Answer) else _unable(book, command, news)
    return [(book, changes)] if changes else []


async def heard_transaction_end(store: EventStore, recorded: Recorded[Any]) -> None:
    """A transaction is over: its TxProfiles ceased with it (1.6 §3.13.1)."""
    event = recorded.event
    _, tenant, key = event.originator_id.split("/", 2)
    charger = ChargerId(tenant, key)
    book = await load_profiles(store, charger)
    known = [held.placed for held in book.held.values()] + [one.placed for one in book.wanted.values()]
    if any(placed.profile.purpose is Purpose.TX for placed in known):
        cause = f"{event.originator_id}@{event.originator_version}"
        await ChargingProfiles(store, tenant, "zeus").lapse(await load_charger(store, charger), cause)


def _heard(book: Book, command: Command, answer: Answer) -> list[Fact]:
    agreed = answer.verdict is Verdict.AGREED
    match command.intent:
        case SetChargingProfile(profile=profile, evse_id=evse_id) if agreed:
            return book.install(profile, evse_id, command.id, plain=command.requested_by != GUIDE)
        case SetChargingProfile(profile=profile, evse_id=evse_id):
            return book.refuse(profile, evse_id, answer.status, answer.reason, command.id)
        case ClearChargingProfile() as intent:  # `Unknown`: it has none of them, which is as good
            return book.gone(_meant(book, intent), command.id)
        case _:
            return []


def _meant(book: Book, intent: ClearChargingProfile) -> list[int]:
    criteria = Criteria(
        profile_id=intent.profile_id,
        evse_id=intent.evse_id,
        purpose=intent.purpose,
        stack_level=intent.stack_level,
    )
    return [number for number, held in book.held.items() if criteria.fit(held.placed)]


def _unable(book: Book, command: Command, failure: Failed) -> list[Fact]:
    match command.intent:
        case SetChargingProfile(profile=profile, evse_id=evse_id):
            return book.refuse(profile, evse_id, failure.code, failure.description, command.id)
        case ClearChargingProfile() as intent:
            return book.keep(_meant(book, intent), failure.code, failure.description, command.id)
        case _:
            return []


def _news_in(fact: Fact) -> Answer | Failed | None:
    """An answer, or an error that says that the charger cannot do it."""
    if isinstance(fact, Failed):
        return fact if fact.code in UNABLE else None
    return fact.answer if isinstance(fact, Answered | AnsweredLate) else None
