"""`zeus window`: for a while, register unknown chargers by themselves."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from adapters.http.api.provisioning import window_state
from application import clock
from application.ports import EventStore
from application.windows import Wanted, Windows
from domain.chargers.networks import NetworkInvalid, NetworksNeeded
from domain.provisioning.window import Window, WindowAlreadyOpen, WindowImpossible, WindowNotOpen
from entrypoints.commands.charger import Networks, network_words
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import clean, length_of, time_text
from entrypoints.settings import Settings

Use = Callable[[Windows], Awaitable[Window]]

app = typer.Typer(no_args_is_help=True, help="For a while, register unknown chargers by themselves.")


@app.command(name="open")
def open_window(
    pattern: Annotated[
        str, typer.Argument(help="Of the ids: `BENY-*`; `?` is one sign, `[0-9]` one of them.")
    ],
    length: Annotated[str, typer.Option("--for", help="For so long, at most 24h.")] = "1h",
    most: Annotated[int, typer.Option(help="Let in so many, then no more.")] = 10,
    profile: Annotated[
        int, typer.Option(help="The weakest security profile to let in; 0 lets in whoever knocks.")
    ] = 2,
    hold: Annotated[
        bool, typer.Option("--hold", help="Answer their boots Pending until `zeus charger accept`.")
    ] = False,
    network: Networks = None,
    as_json: AsJson = False,
) -> None:
    """Register unknown chargers when they knock. The first password each presents is its password from then on.

    Example: `zeus window open "BENY-*" --for 2h --most 20 --profile 1`
    """
    wanted = Wanted(
        until=clock.now() + length_of(length),
        pattern=pattern,
        most=most,
        security_profile=profile,
        hold=hold,
        networks=tuple(network or ()),
    )

    async def use(windows: Windows) -> Window:
        return await windows.open(wanted)

    try:
        _show(_with_windows(use), as_json=as_json)
    except WindowAlreadyOpen:
        raise refuse(
            "A window is open already: `zeus window show` tells which, `zeus window close`."
        ) from None
    except (NetworksNeeded, NetworkInvalid) as error:
        raise refuse(network_words(error)) from None
    except WindowImpossible as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None


@app.command(name="close")
def close_window(as_json: AsJson = False) -> None:
    """Let nobody in any more; who came stays registered.

    Example: `zeus window close`
    """

    async def use(windows: Windows) -> Window:
        return await windows.close()

    try:
        _show(_with_windows(use), as_json=as_json)
    except WindowNotOpen:
        raise refuse("No window is open.") from None


@app.command(name="show")
def show_window(as_json: AsJson = False) -> None:
    """Is a window open, for whom, and how many may still come?

    Example: `zeus window show`
    """

    async def use(windows: Windows) -> Window:
        return await windows.current()

    _show(_with_windows(use), as_json=as_json)


def _with_windows(use: Use) -> Window:
    settings = Settings()

    async def run(store: EventStore) -> Window:
        return await use(Windows(store, settings.tenant, actor(), cause()))

    return with_store(run, settings)


def _show(window: Window, *, as_json: bool) -> None:
    now = clock.now()
    state = window_state(window, now)
    if as_json:
        print_json(state.model_dump(mode="json"))
        return
    if not state.open or state.until is None:
        console.print("No window is open: unknown chargers are refused.")
        return
    hold = ", each to be accepted" if state.hold else ""
    console.print(
        f"Open until {time_text(state.until, now)} UTC for {clean(state.pattern)}: {state.let_in} came, "
        f"{state.left} more may, on security profile {state.security_profile} or better{hold}.",
        markup=False,
    )
    if state.security_profile == 0:
        console.print("[yellow]Whoever knocks with such an id is let in: keep it short.[/yellow]")
