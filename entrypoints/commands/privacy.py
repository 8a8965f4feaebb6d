"""`zeus privacy`: what is kept of a person, shown on record, and erased."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, TypeVar

import msgspec
import psycopg
import typer
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from adapters.ocpp.token_places import subject_of_request
from adapters.privacy.key_ring import new_key_line
from adapters.privacy.opening import opening
from adapters.privacy.spelling import BARE
from adapters.privacy.subjects import Subjects
from application import clock
from application.narrative import sentence
from application.privacy import Erased, KnownSubject, PersonalData, SubjectUnknown
from domain.catalogue import FACTS
from entrypoints.commands.names import Names
from entrypoints.commands.opening import AsJson, actor, cause, console, database, print_json, refuse
from entrypoints.commands.reading import reading_at
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from entrypoints.wiring import handling_personal_data
from projections.commands.queries import customer_requests
from projections.id_tags.queries import id_tags_of
from projections.local_lists.queries import chargers_with_lists
from projections.reservations.queries import reservations_of_token
from projections.row_security import STAY
from projections.sessions.queries import sessions_of_token

app = typer.Typer(no_args_is_help=True, help="Personal data: what is kept of a person, and erasing it.")

T = TypeVar("T")

Token = Annotated[str, typer.Argument(help="The token as the charger reads it, such as 04A2B9C1D2E380.")]
Tenant = Annotated[str | None, typer.Option(help="Of this tenant; ZEUS_TENANT where it is left out.")]
Reason = Annotated[str, typer.Option(help="Why you look; it is recorded.")]

_OF_TENANT = SQL("""
    SELECT notification_id, topic, state, originator_id, originator_version FROM {events}
     WHERE tenant = %s AND position(%s::bytea IN state) > 0 ORDER BY notification_id
""").format(events=Identifier(schema.SCHEMA, schema.EVENTS))


@app.command()
def show(token: Token, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Say what a token is called in the log, and how much there is of it.

    Example: `zeus privacy show 04A2B9C1D2E380`
    """
    settings = Settings()
    owner = tenant or settings.tenant
    with database(settings) as url:
        subject = _run(url, settings, owner, lambda personal: personal.subject(token))
        names = (subject.ref, subject.spelling.upper())
        with reading_at(url, owner) as connection:
            sessions = len(sessions_of_token(connection, owner, names))
            rows = id_tags_of(connection, owner, names, now=clock.now())
    found = {
        "ref": subject.ref,
        "known_since": subject.created_at,
        "plain": subject.plain_stream,
        "registered": any(row.registered for row in rows),
        "presented": sum(row.presented for row in rows),
        "sessions": sessions,
    }
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        console.print(f"{name.replace('_', ' '):<12}{value}", markup=False)


@app.command()
def export(token: Token, reason: Reason, tenant: Tenant = None) -> None:
    """Print all that is kept of a person as JSON, every event of the log that is about him included.

    Example: `zeus privacy export 04A2B9C1D2E380 --reason "request of 2026-05-04"`
    """
    settings = Settings()
    owner = tenant or settings.tenant

    async def use(personal: PersonalData) -> KnownSubject:
        subject = await personal.subject(token)
        await personal.disclose("export", reason, subjects=(subject.ref,))
        return subject

    with database(settings) as url:
        subject = _run(url, settings, owner, use)
        names = (subject.ref, subject.spelling.upper())
        subjects = subjects_of(url, settings)
        try:
            shown = Names(subjects, owner).shown
            with reading_at(url, owner) as connection:
                found = {
                    "id_token": subject.spelling,
                    "known_since": subject.created_at,
                    "registrations": shown(id_tags_of(connection, owner, names, now=clock.now())),
                    "sessions": shown(sessions_of_token(connection, owner, names)),
                    "reservations": shown(reservations_of_token(connection, owner, names)),
                }
            found["events"] = list(_events(url, subjects, owner, subject.ref))
        finally:
            subjects.close()
    print_json(found)


@app.command()
def erase(
    token: Token,
    legal_basis: Annotated[str, typer.Option(help="On what ground, such as `GDPR Art. 17(1)(b)`.")],
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Destroy the key of a person: nobody can read what the log holds of him, for good.

    Sessions, energy and proofs stay as they are, under a pseudonym that leads to nobody.

    Example: `zeus privacy erase 04A2B9C1D2E380 --legal-basis "GDPR Art. 17(1)(b)"`
    """
    settings = Settings()
    owner = tenant or settings.tenant
    with database(settings) as url:

        async def use(personal: PersonalData) -> Erased:
            subject = await personal.subject(token)
            lists, requests = await asyncio.to_thread(_around, url, owner, subject)
            return await personal.erase(token, legal_basis, lists=lists, requests=requests)

        erased = _run(url, settings, owner, use)
    if as_json:
        print_json(erased)
        return
    console.print(f"Erased. The log calls it {erased.ref}, which leads to nobody.", markup=False)
    for charger in erased.lists:
        console.print(f"Taken off the local list of {charger}.", markup=False)
    if erased.plain:
        console.print(
            "Events from before tokens were sealed name it in plain text; nothing can erase those.",
            markup=False,
        )
    console.print("Backups of the vault still have its key: docs/privacy.md says how long they may.")


@app.command()
def rewrap(as_json: AsJson = False) -> None:
    """Bring every subject to the newest version of the installation's key.

    Give the new version beside the old one, restart every process, run this, then take the old one away.

    Example: `zeus privacy rewrap`
    """
    settings = Settings()
    with database(settings) as url:
        subjects = subjects_of(url, settings)
        try:
            count = subjects.rewrap()
        finally:
            subjects.close()
    if as_json:
        print_json({"rewrapped": count})
        return
    console.print(f"{count} subjects were brought to the newest version of the key.")


@app.command(name="new-key")
def new_key(
    version: Annotated[int, typer.Option(min=1, help="Its number: one above the newest.")] = 1,
) -> None:
    """Print a new key for personal data, for ZEUS_PRIVACY_KEY or its file. It is kept nowhere.

    Example: `zeus privacy new-key --version 2`
    """
    typer.echo(new_key_line(version))


def _run(url: str, settings: Settings, tenant: str, use: Callable[[PersonalData], Awaitable[T]]) -> T:
    async def run() -> T:
        async with handling_personal_data(url, settings, tenant, actor(), cause()) as personal:
            return await use(personal)

    try:
        return asyncio.run(run())
    except SubjectUnknown:
        raise refuse(
            "Nothing is sealed under this token: it was never presented nor registered, or is erased already."
        ) from None


def _around(url: str, tenant: str, subject: KnownSubject) -> tuple[list[str], list[str]]:
    names = (subject.ref, subject.spelling.upper())
    with reading_at(url, tenant) as connection:
        requests = customer_requests(connection, tenant, names)
        return chargers_with_lists(connection, tenant), [subject_of_request(number) for number in requests]


def _events(url: str, subjects: Subjects, tenant: str, ref: str) -> Iterator[dict[str, Any]]:
    """Every event of the tenant that mentions the subject, opened. Reads the whole log: it has no index of people."""
    decode = opening(FACTS, subjects)
    with psycopg.connect(url, application_name="zeus privacy") as connection:
        connection.execute("SET ROLE zeus_gateway")
        connection.execute(STAY, [tenant])
        for position, topic, state, stream, version in connection.execute(
            _OF_TENANT, [tenant, ref.encode()], binary=True
        ):
            event = decode(topic, state, stream, version)
            yield {
                "position": position,
                "stream": BARE.sub("~", event.originator_id),
                "topic": topic,
                "at": event.told.recorded_at,
                "sentence": sentence(event),
                "fact": msgspec.to_builtins(event.fact),
            }
