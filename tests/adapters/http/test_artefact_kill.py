"""The server is killed in the middle of an upload."""

import asyncio
import os
import socket
import sys
from pathlib import Path

from adapters.artefacts.local_disk import LocalDisk
from tests.adapters.http.artefact_world import ORIGIN

SERVER = """
import asyncio, sys
from pathlib import Path
import uvicorn
from adapters.artefacts.local_disk import LocalDisk
from tests.adapters.http.artefact_world import World

class Telling(LocalDisk):
    async def write(self, blob, chunks, max_bytes):
        async def told():
            async for chunk in chunks:
                yield chunk
                print("written", flush=True)
        return await super().write(blob, told(), max_bytes)

async def main():
    world = World(Path(sys.argv[1]), Telling)
    print((await world.upload()).url, flush=True)
    config = uvicorn.Config(world.app, fd=int(sys.argv[2]), lifespan="off", log_config=None)
    await uvicorn.Server(config).serve()

asyncio.run(main())
"""


def files(directory: Path) -> list[int]:
    return [path.stat().st_size for path in directory.rglob("*") if path.is_file()]


async def test_a_kill_in_the_middle_of_an_upload_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "artefacts"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SERVER, str(directory), str(number)),
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[number],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        assert server.stdout is not None
        try:
            url = (await server.stdout.readline()).decode().strip()
            _, writer = await asyncio.open_connection(*listening.getsockname())
            head = f"PUT {url.removeprefix(ORIGIN)} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
            writer.write(head.encode() + bytes(500_000))
            assert await server.stdout.readline() == b"written\n"
            (size,) = files(directory)
            assert size > 0
        finally:
            server.kill()
            await server.wait()
        writer.close()
    LocalDisk(directory)
    assert files(directory) == []
