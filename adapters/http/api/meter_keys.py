"""`/chargers/{cpid}/meter-keys`: the public keys of a charger's meter, by which signed values are verified."""

from datetime import datetime
from typing import Any

from pydantic import Field

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action, Answered, Doing, NoBody
from adapters.http.api.commands import charger_of, one_of
from adapters.http.api.control import PlainQuery
from adapters.http.problems import not_found
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from adapters.signatures.ocmf import OcmfSignatures
from application.registry import ChargerUnknown
from application.signed_values import MeterKeyBook, MeterKeyUnreadable
from domain.signed_values.keys import MeterKey, MeterKeyUnknown


class WithdrawQuery(Query):
    """Why."""

    reason: str = Field("", max_length=200)


class NewMeterKey(Body):
    """From the device itself or its papers, never from a message."""

    key: str = Field(
        min_length=1, max_length=4000, description="SubjectPublicKeyInfo or a point, in PEM, hex or Base64."
    )
    curve: str = Field(
        "", max_length=20, description="Of a point that does not name it, such as `secp256k1`."
    )
    meter: str = Field("", max_length=60, description="The serial number of the meter.")
    note: str = Field("", max_length=200, description="Where the key is from.")


class MeterKeyShape(Shape):
    """One key."""

    id: str = Field(description="16 hex digits of its SHA-256.")
    key: str = Field(description="Hex.")
    curve: str
    meter: str
    note: str
    registered_at: datetime
    registered_by: str
    withdrawn_at: datetime | None


class MeterKeysShape(Shape):
    """All keys of the charger, the oldest first."""

    items: list[MeterKeyShape]


async def list_meter_keys(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Those in force, and those that were."""
    try:
        keys = await _book(doing).of(charger_of(doing).key)
    except ChargerUnknown as error:
        raise not_found() from error
    return Answered(MeterKeysShape(items=[_shape(key) for key in keys.keys.values()]))


async def register_meter_key(doing: Doing[PlainQuery, NewMeterKey]) -> Answered:
    """Sessions whose signed values waited for it are verified anew behind this."""
    charger, body = charger_of(doing), doing.body
    try:
        key = await _book(doing).register(
            charger.key, body.key, curve=body.curve, meter=body.meter, note=body.note
        )
    except MeterKeyUnreadable as error:
        raise one_of("key", f"This is no public key of a meter: {error}.") from error
    except ChargerUnknown as error:
        raise not_found() from error
    return Answered(_shape(key), 201)


async def withdraw_meter_key(doing: Doing[WithdrawQuery, NoBody]) -> Answered:
    """It counts no more for what ends from now on."""
    try:
        await _book(doing).withdraw(charger_of(doing).key, doing.path["key_id"], doing.query.reason)
    except (MeterKeyUnknown, ChargerUnknown) as error:
        raise not_found() from error
    return Answered(None, 204)


def _book(doing: Doing[Any, Any]) -> MeterKeyBook:
    services: Services = doing.services
    return MeterKeyBook(
        services.store, OcmfSignatures(), doing.caller.tenant, doing.caller.name, doing.caller.cause
    )


def _shape(key: MeterKey) -> MeterKeyShape:
    return MeterKeyShape.model_validate(key)


METER_KEY_ROUTES: tuple[Action, ...] = (
    Action(
        method="GET",
        path="/chargers/{cpid}/meter-keys",
        summary="The public keys of a charger's meter",
        handler=list_meter_keys,
        query=PlainQuery,
        response=MeterKeysShape,
        right=Right.READ,
        errors=("not_found", *STORING),
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/meter-keys",
        summary="Register a public key of a charger's meter",
        handler=register_meter_key,
        query=PlainQuery,
        body=NewMeterKey,
        response=MeterKeyShape,
        right=Right.CONFIGURE,
        statuses=(201,),
        errors=("not_found", *STORING, *MUTATING),
    ),
    Action(
        method="DELETE",
        path="/chargers/{cpid}/meter-keys/{key_id}",
        summary="Withdraw a public key of a charger's meter",
        handler=withdraw_meter_key,
        query=WithdrawQuery,
        response=None,
        right=Right.CONFIGURE,
        statuses=(204,),
        errors=("not_found", *STORING, *MUTATING),
    ),
)
"""Keys of meters."""
