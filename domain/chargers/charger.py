"""The charger aggregate: may it work, is it connected, what is running on it, how wrong is its clock."""

from collections.abc import Callable
from datetime import datetime
from statistics import median_low
from typing import Any

import msgspec

from domain.chargers.absence import WentOffline, gone_too_long, patience_s
from domain.chargers.boot import BootAnswer, BootReport, answer
from domain.chargers.credentials import Credential, Keyring
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    Booted,
    ClockSkewMeasured,
    Connected,
    CredentialIssued,
    Disconnected,
    GuidanceBegun,
    Registered,
    SecurityProfileChosen,
    StatusReported,
    TransactionClosed,
    TransactionOpened,
)
from domain.chargers.profile_upgrade import (
    ADOPTED,
    ProfileFellBack,
    ProfileUpgradeAdopted,
    ProfileUpgradeAdvanced,
    ProfileUpgradeBegun,
    ProfileUpgradeEnded,
    Upgrade,
)
from domain.chargers.provisioning import (
    REVISING,
    ConnectorsDescribed,
    CredentialAdopted,
    CredentialOffered,
    CredentialWithdrawn,
    Disabled,
    Enabled,
    ModelProfileChosen,
    NetworksAllowed,
    Placed,
    Renamed,
    Retired,
    Standing,
    digest_of_connectors,
)
from domain.chargers.running import CONNECTORS, REUSED, Doing, OpenTransaction
from domain.chargers.succession import ConnectedAlready, Proof, outranks
from domain.event import Event, Fact, Told
from domain.identity import ChargerId

SKEW_SAMPLES = 9
SKEW_STEP_S = 5
"""A new skew is told when the median moved by this much: a sound clock makes one fact, not thousands."""


OUTRANKED = "replaced by a connection with a newer credential"


class ChargerNotAdmitted(Exception):
    """Between the knock and the record of it an operator disabled the charger or replaced its password."""


class Charger(msgspec.Struct):
    """State of one charger; the only way to change it is `when`."""

    id: ChargerId
    version: int = 0
    cpid: str = ""
    name: str = ""
    security_profile: int = 1
    standing: Standing = Standing.ACTIVE
    site: str = ""
    node: str = ""
    model_profile: str = ""
    connectors_digest: str = ""
    """Tells whether a description of the connectors is news; the description itself is for others to read."""
    networks: tuple[str, ...] = ()
    """Where it may come from while it needs no password."""
    revision: int = 0
    """The version of the newest fact an operator wrote: what heartbeats do not move."""
    credential: Credential | None = None
    offered: tuple[Credential, ...] = ()
    upgrade: Upgrade | None = None
    """The higher security profile that it was asked for last."""
    acceptance: Acceptance = Acceptance.ACCEPTED
    auto_accept_until: datetime | None = None
    guided: bool = False
    """Something lasting is wanted of it: whoever has its socket leads it there."""
    connection: str = ""
    proof: Proof = Proof()
    """What that connection was opened with."""
    gateway: str = ""
    protocol: str = ""
    remote: str = ""
    """The address it was let in from last: somebody who guesses elsewhere does not keep it out there."""
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    serials: tuple[str, ...] = ()
    """Its serial numbers as it told them at boot: a certificate may name it by one (A00.FR.405)."""
    heartbeat_s: int = 0
    """The interval it was told at its last boot; 0 where it never booted."""
    gone_since: datetime | None = None
    """Our clock, when its last connection ended; None while it is connected."""
    gone_why: str = ""
    missed: bool = False
    """It was said to be offline, and has not returned."""
    booted_over: str = ""
    """The connection of the last boot: a second boot over it is no restart."""
    open: dict[str, OpenTransaction] = msgspec.field(default_factory=dict)
    reused: dict[str, str] = msgspec.field(default_factory=dict)
    """Reference → newest stream, for the transaction ids that the charger used more than once."""
    doings: dict[str, Doing] = msgspec.field(default_factory=dict)
    """`<evse>/<connector>` → what its last status said was going on there."""
    skews_s: list[int] = msgspec.field(default_factory=list)
    skew_s: int | None = None

    @property
    def stream(self) -> str:
        """Its stream id."""
        return self.id.stream

    @property
    def registered(self) -> bool:
        """Did an operator make it known?"""
        return bool(self.cpid)

    @property
    def keyring(self) -> Keyring:
        """The passwords that open its door."""
        return Keyring(self.credential, self.offered)

    def is_named(self, name: str) -> bool:
        """Is this its id (compared without case), or a serial number of it?"""
        return bool(name) and (name.upper() == self.cpid.upper() or name in self.serials)

    def answer_at(self, now: datetime) -> Acceptance:
        """What a boot at this moment is answered."""
        waited_for = self.auto_accept_until is not None and now <= self.auto_accept_until
        pending = self.acceptance is Acceptance.PENDING
        return Acceptance.ACCEPTED if pending and waited_for else self.acceptance

    def settle_acceptance(self, now: datetime) -> list[Fact]:
        """A boot the operator had waited for settles that the charger may work."""
        answer = self.answer_at(now)
        return [] if answer is self.acceptance else [AcceptanceDecided(answer)]

    def boot(
        self, report: BootReport, connection: str, now: datetime, heartbeat_s: int
    ) -> tuple[BootAnswer, Booted]:
        """Answer a boot by the operator's decision; a second one over the same connection is no restart."""
        acceptance, repeated = self.answer_at(now), self.booted_over == connection
        return answer(report, acceptance, self.id.key, now, heartbeat_s, repeated=repeated)

    def skew(self, told_at: datetime | None, now: datetime) -> list[Fact]:
        """A fact when the median of the newest differences moved; for messages sent as things happen."""
        if told_at is None:
            return []
        difference = round((now - told_at).total_seconds())
        middle = median_low([*self.skews_s[1 - SKEW_SAMPLES :], difference])
        if self.skew_s is not None and abs(middle - self.skew_s) < SKEW_STEP_S:
            return []
        return [ClockSkewMeasured(middle)]

    def begin_guidance(self) -> list[Fact]:
        """Something lasting is wanted of it."""
        return [] if self.guided else [GuidanceBegun()]

    def connected(self, fact: Connected, shown: Credential | None = None, dead: str = "") -> list[Fact]:
        """A socket was accepted; a former one that never said goodbye is closed in the books first.

        `shown` is the password it came with: an offered one is in use from now on (A01.FR.03). `dead` is the
        former connection if it was found dead. Raises ChargerNotAdmitted where the door was shut since it knocked,
        ConnectedAlready where a connection has to be asked first whether it lives.
        """
        if self.standing is not Standing.ACTIVE or (shown is not None and not self.keyring.has(shown)):
            raise ChargerNotAdmitted(self.cpid)
        news = (
            []
            if self.upgrade is None
            else self.upgrade.on_coming(self.security_profile, fact.security_profile)
        )
        adopts = any(isinstance(one, ProfileUpgradeAdopted) for one in news)
        if fact.security_profile != self.security_profile and not adopts:
            raise ChargerNotAdmitted(
                self.cpid
            )  # judged by a profile that was its own, or on offer, a moment ago
        facts: list[Fact] = [*news, fact]
        if shown is not None and shown in self.offered:
            facts.insert(0, CredentialAdopted(credential_id=shown.id, by_login=True))
        if self.connection:
            stronger = outranks(proof_of(fact), self.proof, self.keyring)
            if self.connection != dead and not stronger:
                raise ConnectedAlready(self.connection)
            reason = "replaced by a new connection" if self.connection == dead else OUTRANKED
            facts.insert(0, Disconnected(connection=self.connection, reason=reason))
        return facts

    def disconnected(self, connection: str, code: int | None, reason: str) -> list[Fact]:
        """The socket is gone; late news of one already replaced changes nothing."""
        if self.connection != connection:
            return []
        return [Disconnected(connection=connection, code=code, reason=reason)]

    def miss(self, now: datetime, ping_s: float) -> list[Fact]:
        """It stays away: said once, after three heartbeats (or `ping_s`, the pings) in vain."""
        since = self.gone_since
        if since is None or self.missed or self.standing is not Standing.ACTIVE:
            return []
        if not gone_too_long(since, now, self.heartbeat_s, ping_s):
            return []
        waited_s = round(patience_s(self.heartbeat_s, ping_s))
        return [WentOffline(since=since, patience_s=waited_s, reason=self.gone_why)]

    def find(self, *, reference: str = "", number: int | None = None) -> OpenTransaction | None:
        """The open transaction of that name, the newest where a name is used twice."""
        for running in reversed(self.open.values()):
            if (reference and running.reference == reference) or (number and running.number == number):
                return running
        return None

    def running_on(self, evse_id: int, connector_id: int) -> list[OpenTransaction]:
        """Open transactions on a connector, oldest first; connector 0 stands for any of the EVSE."""
        return [
            t
            for t in self.open.values()
            if t.evse_id == evse_id and (not connector_id or t.connector_id in (connector_id, 0))
        ]

    def doing(self, evse_id: int, connector_id: int) -> Doing:
        """What the connector's last status said was going on."""
        return self.doings.get(f"{evse_id}/{connector_id}", Doing())

    def statuses(self) -> dict[int, str]:
        """EVSE → its status as last told; an EVSE with a free connector is free. 0 is the charger itself."""
        found: dict[int, str] = {}
        for place, doing in self.doings.items():
            evse_id = int(place.partition("/")[0])
            if found.get(evse_id) != "Available":
                found[evse_id] = doing.status
        return found

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        if type(event.fact) in REVISING:
            self.revision = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)
        if type(event.fact) is StatusReported:
            self._hear_status(event.fact, event.told)
        elif type(event.fact) is TransactionOpened:
            self._open(event.fact)
        elif type(event.fact) is Disconnected and not self.connection:
            self.gone_since, self.gone_why = event.told.recorded_at, event.fact.reason
        elif type(event.fact) is ProfileUpgradeAdvanced and self.upgrade is not None:
            self.upgrade = self.upgrade.advanced(event.fact, event.told.recorded_at, self.connection)

    def _hear_status(self, fact: StatusReported, told: Told) -> None:
        self.doings[f"{fact.evse_id}/{fact.connector_id}"] = Doing(
            fact.activity, told.occurred_at or told.recorded_at, fact.status, told.recorded_at, self.version
        )
        while len(self.doings) > CONNECTORS:
            del self.doings[next(iter(self.doings))]
        if told.occurred_at is not None:
            self.skews_s.append(round((told.recorded_at - told.occurred_at).total_seconds()))
            del self.skews_s[:-SKEW_SAMPLES]

    def _open(self, fact: TransactionOpened) -> None:
        self.open[fact.transaction] = OpenTransaction(
            fact.transaction,
            fact.evse_id,
            fact.connector_id,
            fact.started_at,
            fact.reference,
            fact.number,
            self.version,
        )
        if fact.reference and "~" in fact.transaction:
            self.reused.pop(fact.reference, None)
            self.reused[fact.reference] = fact.transaction
            while len(self.reused) > REUSED:
                del self.reused[next(iter(self.reused))]


def _registered(state: Charger, fact: Registered) -> None:
    """A retired charger's id may be given out anew: nothing an operator said of the former one holds."""
    state.cpid, state.name, state.security_profile = fact.cpid, fact.name, fact.security_profile
    state.standing, state.credential, state.offered = Standing.ACTIVE, None, ()
    state.site = state.node = state.model_profile = state.connectors_digest = state.remote = ""
    state.acceptance, state.auto_accept_until = Acceptance.ACCEPTED, None
    state.serials = state.networks = ()
    state.upgrade = None


def _credential_issued(state: Charger, fact: CredentialIssued) -> None:
    state.credential, state.offered = Credential(fact.salt, fact.digest, fact.credential_id), ()


def _credential_offered(state: Charger, fact: CredentialOffered) -> None:
    _turn(state, state.keyring.offer(Credential(fact.salt, fact.digest, fact.credential_id)))


def _credential_adopted(state: Charger, fact: CredentialAdopted) -> None:
    _turn(state, state.keyring.adopt(fact.credential_id))


def _credential_withdrawn(state: Charger, fact: CredentialWithdrawn) -> None:
    _turn(state, state.keyring.withdraw(fact.credential_id))


def _turn(state: Charger, keyring: Keyring) -> None:
    state.credential, state.offered = keyring.valid, keyring.offered


def _security_profile_chosen(state: Charger, fact: SecurityProfileChosen) -> None:
    state.security_profile = fact.security_profile
    state.upgrade = None  # whatever it was asked for: its operator decided otherwise


def _profile_upgrade_begun(state: Charger, fact: ProfileUpgradeBegun) -> None:
    state.upgrade = Upgrade(begun=fact)


def _profile_upgrade_adopted(state: Charger, fact: ProfileUpgradeAdopted) -> None:
    state.security_profile = fact.security_profile
    _end_upgrade(state, ADOPTED)


def _profile_upgrade_ended(state: Charger, fact: ProfileUpgradeEnded) -> None:
    _end_upgrade(state, fact.why)


def _end_upgrade(state: Charger, why: str) -> None:
    if state.upgrade is not None:
        state.upgrade = msgspec.structs.replace(state.upgrade, ended=why)


def _profile_fell_back(state: Charger, fact: ProfileFellBack) -> None:
    if state.upgrade is not None:
        state.upgrade = msgspec.structs.replace(state.upgrade, fell_back=True)


def _acceptance_decided(state: Charger, fact: AcceptanceDecided) -> None:
    state.acceptance, state.auto_accept_until = fact.acceptance, fact.auto_accept_until


def _renamed(state: Charger, fact: Renamed) -> None:
    state.name = fact.name


def _placed(state: Charger, fact: Placed) -> None:
    state.site, state.node = fact.site, fact.node


def _model_profile_chosen(state: Charger, fact: ModelProfileChosen) -> None:
    state.model_profile = fact.model_profile


def _connectors_described(state: Charger, fact: ConnectorsDescribed) -> None:
    state.connectors_digest = digest_of_connectors(fact.connectors)


def _networks_allowed(state: Charger, fact: NetworksAllowed) -> None:
    state.networks = fact.networks


def _disabled(state: Charger, fact: Disabled) -> None:
    state.standing = Standing.DISABLED


def _enabled(state: Charger, fact: Enabled) -> None:
    state.standing = Standing.ACTIVE


def _retired(state: Charger, fact: Retired) -> None:
    """Its passwords open nothing any more, whatever becomes of the id."""
    state.standing, state.credential, state.offered = Standing.RETIRED, None, ()
    state.upgrade = None


def _guidance_begun(state: Charger, fact: GuidanceBegun) -> None:
    state.guided = True


def _connected(state: Charger, fact: Connected) -> None:
    state.connection, state.gateway, state.protocol = fact.connection, fact.gateway, fact.protocol
    state.remote, state.proof = fact.remote, proof_of(fact)
    state.gone_since, state.gone_why, state.missed = None, "", False


def proof_of(fact: Connected) -> Proof:
    """What this connection was opened with."""
    return Proof(fact.security_profile, fact.credential_id, fact.certificate, fact.certificate_from)


def _disconnected(state: Charger, fact: Disconnected) -> None:
    if state.connection == fact.connection:
        state.connection = state.gateway = ""
        state.proof = Proof()


def _booted(state: Charger, fact: Booted) -> None:
    state.vendor, state.model, state.firmware = fact.vendor, fact.model, fact.firmware
    state.serials = tuple(serial for serial in (fact.serial, fact.box_serial) if serial)
    state.booted_over, state.heartbeat_s = state.connection, fact.interval_s


def _went_offline(state: Charger, fact: WentOffline) -> None:
    state.missed = True


def _skew_measured(state: Charger, fact: ClockSkewMeasured) -> None:
    state.skew_s = fact.skew_s


def _transaction_closed(state: Charger, fact: TransactionClosed) -> None:
    state.open.pop(fact.transaction, None)


_EVOLVE: dict[type[Fact], Callable[[Charger, Any], None]] = {
    Registered: _registered,
    CredentialIssued: _credential_issued,
    SecurityProfileChosen: _security_profile_chosen,
    AcceptanceDecided: _acceptance_decided,
    Renamed: _renamed,
    Placed: _placed,
    ModelProfileChosen: _model_profile_chosen,
    ConnectorsDescribed: _connectors_described,
    NetworksAllowed: _networks_allowed,
    Disabled: _disabled,
    Enabled: _enabled,
    Retired: _retired,
    ProfileUpgradeBegun: _profile_upgrade_begun,
    ProfileUpgradeAdopted: _profile_upgrade_adopted,
    ProfileUpgradeEnded: _profile_upgrade_ended,
    ProfileFellBack: _profile_fell_back,
    CredentialOffered: _credential_offered,
    CredentialAdopted: _credential_adopted,
    CredentialWithdrawn: _credential_withdrawn,
    GuidanceBegun: _guidance_begun,
    Connected: _connected,
    Disconnected: _disconnected,
    Booted: _booted,
    ClockSkewMeasured: _skew_measured,
    WentOffline: _went_offline,
    TransactionClosed: _transaction_closed,
}
