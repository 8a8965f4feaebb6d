"""`/artefacts`: firmware that operators bring, and the logs that chargers sent."""

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from starlette.requests import Request

from adapters.http import artefact_desk as desk
from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.control import PlainQuery
from adapters.http.file_answer import FileAnswer
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from adapters.http.services import Services
from application.artefacts import Artefacts
from projections.artefacts import queries

_ID = re.compile(r"[0-9a-f]{22}")


class ArtefactsQuery(PageQuery):
    """Filters of the list; they are combined with AND. The newest first."""

    kind: Literal["firmware", "upload"] | None = None
    state: Literal["awaited", "missed", "stored", "withdrawn"] | None = Field(
        None, description="`awaited`: a charger may still send it; `missed`: its link expired."
    )
    charger: str | None = Field(None, max_length=48, description="That sent it, in any case.")
    command: str | None = Field(None, max_length=36, description="That it was sent for.")
    q: str | None = Field(None, max_length=100, description="Part of the name, in any case.")


class UploadQuery(Query):
    """What the file is called, and what it should be."""

    name: str = Field("", max_length=200, description="Goes before the file's own name.")
    sha256: str = Field(
        "", pattern="^([0-9A-Fa-f]{64})?$", description="Of the file, in hex: another one is refused."
    )


class WithdrawQuery(Query):
    """Why it goes."""

    reason: str = Field("", max_length=200, description="For whoever reads the log later.")


class Artefact(Shape):
    """A file, or the upload that is awaited."""

    id: str
    kind: str | None = Field(description="`firmware` or `upload`.")
    state: str = Field(description="`awaited`, `missed`, `stored`, `withdrawn`.")
    name: str | None
    charger: str | None = Field(description="That sent it.")
    command: str | None = Field(description="That it was sent for.")
    size_bytes: int | None
    sha256: str | None
    stored_at: datetime | None
    stored_by: str | None
    remote: str | None = Field(description="The address it came from.")
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    links: int = Field(description="How many were made.")
    last_link_at: datetime | None
    last_link_charger: str | None
    last_link_expires_at: datetime | None
    fetches: int = Field(description="How often a charger fetched all of it.")
    bytes_sent: int
    last_fetched_at: datetime | None


class StoredFirmware(Shape):
    """A firmware that was taken in."""

    id: str = Field(description="For `artefact` of `/chargers/{cpid}/firmware`.")
    name: str
    size_bytes: int
    sha256: str


def list_artefacts(asked: Asked[ArtefactsQuery]) -> Page[Artefact]:
    """The newest first."""
    query = asked.query
    wanted = queries.ArtefactFilter(
        kind=query.kind, state=query.state, charger=query.charger, command=query.command, q=query.q or ""
    )
    rows = queries.list_artefacts(
        asked.connection,
        asked.caller.tenant,
        wanted,
        now=asked.now,
        after=asked.after,
        limit=query.limit,
    )
    return asked.page(Artefact, rows)


def one_artefact(asked: Asked[PlainQuery]) -> Artefact | None:
    """What is known of a file: where it came from, who fetched it."""
    name = asked.path["id"]
    found = queries.get_artefact(
        asked.connection, asked.caller.tenant, name if _ID.fullmatch(name) else "-", now=asked.now
    )
    return None if found is None else Artefact.model_validate(found)


async def artefact_content(doing: Doing[PlainQuery, NoBody], request: Request) -> FileAnswer:
    """The bytes, to be saved: whole, or one range of them."""
    return await desk.give_artefact(artefacts_of(doing), doing.path["id"])


async def store_firmware(doing: Doing[UploadQuery, NoBody], request: Request) -> Answered:
    """Take a firmware in: the raw body, or the first file of a form. It is not sent to any charger by that."""
    stored = await desk.take_firmware(
        artefacts_of(doing),
        request,
        actor=doing.caller.name,
        name=doing.query.name,
        sha256=doing.query.sha256,
        cause=doing.request_id,
    )
    shape = StoredFirmware(
        id=stored.artefact, name=stored.name, size_bytes=stored.size_bytes, sha256=stored.sha256
    )
    return Answered(shape, 201, f"/api/ocpp/artefacts/{stored.artefact}")


async def withdraw_artefact(doing: Doing[WithdrawQuery, NoBody]) -> Answered:
    """Delete its bytes; links to it are dead from now on, and what is known of it stays."""
    await desk.withdraw_artefact(
        artefacts_of(doing),
        doing.path["id"],
        doing.query.reason,
        actor=doing.caller.name,
        cause=doing.request_id,
    )
    return Answered(None, 204)


def artefacts_of(doing: Doing[Any, Any]) -> Artefacts:
    """The files of the caller's tenant."""
    services: Services = doing.services
    return services.artefacts(doing.caller)
