"""Endpoints 2, 4 and 5 and their companions: what they do, apart from the rows that route to them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from adapters.http.api.provisioning_shapes import (
    BackendUrls,
    ChargerAdded,
    ChargerChanged,
    ChargerPatch,
    CredentialShown,
    NearMatch,
    NewCharger,
    NewCredential,
    NewWindow,
    PlannedConnector,
    UnknownId,
    UnknownIds,
    WindowState,
)
from adapters.http.install_card import render_card
from adapters.http.install_card_links import InstallCards
from adapters.http.problems import Fault, Problem, invalid, not_found
from application.registry import (
    ChargerAlreadyRegistered,
    ChargerUnknown,
    Provisioned,
    Registry,
    RevisionPassed,
)
from application.windows import Wanted, Windows
from domain.chargers.charger import Charger
from domain.chargers.likeness import Neighbourhood
from domain.chargers.networks import NetworkInvalid, NetworksNeeded
from domain.chargers.particulars import (
    ChargerRetired,
    DowngradeWithoutReason,
    Particulars,
    PasswordNeeded,
    ProfileUnknown,
)
from domain.chargers.provisioning import ConnectorPlan, Standing
from domain.identity import ChargerId, InvalidChargerId
from domain.provisioning.window import Window, WindowAlreadyOpen, WindowImpossible, WindowNotOpen
from projections.connection_attempts.queries import list_unknown_ids
from projections.status_board.queries import ChargerRow, registered_ids

LOOKED_BACK = timedelta(days=7)
"""An id that has not knocked for so long is not listed any more."""

TurnOut = Callable[[ChargerId], Awaitable[object]]
"""Closes a charger's connection, whichever process has it."""


async def add_charger(
    body: NewCharger, registry: Registry, cards: InstallCards, *, origin: str, now: datetime
) -> ChargerAdded:
    """POST `/chargers`. Raises Problem `exists`, `validation`."""
    until = body.auto_accept if isinstance(body.auto_accept, datetime) else None
    particulars = Particulars(
        site=body.site,
        node=body.node,
        model_profile=body.model_profile,
        connectors=_plans(body.connectors),
        networks=tuple(body.networks),
    )
    try:
        made = await registry.add_charger(
            body.cpid,
            name=body.name,
            security_profile=body.security_profile,
            password=body.password,
            particulars=particulars,
            hold=body.auto_accept is False,
            auto_accept_until=until,
        )
    except (
        InvalidChargerId,
        ProfileUnknown,
        NetworksNeeded,
        NetworkInvalid,
        ChargerAlreadyRegistered,
    ) as error:
        raise in_problem(error) from error
    card = cards.card(
        origin,
        made.cpid,
        made.security_profile,
        password=made.password,
        name=body.name,
        site=body.site,
        connectors=connector_words(_plans(body.connectors)),
    )
    path, valid_until = cards.link(card, now)
    return ChargerAdded(
        **_shown(made, origin + path, valid_until).model_dump(),
        security_profile=made.security_profile,
        ws_url=card.addresses.full,
        urls=BackendUrls.model_validate(card.addresses),
    )


async def patch_charger(
    cpid: str,
    body: ChargerPatch,
    registry: Registry,
    turn_out: TurnOut,
    *,
    expected: Collection[int] | None = None,
) -> ChargerChanged:
    """PATCH `/chargers/{cpid}`; `expected` are the revisions of `If-Match`. A charger that is put out of use is
    disconnected. Raises Problem `not_found`, `retired`, `version_conflict`, `validation`.
    """
    try:
        charger = await registry.describe_charger(cpid, _particulars(body), expected)
    except InvalidChargerId as error:
        raise not_found() from error
    except (
        ChargerUnknown,
        ChargerRetired,
        RevisionPassed,
        ProfileUnknown,
        DowngradeWithoutReason,
        PasswordNeeded,
        NetworksNeeded,
        NetworkInvalid,
    ) as error:
        raise in_problem(error) from error
    if charger.standing is not Standing.ACTIVE:
        await turn_out(charger.id)
    return _changed(charger)


async def new_credential(
    cpid: str,
    body: NewCredential,
    registry: Registry,
    cards: InstallCards,
    *,
    origin: str,
    now: datetime,
) -> CredentialShown:
    """POST `/chargers/{cpid}/credentials` by hand. Raises Problem `not_found`, `retired`."""
    try:
        made = await registry.new_password(cpid, length=body.length)
    except InvalidChargerId as error:
        raise not_found() from error
    except (ChargerUnknown, ChargerRetired) as error:
        raise in_problem(error) from error
    card = cards.card(origin, made.cpid, made.security_profile, password=made.password)
    path, until = cards.link(card, now)
    return _shown(made, origin + path, until)


def reprint(row: ChargerRow, cards: InstallCards, *, origin: str, now: datetime) -> str:
    """GET `/chargers/{cpid}/install-card`: the card as HTML, without a password, as often as wanted."""
    plans = msgspec.convert(row.planned_connectors or [], tuple[ConnectorPlan, ...])
    card = cards.card(
        origin,
        row.cpid,
        row.security_profile or 0,
        name=row.name,
        site=row.site or "",
        connectors=connector_words(plans),
    )
    return render_card(card, now)


def unknown_ids(
    connection: Connection, tenant: str, now: datetime, limit: int = 20, *, begin: datetime | None = None
) -> UnknownIds:
    """GET `/connection-attempts/unknown`: who knocked in vain, and which registered id may be meant."""
    registered = registered_ids(connection, tenant)
    known = [cpid.upper() for cpid in registered]
    rows = list_unknown_ids(connection, tenant, begin or now - LOOKED_BACK, known=known, limit=limit)
    if not rows:
        return UnknownIds(items=[])
    neighbourhood = Neighbourhood(registered)
    return UnknownIds(
        items=[
            UnknownId(**msgspec.structs.asdict(row), near=_near(neighbourhood, row.charger)) for row in rows
        ]
    )


async def open_window(body: NewWindow, windows: Windows, now: datetime) -> WindowState:
    """POST `/provisioning/window`. Raises Problem `busy`, `validation`."""
    wanted = Wanted(
        until=body.until,
        pattern=body.pattern,
        most=body.most,
        security_profile=body.security_profile,
        hold=body.hold,
        networks=tuple(body.networks),
    )
    try:
        return window_state(await windows.open(wanted), now)
    except (WindowAlreadyOpen, WindowImpossible, NetworksNeeded, NetworkInvalid) as error:
        raise in_problem(error) from error


async def close_window(windows: Windows, now: datetime) -> WindowState:
    """DELETE `/provisioning/window`. Raises Problem `not_found`."""
    try:
        return window_state(await windows.close(), now)
    except WindowNotOpen as error:
        raise in_problem(error) from error


def window_state(window: Window, now: datetime) -> WindowState:
    """GET `/provisioning/window`; what was open last stays to be seen until it is closed."""
    last = window.open
    return WindowState(
        open=bool(window.left(now)),
        window_id=last.window_id if last else None,
        until=last.until if last else None,
        pattern=last.pattern if last else None,
        security_profile=last.security_profile if last else None,
        hold=last.hold if last else None,
        networks=list(last.networks) if last else [],
        let_in=window.let_in,
        left=window.left(now),
    )


def in_problem(error: Exception) -> Problem:
    """What the caller is told; `not_found` has one body whatever is behind it."""
    detail = " ".join((type(error).__doc__ or "").split())
    match error:
        case ChargerUnknown() | WindowNotOpen():
            return not_found()
        case ChargerAlreadyRegistered():
            return Problem("exists", "This id cannot be given out: a charger has it already.")
        case ChargerRetired():
            return Problem("retired", detail)
        case RevisionPassed():
            return Problem("version_conflict", detail)
        case WindowAlreadyOpen():
            return Problem("busy", detail)
        case InvalidChargerId():
            return invalid(Fault("cpid", detail))
        case DowngradeWithoutReason():
            return invalid(Fault("downgrade_reason", detail))
        case NetworksNeeded() | NetworkInvalid():
            return invalid(Fault("networks", detail))
        case WindowImpossible():
            return invalid(Fault("until", detail))
        case _:
            return invalid(Fault("security_profile", detail))


def connector_words(plans: Sequence[ConnectorPlan]) -> tuple[str, ...]:
    """Such as `1: Type2, 32 A, 3 phases`."""
    found = []
    for plan in plans:
        limit = f"{plan.max_a} A" if plan.max_a is not None else ""
        phases = f"{plan.phases} phase{'s' if plan.phases > 1 else ''}" if plan.phases else ""
        words = ", ".join(part for part in (plan.plug, limit, phases) if part)
        found.append(f"{plan.connector_id}: {words}" if words else str(plan.connector_id))
    return tuple(found)


def _near(neighbourhood: Neighbourhood, cpid: str) -> list[NearMatch]:
    return [NearMatch.model_validate(one) for one in neighbourhood.near(cpid)]


def _shown(made: Provisioned, link: str, until: datetime) -> CredentialShown:
    return CredentialShown(
        cpid=made.cpid,
        username=made.cpid,
        password=made.password,
        password_hex=made.password.encode().hex() if made.password is not None else None,
        credential_id=made.credential_id or None,
        install_card_url=link,
        install_card_until=until,
    )


def without_secret(shown: CredentialShown) -> CredentialShown:
    """The answer as it may be kept for repetitions: neither the password nor the link that holds it."""
    gone = {"password": None, "password_hex": None, "install_card_url": None, "install_card_until": None}
    return shown.model_copy(update=gone)


def _particulars(body: ChargerPatch) -> Particulars:
    """What was sent; a null takes away, which for texts is the empty one."""
    sent = body.model_fields_set
    connectors = None
    if "connectors" in sent:
        connectors = _plans(body.connectors or [])
    return Particulars(
        name=(body.name or "") if "name" in sent else None,
        site=(body.site or "") if "site" in sent else None,
        node=(body.node or "") if "node" in sent else None,
        model_profile=(body.model_profile or "") if "model_profile" in sent else None,
        connectors=connectors,
        security_profile=body.security_profile,
        networks=tuple(body.networks or ()) if "networks" in sent else None,
        downgrade_reason=body.downgrade_reason,
        standing=None if body.state is None else Standing(body.state),
        reason=body.reason,
    )


def _plans(connectors: Sequence[PlannedConnector]) -> tuple[ConnectorPlan, ...]:
    ids = [one.id for one in connectors]
    if len(set(ids)) < len(ids):
        raise invalid(Fault("connectors", "Each id once."))
    return tuple(
        ConnectorPlan(connector_id=one.id, plug=one.type, max_a=one.max_amps, phases=one.phases)
        for one in connectors
    )


def _changed(charger: Charger) -> ChargerChanged:
    return ChargerChanged(
        cpid=charger.cpid,
        name=charger.name,
        site=charger.site,
        node=charger.node,
        model_profile=charger.model_profile,
        security_profile=charger.security_profile,
        networks=list(charger.networks),
        state=charger.standing,
        revision=charger.revision,
    )
