"""The demo fleet: a process of its own, started by `zeus serve --demo` and ended with it.

In a process of its own, so that drawing cars and meter values takes no turn of the gateway's loop.
"""

import asyncio
import os
import signal
import subprocess
import sys

from application.registry import ChargerAlreadyRegistered, Registry
from domain.identity import IdToken
from entrypoints.simulator.demo import DEMO_CHARGERS, DEMO_TOKENS, run_demo
from entrypoints.simulator.report import FleetReport

LABEL = "Demo card"


def demo_password(charger_id: str) -> str:
    """Known to everybody who reads this: demo chargers protect nothing."""
    return f"demo-pass-{charger_id}"


async def provision_demo(registry: Registry) -> None:
    """Make the demo's chargers and tokens known; harmless when repeated."""
    for demo in DEMO_CHARGERS:
        try:
            await registry.add_charger(
                demo.charger_id, name=demo.label, password=demo_password(demo.charger_id)
            )
        except ChargerAlreadyRegistered:
            continue
    for number, tag in enumerate(DEMO_TOKENS, start=1):
        await registry.issue_token(IdToken(tag), label=f"{LABEL} {number}")


def main() -> None:
    """Charge at the server given as the only argument until told to stop, or until the parent is gone."""
    with asyncio.Runner() as runner:
        runner.run(_until_told(sys.argv[1], os.getppid()))


async def _until_told(url: str, parent: int) -> None:
    going_home = asyncio.Event()
    fleet = asyncio.ensure_future(run_demo(url, password_of=demo_password, going_home=going_home))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, going_home.set)
    _end_with_parent(parent, fleet)
    try:
        await fleet
    except asyncio.CancelledError:
        return


def _end_with_parent(parent: int, fleet: "asyncio.Future[FleetReport]") -> None:
    """A parent that was killed leaves no word: look every second whether it is still ours."""
    if os.getppid() != parent:
        fleet.cancel()
    elif not fleet.done():
        fleet.get_loop().call_later(1.0, _end_with_parent, parent, fleet)


class DemoProcess:
    """The demo fleet as a child of this process."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "entrypoints.demo", url],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._process.pid

    def stop(self) -> None:
        """Ask the cars to leave and wait until their sessions are ended; harmless when repeated."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()  # nothing of it is worth keeping
            self._process.wait()


if __name__ == "__main__":
    main()
