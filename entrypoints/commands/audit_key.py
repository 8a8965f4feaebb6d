"""`zeus audit key`: the keys that sign checkpoints and bundles."""

from typing import Annotated

import typer

from adapters.audit.signing import make_key
from application.audit import audit_keys, change_keys
from application.ports import EventStore
from domain.audit.keys import AuditKeys, KeyUnknown, LastKey
from entrypoints.audit import key_files, signing_keys
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import show_table
from entrypoints.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="The keys that sign checkpoints and bundles: show, rotate, retire."
)


@app.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """List the keys with their fingerprints: give these to whoever is to check what was signed.

    Example: `zeus audit key list`
    """
    settings = Settings()
    keys = with_store(lambda store: audit_keys(store, settings.tenant), settings)
    here = {key.public.id for key in signing_keys(settings)}
    rows = [
        {
            "id": key.id,
            "signs": key.id not in keys.retired,
            "private_key_here": key.id in here,
            "fingerprint": key.fingerprint,
            "verifier_key": key.encoded,
        }
        for key in keys.adopted.values()
    ]
    if as_json:
        print_json({"keys": rows})
        return
    if not rows:
        console.print("No key yet: the first checkpoint makes one (`zeus audit checkpoint`).", markup=False)
        return
    for row in rows:
        state = "signs" if row["signs"] else "retired"
        show_table(
            (str(row["id"]), state),
            [("fingerprint", str(row["fingerprint"])), ("verifier key", str(row["verifier_key"]))],
        )


@app.command()
def rotate() -> None:
    """Make a new key that signs beside the present one, until that is retired: the overlap is yours to choose.

    Example: `zeus audit key rotate`
    """
    settings = Settings()
    if settings.audit_key is not None:
        raise refuse(
            "The key is that of ZEUS_AUDIT_KEY: change it there. It is adopted with its first checkpoint."
        )

    async def use(store: EventStore) -> AuditKeys:
        known = await audit_keys(store, settings.tenant)
        name = known.signing[0].name if known.signing else settings.audit_origin
        key = make_key(name)
        key_files(settings).add(key)
        await change_keys(store, settings.tenant, lambda keys: keys.adopt(key.public), actor(), cause())
        return await audit_keys(store, settings.tenant)

    try:
        keys = with_store(use, settings)
    except OSError as error:
        raise refuse(f"The key could not be kept: {error.strerror}. Check ZEUS_DATA_DIR.") from None
    console.print(
        f"Checkpoints are now signed by {' and '.join(key.id for key in keys.signing)}.", markup=False
    )
    console.print("Tell the new fingerprint to those who check, then retire the old key.")


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `zeus audit key list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
) -> None:
    """Sign with a key no more and destroy its private half; what it signed stays good.

    Example: `zeus audit key retire zeus.example.com/log+1a2b3c4d --reason "yearly rotation"`
    """
    settings = Settings()

    async def use(store: EventStore) -> AuditKeys:
        return await change_keys(
            store, settings.tenant, lambda keys: keys.retire(key_id, reason), actor(), cause()
        )

    try:
        keys = with_store(use, settings)
    except (KeyUnknown, LastKey) as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    gone = key_files(settings).remove(keys.adopted[key_id])
    where = "Its private half is destroyed." if gone else "Its private half was not in this data directory."
    console.print(f"{key_id} signs no more. {where}", markup=False)
