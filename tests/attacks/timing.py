"""SEC-04 with a clock: how long a refusal takes, unknown id against wrong password: `python -m tests.attacks.timing`.

A real server answers both with 401. The two are asked in turns, each time from another address and of another id, so
that nobody has to wait; medians are compared, and a bootstrap says how sure the difference is.
"""

import asyncio
import random
import statistics
import sys
from time import perf_counter

from tests.e2e.knock import KEY, basic
from tests.e2e.zeus_process import ZeusProcess, zeus

CHARGERS = 400
EACH = 5
"""Wrong passwords for one charger: fewer than it takes to be shut out."""
BAR = 0.05
RESAMPLED = 2_000


async def refusal_s(port: int, cpid: str, address: str) -> float:
    """From the request written to its answer read; the connection is there already."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    head = (
        f"GET /ocpp/1.6/{cpid} HTTP/1.1\r\nHost: z\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
        f"Authorization: {basic(cpid, b'guess-of-twenty-sign')}\r\n\r\n"
    )
    began = perf_counter()
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    took = perf_counter() - began
    writer.close()
    if b" 401 " not in answer[:16]:
        raise AssertionError(answer)
    return took


async def measured(server: ZeusProcess) -> tuple[list[float], list[float]]:
    """Seconds of (wrong passwords, unknown ids)."""
    cpids = [f"CP-{n:04}" for n in range(CHARGERS)]
    await server.register(cpids, security_profile=1)
    wrong: list[float] = []
    unknown: list[float] = []
    place = 0
    for turn in range(EACH):
        for n in range(CHARGERS):
            pair = [(wrong, cpids[n]), (unknown, f"NO-{turn}{n:03}")]
            random.shuffle(pair)
            for found, cpid in pair:
                place += 1
                address = f"127.{1 + place // 62_500}.{1 + place // 250 % 250}.{1 + place % 250}"
                found.append(await refusal_s(server.port, cpid, address))
    return wrong[CHARGERS:], unknown[CHARGERS:]  # the first turn warms up


def difference(wrong: list[float], unknown: list[float]) -> float:
    """Of the medians, as a share of the first."""
    return statistics.median(unknown) / statistics.median(wrong) - 1


def interval(wrong: list[float], unknown: list[float]) -> tuple[float, float]:
    """95 % of the differences that other samples of the same would have shown."""
    chance = random.Random(4)
    found = sorted(
        difference(chance.choices(wrong, k=len(wrong)), chance.choices(unknown, k=len(unknown)))
        for _ in range(RESAMPLED)
    )
    return found[RESAMPLED // 40], found[-RESAMPLED // 40]


async def main() -> int:
    """The table; 1 where the difference is above the bar."""
    with zeus(unknown_id_status="401", log_level="ERROR") as server:
        wrong, unknown = await measured(server)
    low, high = interval(wrong, unknown)
    print("| | n | median ms | p95 ms |\n|---|---|---|---|")  # noqa: T201
    for words, found in (("wrong password", wrong), ("unknown id", unknown)):
        p95 = statistics.quantiles(found, n=20)[-1]
        print(f"| {words} | {len(found)} | {statistics.median(found) * 1e3:.3f} | {p95 * 1e3:.3f} |")  # noqa: T201
    print(f"difference {difference(wrong, unknown):+.1%}, 95 % of {low:+.1%} to {high:+.1%}; bar {BAR:.0%}")  # noqa: T201
    return int(abs(difference(wrong, unknown)) > BAR)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
