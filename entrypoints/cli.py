"""`zeus`: the command line. `zeus --help` lists the commands; each explains itself."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from entrypoints.commands import bench, charger, serving, tag
from entrypoints.database import DatabaseNotReachable

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
app.command()(serving.migrate)
app.command()(bench.bench)
app.add_typer(charger.app, name="charger")
app.add_typer(tag.app, name="tag")


def main() -> None:
    """Run the command; what a person can mend is said in a sentence, without a traceback."""
    try:
        app()
    except DatabaseNotReachable as error:
        _give_up(str(error))
    except ValidationError as error:
        words = "; ".join(f"{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        _give_up(f"A setting cannot be used: {words}. docs/configuration.md lists them all.")


def _give_up(words: str) -> None:
    Console(stderr=True).print(f"[red]{words}[/red]", highlight=False)
    sys.exit(1)


if __name__ == "__main__":
    main()
