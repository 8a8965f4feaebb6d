"""`python -m tests.e2e.kill_ten`: ten kills with 500 chargers under load; exits with 1 where a rule was broken."""

import argparse
import asyncio
import sys
from time import monotonic

from tests.e2e.kill import Killed, judge, nobody_left_online, sessions_of, storm
from tests.e2e.rebuilt import differences
from tests.e2e.zeus_process import ZeusProcess, zeus


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chargers", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=20, help="for each charger")
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    with zeus(accept_unknown_tokens=True, frames_per_s=100_000) as server:
        return asyncio.run(_run(server, options.chargers, options.sessions, options.kills))


async def _run(server: ZeusProcess, chargers: int, sessions: int, kills: int) -> int:
    began = monotonic()
    report, _ = await storm(server, sessions_of(chargers, sessions), kills, _say_kill)
    took_s = monotonic() - began
    fleet = report.fleet
    _say(f"{chargers} chargers, {len(report.sessions)} sessions, {kills} kills in {took_s:.0f} s")
    _say(f"connections {fleet.connections}, lost {fleet.lost}, errors {dict(fleet.errors)}, "
         f"time-outs {fleet.timeouts}, given up {fleet.given_up}, refused {dict(fleet.refused)}")  # fmt: skip
    verdict = judge(server, report)
    began = monotonic()
    await nobody_left_online(server)
    caught_up_s = monotonic() - began
    unequal = await asyncio.to_thread(differences, server.dsn)
    _say(
        f"read models at the head after {caught_up_s:.1f} s, rebuilt in {monotonic() - began - caught_up_s:.1f} s"
    )
    _say(f"{verdict.acknowledged} acknowledged: lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, "
         f"bent {len(verdict.bent)}, unfinished {len(verdict.unfinished)}; {verdict.repeated} repetitions "
         f"recognised; rebuilt read models {unequal or 'equal'}")  # fmt: skip
    for finding in (*verdict.lost[:5], *verdict.doubled[:5], *verdict.bent[:5], *verdict.unfinished[:5]):
        _say(f"  {finding}")
    return 1 if verdict.lost or verdict.doubled or verdict.bent or verdict.unfinished or unequal else 0


def _say_kill(blow: Killed) -> None:
    _say(f"killed {blow.victim} after {blow.answered_before} answers; answers again after {blow.gap_s:.1f} s")


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
