"""`python -m tests.e2e.commands_at_scale`: every intent at 200 chargers through two workers; exits with 1 if wrong."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.commanded import PER_S, TWO_WORKERS, command_everything, many, unlogged
from tests.e2e.conditions import until
from tests.e2e.pavement import pavement
from tests.e2e.workers import Desks, owners
from tests.e2e.zeus_process import ZeusProcess, zeus
from tests.redis_server import RedisServer


def main() -> int:
    """Run it on both brokers, or one, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chargers", type=int, default=200)
    parser.add_argument("--desks", type=int, default=16, help="HTTP connections to each worker")
    parser.add_argument("--per-s", type=float, default=PER_S, help="commands asked in a second")
    parser.add_argument("--broker", choices=("postgres", "redis"), action="append")
    options = parser.parse_args()
    brokers = options.broker or ["postgres", "redis"]
    return max(_on(broker, options.chargers, options.desks, options.per_s) for broker in brokers)


def _on(broker: str, chargers: int, desks: int, per_s: float) -> int:
    with ExitStack() as stack:
        settings = dict(TWO_WORKERS)
        if broker == "redis":
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zeus-redis-")))
            redis = RedisServer(directory)
            redis.start()
            stack.callback(redis.stop)
            settings["redis_url"] = redis.url
        server = stack.enter_context(zeus(**settings))
        return asyncio.run(_run(server, broker, chargers, desks, per_s))


async def _run(server: ZeusProcess, broker: str, chargers: int, each: int, per_s: float) -> int:
    versions = many(chargers)
    await server.register(versions)
    desks = Desks(server)
    await desks.open(each)
    async with pavement(server.url, versions) as fleet:
        report = await command_everything(server, fleet, desks, per_s)
        spread = sorted(owners(server).values())
        await until(lambda: not unlogged(server, report.done), "both frames of every command in the log")
    await desks.close()
    wrong = report.wrong()
    shares = [spread.count(name) for name in dict.fromkeys(spread)]
    _say(f"{broker}: {chargers} chargers, {shares} at each worker; {report.figures()}; wrong: {len(wrong)}")
    for words in wrong[:10]:
        _say(f"  {words}")
    return 1 if wrong else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
