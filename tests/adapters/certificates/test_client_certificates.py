"""SEC-11: security profile 3 over real sockets: who shows which certificate, and what the books say of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from adapters.certificates.tls import TlsFiles
from domain.chargers.events import Booted, Connected
from domain.event import Told, events_of
from domain.identity import ChargerId
from tests.adapters.certificates.makers import Authority, Leaf
from tests.adapters.certificates.tls_door import TlsDoor, tls_door
from tests.adapters.ocpp.front_door import HEARTBEAT, NOW, TENANT

OPERATOR = "Harbour Power Ltd"


class Yard(NamedTuple):
    """BOX1 is on profile 3 and told the serial number SN-77."""

    door: TlsDoor
    root: Authority
    fleet: Authority
    """Signs the chargers, below a root of its own."""
    server: Path
    revoked: Path

    async def refused(self, shown: Leaf | None, cpid: str = "BOX1") -> int:
        """The status that a charger with this certificate is refused with."""
        with pytest.raises(InvalidStatus) as caught:
            await self.door.client(self.root, cpid, shown)
        return caught.value.response.status_code


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    root, above = Authority(), Authority("The fleet's root")
    fleet = Authority("The fleet's authority", below=above)
    server = root.issue(server=True).write(tmp_path / "server.pem")
    believed, revoked = tmp_path / "fleet.pem", tmp_path / "crl.pem"
    believed.write_bytes(fleet.pem + above.pem)
    revoked.write_bytes(fleet.revoke())
    files = TlsFiles(chains=(server,), authorities=(believed,), lists=(revoked,))
    async with tls_door(files, organisation=OPERATOR) as door:
        await door.door.register("BOX1", profile=3)
        stream = ChargerId.of(TENANT, "BOX1").stream
        boot = Booted(vendor="v", model="m", answered="Accepted", interval_s=300, serial="SN-77")  # type: ignore[arg-type]
        await door.door.store.append(events_of(stream, 1, [boot], Told(recorded_at=NOW)))
        yield Yard(door, root, fleet, server, revoked)


async def heartbeat(charger: ClientConnection) -> str:
    await charger.send(HEARTBEAT.format("h1"))
    async with asyncio.timeout(5):
        return str(await charger.recv())


@pytest.mark.parametrize("name", ["BOX1", "box1", "SN-77"])
async def test_a_charger_comes_in_by_its_certificate(yard: Yard, name: str) -> None:
    async with yard.door.client(yard.root, "BOX1", yard.fleet.issue(name, OPERATOR)) as charger:
        assert (await heartbeat(charger)).startswith('[3,"h1"')
    (event,) = yard.door.door.events(Connected)
    assert isinstance(event.fact, Connected)
    assert event.fact.security_profile == 3
    assert (event.fact.tls, event.fact.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert int(event.fact.certificate, 16) > 0
    assert event.fact.certificate_from is not None
    assert yard.door.reasons() == []


async def test_no_certificate(yard: Yard) -> None:
    assert await yard.refused(None) == 401
    assert yard.door.reasons() == [("BOX1", "client_cert_missing")]
    (refused,) = yard.door.door.refusals()
    assert (refused.tls, refused.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")


async def test_an_expired_certificate(yard: Yard) -> None:
    assert await yard.refused(yard.fleet.issue("BOX1", OPERATOR, days=-2)) == 401
    assert yard.door.reasons() == [("BOX1", "client_cert_expired")]


async def test_a_certificate_of_tomorrow(yard: Yard) -> None:
    assert await yard.refused(yard.fleet.issue("BOX1", OPERATOR, begin_days=1)) == 401
    assert yard.door.reasons() == [("BOX1", "client_cert_expired")]


async def test_the_certificate_of_another_charger(yard: Yard) -> None:
    assert await yard.refused(yard.fleet.issue("BOX2", OPERATOR)) == 403
    assert yard.door.reasons() == [("BOX1", "client_cert_cn")]


async def test_the_certificate_of_another_operator(yard: Yard) -> None:
    assert await yard.refused(yard.fleet.issue("BOX1", "Somebody Else")) == 403
    assert yard.door.reasons() == [("BOX1", "client_cert_o")]


async def test_a_certificate_that_was_revoked_while_we_run(yard: Yard) -> None:
    shown = yard.fleet.issue("BOX1", OPERATOR)
    async with yard.door.client(yard.root, "BOX1", shown):
        pass
    yard.revoked.write_bytes(yard.fleet.revoke(shown))
    assert yard.door.tls.refresh()
    assert await yard.refused(shown) == 403
    assert yard.door.reasons() == [("BOX1", "client_cert_revoked")]


async def test_a_list_of_somebody_else_revokes_nothing(yard: Yard) -> None:
    shown = yard.fleet.issue("BOX1", OPERATOR)
    yard.revoked.write_bytes(Authority("The fleet's authority").revoke(shown))
    assert yard.door.tls.refresh()
    async with yard.door.client(yard.root, "BOX1", shown) as charger:
        assert await heartbeat(charger)


async def test_a_certificate_of_a_foreign_authority_never_gets_through_tls(yard: Yard) -> None:
    foreign = Authority("The fleet's authority").issue("BOX1", OPERATOR)  # the same name, another key
    with pytest.raises((OSError, InvalidMessage, ConnectionClosed)):
        async with yard.door.client(yard.root, "BOX1", foreign) as charger:
            await heartbeat(charger)
    assert await yard.door.tls_failure() == [("", "client_cert_untrusted")]
    assert yard.door.door.events(Connected) == []


async def test_a_servers_certificate_is_none_of_a_client(yard: Yard) -> None:
    with pytest.raises((OSError, InvalidMessage, ConnectionClosed)):
        async with yard.door.client(
            yard.root, "BOX1", yard.fleet.issue("BOX1", OPERATOR, server=True)
        ) as charger:
            await heartbeat(charger)
    assert yard.door.door.events(Connected) == []


async def test_a_password_charger_needs_no_certificate_and_none_helps_it(yard: Yard) -> None:
    await yard.door.door.register("SAFE", profile=2)
    assert await yard.refused(yard.fleet.issue("SAFE", OPERATOR), "SAFE") == 401
    assert yard.door.reasons() == [("SAFE", "auth_missing")]


async def test_headers_of_a_proxy_are_not_believed_from_the_charger_itself(yard: Yard) -> None:
    from tests.adapters.certificates.proxied import headers_of

    shown = yard.fleet.issue("BOX1", OPERATOR)
    with pytest.raises(InvalidStatus):
        await yard.door.client(yard.root, "BOX1", None, additional_headers=headers_of(shown))
    assert yard.door.reasons() == [("BOX1", "client_cert_missing")]


async def test_certificates_are_renewed_while_a_socket_stays_open(yard: Yard) -> None:
    shown = yard.fleet.issue("BOX1", OPERATOR)
    async with yard.door.client(yard.root, "BOX1", shown) as charger:
        former = charger.transport.get_extra_info("ssl_object").getpeercert()["serialNumber"]
        renewed = yard.root.issue(server=True)
        renewed.write(yard.server)
        assert yard.door.tls.refresh()
        assert (await heartbeat(charger)).startswith('[3,"h1"')
        await yard.door.door.register("OPEN", profile=0)
        async with yard.door.client(yard.root, "OPEN") as other:
            serial = other.transport.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            assert await heartbeat(other)
        assert int(serial, 16) == renewed.certificate.serial_number != int(former, 16)
        assert (await heartbeat(charger)).startswith('[3,"h1"')


async def test_a_file_that_is_half_written_leaves_the_former_in_force(yard: Yard) -> None:
    good = yard.server.read_bytes()
    yard.server.write_bytes(good[: len(good) // 2])
    assert not yard.door.tls.refresh()
    async with yard.door.client(yard.root, "BOX1", yard.fleet.issue("BOX1", OPERATOR)) as charger:
        assert await heartbeat(charger)
    yard.server.write_bytes(good)
    assert yard.door.tls.refresh()
