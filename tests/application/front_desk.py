"""Processes with a front desk each, on one store, one broker and one clock that moves by hand."""

from datetime import UTC, datetime, timedelta

from adapters.people.argon2_hashes import Argon2Hashes
from adapters.people.keyring import Keys
from application.lockouts import Lockouts
from application.own_account import Account
from application.passwords import Passwords, purpose_of
from application.people import People, UserBook
from application.session_door import Person, SessionDoor
from application.sign_in import Admitted, FrontDesk, Visit
from application.tenants import Directory
from domain.people import totp
from domain.tenants.roles import Role
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker
from tests.fakes.sessions import InMemorySessions

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
TENANT = "zeus"
PASSWORD = "tie-marble-lagoon-7"
OTHER = "rhubarb-tandem-quay-3"
HOME = Visit(remote="203.0.113.5", agent="Firefox", cause="r1")
KEY = b"a key of thirty-two characters .."


def quick_hashes(**more: int) -> Argon2Hashes:
    """Real, and of no cost."""
    return Argon2Hashes(**{"time_cost": 1, "memory_kib": 8, "threads": 1, **more})


class Process:
    """One of several."""

    def __init__(self, office: "Office", *, code_needed: bool) -> None:
        self.hashes = quick_hashes()
        self.fleet = office.broker.open_fleet()
        self.lockouts = Lockouts(self.fleet.limits, self.fleet.post, None, lambda: office.broker.seconds)
        directory = Directory(office.store, TENANT, lambda: office.broker.seconds)
        self.desk = FrontDesk(
            office.book,
            directory,
            Passwords(office.keys, self.hashes),
            office.sessions,
            self.lockouts,
            code_needed=code_needed,
            now=office.now,
        )
        self.door = SessionDoor(office.store, directory, office.sessions, lambda: office.broker.seconds)


class Office:
    """All of them."""

    def __init__(self, processes: int = 1, *, code_needed: bool = True) -> None:
        self.store = InMemoryEventStore()
        self.broker = InMemoryBroker()
        self.sessions = InMemorySessions()
        self.keys = Keys([KEY])
        self.book = UserBook(self.store, self.keys)
        self.processes = [Process(self, code_needed=code_needed) for _ in range(processes)]
        self.people = People(self.book, TENANT, "user:root", sessions=self.sessions)

    @property
    def desk(self) -> FrontDesk:
        """Of the first process."""
        return self.processes[0].desk

    def now(self) -> datetime:
        """By the clock that moves by hand."""
        return START + timedelta(seconds=self.broker.seconds)

    async def open(self) -> "Office":
        """Hear each other's rings."""
        for n, process in enumerate(self.processes):
            await process.fleet.post.open(f"gateway-{n}", lambda _: None)
        return self

    async def close(self) -> None:
        """What is to be put on record is, and threads go."""
        for process in self.processes:
            await process.desk.finish()
            process.hashes.close()

    async def employ(self, login: str = "ann", role: Role = Role.VIEWER, password: str = PASSWORD) -> str:
        """Somebody with a password; the id."""
        invitation = await self.people.add(login, role)
        person = await self.book.load(TENANT, invitation.user_id)
        verifier = await self.desk.passwords.verifier(person, password)
        told = self.desk.told(invitation.user_id, HOME)
        await self.book.change(TENANT, invitation.user_id, lambda one: one.choose_password(verifier), told)
        return invitation.user_id

    async def sign_in(self, login: str = "ann", password: str = PASSWORD, at: int = 0) -> Admitted:
        """At one of the processes."""
        return await self.processes[at].desk.sign_in(TENANT, login, password, HOME)

    def account(self, admitted: Admitted, at: int = 0) -> Account:
        """One's own."""
        return Account(self.processes[at].desk, admitted.session, HOME)

    async def who(self, admitted: Admitted, at: int = 0) -> Person | None:
        """Whoever asks with this session."""
        return await self.processes[at].door.person(admitted.session_id, self.now())

    async def enrol(self, admitted: Admitted) -> tuple[Admitted, list[str]]:
        """With a code of now."""
        await self.account(admitted).offer_authenticator("Zeus")
        code = await self.code_of(admitted.session.user_id, offered=True)
        return await self.account(admitted).enrol(code)

    async def code_of(self, user_id: str, steps: int = 0, *, offered: bool = False) -> str:
        """What the telephone shows now, or `steps` later."""
        person = await self.book.load(TENANT, user_id)
        sealed = person.offered if offered else person.authenticator
        secret = self.keys.open(purpose_of(person, "authenticator"), sealed)
        return totp.code_at(secret, totp.step_of(self.now()) + steps)

    def facts(self, kind: type) -> list[object]:
        """The log, of that kind."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, kind)]
