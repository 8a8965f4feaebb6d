"""How commands read: a connection for the read models, times as people write them, plain or pretty tables."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import JustifyMethod
from rich.table import Table
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from adapters.http.database import open_engine
from application import clock
from entrypoints.commands.names import Names
from entrypoints.commands.opening import actor, cause, console, database, refuse
from entrypoints.crossing import cross_at
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from projections.row_security import STAY

STATEMENT_S = 30.0
_SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Limit = Annotated[int, typer.Option(min=1, max=200, help="How many rows, 1 to 200.")]


@contextmanager
def read_models(settings: Settings, tenant: str = "", *, of_all: str = "") -> Iterator[Connection]:
    """A read-only connection to the rows of one tenant, the one of the settings unless another is named.

    With `of_all`, the purpose, to the rows of every tenant, which is recorded. Says so where no read models exist.
    """
    with database(settings) as url:
        if of_all:
            asyncio.run(cross_at(url, settings.tenant, actor(), of_all, cause()))
        with reading_at(url, "" if of_all else tenant or settings.tenant) as connection:
            yield connection


@contextmanager
def named_read_models(settings: Settings, tenant: str = "") -> Iterator[tuple[Connection, Names]]:
    """The same, and who is behind the pseudonyms in the rows."""
    owner = tenant or settings.tenant
    with database(settings) as url:
        names = Names(subjects_of(url, settings), owner)
        try:
            with reading_at(url, owner) as connection:
                yield connection, names
        finally:
            names.close()


@contextmanager
def reading_at(url: str, tenant: str) -> Iterator[Connection]:
    """A read-only connection to the rows of a tenant; where none is named, of every tenant, which has been recorded.

    Says so where no read models exist yet.
    """
    engine = open_engine(url, connections=1, statement_s=STATEMENT_S)
    try:
        with engine.connect() as connection:
            if tenant:
                connection.exec_driver_sql(STAY, (tenant,))
            else:
                connection.exec_driver_sql("SET ROLE zeus_engine")
            connection.commit()
            yield connection
    except ProgrammingError as error:
        if "does not exist" not in str(error.orig):
            raise
        raise refuse(
            "The read models do not exist yet: start `zeus serve` once, or build them with "
            "`zeus rebuild --all`."
        ) from None
    finally:
        engine.dispose()


def moment(text: str | None) -> datetime | None:
    """An instant as people write it: `2026-05-04`, `2026-05-04T12:30Z`, or so long ago: `90m`, `2h`, `7d`.

    Without a zone it is UTC. Raises typer.BadParameter.
    """
    if text is None:
        return None
    if ago := re.fullmatch(r"(\d{1,6})([smhdw])", text):
        return clock.now() - timedelta(**{_SPANS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time: write 2026-05-04, 2026-05-04T12:30Z, or 2h for two hours ago."
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def length_of(text: str) -> timedelta:
    """A length of time as people write it: `90m`, `2h`, `1d`. Raises typer.BadParameter."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no length of time: write 90m, 2h or 1d.")
    return timedelta(**{_SPANS[found[2]]: int(found[1])})


def time_text(at: datetime | None, now: datetime) -> str:
    """UTC, as short as it is clear: the time of today, the day of this year, else the year as well."""
    if at is None:
        return "–"
    at = at.astimezone(UTC)
    if at.date() == now.date():
        return at.strftime("%H:%M:%S")
    return at.strftime("%m-%d %H:%M" if at.year == now.year else "%Y-%m-%d %H:%M")


def span_text(seconds: float | None) -> str:
    """A length of time in its two largest units: `42 s`, `5 min`, `3 h 05`, `12 d`."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d"


def kwh_text(wh: float | None) -> str:
    """Energy in kWh with two decimals."""
    return "–" if wh is None else f"{float(wh) / 1000:.2f}"


def kw_text(w: float | None) -> str:
    """Power in kW with one decimal."""
    return "–" if w is None else f"{w / 1000:.1f}"


def clean(text: str | None) -> str:
    """What a charger may have sent, safe for a terminal: control signs are shown as `·`."""
    return "".join(sign if sign.isprintable() else "·" for sign in text or "")


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table on a terminal; where output goes to a file or a pipe, a line a row with tabs between."""
    if not console.is_terminal:
        for row in (headings, *rows):
            typer.echo("\t".join(clean(cell) for cell in row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for number, heading in enumerate(headings):
        justify: JustifyMethod = "right" if heading in right else "left"
        # The first column is what people copy: it stays in one piece.
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    console.print(table)


def _plain(cell: str) -> str:
    """Square brackets of a charger are no markup of ours."""
    return clean(cell).replace("[", r"\[")
