"""Who may come in: whose charger knocks, what failed before, what it shows, which version it speaks."""

from collections.abc import Awaitable, Callable

import msgspec

from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.handshake import Address, Negotiated, Request, negotiate
from adapters.ocpp.refusals import VERDICTS, Reason
from application import clock
from application.lockouts import Lockouts, Visitor, Wait, origin_of
from application.ports import EventStore
from application.snapshots import load_charger
from application.tenants import NOBODY, Directory
from application.windows import Doorkeepers
from domain.chargers.admission import Knock, admit, wants_certificate
from domain.chargers.charger import Charger
from domain.chargers.client_certificate import ClientCertificate, Presented
from domain.chargers.credentials import Credential, Keyring
from domain.identity import ChargerId

Judge = Callable[[Presented], Awaitable[ClientCertificate]]
"""What a certificate says and whether it is to be believed. Raises StoreUnavailable."""
_NO_PASSWORDS = Keyring()


class Turned(msgspec.Struct, frozen=True):
    """Turned away."""

    reason: Reason
    visitor: Visitor | None = None
    """None where no usable id was shown."""
    known: bool | None = None
    """Is the id registered? None: by the reason."""


class Shut(msgspec.Struct, frozen=True):
    """Too much failed before: nothing that was shown has been looked at. Or the charger came too often."""

    wait: Wait
    known: bool


class Admitted(msgspec.Struct, frozen=True):
    """A charger that may come in."""

    charger: Charger
    negotiated: Negotiated
    flags: tuple[str, ...]
    shown: Credential | None
    """The password it came with."""
    certificate: ClientCertificate | None = None
    """The certificate it came with, on profile 3."""
    security_profile: int = 0
    """The one it was judged by."""


class Admittance:
    """Decides over a handshake; it records nothing but the registration through an open window."""

    def __init__(
        self,
        store: EventStore,
        directory: Directory,
        lockouts: Lockouts,
        settings: GatewaySettings,
        judge: Judge | None = None,
    ) -> None:
        """`directory` knows whose chargers may come; without `judge` no certificate counts."""
        self._store = store
        self._directory = directory
        self.lockouts = lockouts
        self._settings = settings
        self._certificate_judge = judge
        self.doorkeepers = Doorkeepers(store)

    async def tenant_of(self, address: Address) -> str:
        """Whose charger it claims to be; NOBODY where that tenant is not served. Raises StoreUnavailable.

        What follows is the same for NOBODY: his chargers are looked for and not found, at the same cost.
        """
        slug = address.slug or self._directory.default
        return slug if await self._directory.serves(slug) else NOBODY

    async def serves(self, tenant: str) -> bool:
        """Is the tenant served? A moment old at most. Raises StoreUnavailable."""
        return await self._directory.serves(tenant)

    async def admit(self, request: Request, tenant: str) -> Admitted | Turned | Shut:
        """The verdict. Raises StoreUnavailable."""
        refusing = next((reason for reason in request.problems if VERDICTS[reason].refuses), None)
        cpid, origin = request.address.cpid, origin_of(request.remote_address)
        if wait := self.lockouts.shut_to(origin) if cpid is None else self.lockouts.crowded(origin):
            return Shut(wait, known=False)
        if cpid is None:
            return Turned(refusing or Reason.ID_MISSING)
        charger = await load_charger(self._store, ChargerId.of(tenant, cpid))
        home = bool(origin) and origin_of(charger.remote) == origin
        visitor = Visitor(charger.id, origin, home)
        if wait := self.lockouts.closed(visitor):  # before anything is hashed
            return Shut(wait, known=charger.registered)
        found = await self._judge(charger, cpid, request, refusing)
        if isinstance(found, Admitted):
            wait = self.lockouts.let_in(visitor)
            return found if wait is None else Shut(wait, known=True)
        return Turned(found, visitor) if isinstance(found, Reason) else Turned(found.reason, visitor, False)

    async def _judge(
        self, charger: Charger, cpid: str, request: Request, refusing: Reason | None
    ) -> Admitted | Turned | Reason:
        if not charger.registered:
            found = await self._look_through_the_window(charger.id.tenant, cpid, request, refusing)
            if not isinstance(found, Charger):
                return found
            charger = found
        if refusing is not None:
            return refusing
        knock = _knock(cpid, request)
        presented, judge = request.certificate, self._certificate_judge
        now = clock.now()
        if presented is not None and judge is not None and wants_certificate(charger, now):
            knock = msgspec.structs.replace(knock, certificate=await judge(presented))
        knock = msgspec.structs.replace(knock, at=now)
        admission = admit(charger, knock, self._settings.organisation)
        if admission.refused:
            return Reason(admission.refused)
        negotiated = negotiate(request.subprotocols, request.address.version, self._settings.versions)
        if isinstance(negotiated, Reason):
            return negotiated
        flags = (*(str(flag) for flag in request.problems), *admission.flags)
        return Admitted(
            charger,
            negotiated,
            flags,
            admission.shown,
            admission.certificate,
            admission.security_profile,
        )

    async def _look_through_the_window(
        self, tenant: str, cpid: str, request: Request, refusing: Reason | None
    ) -> Charger | Turned | Reason:
        """An id nobody registered: where a window is open for it and it speaks OCPP, it is registered now."""
        doorkeeper = await self.doorkeepers.of(tenant)
        if not doorkeeper.expects(cpid):
            if (
                request.credentials is not None
            ):  # the same work as for a known id: time tells nobody which it is
                _NO_PASSWORDS.find(request.credentials.password)
            if request.address.slug and tenant != NOBODY:
                await self._directory.look_in_vain()
            return Reason.ID_UNKNOWN
        negotiated = negotiate(request.subprotocols, request.address.version, self._settings.versions)
        if refusing is not None:
            return Turned(refusing)
        if isinstance(negotiated, Reason):
            return Turned(negotiated)
        found = await doorkeeper.let_in(_knock(cpid, request), request.remote_address)
        return found if isinstance(found, Charger) else Turned(Reason(found))


def _knock(cpid: str, request: Request) -> Knock:
    credentials = request.credentials
    return Knock(
        cpid=cpid,
        user=credentials.user if credentials else None,
        password=credentials.password if credentials else None,
        remote=request.remote_address,
        secure=request.scheme == "wss",
    )
