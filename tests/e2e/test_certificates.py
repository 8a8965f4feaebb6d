"""`zeus serve` with TLS as docs/tls.md tells it, two workers: scanned, renewed, and a life with certificates."""

import asyncio
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.adapters.certificates.makers import Leaf, new_key, request_of
from tests.adapters.certificates.test_signing import Box
from tests.e2e.conditions import until
from tests.e2e.knock import basic
from tests.e2e.workers import workers
from tests.e2e.zeus_process import PASSWORD, ROOT, ZeusProcess, zeus

PAGE = (ROOT / "docs" / "tls.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HOST = "csms.example.com"

pytestmark = pytest.mark.slow


class Secured(NamedTuple):
    server: ZeusProcess
    port: int
    files: Path

    def cli(self, *words: str) -> str:
        """What `zeus` says to these words, on the server's data."""
        done = subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *words],
            cwd=ROOT,
            env=self.server._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def client(self, cpid: str, shown: Leaf | None = None, password: str = "") -> connect:
        context = ssl.create_default_context(cadata=(self.files / "ecdsa.crt").read_text())
        if shown is not None:
            context.load_cert_chain(shown.write(self.files / "charger.tmp"))
        return connect(
            f"wss://127.0.0.1:{self.port}/ocpp/{cpid}",
            ssl=context,
            server_hostname=HOST,
            subprotocols=["ocpp2.0.1"],  # type: ignore[list-item]
            additional_headers={"Authorization": basic(cpid, password.encode())} if password else None,
            proxy=None,
        )

    def reasons(self, cpid: str) -> list[str]:
        """Why this charger was refused, oldest first, as the installer's list has it."""
        rows = json.loads(self.cli("attempts", cpid, "--refused", "--json"))["attempts"]
        return [row["reason"] for row in reversed(rows)]


def run(block: str, directory: Path) -> str:
    """What a block of the page says, errors included; it is run as a person would paste it."""
    done = subprocess.run(
        ["/bin/sh", "-c", block], cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Certificates by the page's own commands, an authority by `zeus ca init`."""
    files = tmp_path_factory.mktemp("tls")
    made = run(BLOCKS[0], files)
    assert (files / "ecdsa.pem").exists(), made
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chains = f"{files / 'rsa.pem'},{files / 'ecdsa.pem'}"
    with zeus(workers=2, tls_certificates=chains, tls_port=port) as server:
        here = Secured(server, port, files)
        here.cli("ca", "init", "--organisation", "Harbour Power Ltd")
        assert server.stop() == 0
        server.start()
        yield here


def test_the_scan_of_the_page(secured: Secured) -> None:
    scan = next(block for block in BLOCKS if "s_client" in block).replace(":8443", f":{secured.port}")
    said = run(scan, secured.files)
    assert said.count("Verify return code: 0 (ok)") >= 2, said
    assert "Cipher is AES128-GCM-SHA256" in said
    assert "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384" in said
    assert "Cipher is (NONE)" in said
    assert "tls_cipher" in secured.cli("attempts", "--refused")


async def test_a_chargers_life_with_certificates(secured: Secured) -> None:
    await secured.server.register(["LIFE"], security_profile=2)
    key = new_key()
    async with secured.client("LIFE", password=PASSWORD) as charger:
        box = Box(charger)
        boot = {
            "reason": "PowerUp",
            "chargingStation": {"vendorName": "v", "model": "m", "serialNumber": "SN-9"},
        }
        assert (await box.ask("BootNotification", boot))["status"] == "Accepted"
        assert await box.ask("SignCertificate", {"csr": request_of(key, "SN-9")}) == {"status": "Accepted"}
        action, payload = await box.asked()
    assert action == "CertificateSigned"
    leaf, *above = x509.load_pem_x509_certificates(payload["certificateChain"].encode())
    serial = f"{leaf.serial_number:x}"
    listed = json.loads(secured.cli("ca", "list", "--all", "--json"))["certificates"]
    assert [(one["serial"], one["charger"]) for one in listed] == [(serial, "LIFE")]
    secured.cli("charger", "describe", "LIFE", "--profile", "3")

    with pytest.raises(InvalidStatus):
        await secured.client("LIFE", password=PASSWORD)
    async with secured.client("LIFE", Leaf(leaf, key, above)) as charger:
        assert "currentTime" in await Box(charger).ask("Heartbeat", {})
        await asyncio.to_thread(secured.cli, "ca", "revoke", serial, "--reason", "box stolen")
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(10):
                await charger.recv()
        assert (charger.close_code, charger.close_reason) == (1008, "its certificate was revoked")
    with pytest.raises(InvalidStatus) as refused:
        await secured.client("LIFE", Leaf(leaf, key, above))
    assert refused.value.response.status_code == 403
    wanted = ["client_cert_missing", "client_cert_revoked"]
    assert await until(lambda: (found := secured.reasons("LIFE")) == wanted and found, "both refusals shown")


async def test_certificates_are_renewed_upon_a_signal_while_sockets_stay(secured: Secured) -> None:
    cpids = [f"STAYS-{n}" for n in range(6)]
    await secured.server.register(cpids)
    former = await serial_shown(secured)
    chargers = [await secured.client(cpid) for cpid in cpids]
    run(BLOCKS[0], secured.files)  # new keys, new certificates, over the old ones
    secured.server._process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]
    seen: set[str] = set()
    async with asyncio.timeout(20):
        while len(seen) < 8:  # connections in a row with none of the former: both workers have it
            now = await serial_shown(secured)
            seen = set() if now == former else {*seen, f"{len(seen)}"}
    assert len(workers(secured.server)) == 2
    for charger in chargers:
        assert "currentTime" in await Box(charger).ask("Heartbeat", {})
        await charger.close()


async def serial_shown(secured: Secured) -> Any:
    """The serial number of the certificate that a newcomer is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", secured.port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return x509.load_der_x509_certificate(der).serial_number


def test_what_is_wrong_is_said_before_anything_starts(secured: Secured) -> None:
    mixed = secured.files / "mixed.pem"
    mixed.write_bytes((secured.files / "rsa.crt").read_bytes() + (secured.files / "ecdsa.key").read_bytes())
    for chains, words in ((mixed, "do not match"), (secured.files / "none.pem", "does not exist")):
        environment = {**secured.server._environment, "ZEUS_TLS_CERTIFICATES": str(chains), "ZEUS_PORT": "0"}
        done = subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", "serve"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert words in " ".join(done.stderr.split())


async def test_figures_count_down(secured: Secured) -> None:
    from tests.e2e.zeus_process import TOKEN

    def scraped() -> str:
        return subprocess.run(
            ["curl", "-s", "-k", "-H", f"Authorization: Bearer {TOKEN}", f"https://127.0.0.1:{secured.port}/metrics"],  # noqa: S607
            capture_output=True, text=True, timeout=30, check=True,
        ).stdout  # fmt: skip

    figures = await asyncio.to_thread(scraped)
    days = {
        name: float(value)
        for name, value in re.findall(
            r'^csms_cert_expiry_days\{certificate="(\w+)"\} (\S+)$', figures, re.MULTILINE
        )
    }
    assert 29 < days["server_rsa"] <= 30
    assert 29 < days["server_ecdsa"] <= 30
    assert 3640 < days["authorities"] <= 3650
