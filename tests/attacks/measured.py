"""Attacks beside honest chargers, and what the honest feel of them: `python -m tests.attacks.measured`.

A real `zeus serve` with its limits as they are by default; honest chargers speak in open loop, at a rate, with real
passwords. Their latency counts from the moment a message was due. Each attack is a process of its own that does what it
can; before each, the honest are measured alone. Server, database, attacker and honest share the machine's cores.
"""

import argparse
import asyncio
import json
import os
import sys
from time import monotonic

import psycopg

from entrypoints.bench import load
from entrypoints.bench.client import Client, Tally
from entrypoints.bench.server import Server, provisioned, serving, words_of
from entrypoints.listening import raise_file_limit
from tests.attacks.armoury import ATTACKS, Target

DEFAULTS = {
    "ZEUS_FRAMES_PER_S": "50",
    "ZEUS_BURST": "500",
    "ZEUS_API_PER_S": "20",
    "ZEUS_API_BURST": "60",
}
"""What the bench otherwise opens wide."""


def main() -> int:
    """Measure, print the table; 1 where an attack got through or an honest charger was lost."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--seconds", type=float, default=10)
    told.add_argument("--chargers", type=int, default=200)
    told.add_argument("--rate", type=int, default=100, help="honest messages a second")
    told.add_argument("--only", default="", help="attacks whose name holds this")
    told.add_argument("--json", default="", help="a file for the figures")
    told.add_argument("--attack", default="", help=argparse.SUPPRESS)
    told.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    chosen = told.parse_args()
    if chosen.attack:
        return attack(chosen)
    with provisioned(chosen.chargers + len(ATTACKS)) as data_dir, serving(data_dir, DEFAULTS) as server:
        rows = load.run(lambda: measure(server, chosen))
        errors = [line for line in words_of(data_dir) if "Traceback" in line or '"ERROR"' in line]
    print(table(rows))  # noqa: T201
    print(f"errors in the server's log: {len(errors)} {errors[:1]}")  # noqa: T201
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump(rows, file, indent=2)
    return int(bool(errors) or any(row["through"] or row["lost"] or row["wrong"] for row in rows))


def attack(chosen: argparse.Namespace) -> int:
    """In the attacker's process."""
    raise_file_limit()
    number = number_of(chosen.attack, chosen)
    target = Target(
        port=chosen.port,
        victim=load.cpid_of(0),
        own=load.cpid_of(number),
        password=load.password_of(number),
        lost=load.password_of(0),
        until=monotonic() + chosen.seconds,
        address=f"127.0.1.{1 + number - chosen.chargers}",
    )
    asyncio.run(ATTACKS[chosen.attack](target))
    print(json.dumps([target.tries, target.through]))  # noqa: T201
    return 0


def number_of(name: str, chosen: argparse.Namespace) -> int:
    """Of the attacker's own charger: each has one, as arrivals are counted too."""
    return int(chosen.chargers) + list(ATTACKS).index(name)


async def measure(server: Server, chosen: argparse.Namespace) -> list[dict[str, float | str]]:
    """A row for each attack."""
    tally, rows = Tally(), []
    async with load.fleet(server.target(), range(chosen.chargers), tally) as clients:
        await honest(clients, tally, chosen.rate, 3)
        for name in ATTACKS:
            if chosen.only not in name:
                continue
            alone = await honest(clients, tally, chosen.rate, chosen.seconds)
            head, rss = head_of(server), memory(server)
            attacker = await begun(server, name, chosen)
            beside = await honest(clients, tally, chosen.rate, chosen.seconds)
            said, _ = await attacker.communicate()
            tries, through = json.loads(said or b"[0, -1]")
            recorded = recorded_since(server, head, load.cpid_of(number_of(name, chosen)))
            row = {
                "attack": name,
                "tries": tries,
                "through": through,
                "recorded": ", ".join(f"{topic} {n}" for topic, n in recorded.items()),
                "memory_mb": round((memory(server) - rss) / 1e6, 1),
                **{f"alone_{key}": value for key, value in alone.items()},
                **{f"beside_{key}": value for key, value in beside.items()},
                "lost": tally.lost,
                "wrong": tally.wrong,
            }
            rows.append(row)
            print(line(row), flush=True)  # noqa: T201
    return rows


async def honest(clients: list[Client], tally: Tally, rate: int, seconds: float) -> dict[str, float]:
    """What the honest feel in this time."""
    tally.latencies.clear()
    await load.open_loop(clients, "mix", rate, seconds)
    return load.quantiles_ms(tally.latencies)


async def begun(server: Server, name: str, chosen: argparse.Namespace) -> asyncio.subprocess.Process:
    """The attacker's process."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.attacks.measured", "--attack", name, "--port", str(server.port)),
        *("--seconds", str(chosen.seconds), "--chargers", str(chosen.chargers)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )


def head_of(server: Server) -> int:
    """The last event's place."""
    with psycopg.connect(server.database_url) as connection:
        row = connection.execute("SELECT max(notification_id) FROM eventstore.stored_events").fetchone()
    return int(row[0]) if row and row[0] else 0


def recorded_since(server: Server, place: int, own: str) -> dict[str, int]:
    """What the log has of the attack: the attacker's own stream, refused handshakes, alarms, held addresses."""
    with psycopg.connect(server.database_url) as connection:
        rows = connection.execute(
            "SELECT topic, count(*) FROM eventstore.stored_events WHERE notification_id > %s AND (topic IN "
            "('handshake.refused', 'charger.frame_rejected', 'charger.frames_suppressed', "
            "'charger.answer_unexpected', 'charger.message_repeated', 'api.address_held') "
            "OR topic LIKE 'alarm.%%' OR originator_id LIKE %s) GROUP BY topic ORDER BY topic",
            (place, f"%/{own}%"),
        ).fetchall()
    return {str(topic): int(n) for topic, n in rows}


def memory(server: Server) -> int:
    """Resident bytes of the gateway process."""
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def line(row: dict[str, float | str]) -> str:
    """Of the table of docs/security.md."""

    def three(name: str) -> str:
        return " / ".join(f"{float(row.get(f'{name}_{key}_ms', 0)):.1f}" for key in ("p50", "p95", "p99"))

    first, last = (row["attack"], row["tries"], row["through"]), (row["memory_mb"], row["recorded"])
    cells = (*first, three("alone"), three("beside"), *last)
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(rows: list[dict[str, float | str]]) -> str:
    """All of it."""
    head = "| attack | tries | through | alone p50/p95/p99 ms | beside it | memory MB | recorded |"
    return "\n".join((head, "|---|---|---|---|---|---|---|", *(line(row) for row in rows)))


if __name__ == "__main__":
    sys.exit(main())
