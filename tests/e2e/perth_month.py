"""`python -m tests.e2e.perth_month [2017-05]`: every session of the month; exits with 1 where the books differ."""

import argparse
import asyncio
import sys
from time import monotonic

from tests.e2e.conditions import until
from tests.e2e.perth import MONTH, Books, books_of_the_file, books_of_the_server, replay
from tests.e2e.rebuilt import differences
from tests.e2e.zeus_process import ZeusProcess, zeus


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("month", nargs="?", default=MONTH)
    with zeus(accept_unknown_tokens=True, frames_per_s=100_000) as server:
        return asyncio.run(_month(server, parser.parse_args().month))


async def _month(server: ZeusProcess, month: str) -> int:
    expected = books_of_the_file(month, lambda _: True)
    began = monotonic()
    report = await replay(server, month, lambda _: True)
    took_s = monotonic() - began

    def caught_up() -> Books | None:
        books = books_of_the_server(server, lambda _: True)
        return books if books.sessions >= expected.sessions and books.unended <= expected.unended else None

    found = await until(caught_up, f"{expected.sessions} sessions", timeout_s=120)
    assert found is not None
    unequal = await asyncio.to_thread(differences, server.dsn)
    _say(
        f"{month}: {len(expected.by_charger)} chargers, {report.fleet.answered} messages answered in {took_s:.1f} s "
        f"({report.fleet.answered / took_s:.0f}/s), errors {dict(report.fleet.errors)}"
    )
    _say(
        f"the file:   {expected.sessions} sessions, {expected.energy_wh / 1000} kWh, {expected.unended} never ended"
    )
    _say(f"the server: {found.sessions} sessions, {found.energy_wh / 1000} kWh, {found.unended} never ended")
    _say(
        f"session by session {'equal' if found == expected else 'DIFFERENT'}; rebuilt read models: {unequal or 'equal'}"
    )
    return 0 if found == expected and not unequal else 1


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")


if __name__ == "__main__":
    sys.exit(main())
