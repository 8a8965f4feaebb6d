"""Certificates by an authority elsewhere: the port is all it takes; what gateways know of each other's doings."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.certificates import AuthorityFailed, CertificateBook, Certificates, SignedCertificate
from domain.certificates.events import Issued, Revoked
from domain.certificates.register import MOST_A_DAY, CertificateUnknown, Entry, Register
from domain.certificates.signing import SignatureQuestion
from domain.chargers.security import SignatureRequested
from domain.commands.events import Requested
from domain.event import Fact
from domain.identity import ChargerId
from tests.adapters.ocpp.front_door import TENANT, FrontDoor
from tests.fakes.charger_socket import ChargerSocket
from tests.fakes.event_store import InMemoryEventStore

CP = ChargerId.of(TENANT, "CP1")


class Elsewhere:
    """An authority in another place: it signs by number, and may be out of reach."""

    def __init__(self) -> None:
        self.reachable = True
        self.signed = 0
        self.published: list[tuple[str, ...]] = []

    async def sign(self, csr: str, now: datetime) -> SignedCertificate:
        """See the port."""
        if not self.reachable:
            raise AuthorityFailed("no answer")
        self.signed += 1
        return SignedCertificate(
            serial=f"{self.signed:x}",
            common_name="CP1",
            issuer="CN=Elsewhere",
            not_after=now + timedelta(days=90),
            fingerprint="00",
            chain=f"certificate {self.signed}",
        )

    async def publish(self, revoked: Sequence[Entry], now: datetime) -> None:
        """See the port."""
        self.published.append(tuple(one.serial for one in revoked))


class Office:
    """Certificates over a gateway to which CP1 is connected."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore()
        self.authority = Elsewhere()
        self.door = FrontDoor(self.store)
        self.turned_out: list[ChargerId] = []
        self.certificates = self.at_another_gateway()

    def at_another_gateway(self) -> Certificates:
        async def revoked(charger: ChargerId) -> None:
            self.turned_out.append(charger)

        return Certificates(
            CertificateBook(self.store, TENANT), self.authority, self.door.workplace.commands, revoked
        )

    async def ask(self, csr: str) -> None:
        """CP1 asks; until all that follows from it is done."""
        digest = hashlib.sha256(csr.encode()).hexdigest()
        requested = SignatureRequested(csr_sha256=digest)
        self.certificates.begin(CP, SignatureQuestion(requested=requested, csr=csr, request=None))
        await self.certificates.finish()

    def facts(self, kind: type[Fact]) -> list[Fact]:
        return [event.fact for event in self.door.events(kind)]


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.door.register()
    socket = ChargerSocket(office.door.gateway)
    assert await socket.decided() == 101
    return office


async def test_what_an_authority_elsewhere_signs_is_registered_and_sent(office: Office) -> None:
    await office.ask("one")
    (issued,) = office.facts(Issued)
    assert isinstance(issued, Issued)
    assert (issued.serial, issued.charger, issued.certificate) == ("1", "CP1", "certificate 1")
    (asked,) = office.facts(Requested)
    assert isinstance(asked, Requested)
    assert getattr(asked.intent, "chain", "") == "certificate 1"


async def test_where_the_authority_is_out_of_reach_nothing_is_registered(office: Office) -> None:
    office.authority.reachable = False
    await office.ask("one")
    assert office.facts(Issued) == office.facts(Requested) == []
    office.authority.reachable = True
    await office.ask("one")
    assert len(office.facts(Issued)) == 1


async def test_a_charger_that_is_gone_gets_the_same_certificate_when_it_asks_again() -> None:
    office = Office()
    await office.door.register()
    await office.ask("one")
    assert office.facts(Requested) == []
    socket = ChargerSocket(office.door.gateway)
    await socket.decided()
    await office.ask("one")
    assert office.authority.signed == 1
    assert len(office.facts(Requested)) == 1


async def test_a_charger_gets_ten_a_day(office: Office) -> None:
    for number in range(MOST_A_DAY + 3):
        await office.ask(f"request {number}")
    assert office.authority.signed == len(office.facts(Issued)) == MOST_A_DAY


async def test_a_revocation_holds_at_every_gateway_at_once(office: Office) -> None:
    await office.ask("one")
    other = office.at_another_gateway()
    before = await other.book.find("1", "CN=Elsewhere")
    assert before is not None
    assert before.revoked_at is None
    await office.certificates.revoke("1", "stolen", "user:test")
    after = await other.book.find("1", "CN=Elsewhere")
    assert after is not None
    assert after.revoked_at is not None
    assert await other.book.find("1", "CN=Somebody else") is None
    assert office.turned_out == [CP]
    assert office.authority.published == [("1",)]
    with pytest.raises(CertificateUnknown):
        await other.revoke("99", "", "user:test")


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=12))
def test_books_that_write_side_by_side_come_to_know_the_same(steps: list[tuple[int, bool]]) -> None:
    async def run() -> None:
        store = InMemoryEventStore()
        books = [CertificateBook(store, TENANT) for _ in range(3)]
        end = datetime(2030, 1, 1, tzinfo=UTC)

        def issue(number: int) -> list[Fact]:
            return [
                Issued(
                    serial=f"{number:x}", tenant="t", charger="CP1", common_name="CP1", issuer="CN=e", not_after=end,
                    fingerprint="", csr_sha256="", certificate="",
                )
            ]  # fmt: skip

        def revoke(register: Register) -> list[Fact]:
            alive = [one.serial for one in register.entries.values() if one.revoked_at is None]
            return [Revoked(serial=alive[0])] if alive else []

        await asyncio.gather(
            *(
                books[which].change(revoke if revokes else lambda _, n=number: issue(n), "user:test")
                for number, (which, revokes) in enumerate(steps)
            )
        )
        first, second, third = [await book.current() for book in books]
        assert first.entries == second.entries == third.entries
        assert first.version == len(store.log)

    asyncio.run(run())
