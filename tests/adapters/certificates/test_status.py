"""SEC-11: whether a certificate of ours counts, as the rest of the world asks: a list, and OCSP."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from adapters.certificates.local_ca import LIST, LocalAuthority
from adapters.http.certificate_status import certificate_status_routes
from adapters.http.problems import Problem, answer_problem
from domain.certificates.events import Issued, Revoked
from domain.certificates.register import Register
from domain.event import Told, events_of
from entrypoints.certificates import KnownStatus
from tests.adapters.certificates.makers import new_key, request_of

NOW = datetime.now(UTC).replace(microsecond=0)
PUBLIC = "https://csms.example"
OCSP_TYPE = "application/ocsp-response"


class World:
    """An authority, its register, one certificate, and a client of everybody's."""

    def __init__(self, home: Path) -> None:
        LocalAuthority.create(home, "Harbour Power Ltd", NOW)
        self.ours = LocalAuthority(home, PUBLIC + "/")
        self.register = Register("certificates/t/register")
        self.client = client_of(KnownStatus(self.ours, lambda: self.register))
        self.certificate = self.sign()

    def sign(self) -> x509.Certificate:
        csr = request_of(new_key(), "CP1", "Harbour Power Ltd")
        signed = asyncio.run(self.ours.sign(csr, NOW))
        fact = Issued(
            serial=signed.serial,
            tenant="t",
            charger="CP1",
            common_name="CP1",
            issuer=signed.issuer,
            not_after=signed.not_after,
            fingerprint=signed.fingerprint,
            csr_sha256="",
            certificate=signed.chain,
        )
        self.tell(fact)
        return x509.load_pem_x509_certificates(signed.chain.encode())[0]

    def tell(self, fact: Issued | Revoked) -> None:
        told = Told(recorded_at=NOW)
        for event in events_of(self.register.stream, self.register.version, [fact], told):
            self.register.when(event)

    def revoke(self) -> None:
        self.tell(Revoked(serial=f"{self.certificate.serial_number:x}"))

    def request(self, nonce: bytes = b"", algorithm: hashes.HashAlgorithm | None = None) -> bytes:
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.certificate,
            self.ours.issuer,
            algorithm or hashes.SHA1(),  # noqa: S303 — what clients use
        )
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.build().public_bytes(Encoding.DER)

    async def ask(self, request: bytes) -> ocsp.OCSPResponse:
        """By POST; signed by our authority."""
        answer = await self.client.post("/ca/ocsp", content=request)
        assert (answer.status_code, answer.headers["content-type"]) == (200, OCSP_TYPE)
        found = ocsp.load_der_ocsp_response(answer.content)
        if found.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
            key = self.ours.issuer.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        return found


def client_of(status: KnownStatus | None) -> httpx.AsyncClient:
    app = Starlette(routes=certificate_status_routes(status), exception_handlers={Problem: answer_problem})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world") / "ca")


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    return World(tmp_path / "ca")


def test_a_certificate_says_where_its_revocation_is_to_be_looked_up(world: World, tmp_path: Path) -> None:
    extensions = world.certificate.extensions
    (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    assert [name.value for name in point.full_name] == [PUBLIC + "/ca/crl.der"]
    (access,) = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access.access_method == AuthorityInformationAccessOID.OCSP
    assert access.access_location.value == PUBLIC + "/ca/ocsp"
    quiet = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", NOW)
    signed = asyncio.run(quiet.sign(request_of(new_key(), "CP1", "Harbour Power Ltd"), NOW))
    plain = x509.load_pem_x509_certificates(signed.chain.encode())[0]
    with pytest.raises(x509.ExtensionNotFound):
        plain.extensions.get_extension_for_class(x509.CRLDistributionPoints)


async def test_the_list_is_there_for_everybody_and_need_not_be_fetched_twice(fresh: World) -> None:
    fresh.revoke()
    await fresh.ours.publish(fresh.register.revoked(), NOW)
    answer = await fresh.client.get("/ca/crl.der")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-crl")
    assert answer.headers["cache-control"] == "public, max-age=300"
    found = x509.load_der_x509_crl(answer.content)
    assert found.get_revoked_certificate_by_serial_number(fresh.certificate.serial_number) is not None
    again = await fresh.client.get("/ca/crl.der", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (fresh.ours.home / LIST).write_bytes(b"no list")
    assert (await fresh.client.get("/ca/crl.der")).status_code == 503


async def test_good_then_revoked_then_unknown(fresh: World) -> None:
    good = await fresh.ask(fresh.request())
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.next_update_utc is not None
    assert good.next_update_utc - good.this_update_utc == timedelta(hours=1)
    fresh.revoke()
    revoked = await fresh.ask(fresh.request(algorithm=hashes.SHA256()))
    assert revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert revoked.revocation_time_utc == NOW
    fresh.register = Register(fresh.register.stream)
    unknown = await fresh.ask(fresh.request())
    assert unknown.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


async def test_by_get_an_answer_may_be_kept_and_one_with_a_nonce_may_not(world: World) -> None:
    for nonce, kept in ((b"", "public, max-age=3600"), (b"n" * 16, "no-store")):
        asked = quote(base64.b64encode(world.request(nonce)).decode(), safe="")
        answer = await world.client.get(f"/ca/ocsp/{asked}")
        assert answer.headers["cache-control"] == kept
        found = ocsp.load_der_ocsp_response(answer.content)
        assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
    repeated = found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    assert repeated == b"n" * 16
    assert not list((await world.ask(world.request(b"n" * 33))).extensions)


async def test_about_another_authority_nothing_is_said(world: World, tmp_path: Path) -> None:
    other = LocalAuthority.create(tmp_path / "ca", "Another Ltd", NOW)
    builder = ocsp.OCSPRequestBuilder().add_certificate(other.issuer, other.root, hashes.SHA256())
    answer = await world.ask(builder.build().public_bytes(Encoding.DER))
    assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@given(st.binary(max_size=200) | st.integers(0, 90).map(lambda cut: b"\x30" * cut))
def test_any_bytes_are_answered(world: World, request: bytes) -> None:
    answer, kept = world.ours.status(request, world.register.entries.get, NOW)
    assert not kept
    found = ocsp.load_der_ocsp_response(answer)
    assert found.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


async def test_too_much_is_refused_and_without_an_authority_there_is_nothing(world: World) -> None:
    assert (await world.client.post("/ca/ocsp", content=b"x" * 5000)).status_code == 413
    wrong = await world.client.get("/ca/ocsp/!!!")
    malformed = ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert ocsp.load_der_ocsp_response(wrong.content).response_status is malformed
    nobody = client_of(None)
    assert (await nobody.get("/ca/crl.der")).status_code == 404
    assert (await nobody.post("/ca/ocsp", content=b"")).status_code == 404
    assert (await nobody.get("/ca/ocsp/MAAA")).status_code == 404
