"""`zeus serve` and `zeus migrate`."""

import typer

from entrypoints.commands.opening import console, database
from entrypoints.database import api_token
from entrypoints.logs import set_up
from entrypoints.serve import serve as run_server
from entrypoints.settings import Settings


def serve() -> None:
    """Start Zeus: chargers connect to ws://HOST:PORT/ocpp, people and programs to http://HOST:PORT."""
    settings = Settings()
    set_up(settings.log_level, form=settings.log_format)
    with database(settings) as url:
        token, made_up = api_token(settings)

        def on_ready(port: int) -> None:
            console.print(
                f"chargers: ws://{settings.host}:{port}/ocpp   API: http://{settings.host}:{port}/api/ocpp"
            )
            if made_up:
                console.print(f"API token: {token}")

        run_server(url, settings, token, on_ready)


def migrate() -> None:
    """Create what is missing in the database; harmless when repeated."""
    with database():
        typer.echo("The event store is in place; the projector makes the read models.")
