"""A running `zeus serve` looked at from outside: `python -m tests.e2e.tls_scan` prints the tables of docs/tls.md.

Every suite is tried over both chains with `openssl s_client`, and every kind of certificate that a charger may show.
"""

import asyncio
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from adapters.eventstore.store import open_store
from application.registry import Registry
from domain.catalogue import FACTS
from tests.adapters.certificates.makers import HOST, Authority, Leaf
from tests.adapters.certificates.test_tls_scan import KEYS, SUITES
from tests.adapters.certificates.tls_door import s_client
from tests.e2e.zeus_process import TOKEN, ZeusProcess, zeus

OPERATOR = "Harbour Power Ltd"
WEAK = (
    ("-tls1_2", "-cipher", "AES128-SHA"),
    ("-tls1_2", "-cipher", "AES256-SHA256"),
    ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"),
    ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"),
    ("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"),
    ("-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"),
    ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
    ("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"),
)


class Spoken(NamedTuple):
    """One handshake of `openssl s_client`."""

    options: str
    cipher: str
    """`(NONE)` where there was no handshake."""
    key: str
    """`RSA` or `ECDSA`, of the certificate that was shown; empty where none was."""
    verified: bool


class Shown(NamedTuple):
    """How a charger with a certificate was answered."""

    certificate: str
    answer: str
    """`101`, a status, or `TLS` where it did not get as far."""
    reason: str
    """As `zeus attempts` has it."""


@dataclass
class Yard:
    """A server with both chains, and a fleet's authority beside."""

    server: ZeusProcess
    port: int
    root: Path
    fleet: Authority
    root_authority: Authority
    revoked: Path

    async def scan(self, *options: str) -> Spoken:
        """One handshake, the chain verified."""
        said = await s_client(self.port, *options, "-CAfile", str(self.root), "-verify_return_error")
        cipher = said.partition("Cipher is ")[2].split()[0] if "Cipher is " in said else "(NONE)"
        key = next((kind for kind, words in KEYS.items() if words in said), "")
        return Spoken(" ".join(options), cipher, key, bool(key) and "Verify return code: 0 (ok)" in said)

    async def knock(self, cpid: str, shown: Leaf | None) -> str:
        """As a charger with this certificate."""
        context = ssl.create_default_context(cadata=self.root_authority.pem.decode())
        if shown is not None:
            with tempfile.TemporaryDirectory() as directory:
                context.load_cert_chain(shown.write(Path(directory) / "charger.pem"))
        asked = connect(
            f"wss://127.0.0.1:{self.port}/ocpp/{cpid}",
            ssl=context,
            server_hostname=HOST,
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            ping_interval=None,
            proxy=None,
        )
        try:
            async with asked as charger:
                await charger.send('[2,"h","Heartbeat",{}]')
                async with asyncio.timeout(10):
                    answered = str(await charger.recv())
            return "101" if answered.startswith('[3,"h"') else answered
        except InvalidStatus as error:
            return str(error.response.status_code)
        except (OSError, InvalidMessage, ConnectionClosed):
            return "TLS"

    def attempts(self) -> list[Mapping[str, object]]:
        """The refused ones, as the API shows them; the newest first."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            path = "/api/ocpp/connection-attempts?accepted=false&limit=200"
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            found: list[Mapping[str, object]] = orjson.loads(connection.getresponse().read())["items"]
            return found
        finally:
            connection.close()

    async def reason(self, cpid: str, answer: str, known: int) -> str:
        """Why, as soon as the read model has it; empty for one that was let in."""
        if answer == "101":
            return ""
        wanted = "" if answer == "TLS" else cpid
        async with asyncio.timeout(20):
            while True:
                rows = await asyncio.to_thread(self.attempts)
                fresh = [row for row in rows if row["cpid"] == wanted]
                if len(rows) > known and fresh:
                    return str(fresh[0]["reason"])
                await asyncio.sleep(0.1)


@asynccontextmanager
async def yard() -> AsyncIterator[Yard]:
    """`zeus serve` as a process, with a TLS listener, and chargers on profile 3 in its books."""
    root = Authority(kind="RSA")
    between = Authority("In between", "RSA", below=root)
    above = Authority("The fleet's root")
    fleet = Authority("The fleet's authority", below=above)
    with tempfile.TemporaryDirectory() as name:
        files = Path(name)
        chains = [
            between.issue(kind=kind, server=True).write(files / f"{kind}.pem") for kind in ("RSA", "ECDSA")
        ]
        (files / "root.pem").write_bytes(root.pem)
        (files / "fleet.pem").write_bytes(fleet.pem + above.pem)
        revoked = files / "crl.pem"
        revoked.write_bytes(fleet.revoke())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with zeus(
            tls_certificates=",".join(str(chain) for chain in chains),
            tls_port=port,
            tls_client_ca=files / "fleet.pem",
            tls_client_crl=revoked,
            tls_client_organisation=OPERATOR,
        ) as server:
            yield Yard(server, port, files / "root.pem", fleet, root, revoked)


async def scanned(here: Yard) -> list[Spoken]:
    """Every suite that is to be spoken, TLS 1.3 with both chains, and what is weak."""
    rows = [await here.scan("-tls1_2", "-cipher", suite) for suite, _ in SUITES]
    for algorithms in ("rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256"):
        rows.append(await here.scan("-tls1_3", "-sigalgs", f"{algorithms}:rsa_pkcs1_sha256"))
    return rows + [await here.scan(*options) for options in WEAK]


async def shown(here: Yard) -> list[Shown]:
    """A charger of its own for each certificate: attempts are counted by charger, and equal ones are one row."""
    fleet = here.fleet
    revoked = fleet.issue("REVOKED", OPERATOR)
    here.revoked.write_bytes(fleet.revoke(revoked))
    foreign = Authority("The fleet's authority").issue("FOREIGN", OPERATOR)
    cases: list[tuple[str, str, Leaf | None]] = [
        ("good", "GOOD", fleet.issue("GOOD", OPERATOR)),
        ("none", "NONE", None),
        ("expired", "EXPIRED", fleet.issue("EXPIRED", OPERATOR, days=-2)),
        ("not valid before tomorrow", "EARLY", fleet.issue("EARLY", OPERATOR, begin_days=1)),
        ("of another charger (CN)", "OTHER-CN", fleet.issue("GOOD", OPERATOR)),
        ("of another operator (O)", "OTHER-O", fleet.issue("OTHER-O", "Somebody Else")),
        ("revoked", "REVOKED", revoked),
        ("of an unknown authority of the same name", "FOREIGN", foreign),
    ]
    store = open_store(here.server.dsn, FACTS)
    try:
        registry = Registry(store, "default", "test")
        for _, cpid, _ in cases:
            await registry.add_charger(cpid, security_profile=3)
    finally:
        await store.close()
    rows = []
    for words, cpid, leaf in cases:
        known = len(await asyncio.to_thread(here.attempts))
        answer = await here.knock(cpid, leaf)
        async with asyncio.timeout(10):  # the revocation list is read anew every five seconds
            while cpid == "REVOKED" and answer == "101":
                await asyncio.sleep(0.5)
                answer = await here.knock(cpid, leaf)
        rows.append(Shown(words, answer, await here.reason(cpid, answer, known)))
    return rows


async def main() -> None:
    """Both tables."""
    async with yard() as here:
        print("| `openssl s_client` | cipher | key | chain verified |\n|---|---|---|---|")  # noqa: T201
        for row in await scanned(here):
            cells = (f"`{row.options}`", row.cipher, row.key, "yes" if row.verified else "")
            print("| " + " | ".join(cells) + " |")  # noqa: T201
        print("\n| the charger's certificate | answer | reason |\n|---|---|---|")  # noqa: T201
        for case in await shown(here):
            print(f"| {case.certificate} | {case.answer} | {case.reason} |")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
