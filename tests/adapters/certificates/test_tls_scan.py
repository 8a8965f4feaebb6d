"""SEC-07: the TLS listener scanned from outside, suite by suite, over both chains."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.certificates.tls import TlsFiles
from tests.adapters.certificates.makers import Authority
from tests.adapters.certificates.tls_door import TlsDoor, s_client, tls_door

SUITES = [
    ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDSA"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "RSA"),
    ("ECDHE-RSA-AES256-GCM-SHA384", "RSA"),
    ("AES128-GCM-SHA256", "RSA"),
    ("AES256-GCM-SHA384", "RSA"),
]
"""The four of the white paper (A00.FR.317, A00.FR.318), the forward-secret ones of RSA beside them."""
KEYS = {"RSA": "Server public key is 2048 bit", "ECDSA": "Server public key is 256 bit"}


class Scanned(NamedTuple):
    door: TlsDoor
    root: str
    """Path of the file with the root that a charger trusts."""


@pytest.fixture
async def scanned(tmp_path: Path) -> AsyncIterator[Scanned]:
    root = Authority(kind="RSA")
    below = Authority("In between", "RSA", below=root)
    chains = tuple(
        below.issue(kind=kind, server=True).write(tmp_path / f"{kind}.pem") for kind in ("RSA", "ECDSA")
    )
    (tmp_path / "root.pem").write_bytes(root.pem)
    async with tls_door(TlsFiles(chains=chains)) as door:
        yield Scanned(door, str(tmp_path / "root.pem"))


@pytest.mark.parametrize(("suite", "chain"), SUITES)
async def test_each_suite_is_spoken_with_a_chain_that_verifies(
    scanned: Scanned, suite: str, chain: str
) -> None:
    said = await s_client(
        scanned.door.port, "-tls1_2", "-cipher", suite, "-CAfile", scanned.root, "-verify_return_error"
    )
    assert f"New, TLSv1.2, Cipher is {suite}" in said, said
    assert KEYS[chain] in said
    assert "Verify return code: 0 (ok)" in said
    assert "Compression: NONE" in said
    assert scanned.door.reasons() == []


@pytest.mark.parametrize(
    ("algorithms", "chain"), [("ecdsa_secp256r1_sha256", "ECDSA"), ("rsa_pss_rsae_sha256", "RSA")]
)
async def test_tls_1_3_is_spoken_with_both_chains(scanned: Scanned, algorithms: str, chain: str) -> None:
    # The root is RSA's: a client that knows ECDSA alone for handshakes still takes RSA within the chain.
    said = await s_client(
        scanned.door.port, "-tls1_3", "-CAfile", scanned.root, "-sigalgs", f"{algorithms}:rsa_pkcs1_sha256"
    )
    assert "New, TLSv1.3" in said, said
    assert KEYS[chain] in said


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-tls1_2", "-cipher", "AES128-SHA"), "tls_cipher"),
        (("-tls1_2", "-cipher", "AES256-SHA256"), "tls_cipher"),
        (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"), "tls_cipher"),
        (("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "tls_version"),
        (("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"), "tls_version"),
    ],
)
async def test_what_is_weak_is_refused_and_recorded(
    scanned: Scanned, options: tuple[str, ...], reason: str
) -> None:
    said = await s_client(scanned.door.port, *options)
    assert "Cipher is (NONE)" in said, said
    assert await scanned.door.tls_failure() == [("", reason)]
    (fact,) = scanned.door.door.refusals()
    assert (fact.remote, fact.status) == ("127.0.0.1", {"tls_cipher": 40, "tls_version": 70}[reason])


async def test_renegotiation_is_refused(scanned: Scanned) -> None:
    said = await s_client(scanned.door.port, "-tls1_2", typed=b"R\n")
    assert "RENEGOTIATING" in said, said
    assert "no renegotiation" in said


async def test_a_box_that_does_not_believe_our_certificate_is_recorded(
    scanned: Scanned, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(Authority().pem)
    await s_client(scanned.door.port, "-CAfile", str(tmp_path / "other.pem"), "-verify_return_error")
    assert await scanned.door.tls_failure() == [("", "tls_server_cert")]


async def test_a_box_that_speaks_without_tls_is_recorded(scanned: Scanned) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", scanned.door.port)
    writer.write(b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    assert b"HTTP" not in await reader.read()
    writer.close()
    await writer.wait_closed()
    assert await scanned.door.tls_failure() == [("", "tls_plain")]
