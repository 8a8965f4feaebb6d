"""What a gateway process looks after every few seconds; each job is harmless when it runs twice or everywhere."""

import asyncio
import logging
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from application import clock
from application.certificates import AuthorityFailed
from application.command_book import settle_overdue
from application.drift import watch_drift
from application.fleet import FleetUnavailable
from application.ports import EventStoreError, StoreUnavailable
from application.renewals import renew_due, watch_ours
from application.reservations import expire_due
from application.stranded import close_stranded
from application.switchboard import BEAT_EVERY_S
from entrypoints.certificates import ours_by_end
from entrypoints.settings import Settings
from entrypoints.web import Web
from entrypoints.wiring import Core

log = logging.getLogger("zeus.serve")

STRANDED_EVERY_S = 10
SWEEP_EVERY_S = 5
EXPIRE_EVERY_S = 10
CERTIFICATES_EVERY_S = 5
PUBLISH_EVERY_S = 86_400
RENEW_EVERY_S = 3_600
DRIFT_EVERY_S = 300
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
        every(self.watch_drift, "interval", seconds=DRIFT_EVERY_S)
        every(presence.settle, "interval", seconds=10)
        every(presence.close_unwelcome, "interval", seconds=10)
        every(self._core.gateway.close_unserved, "interval", seconds=UNSERVED_EVERY_S)
        every(self._core.gateway.admittance.doorkeepers.refresh, "interval", seconds=WINDOW_S)
        every(self.flush, "interval", seconds=15)
        every(self.sweep, "interval", seconds=SWEEP_EVERY_S)
        every(self.expire, "interval", seconds=EXPIRE_EVERY_S)
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

    async def watch_drift(self) -> None:
        """Say of settings that are not as wanted, and are again."""
        after = timedelta(minutes=self._settings.drift_alarm_minutes)
        try:
            suspected, alarmed = await asyncio.to_thread(self._web.suspected_drift)
            await watch_drift(self._core.store, suspected, alarmed, after, clock.now())
        except EventStoreError as error:
            log.warning("drift was not looked for, trying again: %r", error)

    async def close_silent(self) -> None:
        """Close sockets of chargers that are gone without a word."""
        timeout_s = self._settings.idle_timeout_s
        closed = await self._core.gateway.presence.close_silent(asyncio.get_running_loop().time(), timeout_s)
        if closed:
            log.warning("closed %d connections that had been silent for %d s", closed, timeout_s)

    async def flush(self, *, everything: bool = False) -> None:
        """Record the counts of refused handshakes."""
        try:
            await self._core.attempts.flush(clock.now(), everything=everything)
        except StoreUnavailable as error:
            log.warning("counts of refused handshakes not recorded: %r", error)

    async def sweep(self) -> None:
        """Say the end of commands whose worker died."""
        try:
            streams = await asyncio.to_thread(self._web.overdue_commands, clock.now())
            if streams:
                settled = await settle_overdue(self._core.book, streams, clock.now())
                log.warning("settled %d commands whose end nobody had told", settled)
        except EventStoreError as error:
            log.warning("overdue commands not settled, trying again: %r", error)

    async def expire(self) -> None:
        """End reservations whose time is over."""
        try:
            for charger in await asyncio.to_thread(self._web.expired_reservations, clock.now()):
                await expire_due(self._core.store, charger, clock.now())
        except EventStoreError as error:
            log.warning("reservations not expired, trying again: %r", error)

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
