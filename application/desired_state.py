"""The desired state of chargers: wishes are kept, steps named, answers understood; whoever owns the socket asks.

The worker that holds a charger's socket calls `noticed_boot` after each accepted boot, then `next_step` until it
gets a pause or None, sends what it gets, and tells `heard` or `unheard`. After a pause, a wish or a reconnect it begins
again. A question that never left is told to nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from application import clock
from application.mass_pace import MassPace
from application.ports import EventStore, VersionConflict
from application.registry import ChargerUnknown
from application.settings_view import SettingsView, view_of
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.commands.drivers import GetLocalListVersion, ListEntry, SendLocalList
from domain.commands.intent import Abilities, Answer, Intent
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state import wishes
from domain.desired_state.abilities import abilities_of
from domain.desired_state.built_in_templates import BUILT_IN
from domain.desired_state.events import BootNoticed
from domain.desired_state.hearing import boot_heard, heard, unheard
from domain.desired_state.local_list import LocalList
from domain.desired_state.local_list_step import (
    limits_of,
    list_after_boot,
    list_heard,
    list_unheard,
    next_list,
)
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.settings_step import limits_known, next_availability, next_setting
from domain.desired_state.step import Note, Pause, Situation, Step, earliest
from domain.desired_state.templates import (
    AUTO,
    Template,
    TemplateBook,
    TemplateUnknown,
    application_of,
    template_for,
)
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId

ATTEMPTS = 5
OF_SETTINGS = (ReadSettings, ChangeSettings, ChangeAvailability, Reset)
OF_LISTS = (GetLocalListVersion, SendLocalList)
WRITE_BUDGET = 50
"""Writes a charger and day: flash bears some ten thousand of them."""


Book = ChargerSettings | LocalList | TemplateBook
B = TypeVar("B", ChargerSettings, LocalList, TemplateBook)


class DesiredState:
    """The wishes of one tenant, and the way towards them."""

    def __init__(
        self,
        store: EventStore,
        tenant: str,
        actor: str,
        *,
        write_budget: int = WRITE_BUDGET,
        now: Callable[[], datetime] = clock.now,
        cause: str = "",
        pace: MassPace | None = None,
    ) -> None:
        """`cause` is the request behind what is written; without `pace` one may steer any number of chargers."""
        self._store = store
        self._now = now
        self._tenant = tenant
        self._actor = actor
        self._write_budget = write_budget
        self._cause = cause
        self._pace = pace

    async def want_settings(
        self, cpid: str, values: Mapping[str, str], *, restart_if_required: bool = False
    ) -> None:
        """Want these values of settings. Raises ChargerUnknown, SecretNotKept, SettingReadOnly."""
        charger = await self._known(cpid)
        await self._change(
            lambda: ChargerSettings(charger.id),
            lambda state: wishes.want_settings(state, values, restart_if_required=restart_if_required),
        )

    async def want_no_settings(self, cpid: str, names: Iterable[str]) -> None:
        """Want no certain values of these settings any more. Raises ChargerUnknown."""
        charger, wanted = await self._known(cpid), tuple(names)
        await self._change(
            lambda: ChargerSettings(charger.id), lambda state: wishes.want_no_settings(state, wanted)
        )

    async def want_local_list(
        self, cpid: str, entries: Iterable[ListEntry], *, version: int | None = None, full: bool = True
    ) -> LocalList:
        """Want this list, or these changes; without `version` the next free one. The list as it is wanted now.

        Raises ChargerUnknown, LocalListInvalid, LocalListTooLong, LocalListVersionTooLow.
        """
        charger, wanted = await self._known(cpid), tuple(entries)
        limits = limits_of(await self.abilities(charger))
        return await self._change(
            lambda: LocalList(charger.id),
            lambda state: state.want(wanted, limits, version=version, full=full),
        )

    async def want_availability(
        self, cpid: str, operative: bool, *, evse_id: int = 0, connector_id: int = 0, reason: str = ""
    ) -> None:
        """Want the charger (0), an EVSE or a connector in service or out of it.

        Raises ChargerUnknown, TooManyChargers.
        """
        charger = await self._known(cpid)
        if self._pace is not None:
            await self._pace.spare(charger.id, ChangeAvailability, self._actor, self._cause)
        await self._change(
            lambda: ChargerSettings(charger.id),
            lambda state: wishes.want_availability(
                state, operative, evse_id=evse_id, connector_id=connector_id, reason=reason
            ),
        )

    async def choose_template(self, cpid: str, template: str) -> None:
        """Let a charger follow `auto`, a template by name, or none (empty). Raises ChargerUnknown, TemplateUnknown.

        Chargers follow none unless told so. Applied at once where the charger has booted, else after its first boot.
        """
        charger = await self._known(cpid)
        if template not in ("", AUTO) and template not in {one.name for one in await self.templates()}:
            raise TemplateUnknown(template)
        await self._change(
            lambda: ChargerSettings(charger.id), lambda state: wishes.choose_template(state, template)
        )
        if charger.vendor or charger.model:
            await self._apply_template(charger)

    async def define_template(self, template: Template) -> None:
        """Define a template of the tenant's own; one of a built-in name stands before it. Raises TemplateInvalid."""
        await self._change(lambda: TemplateBook(self._tenant), lambda book: book.define(template))

    async def withdraw_template(self, name: str) -> None:
        """Offer a template no more. Raises TemplateUnknown."""
        await self._change(lambda: TemplateBook(self._tenant), lambda book: book.withdraw(name))

    async def templates(self) -> list[Template]:
        """The tenant's own, and those built in."""
        book = await self._load(TemplateBook(self._tenant))
        return [*book.templates.values(), *(one for one in BUILT_IN if one.name not in book.templates)]

    async def settings_of(self, cpid: str) -> SettingsView:
        """What the charger told, what is wanted, and how it stands. Raises ChargerUnknown."""
        charger = await self._known(cpid)
        return view_of(await self._load(ChargerSettings(charger.id)), charger)

    async def local_list_of(self, cpid: str) -> LocalList:
        """The wanted list, and what the charger is known to hold. Raises ChargerUnknown."""
        return await self._load(LocalList((await self._known(cpid)).id))

    async def abilities(self, charger: Charger) -> Abilities:
        """What the charger told it can do."""
        settings = await self._load(ChargerSettings(charger.id))
        return abilities_of(settings, vendor=charger.vendor, model=charger.model)

    async def noticed_boot(self, charger: Charger) -> None:
        """The charger booted and was accepted: what hangs on that goes on, and its template is applied."""
        noticed: list[BootNoticed] = []

        def decide(state: ChargerSettings) -> list[Fact]:
            fact = boot_heard(
                state,
                vendor=charger.vendor,
                model=charger.model,
                firmware=charger.firmware,
                protocol=charger.protocol,
            )
            noticed[:] = [] if fact is None else [fact]
            return [*noticed]

        await self._change(lambda: ChargerSettings(charger.id), decide)
        changed = any(fact.changed for fact in noticed)

        def doubt(state: LocalList) -> list[Fact]:
            fact = list_after_boot(state, changed=changed)
            return [] if fact is None else [fact]

        await self._change(lambda: LocalList(charger.id), doubt)
        await self._apply_template(charger)

    async def next_step(self, charger: Charger) -> Intent | Pause | None:
        """What to ask the connected charger now: availability first, then settings, then its list."""
        while True:
            now = self._now()
            settings = await self._load(ChargerSettings(charger.id))
            tokens = await self._load(LocalList(charger.id))
            at = situation_of(charger, settings, self._write_budget)
            abilities = abilities_of(settings, vendor=charger.vendor, model=charger.model)
            steps: tuple[tuple[Book, Step], ...] = (
                (settings, next_availability(settings, now)),
                (settings, next_setting(settings, at, now)),
                (tokens, next_list(tokens, at, abilities, now)),
            )
            noted, step = first_of(steps)
            if noted is None:
                return step
            with suppress(VersionConflict):  # somebody else was first: look again
                await self._write_down(*noted)

    async def heard(self, charger: Charger, intent: Intent, answer: Answer, cause: str = "") -> None:
        """The charger answered, whoever asked; of an intent that is no part of this, nothing is kept."""
        if isinstance(intent, OF_SETTINGS):
            await self._change(
                lambda: ChargerSettings(charger.id), lambda state: heard(state, intent, answer), cause
            )
        if isinstance(intent, OF_LISTS):
            await self._change(
                lambda: LocalList(charger.id), lambda state: list_heard(state, intent, answer), cause
            )

    async def unheard(
        self, charger: Charger, intent: Intent, why: str, *, error: bool = False, cause: str = ""
    ) -> None:
        """No answer to a question that may have left, or (`error`) a CALLERROR."""
        if isinstance(intent, OF_SETTINGS):
            await self._change(
                lambda: ChargerSettings(charger.id),
                lambda state: unheard(state, intent, why, error=error),
                cause,
            )
        if isinstance(intent, OF_LISTS):
            await self._change(
                lambda: LocalList(charger.id),
                lambda state: list_unheard(state, intent, why, error=error),
                cause,
            )

    async def _apply_template(self, charger: Charger) -> None:
        templates = await self.templates()

        def decide(state: ChargerSettings) -> list[Fact]:
            found = template_for(
                state.template_choice,
                templates,
                vendor=charger.vendor,
                model=charger.model,
                firmware=charger.firmware,
                protocol=charger.protocol,
            )
            return application_of(state, found)

        await self._change(lambda: ChargerSettings(charger.id), decide)

    async def _known(self, cpid: str) -> Charger:
        charger = await load_charger(self._store, ChargerId.of(self._tenant, cpid))
        if not charger.registered:
            raise ChargerUnknown(cpid)
        return charger

    async def _load(self, book: B) -> B:
        for event in await self._store.read(book.stream):
            book.when(event)
        return book

    async def _change(self, fresh: Callable[[], B], decide: Callable[[B], list[Fact]], cause: str = "") -> B:
        for attempt in range(ATTEMPTS):
            book = await self._load(fresh())
            facts = decide(book)
            try:
                events = await self._write_down(book, facts, cause)
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            for event in events:
                book.when(event)
            return book
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _write_down(self, book: Book, facts: Iterable[Fact], cause: str = "") -> list[Event[Any]]:
        told = Told(recorded_at=self._now(), actor=self._actor, cause=cause or self._cause)
        events = events_of(book.stream, book.version, facts, told)
        if events:
            await self._store.append(events)
        return events


def situation_of(charger: Charger, settings: ChargerSettings, write_budget: int) -> Situation:
    """The charger as it is connected now."""
    return Situation(
        protocol=charger.protocol,
        vendor=charger.vendor,
        model=charger.model,
        in_transaction=bool(charger.open),
        limits_known=limits_known(settings, charger.protocol),
        write_budget=write_budget,
    )


def first_of(
    steps: Iterable[tuple[Book, Step]],
) -> tuple[tuple[Book, tuple[Fact, ...]] | None, Intent | Pause | None]:
    """The first note with its book, else the first intent, else the pause that is over first."""
    pauses: list[Pause] = []
    for book, step in steps:
        if isinstance(step, Note):
            return (book, step.facts), None
        if isinstance(step, Intent):
            return None, step
        if isinstance(step, Pause):
            pauses.append(step)
    return None, earliest(pauses)
