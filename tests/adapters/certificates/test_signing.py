"""A charger asks for its certificate, gets it over OCPP, and comes in by it: over real sockets, with our authority."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from adapters.certificates.local_ca import CHAIN, LIST, LocalAuthority
from adapters.certificates.tls import TlsFiles
from application.registry import Registry
from domain.certificates.events import Issued, Revoked
from domain.chargers.particulars import Particulars
from domain.chargers.security import SignatureRequested
from tests.adapters.certificates.makers import Authority, Leaf, PrivateKey, new_key, request_of
from tests.adapters.certificates.tls_door import TlsDoor, tls_door
from tests.adapters.ocpp.front_door import PASSWORD, TENANT
from tests.e2e.knock import basic

NO_AUTHORITY = "this CSMS signs no certificates"


class Works(NamedTuple):
    """BOX1 and BOX2 are on profile 2; the authority is ours."""

    door: TlsDoor
    root: Authority
    """Of the server's certificate."""
    ours: LocalAuthority

    def client(self, cpid: str, shown: Leaf | None = None, protocol: str = "ocpp1.6") -> Any:
        """With its password, and with a certificate where it has one."""
        headers = {"Authorization": basic(cpid, PASSWORD)}
        return self.door.client(self.root, cpid, shown, additional_headers=headers, protocol=protocol)

    async def promote(self, cpid: str) -> None:
        """Pin profile 3."""
        registry = Registry(self.door.door.store, TENANT, "user:test")
        await registry.describe_charger(cpid, Particulars(security_profile=3))


@pytest.fixture
async def works(tmp_path: Path) -> AsyncIterator[Works]:
    root = Authority()
    server = root.issue(server=True).write(tmp_path / "server.pem")
    ours = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", datetime.now(UTC))
    files = TlsFiles(chains=(server,), own_authorities=(ours.home / CHAIN,), own_lists=(ours.home / LIST,))
    async with tls_door(files, authority=ours) as door:
        for cpid in ("BOX1", "BOX2"):
            await door.door.register(cpid, profile=2)
        yield Works(door, root, ours)


class Box:
    """A charger's end of a connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call of ours."""
        await self._socket.send(json.dumps([2, action, action, payload]))
        frame = await self._next()
        assert frame[:2] == [3, action], frame
        answer: dict[str, Any] = frame[2]
        return answer

    async def asked(self, status: str = "Accepted") -> tuple[str, dict[str, Any]]:
        """The next call of the server, answered with that status."""
        frame = await self._next()
        assert frame[0] == 2, frame
        await self._socket.send(json.dumps([3, frame[1], {"status": status}]))
        return frame[2], frame[3]

    async def _next(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self._socket.recv())


async def obtain(works: Works, cpid: str, key: PrivateKey, name: str = "", protocol: str = "ocpp1.6") -> Leaf:
    """The certificate that a charger gets for its key."""
    async with works.client(cpid, protocol=protocol) as socket:
        box = Box(socket)
        assert await box.ask("SignCertificate", {"csr": request_of(key, name or cpid)}) == {
            "status": "Accepted"
        }
        action, payload = await box.asked()
    assert action == "CertificateSigned"
    certificates = x509.load_pem_x509_certificates(payload["certificateChain"].encode())
    return Leaf(certificates[0], key, certificates[1:])


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
@pytest.mark.parametrize("kind", ["ECDSA", "RSA"])
async def test_from_the_request_to_the_door_of_profile_3(works: Works, kind: str, protocol: str) -> None:
    leaf = await obtain(works, "BOX1", new_key(kind), protocol=protocol)
    (above,) = leaf.above
    leaf.certificate.verify_directly_issued_by(above)
    above.verify_directly_issued_by(works.ours.root)
    assert leaf.certificate.subject.rfc4514_string() == "CN=BOX1"
    await works.promote("BOX1")
    async with works.door.client(works.root, "BOX1", leaf) as socket:
        assert "currentTime" in await Box(socket).ask("Heartbeat", {})
    (event,) = works.door.door.events(Issued)
    assert isinstance(event.fact, Issued)
    assert (event.fact.charger, event.told.actor) == ("BOX1", "job:certificates")
    assert event.fact.serial == f"{leaf.certificate.serial_number:x}"
    assert event.fact.certificate == leaf.chain.decode()
    assert works.door.reasons() == []


async def test_a_certificate_of_ours_opens_the_door_of_its_charger_alone(works: Works) -> None:
    """Two boxes with the same serial number: the maker's mistake is not the operator's loss."""
    for cpid in ("BOX1", "BOX2"):
        async with works.client(cpid) as socket:
            await Box(socket).ask(
                "BootNotification",
                {"chargePointVendor": "v", "chargePointModel": "m", "chargePointSerialNumber": "0000"},
            )
    leaf = await obtain(works, "BOX1", new_key(), "0000")
    await works.promote("BOX1")
    await works.promote("BOX2")
    with pytest.raises(InvalidStatus):
        await works.door.client(works.root, "BOX2", leaf)
    async with works.door.client(works.root, "BOX1", leaf) as socket:
        await Box(socket).ask("Heartbeat", {})
    assert works.door.reasons() == [("BOX2", "client_cert_cn")]


async def test_a_request_sent_again_is_answered_with_the_same_certificate(works: Works) -> None:
    key = new_key()
    csr = request_of(key, "BOX1")
    chains = []
    for _ in range(2):
        async with works.client("BOX1") as socket:
            box = Box(socket)
            assert await box.ask("SignCertificate", {"csr": csr}) == {"status": "Accepted"}
            chains.append((await box.asked("Rejected"))[1]["certificateChain"])
    assert chains[0] == chains[1]
    assert len(works.door.door.events(Issued)) == 1


async def test_a_revoked_certificate_opens_nothing_and_its_charger_is_turned_out(works: Works) -> None:
    leaf = await obtain(works, "BOX1", new_key())
    await works.promote("BOX1")
    serial = f"{leaf.certificate.serial_number:x}"
    certificates = works.door.door.workplace.certificates
    async with works.door.client(works.root, "BOX1", leaf) as socket:
        await Box(socket).ask("Heartbeat", {})
        await certificates.revoke(serial, "stolen", "user:test")
        with pytest.raises(ConnectionClosed) as closed:
            await Box(socket).ask("Heartbeat", {})
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "its certificate was revoked")
    with pytest.raises(InvalidStatus):  # the register says so, before the list is read
        await works.door.client(works.root, "BOX1", leaf)
    assert works.door.reasons() == [("BOX1", "client_cert_revoked")]
    (event,) = works.door.door.events(Revoked)
    assert (event.fact, event.told.actor) == (Revoked(serial=serial, reason="stolen"), "user:test")
    published = x509.load_pem_x509_crl((works.ours.home / LIST).read_bytes())
    assert published.get_revoked_certificate_by_serial_number(leaf.certificate.serial_number) is not None


def new_weak_key() -> PrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose


def forged(name: str, claimed: str) -> str:
    """A request in which somebody changed the name after it was signed."""
    der = ssl.PEM_cert_to_DER_cert(request_of(new_key(), name).replace("CERTIFICATE REQUEST", "CERTIFICATE"))
    pem = ssl.DER_cert_to_PEM_cert(der.replace(name.encode(), claimed.encode()))
    return pem.replace("CERTIFICATE", "CERTIFICATE REQUEST")


@pytest.mark.parametrize(
    ("csr", "objection"),
    [
        ("no request", "the request is no PKCS#10 in PEM"),
        (request_of(new_key(), "BOX2"), "CN is neither its id nor its serial number"),
        (forged("BOX2", "BOX1"), "the signature of the request is wrong"),
        (request_of(new_weak_key(), "BOX1"), "the key is too weak (RSA 1024)"),
    ],
)
async def test_what_is_not_signed_and_why(works: Works, csr: str, objection: str) -> None:
    async with works.client("BOX1", protocol="ocpp2.0.1") as socket:
        answer = await Box(socket).ask("SignCertificate", {"csr": csr})
    assert answer["status"] == "Rejected"
    assert answer["statusInfo"]["additionalInfo"] == objection
    (event,) = works.door.door.events(SignatureRequested)
    assert isinstance(event.fact, SignatureRequested)
    assert event.fact.objection == objection
    assert works.door.door.events(Issued) == []


async def test_without_an_authority_nothing_is_signed(tmp_path: Path) -> None:
    root = Authority()
    server = root.issue(server=True).write(tmp_path / "server.pem")
    async with tls_door(TlsFiles(chains=(server,))) as door:
        await door.door.register("BOX1", profile=2)
        async with door.client(
            root, "BOX1", additional_headers={"Authorization": basic("BOX1", PASSWORD)}
        ) as socket:
            answer = await Box(socket).ask("SignCertificate", {"csr": request_of(new_key(), "BOX1")})
        assert answer == {"status": "Rejected"}
        (event,) = door.door.events(SignatureRequested)
        assert isinstance(event.fact, SignatureRequested)
        assert event.fact.objection == NO_AUTHORITY
