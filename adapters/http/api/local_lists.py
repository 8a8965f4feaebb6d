"""`/chargers/{cpid}/local-list`: the tokens a charger may accept by itself, as wanted and as it holds them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import one_of
from adapters.http.api.values import ShownToken
from adapters.http.api.wishes import address_of, come_true, the_charger
from adapters.http.naming import masked, may_see
from adapters.http.problems import Fault, invalid
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from domain.chargers.charger import Charger
from domain.commands.drivers import ListEntry
from domain.desired_state.local_list import (
    LocalList,
    LocalListInvalid,
    LocalListTooLong,
    LocalListVersionTooLow,
)
from domain.identity import IdToken

LARGEST = 4 * 1024 * 1024
TOKEN_16 = 20
STATUSES_16 = frozenset({"Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"})
Status = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]


class EntryBody(Body):
    """A token of the list."""

    id_tag: str = Field(min_length=1, max_length=255, description="1.6: up to 20 characters.")
    id_tag_type: str = Field("", max_length=20, description="2.x: `ISO14443`, `eMAID`, `Central` …")
    status: Status | None = Field(
        "Accepted",
        description="Null, with `Differential`: take the token off the list. 1.6 knows the first five.",
    )
    expiry: AwareDatetime | None = Field(None, strict=False)
    parent: str = Field("", max_length=255, description="The group it belongs to.")


class LocalListBody(Body):
    """The whole list, or changes to the one that is wanted."""

    version: int | None = Field(
        None,
        ge=1,
        le=2_147_483_647,
        description="Above the last; null: the next free one. 0 and -1 are reserved.",
    )
    mode: Literal["Full", "Differential"]
    entries: list[EntryBody] = Field(default_factory=list, max_length=50_000)


class Entry(Shape):
    """A token of the list."""

    id_tag: ShownToken
    id_tag_type: str
    status: str
    expiry: datetime | None
    parent: str


class LocalListShape(Shape):
    """The list."""

    state: str = Field(
        description="`none` (nobody ever wanted one), `pending`, `reached`, or `given_up`; see `reason`."
    )
    wanted_version: int | None
    held_version: int | None = Field(description="As the charger told; null: not known, or in doubt.")
    told_at: datetime | None
    reason: str
    entries: list[Entry]


async def show_local_list(doing: Doing[Query, Any]) -> Answered | None:
    """Companion B: the wanted list, and how far the charger is with it."""
    charger = await the_charger(doing)
    services: Services = doing.services
    shape = shape_of(await services.desired_state(doing.caller).local_list_of(charger.id.key))
    return Answered(shape if may_see(doing.caller) else _masked(shape))


async def want_local_list(doing: Doing[Query, LocalListBody]) -> Answered | None:
    """Endpoint 15. Kept as a wish and sent in parts the charger can take; 200 when it holds the list."""
    charger = await the_charger(doing)
    services: Services = doing.services
    books, body = services.desired_state(doing.caller), doing.body
    _check_entries(charger, body)
    try:
        await books.want_local_list(
            charger.id.key, map(_entry, body.entries), version=body.version, full=body.mode == "Full"
        )
    except LocalListVersionTooLow as error:
        words = (
            f"Take {error.least} or above: each part of a list has a version of its own, above the last one."
        )
        raise one_of("version", words) from error
    except LocalListTooLong as error:
        raise one_of("entries", f"The charger keeps {error} tokens.") from error
    except LocalListInvalid as error:
        raise one_of("version", "No positive 32-bit version is left for this list.") from error

    async def look() -> LocalList:
        return await books.local_list_of(charger.id.key)

    found, settled = await come_true(doing, charger, look, lambda one: one.reached or bool(one.given_up))
    location = "" if settled else address_of(doing, "/local-list")
    return Answered(shape_of(found), 200 if settled else 202, location)


def _check_entries(charger: Charger, body: LocalListBody) -> None:
    faults: list[Fault] = []
    seen: set[str] = set()
    for n, entry in enumerate(body.entries):
        place, key = f"body.entries[{n}]", entry.id_tag.upper()
        if key in seen:
            faults.append(Fault(f"{place}.id_tag", "Named twice: case does not matter."))
        seen.add(key)
        if entry.status is None and body.mode == "Full":
            faults.append(Fault(f"{place}.status", "A whole list holds each token with a status."))
        if charger.protocol == "1.6" and len(entry.id_tag) > TOKEN_16:
            faults.append(Fault(f"{place}.id_tag", f"1.6 has tokens of up to {TOKEN_16} characters."))
        if charger.protocol == "1.6" and len(entry.parent) > TOKEN_16:
            faults.append(Fault(f"{place}.parent", f"1.6 has tokens of up to {TOKEN_16} characters."))
        if charger.protocol == "1.6" and (entry.status or "Accepted") not in STATUSES_16:
            faults.append(Fault(f"{place}.status", f"1.6 has no word for {entry.status}."))
    if faults:
        raise invalid(*faults[:50])


def _entry(body: EntryBody) -> ListEntry:
    return ListEntry(
        id_token=IdToken(body.id_tag, body.id_tag_type),
        status=body.status or "",
        expires_at=body.expiry,
        group=body.parent,
    )


def shape_of(found: LocalList) -> LocalListShape:
    """In its public shape."""
    return LocalListShape(
        state=_state(found),
        wanted_version=found.wanted_version or None,
        held_version=found.held_version,
        told_at=found.told_at,
        reason=found.given_up,
        entries=[_shown(entry) for entry in found.tokens.values()],
    )


def _masked(shape: LocalListShape) -> LocalListShape:
    entries = [
        entry.model_copy(
            update={"id_tag": masked(entry.id_tag), "parent": masked(entry.parent) if entry.parent else ""}
        )
        for entry in shape.entries
    ]
    return shape.model_copy(update={"entries": entries})


def _state(found: LocalList) -> str:
    if not found.wanted_version:
        return "none"
    if found.given_up:
        return "given_up"
    return "reached" if found.reached else "pending"


def _shown(entry: ListEntry) -> Entry:
    return Entry(
        id_tag=entry.id_token.value,
        id_tag_type=entry.id_token.kind,
        status=entry.status,
        expiry=entry.expires_at,
        parent=entry.group,
    )
