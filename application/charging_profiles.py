"""Charging profiles: wanted by operators, checked before a charger is asked, installed by who has its socket."""

from collections.abc import Callable, Sequence

from application import clock
from application.ports import EventStore, VersionConflict
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.charging_profiles.book import Book, Criteria, profiles_stream
from domain.charging_profiles.limits import limits_of
from domain.charging_profiles.next_step import Clear, Install, Ready, next_step
from domain.charging_profiles.profile import ChargingProfile
from domain.charging_profiles.validation import Breach, check
from domain.commands.command import Command
from domain.commands.events import Answered, AnsweredLate
from domain.commands.intent import Abilities, Answer, Verdict
from domain.commands.load import ClearChargingProfile, SetChargingProfile
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

ATTEMPTS = 5


class ProfileBreaksRules(ValueError):
    """The profile breaks rules that this charger, or every charger, goes by; `breaches` names them."""

    def __init__(self, breaches: Sequence[Breach]) -> None:
        super().__init__("; ".join(f"{one.rule}: {one.words}" for one in breaches))
        self.breaches = tuple(breaches)


class NoSuchProfile(LookupError):
    """No wanted profile of this charger is meant by that."""


class ChargingProfiles:
    """The wishes of one tenant about profiles."""

    def __init__(self, store: EventStore, tenant: str, actor: str) -> None:
        self._store = store
        self._tenant = tenant
        self._actor = actor

    async def want(self, cpid: str, profile: ChargingProfile, evse_id: int, abilities: Abilities) -> Charger:
        """The charger is to have it from now on. Raises ChargerUnknown, ProfileBreaksRules."""
        charger = await self._known(cpid)

        def decide(book: Book) -> list[Fact]:
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
            return book.want(profile, evse_id)

        await self._change(charger.id, decide)
        return charger

    async def withdraw(self, cpid: str, criteria: Criteria) -> Charger:
        """Want them no longer. Raises ChargerUnknown, NoSuchProfile."""
        charger = await self._known(cpid)

        def decide(book: Book) -> list[Fact]:
            facts = book.withdraw(criteria)
            if not facts:
                raise NoSuchProfile
            return facts

        await self._change(charger.id, decide)
        return charger

    async def book(self, charger: ChargerId) -> Book:
        """What is wanted and what is held."""
        return await load_profiles(self._store, charger)

    async def next_step(
        self, charger: Charger, resting: frozenset[int]
    ) -> SetChargingProfile | ClearChargingProfile | None:
        """What to ask the connected charger now; profiles that are `resting` are left alone for a while."""
        running = transactions_of(charger)
        await self._change(charger.id, lambda book: book.lapse(clock.now(), running))
        book = await self.book(charger.id)
        ready = Ready(open_transactions=running, replaces=charger.protocol == "1.6", resting=resting)
        match next_step(book, clock.now(), ready):
            case Install(profile, evse_id):
                return SetChargingProfile(profile=profile, evse_id=evse_id)
            case Clear(profile_id, _):
                return ClearChargingProfile(profile_id=profile_id)
            case _:
                return None

    async def _known(self, cpid: str) -> Charger:
        charger = await load_charger(self._store, ChargerId.of(self._tenant, cpid))
        if not charger.registered:
            raise ChargerUnknown(cpid)
        return charger

    async def _change(self, charger: ChargerId, decide: Callable[[Book], list[Fact]]) -> None:
        for attempt in range(ATTEMPTS):
            book = await self.book(charger)
            facts = decide(book)
            if not facts:
                return
            told = Told(recorded_at=clock.now(), actor=self._actor)
            try:
                await self._store.append(events_of(book.stream, book.version, facts, told))
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            return


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
    answer = next((one for one in map(_answer_in, facts) if one is not None), None)
    if answer is None:
        return []
    book = await load_profiles(store, charger)
    changes = _heard(book, command, answer)
    return [(book, changes)] if changes else []


def _heard(book: Book, command: Command, answer: Answer) -> list[Fact]:
    agreed = answer.verdict is Verdict.AGREED
    match command.intent:
        case SetChargingProfile(profile=profile, evse_id=evse_id) if agreed:
            return book.install(profile, evse_id, command.id)
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


def _answer_in(fact: Fact) -> Answer | None:
    return fact.answer if isinstance(fact, Answered | AnsweredLate) else None
