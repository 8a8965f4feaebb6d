"""Windows of auto-accept: opened and closed by an operator, and looked through for every id nobody knows."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore, StoreUnavailable, VersionConflict
from application.registry import ATTEMPTS, issued_as, new_credential
from application.snapshots import load_charger
from domain.chargers.admission import Knock
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance, AcceptanceDecided, Registered
from domain.chargers.networks import networks_of
from domain.chargers.provisioning import NetworksAllowed
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from domain.provisioning.events import ChargerLetIn, WindowOpened
from domain.provisioning.window import Window, window_stream

log = logging.getLogger("zeus.gateway")

Decide = Callable[[Window, datetime], list[Fact]]

ACTOR = "job:auto_accept"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A window as an operator asks for it; see `WindowOpened`."""

    until: datetime
    pattern: str
    most: int = 10
    security_profile: int = 2
    hold: bool = False
    networks: tuple[str, ...] = ()


class Windows:
    """The operator's side."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._stream = window_stream(tenant)
        self._actor = actor
        self._cause = cause

    async def current(self) -> Window:
        """The window as it stands in the log; `left` says whether it is open."""
        return await catch_up(self._store, Window(self._stream))

    async def open(self, wanted: Wanted) -> Window:
        """Open a window. Raises WindowAlreadyOpen, WindowImpossible, NetworksNeeded, NetworkInvalid."""
        wanted = msgspec.structs.replace(wanted, networks=networks_of(wanted.networks))
        fact = WindowOpened(window_id=clock.time_ordered_id(), **msgspec.structs.asdict(wanted))
        return await self._change(lambda window, now: window.opening(fact, now))

    async def close(self) -> Window:
        """Close the open window; it is empty afterwards. Raises WindowNotOpen."""
        return await self._change(lambda window, now: window.closing(now))

    async def _change(self, decide: Decide) -> Window:
        for _ in range(ATTEMPTS):
            window = await self.current()
            now = clock.now()
            facts = decide(window, now)
            told = Told(recorded_at=now, actor=self._actor, cause=self._cause)
            events = events_of(window.stream, window.version, facts, told)
            try:
                await self._store.append(events)
            except VersionConflict:
                continue
            for event in events:
                window.when(event)
            return window
        raise VersionConflict(self._stream)


class Doorkeeper:
    """The gateway's side: what it knows of the window is in memory, so that strangers cost no reading.

    Whoever fits an open window is judged by the log itself: the count holds for all servers together.
    """

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._known = Window(window_stream(tenant))
        self._turn = asyncio.Lock()
        """One at a time: those that knock together would only meet on the window's stream and try again."""

    async def refresh(self) -> None:
        """Take in what was opened, closed and counted since; call it every few seconds."""
        try:
            self._known = await catch_up(self._store, self._known)
        except StoreUnavailable as error:
            log.warning("the window of unknown chargers could not be looked up: %r", error)

    def expects(self, cpid: str) -> bool:
        """Might a charger of this id come through? From memory, at most a few seconds old."""
        return self._known.fits(cpid, clock.now())

    async def let_in(self, knock: Knock, remote: str) -> Charger | str:
        """Register an unknown charger that fits; the charger, or the reason why not.

        Its registration and the count of the window are one unit: of many that knock at once, no more get
        in than the operator said. Raises StoreUnavailable.
        """
        charger_id = ChargerId.of(self._tenant, knock.cpid)
        async with self._turn:
            for _ in range(ATTEMPTS):
                charger = await load_charger(self._store, charger_id)
                if charger.registered:
                    return charger
                reason = await self._try(charger, knock, remote)
                if reason:
                    return reason
        return "id_unknown"

    async def _try(self, charger: Charger, knock: Knock, remote: str) -> str:
        """Why it is not let in; empty where it was, or where somebody else was first and all is to be looked
        at again.
        """
        await self.refresh()
        now = clock.now()
        if not self._known.fits(knock.cpid, now):
            return "id_unknown"
        fact = self._known.letting_in(knock, remote)
        if isinstance(fact, str):
            return fact
        if await self._register(charger, fact, knock, now):
            log.info("%s: registered by the open window, from %s", charger.stream, remote)
        return ""

    async def _register(self, charger: Charger, fact: ChargerLetIn, knock: Knock, now: datetime) -> bool:
        """One unit over both streams; False where somebody else wrote first on one of them."""
        facts: list[Fact] = [Registered(cpid=fact.cpid, security_profile=fact.security_profile)]
        if not fact.security_profile and self._known.open is not None:
            facts.append(NetworksAllowed(self._known.open.networks))
        if fact.security_profile and knock.password is not None:
            facts.append(issued_as(new_credential(knock.password), first_use=True))
        if self._known.open is not None and self._known.open.hold:
            facts.append(AcceptanceDecided(Acceptance.PENDING))
        told = Told(recorded_at=now, actor=ACTOR, cause=fact.window_id)
        count = events_of(self._known.stream, self._known.version, [fact], told)
        try:
            await self._store.append([*count, *events_of(charger.stream, charger.version, facts, told)])
        except VersionConflict:
            return False
        for event in count:
            self._known.when(event)
        return True


class Doorkeepers:
    """One for each tenant whose chargers knock here."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._of: dict[str, Doorkeeper] = {}

    async def of(self, tenant: str) -> Doorkeeper:
        """The doorkeeper of a tenant that is served; a new one looks first what is open."""
        found = self._of.get(tenant)
        if found is None:
            found = self._of[tenant] = Doorkeeper(self._store, tenant)
            await found.refresh()
        return found

    async def refresh(self) -> None:
        """Take in what was opened, closed and counted since; call it every few seconds."""
        for doorkeeper in list(self._of.values()):
            await doorkeeper.refresh()


async def catch_up(store: EventStore, window: Window) -> Window:
    """`window`, with what was written since."""
    for event in await store.read(window.stream, window.version):
        window.when(event)
    return window
