"""The floor under the sockets: the same server software and protocol class, with an endpoint that echoes."""

import asyncio
import gc
import sys

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from adapters.ocpp.websocket import ChargerWebSocket


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept whoever comes and say everything back."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def main() -> None:
    """`python -m entrypoints.bench.echo PORT`: serve until told to stop."""
    config = uvicorn.Config(
        echo, host="127.0.0.1", port=int(sys.argv[1]), loop="none", http="httptools", ws=ChargerWebSocket,
        ws_ping_interval=60.0, ws_ping_timeout=None, access_log=False, backlog=4096, log_config=None,
        lifespan="off",
    )  # fmt: skip
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 500)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
