"""`zeus audit export`: events with their proofs, for whoever has to believe them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from adapters.audit.audited_log import at_rest, checkpoints, seal_if_nobody_does
from adapters.audit.bundle import (
    Bundle,
    NothingToExport,
    Occasion,
    Subject,
    make_bundle,
    of_charger,
    of_streams,
)
from adapters.audit.signing import SigningKeyWrong
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from adapters.signatures.session_records import session_records
from application import clock
from application.audit import LogRewritten, NoSigningKey, audit_keys, record_export
from application.transparency import transparency_xml
from domain.catalogue import FACTS
from domain.identity import ChargerId, InvalidChargerId
from entrypoints.audit import open_checkpoints, signing_keys
from entrypoints.commands.opening import AsJson, actor, cause, console, database, print_json, refuse
from entrypoints.commands.reading import moment, read_models
from entrypoints.settings import Settings
from projections.sessions.queries import session as session_row


def export(
    session: Annotated[
        str | None, typer.Option(help="The id of a session: all events of its transaction.")
    ] = None,
    charger: Annotated[
        str | None,
        typer.Option(help="The id of a charger: all that the log took of it, see --from and --to."),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="At or after: 2026-05-04, or 7d for seven days ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Unset: named after what it is about.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(help="What it is for; it is recorded, and stands in the bundle.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Export events as a bundle that anybody can check without Zeus: `python3 verify.py bundle.zip`.

    It holds the events as they are stored, the story in words with its frames, a proof for each event, the
    checkpoint, and the program that checks all that. That it was exported is written into the log.

    Example: `zeus audit export --session ml5uw2fs5xaq7tw3 --purpose "dispute 2026-118"`

    Example: `zeus audit export --charger CP-001 --from 2026-05-04 --to 2026-05-05`
    """
    settings = Settings()
    if (session is None) == (charger is None):
        raise refuse("Say what to export: either --session or --charger.")
    stream = _stream_of(settings, session) if session else ""
    occasion = Occasion(clock.now(), actor(), purpose)
    with database(settings) as url:

        def subject(connection: Connection[Any]) -> Subject:
            if stream:
                return of_streams(connection, f"session {session}", settings.tenant, [stream])
            return of_charger(connection, _charger(settings, charger or ""), moment(begin), moment(end))

        try:
            bundle = asyncio.run(_export(url, settings, subject, occasion))
        except NothingToExport as error:
            raise refuse(f"The log holds nothing of {error} in that time.") from None
        except LogRewritten:
            raise refuse(
                "The log was changed below its last checkpoint: `zeus audit verify` says where."
            ) from None
        except (NoSigningKey, SigningKeyWrong) as error:
            raise refuse(" ".join((str(error) or type(error).__doc__ or "").split())) from None
    path = out or Path(f"zeus-{bundle.fact.subject.replace(' ', '-')}.zip")
    try:
        path.write_bytes(bundle.archive)
    except OSError as error:
        raise refuse(f"{path} cannot be written: {error.strerror}.") from None
    if as_json:
        print_json({"file": str(path), "bundle": bundle.fact})
        return
    console.print(
        f"{path}: {bundle.fact.events} events with their proofs. Check it with python3 verify.py {path}",
        markup=False,
        soft_wrap=True,
    )


def transparency(
    session: Annotated[str, typer.Argument(help="The id of the session.")],
    out: Annotated[Path | None, typer.Option(help="The file to write. Unset: printed.")] = None,
) -> None:
    """Print the signed meter values of a session for Transparenzsoftware, exactly as they were received.

    Example: `zeus audit transparency ml5uw2fs5xaq7tw3 --out session.xml`
    """
    settings = Settings()
    stream = _stream_of(settings, session)
    with database(settings) as url, at_rest(url) as connection:
        found = session_records(connection, stream)
    if not found.records:
        raise refuse(f"Session {session} has no signed meter values.")
    text = transparency_xml(found.records, session)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text)


def _signed_values(connection: Connection[Any], subject: Subject) -> dict[str, bytes]:
    """The signed records of the one session a bundle is about."""
    if len(subject.streams) != 1 or not subject.streams[0].startswith("transaction/"):
        return {}
    found = session_records(connection, subject.streams[0])
    if not found.records:
        return {}
    values = [{"record": one.record, "signature_good": one.signature_good} for one in found.records]
    return {
        "meter-values.json": json.dumps({"keys": found.keys, "values": values}, ensure_ascii=False).encode(),
        "transparency.xml": transparency_xml(found.records, subject.words.removeprefix("session ")).encode(),
    }


async def _export(
    url: str, settings: Settings, subject: Callable[[Connection[Any]], Subject], occasion: Occasion
) -> Bundle:
    """A checkpoint over the events, if none is yet; the bundle; and the word of it in the log."""
    store = open_store(url, FACTS)
    try:
        makers = open_checkpoints(url, settings, store, make=True)
        with at_rest(url) as connection:
            last = subject(connection).positions[-1]
            newest = next(iter(checkpoints(connection, settings.tenant, limit=1)), None)
        # A checkpoint's own record lies behind all that it is over.
        if newest is None or newest.position < last:
            await makers.publish(occasion.by)
        keys = await audit_keys(store, settings.tenant)
        signers = [one.signer for one in signing_keys(settings) if one.public in keys.signing]
        if not signers:
            raise NoSigningKey
        seal_if_nobody_does(url)
        with at_rest(url) as connection:
            about = subject(connection)
            bundle = make_bundle(
                connection,
                about,
                settings.tenant,
                list(keys.adopted.values()),
                signers,
                occasion,
                EventMapper(FACTS),
                _signed_values(connection, about),
            )
        await record_export(store, settings.tenant, bundle.fact, occasion.by, cause())
    finally:
        await store.close()
    return bundle


def _stream_of(settings: Settings, session: str) -> str:
    with read_models(settings) as connection:
        row = session_row(connection, settings.tenant, session)
    if row is None:
        raise refuse(f"There is no session {session}: `zeus sessions` lists them.")
    return row.transaction


def _charger(settings: Settings, cpid: str) -> ChargerId:
    try:
        return ChargerId.of(settings.tenant, cpid)
    except InvalidChargerId:
        raise refuse(
            f"{cpid!r} cannot be a charge point id; `zeus charger list` shows those there are."
        ) from None
