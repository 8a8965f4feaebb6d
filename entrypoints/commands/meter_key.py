"""`zeus meter-key`: the public keys of meters, by which signed values are verified."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.signatures.ocmf import OcmfSignatures
from application.ports import EventStore
from application.registry import ChargerUnknown
from application.signed_values import MeterKeyBook, MeterKeyUnreadable
from domain.signed_values.keys import MeterKey, MeterKeys, MeterKeyUnknown
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import show_table
from entrypoints.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Public keys of meters: registered by hand, never taken from a message."
)

Cpid = Annotated[str, typer.Argument(help="The charge point id, in any case.")]


@app.command()
def add(
    cpid: Cpid,
    key: Annotated[str, typer.Argument(help="The key in PEM, hex or Base64, or a file that holds it.")],
    curve: Annotated[
        str, typer.Option(help="Of a point that does not name its curve, such as secp256k1.")
    ] = "",
    meter: Annotated[str, typer.Option(help="The serial number of the meter.")] = "",
    note: Annotated[str, typer.Option(help="Where the key is from.")] = "",
) -> None:
    """Register a public key of a charger's meter, from the device or its papers.

    Sessions whose signed values waited for a key are verified anew, by `zeus serve`, within seconds.

    Example: `zeus meter-key add CP-001 meter.pem --meter 1DZG0033016824 --note "label on the device"`
    """
    path = Path(key)
    text = path.read_text() if len(key) < 200 and path.is_file() else key

    async def use(store: EventStore) -> MeterKey:
        return await _book(store).register(cpid, text, curve=curve, meter=meter, note=note)

    try:
        made = with_store(use)
    except MeterKeyUnreadable as error:
        raise refuse(f"This is no public key of a meter: {error}.") from None
    except ChargerUnknown:
        raise refuse(_unknown(cpid)) from None
    console.print(f"Key {made.id} ({made.curve}) of {cpid.upper()} is registered.", markup=False)


@app.command(name="list")
def listed(cpid: Cpid, as_json: AsJson = False) -> None:
    """List the public keys of a charger's meter.

    Example: `zeus meter-key list CP-001`
    """

    async def use(store: EventStore) -> MeterKeys:
        return await _book(store).of(cpid)

    try:
        keys = with_store(use)
    except ChargerUnknown:
        raise refuse(_unknown(cpid)) from None
    if as_json:
        print_json({"keys": list(keys.keys.values())})
        return
    if not keys.keys:
        console.print(f"{cpid.upper()} has no key; {len(keys.waiting)} sessions wait for one.", markup=False)
        return
    rows = [
        (
            key.id,
            key.curve,
            key.meter,
            f"{key.registered_at:%Y-%m-%d}",
            "" if key.withdrawn_at is None else f"withdrawn {key.withdrawn_at:%Y-%m-%d}",
            key.note,
        )
        for key in keys.keys.values()
    ]
    show_table(("key", "curve", "meter", "since", "", "note"), rows)


@app.command()
def withdraw(
    cpid: Cpid,
    key_id: Annotated[str, typer.Argument(help="The key's id, as `zeus meter-key list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
) -> None:
    """Withdraw a key: it counts no more for sessions that end from now on.

    Example: `zeus meter-key withdraw CP-001 0a1b2c3d4e5f6071 --reason "meter exchanged"`
    """

    async def use(store: EventStore) -> None:
        await _book(store).withdraw(cpid, key_id, reason)

    try:
        with_store(use)
    except MeterKeyUnknown:
        raise refuse(
            f"{cpid.upper()} has no key {key_id}: zeus meter-key list {cpid} shows those it has."
        ) from None
    except ChargerUnknown:
        raise refuse(_unknown(cpid)) from None
    console.print(f"Key {key_id} of {cpid.upper()} is withdrawn.", markup=False)


def _book(store: EventStore) -> MeterKeyBook:
    return MeterKeyBook(store, OcmfSignatures(), Settings().tenant, actor(), cause())


def _unknown(cpid: str) -> str:
    return f"No charger {cpid} is registered: zeus charger list shows those that are."
