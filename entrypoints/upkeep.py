"""What a gateway process looks after every few seconds; each job is harmless when it runs twice or everywhere."""

import asyncio
import logging

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from application import clock
from application.certificates import AuthorityFailed
from application.fleet import FleetUnavailable
from application.ports import EventStoreError, StoreUnavailable
from application.renewals import renew_due, watch_ours
from application.stranded import close_stranded
from application.switchboard import BEAT_EVERY_S
from entrypoints.certificates import ours_by_end
from entrypoints.settings import Settings
from entrypoints.web import Web
from entrypoints.wiring import Core

log = logging.getLogger("zeus.serve")

STRANDED_EVERY_S = 10
CERTIFICATES_EVERY_S = 5
PUBLISH_EVERY_S = 86_400
SESSIONS_EVERY_S = 300
RENEW_EVERY_S = 3_600
UNSERVED_EVERY_S = 2
WINDOW_S = 3
"""So long after a window was opened its first charger may still be refused; it knocks again by itself."""


class Upkeep:
    """The jobs of one process. Those that concern the whole fleet run everywhere and agree through the log."""

    def __init__(self, core: Core, web: Web, settings: Settings) -> None:
        self._core = core
        self._web = web
        self._settings = settings
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin; the first look for stranded chargers is taken at once."""
        presence = self._core.gateway.presence
        every = self._scheduler.add_job
        every(self.beat, "interval", seconds=BEAT_EVERY_S)
        every(self.close_silent, "interval", seconds=10)
        every(self.refresh_certificates, "interval", seconds=CERTIFICATES_EVERY_S)
        every(self.publish_revocations, "interval", seconds=PUBLISH_EVERY_S, next_run_time=clock.now())
        every(self.renew_certificates, "interval", seconds=RENEW_EVERY_S, next_run_time=clock.now())
        every(presence.settle, "interval", seconds=10)
        every(presence.close_unwelcome, "interval", seconds=10)
        every(self._core.gateway.close_unserved, "interval", seconds=UNSERVED_EVERY_S)
        every(self._core.gateway.admittance.doorkeepers.refresh, "interval", seconds=WINDOW_S)
        every(self.flush, "interval", seconds=15)
        every(self.sweep_sessions, "interval", seconds=SESSIONS_EVERY_S)
        every(self.close_stranded, "interval", seconds=STRANDED_EVERY_S, next_run_time=clock.now())
        self._scheduler.start()

    async def stop(self) -> None:
        """End, and write down what was only counted."""
        self._scheduler.shutdown(wait=False)
        await self.flush(everything=True)

    async def beat(self) -> None:
        """Say that this gateway lives."""
        try:
            await self._core.switchboard.beat()
        except FleetUnavailable as error:
            log.warning("this gateway cannot say that it lives: %r", error)

    async def refresh_certificates(self) -> None:
        """Notice files that were renewed and certificates that were issued; whoever is connected stays so."""
        await asyncio.to_thread(self._core.tls.refresh)
        try:
            await self._core.certificates.book.current()
        except EventStoreError as error:
            log.warning("the register of certificates could not be looked up: %r", error)

    async def publish_revocations(self) -> None:
        """Publish the revocation list anew before it grows old."""
        try:
            await self._core.certificates.publish()
        except (AuthorityFailed, EventStoreError) as error:
            log.error("the revocation list was not published, it will be tomorrow: %s", error)

    async def renew_certificates(self) -> None:
        """Ask chargers whose certificates end soon to renew them, and say of our own that they do."""
        core, now = self._core, clock.now()
        try:
            await renew_due(core.store, core.certificates.book, core.commands, now)
            await watch_ours(core.store, self._settings.tenant, ours_by_end(core.tls), now)
        except (EventStoreError, FleetUnavailable) as error:
            log.warning("certificates that end soon were not looked after, trying again: %r", error)

    async def close_silent(self) -> None:
        """Close sockets of chargers that are gone without a word."""
        now, floor_s = asyncio.get_running_loop().time(), self._settings.idle_timeout_s
        presence = self._core.gateway.presence
        closed = await presence.close_silent(now, self._settings.ping_interval_s, floor_s)
        if closed:
            log.warning("closed %d connections: nothing was heard over them for too long", closed)

    async def flush(self, *, everything: bool = False) -> None:
        """Record the counts of refused handshakes."""
        try:
            await self._core.attempts.flush(clock.now(), everything=everything)
        except StoreUnavailable as error:
            log.warning("counts of refused handshakes not recorded: %r", error)

    async def sweep_sessions(self) -> None:
        """Forget sessions of people that open nothing any more."""
        try:
            await self._core.people.sessions.sweep(clock.now())
        except FleetUnavailable as error:
            log.warning("sessions of people are not swept: %r", error)

    async def close_stranded(self) -> None:
        """Close in the books what dead gateways left open, so that nobody looks online who is not."""
        sockets = self._core.fleet.sockets
        try:
            living = await sockets.living() | {self._core.gateway_name}
            dead = await sockets.owned_by_the_dead()
            chargers = {charger for charger, _ in dead}
            chargers.update(await asyncio.to_thread(self._web.chargers_left_online, living))
            if not chargers:
                return
            closed = await close_stranded(self._core.store, self._core.intake, chargers, living)
            log.info("closed %d connections of a server that had ended without a goodbye", closed)
            for charger, owner in dead:
                await sockets.release(charger, owner.generation)
        except FleetUnavailable as error:
            log.warning("cannot tell which gateways live, trying again: %r", error)
