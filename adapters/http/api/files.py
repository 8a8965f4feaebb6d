"""`/chargers/{cpid}/firmware`, `…/diagnostics`: files that a charger fetches or sends, over links made for it alone."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import REFUSALS, ask, charger_of, one_of, problem_of
from adapters.http.api.control import REASON, PlainQuery
from adapters.http.artefacts import told_as_problems
from adapters.http.problems import Problem
from adapters.http.route import Body
from adapters.http.services import Services
from application import clock
from application.command_book import CommandUnknown
from domain.artefacts.addresses import why_unsafe
from domain.artefacts.artefact import ArtefactUnknown
from domain.commands.files import GetLog, LogKind, UpdateFirmware
from domain.commands.intents import AnyIntent
from domain.identity import ChargerId
from projections.commands.queries import firmware_job

GRACE = timedelta(days=1)
"""How long a link is good after the latest try that was asked for: lines to chargers are slow, sites lose power."""
TRIES = 3
"""Retries allowed for where the charger is left to decide."""
MOST_RETRIES = 20
LONGEST_S = 24 * 3600
PROTOCOLS = ("SupportedFileTransferProtocols", "OCPPCommCtrlr.FileTransferProtocols")
"""1.6 and 2.x names of the setting that tells how a charger transfers files."""
RETRIES = Field(None, ge=0, le=MOST_RETRIES, description="How often it tries again; null: as it likes.")
INTERVAL = Field(None, ge=0, le=LONGEST_S, description="Seconds between two tries; null: as it likes.")


class FirmwareBody(Body):
    """Which firmware, from where, and when."""

    artefact: str | None = Field(
        None, max_length=40, description="A firmware of `/artefacts`: a link is made for this charger alone."
    )
    location: str | None = Field(
        None, max_length=2000, description="A URL on a host of ZEUS_FIRMWARE_HOSTS, instead of `artefact`."
    )
    retrieve_at: AwareDatetime | None = Field(None, description="Not before; null: now.")
    install_at: AwareDatetime | None = Field(
        None, description="Not before; null: at once. Plain 1.6 cannot be told."
    )
    retries: int | None = RETRIES
    interval: int | None = INTERVAL
    certificate: str = Field("", max_length=5500, description="PEM of the maker's signing certificate.")
    signature: str = Field("", max_length=800, description="Base64; goes with `certificate`.")
    reason: str = REASON


class DiagnosticsBody(Body):
    """Which log, and of what time."""

    kind: LogKind = Field(LogKind.DIAGNOSTICS, description="1.6 without the security extension: diagnostics.")
    start: AwareDatetime | None = Field(None, description="Null: from the beginning.")
    stop: AwareDatetime | None = Field(None, description="Null: until now.")
    retries: int | None = RETRIES
    interval: int | None = INTERVAL
    reason: str = REASON


async def update_firmware(doing: Doing[PlainQuery, FirmwareBody]) -> Answered | None:
    """Endpoint 13. What becomes of it is the command's effect: `Installed`, or what went wrong on the way."""
    body, charger, name = doing.body, charger_of(doing), doing.key or clock.time_ordered_id()
    if (body.artefact is None) == (body.location is None):
        raise one_of("artefact", "Give `artefact` or `location`, one of the two.")
    at = body.retrieve_at or doing.now
    intent = UpdateFirmware(
        location=body.location or _anywhere(doing),
        retrieve_at=at,
        install_at=body.install_at,
        certificate=body.certificate,
        signature=body.signature,
        retries=body.retries,
        retry_interval_s=body.interval,
    )
    if not await _asked_before(doing, charger, name):
        if body.location is not None:
            await _check_location(doing, charger, body.location)
        await _check(doing, charger, intent)
        await _check_idle(doing, charger, name)
        if body.artefact is not None:
            url = await _download(doing, charger, body.artefact, at, name)
            intent = msgspec.structs.replace(intent, location=url)
    return await ask(doing, intent, reason=body.reason, command_id=name)


async def get_diagnostics(doing: Doing[PlainQuery, DiagnosticsBody]) -> Answered | None:
    """Endpoint 14. The upload URL is made here and takes one file, which is then in `/artefacts`, with the command's
    id."""
    body, charger, name = doing.body, charger_of(doing), doing.key or clock.time_ordered_id()
    if body.start and body.stop and body.stop < body.start:
        raise one_of("stop", "It lies before `start`.")
    intent = GetLog(
        location=_anywhere(doing),
        kind=body.kind,
        oldest_at=body.start,
        latest_at=body.stop,
        retries=body.retries,
        retry_interval_s=body.interval,
    )
    if not await _asked_before(doing, charger, name):
        await _check(doing, charger, intent)
        services: Services = doing.services
        with told_as_problems():
            link = await services.artefacts.link_for_upload(
                charger.key,
                expires_at=doing.now + _patience(body.retries, body.interval),
                command=name,
                actor=doing.caller.name,
                cause=doing.request_id,
            )
        intent = msgspec.structs.replace(intent, location=link.kept)
    return await ask(doing, intent, reason=body.reason, command_id=name)


async def _asked_before(doing: Doing[Any, Any], charger: ChargerId, name: str) -> bool:
    """A repetition whose first answer was lost: the command is there, and needs no second link."""
    services: Services = doing.services
    try:
        await services.commands.book.load(charger.tenant, name)
    except CommandUnknown:
        return False
    return True


async def _check(doing: Doing[Any, Any], charger: ChargerId, intent: AnyIntent) -> None:
    """Whoever cannot be asked gets no link."""
    services: Services = doing.services
    try:
        await services.commands.check(charger, intent)
    except REFUSALS as error:
        raise problem_of(error) from error


async def _check_location(doing: Doing[Any, Any], charger: ChargerId, location: str) -> None:
    services: Services = doing.services
    try:
        told = (await services.commands.offered(charger)).abilities.settings
    except REFUSALS as error:
        raise problem_of(error) from error
    protocols = [word for name in PROTOCOLS for word in told.get(name, "").split(",")]
    if words := why_unsafe(location, services.firmware_hosts, protocols):
        raise Problem("unsafe_url", words)


async def _check_idle(doing: Doing[Any, Any], charger: ChargerId, name: str) -> None:
    """One firmware at a time: a second request has chargers drop the first one half done, or both."""

    def running(connection: Connection) -> str | None:
        return firmware_job(connection, charger.tenant, charger.key, besides=name)

    job = await doing.read(running)
    if job is not None:
        raise Problem("busy", "A firmware update of this charger is under way.", extra={"command": job})


async def _download(
    doing: Doing[Any, FirmwareBody], charger: ChargerId, artefact: str, at: datetime, name: str
) -> str:
    services: Services = doing.services
    body = doing.body
    with told_as_problems():
        try:
            link = await services.artefacts.link_for_download(
                artefact,
                charger.key,
                expires_at=max(at, doing.now) + _patience(body.retries, body.interval),
                fetches=(TRIES if body.retries is None else body.retries) + 1,
                command=name,
                actor=doing.caller.name,
                cause=doing.request_id,
            )
        except ArtefactUnknown:
            raise one_of("artefact", "There is no such firmware.") from None
    return link.kept


def _patience(retries: int | None, interval_s: int | None) -> timedelta:
    tries = TRIES if retries is None else retries
    return GRACE + timedelta(seconds=tries * (interval_s or 0))


def _anywhere(doing: Doing[Any, Any]) -> str:
    """Stands for a link that is made when all else is found good."""
    services: Services = doing.services
    return services.artefacts.address
