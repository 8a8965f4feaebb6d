"""`zeus`: the command line. `zeus --help` lists the commands; each explains itself."""

import sys

import psycopg
import typer
from pydantic import ValidationError
from rich.console import Console

from adapters.postgres.data_directory import DataDirectoryInUse, DataDirectoryRefused
from adapters.postgres.embedded import PostgresDidNotStart
from adapters.postgres.programs import ProgramsMissing
from adapters.privacy.key_ring import PrivacyKeyWrong
from application.ports import StoreUnavailable, UnreadableEvent
from entrypoints.commands import (
    alarms,
    archive,
    ask,
    attempts,
    audit,
    bench,
    board,
    ca,
    charger,
    charger_care,
    charger_upgrade,
    exclusion,
    export,
    jobs,
    meter_key,
    mirror,
    oidc,
    privacy,
    rebuild,
    repair,
    replay,
    report,
    report_quality,
    serving,
    sessions,
    simulate,
    tag,
    tenant,
    token,
    user,
    watch,
    webhook,
    window,
)
from entrypoints.database import DatabaseNotReachable
from projections.row_security import RolesMissing, RoleTooStrong

UNREACHABLE = (
    DatabaseNotReachable,
    DataDirectoryInUse,
    DataDirectoryRefused,
    PostgresDidNotStart,
    PrivacyKeyWrong,
    ProgramsMissing,
    StoreUnavailable,
    UnreadableEvent,
    RolesMissing,
    RoleTooStrong,
    psycopg.OperationalError,
)
"""What a person can mend; each is told in a sentence."""

app = typer.Typer(
    name="zeus",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="**Zeus CSMS** – the central system that EV chargers connect to (OCPP 1.6J, 2.0.1, 2.1).\n\n"
    "Start it with `zeus serve --demo` and look at `zeus board`. Settings are environment variables; "
    "docs/configuration.md lists them all.",
)
app.command()(serving.serve)
app.command()(board.board)
app.command()(ask.ask)
app.command()(ask.commands)
app.command()(attempts.attempts)
app.command()(alarms.alarms)
app.command()(jobs.jobs)
app.command()(replay.replay)
app.command()(watch.watch)
app.command(name="simulate")(simulate.simulate_fleet)
app.command()(rebuild.rebuild)
app.command()(export.export)
app.command()(archive.archive)
app.command()(serving.migrate)
app.command()(bench.bench)
for care in (charger_care.describe, charger_care.disable, charger_care.enable, charger_care.retire):
    charger.app.command()(care)
charger.app.command()(charger_upgrade.upgrade)
app.add_typer(charger.app, name="charger")
app.add_typer(window.app, name="window")
app.add_typer(tag.app, name="tag")
app.add_typer(ca.app, name="ca")
app.add_typer(audit.app, name="audit")
app.add_typer(meter_key.app, name="meter-key")
app.add_typer(tenant.app, name="tenant")
app.add_typer(token.app, name="token")
app.add_typer(privacy.app, name="privacy")
app.add_typer(user.app, name="user")
app.add_typer(oidc.app, name="oidc")
app.add_typer(webhook.app, name="webhook")
app.add_typer(sessions.app, name="sessions")
for quality in (report_quality.funnel, report_quality.errors, report_quality.reliability):
    report.app.command()(quality)
app.add_typer(report.app, name="report")
app.add_typer(exclusion.app, name="exclusion")
app.add_typer(repair.app, name="repair")
app.add_typer(mirror.app, name="mirror")
app.add_typer(rebuild.app, name="read-models")


def main() -> None:
    """Run the command; what a person can mend is said in a sentence, without a traceback."""
    try:
        app()
    except UNREACHABLE as error:
        _give_up(in_a_sentence(error))
    except ValidationError as error:
        words = "; ".join(f"{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        _give_up(f"A setting cannot be used: {words}. docs/configuration.md lists them all.")


def in_a_sentence(error: Exception) -> str:
    """What is wrong and what to do, without what a server said at length."""
    words = str(error).strip().splitlines()[0].rstrip(":") if str(error).strip() else type(error).__name__
    words = words[:1].upper() + words[1:]
    if isinstance(error, DataDirectoryInUse):
        return f"{words}: set ZEUS_DATA_DIR. If it is `zeus serve`, that one is running already."
    if isinstance(error, PostgresDidNotStart):
        return f"{words}. Why is in the log of that directory; is the disk full, or another version's data there?"
    if isinstance(error, ProgramsMissing):
        return f"{words} Install it, or set DATABASE_URL to the address of a server."
    if isinstance(error, RoleTooStrong):
        return f"{words}: it is a superuser or bypasses row-level security. Take that away from it."
    if isinstance(error, StoreUnavailable | psycopg.OperationalError):
        return f"The database does not answer: {words}. Is the server up, and is DATABASE_URL right?"
    if isinstance(error, UnreadableEvent):
        return f"{words}. Was this database written by a newer Zeus? Then start that one."
    return words


def _give_up(words: str) -> None:
    Console(stderr=True).print(words, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
